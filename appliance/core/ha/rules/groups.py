"""Legacy groups as node-affinity rules: in memory at every compilation, or written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from appliance.model.ha.groups import Group
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import NodeAffinityRule, Rule, RuleSet

PREFIX = "ha-group-"


def rules_from_groups(
    groups: Sequence[Group], services: Mapping[str, ServiceConfig], first_order: int = 1
) -> tuple[NodeAffinityRule, ...]:
    """One rule for each group that a service names, by group name."""
    members: dict[str, list[str]] = {}
    for sid in sorted(services):
        name = services[sid].group
        if name is not None:
            members.setdefault(name, []).append(sid)
    used = [group for group in sorted(groups, key=lambda group: group.id) if group.id in members]
    return tuple(
        NodeAffinityRule(
            PREFIX + group.id,
            tuple(members[group.id]),
            group.nodes,
            group.restricted,
            group.comment or f"Generated from HA group '{group.id}'.",
            order=order,
        )
        for order, group in enumerate(used, start=first_order)
    )


def with_groups(
    rules: RuleSet, groups: Sequence[Group], services: Mapping[str, ServiceConfig]
) -> RuleSet:
    """The rules with those of the groups behind them.

    A rule that has the id already is what an earlier, interrupted migration wrote: it is replaced.
    """
    if not groups:
        return rules
    first = 1 + max((rule.order for rule in rules.rules), default=0)
    added = rules_from_groups(groups, services, first)
    new_ids = frozenset(rule.id for rule in added)
    kept: list[Rule] = [rule for rule in rules.rules if rule.id not in new_ids]
    return replace(rules, rules=(*kept, *added))


def apply_group_failback(
    groups: Sequence[Group], services: Mapping[str, ServiceConfig]
) -> Mapping[str, ServiceConfig]:
    """The services with `failback` as their group has it; others as they are."""
    failback = {group.id: not group.nofailback for group in groups}
    changed = {
        sid: replace(service, failback=failback[service.group])
        for sid, service in services.items()
        if service.group is not None
        and failback.get(service.group, service.failback) != service.failback
    }
    return {**services, **changed} if changed else services
