"""What follows from rules that hold together: merged, implied and widened rules.

Works on the enabled rules that survived the checks. Proxmox VE HA manager 5.2 behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from appliance.core.ha.rules.checks import group_positive, overlap, partners, split
from appliance.model.ha.rules import NodeAffinityRule, ResourceAffinityRule, Rule


def transform(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Merge overlapping positive rules, add implied negative ones, widen node affinity."""
    return _widen_node_affinity(_imply_negative(_merge_positive(rules)))


def _merge_positive(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    gone: set[str] = set()
    merged: list[Rule] = []
    for group in group_positive(split(rules).positive):
        if len(group) < 2:
            continue
        gone.update(rule.id for rule in group)
        resources = sorted({sid for rule in group for sid in rule.resources})
        name = "-".join(["_merged", *(rule.id for rule in group)])
        merged.append(
            ResourceAffinityRule(name, tuple(resources), "positive", order=group[0].order)
        )
    return (*(rule for rule in rules if rule.id not in gone), *merged)


def _imply_negative(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Who stays with a service that is kept apart from c is kept apart from c too.

    All rules are implied by the given ones; implied rules imply nothing further.
    """
    parts = split(rules)
    apart = partners(parts.negative)
    order = 1 + min((rule.order for rule in rules), default=0)
    implied: list[Rule] = []
    for positive in parts.positive:
        outside = {sid for member in positive.resources for sid in apart.get(member, ())}
        for other in sorted(outside.difference(positive.resources)):
            for member in positive.resources:
                if other in apart.get(member, ()):
                    continue
                name = f"_implicit-negative-{positive.id}-{member}-{other}"
                pair = (min(member, other), max(member, other))
                implied.append(ResourceAffinityRule(name, pair, "negative", order=order))
    return (*rules, *implied)


def _widen_node_affinity(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    widened = {rule.id: rule for rule in rules}
    parts = split(rules)
    for positive in parts.positive:
        for node_rule in parts.nodes:
            current = widened[node_rule.id]
            assert isinstance(current, NodeAffinityRule)
            if overlap(positive, current):
                members = sorted({*current.resources, *positive.resources})
                widened[node_rule.id] = replace(current, resources=tuple(members))
                break
    return tuple(widened.values())
