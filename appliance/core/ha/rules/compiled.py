"""Rules in the form that placement asks: by service."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from appliance.core.ha.places import used_nodes
from appliance.core.ha.rules.checks import partners, split
from appliance.model.ha.rules import ResourceAffinityRule, Rule
from appliance.model.ha.status import ServiceStatus

FALLBACK = -1

_NONE: Mapping[str, Any] = MappingProxyType({})
_NO_NODES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """Everything sorted by name.

    node_affinity  service -> node -> priority; FALLBACK for the nodes that a rule without `strict`
                   leaves as a last resort
    positive       service -> the services it stays with
    negative       service -> the services it is kept apart from
    """

    node_affinity: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: _NONE)
    positive: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NONE)
    negative: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NONE)


def compile_rules(rules: Sequence[Rule], nodes: Sequence[str]) -> CompiledRules:
    """The enabled rules by service; `nodes` are all known ones."""
    parts = split(rules)
    affinity: dict[str, Mapping[str, int]] = {}
    for rule in parts.nodes:
        rest = {} if rule.strict else dict.fromkeys(nodes, FALLBACK)
        priorities = dict(sorted({**rest, **rule.nodes}.items()))
        affinity.update(dict.fromkeys(rule.resources, priorities))
    return CompiledRules(
        dict(sorted(affinity.items())), _partners(parts.positive), _partners(parts.negative)
    )


def node_affinity(
    rules: CompiledRules, sid: str, online: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """(allowed, preferred) among the online nodes, in their order.

    Allowed are those the service's rule names, or leaves as a last resort; preferred are the
    allowed ones of the highest priority. Without a rule both are all online nodes.
    """
    priorities = rules.node_affinity.get(sid)
    if priorities is None:
        return online, online
    allowed = [node for node in online if node in priorities]
    if not allowed:
        return allowed, allowed
    best = max([priorities[node] for node in allowed])
    return allowed, [node for node in allowed if priorities[node] == best]


def resource_affinity(
    rules: CompiledRules,
    sid: str,
    services: Mapping[str, ServiceStatus],
    online: Container[str],
) -> tuple[Mapping[str, int], frozenset[str]]:
    """(together, separate) as the partners' places ask for at this moment.

    together  node -> how many positive partners are there, or will be when their move ends
    separate  nodes that negative partners are on or move to
    """
    positive, negative = rules.positive.get(sid), rules.negative.get(sid)
    if positive is None and negative is None:
        return _NONE, _NO_NODES
    together: dict[str, int] = {}
    for partner in positive or ():
        current, target = _places(services.get(partner), online)
        node = target or current
        if node is not None:
            together[node] = together.get(node, 0) + 1
    separate = [
        node
        for partner in negative or ()
        for node in _places(services.get(partner), online)
        if node is not None
    ]
    return together, frozenset(separate)


def _places(status: ServiceStatus | None, online: Container[str]) -> tuple[str | None, str | None]:
    if status is None:
        return None, None
    current, target, _ = used_nodes(
        status.state, status.node, status.target, status.running, online
    )
    return current, target


def _partners(rules: Sequence[ResourceAffinityRule]) -> dict[str, tuple[str, ...]]:
    found = partners(rules)
    return {sid: tuple(sorted(found[sid])) for sid in sorted(found)}
