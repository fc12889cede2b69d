"""Which rules cannot hold together. Every rule that a check names is dropped.

All checks see the same rules, the enabled ones, so the result does not depend on their order. A
rule can be named several times, once for each pair or service that is at odds: the reference
system reports each of them. Proxmox VE HA manager 5.2 behaviour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from appliance.model.ha.rules import NodeAffinityRule, ResourceAffinityRule, Rule


class Reason(StrEnum):
    """Why a rule is dropped."""

    DUPLICATE_RESOURCE = "duplicate-resource"
    TOO_FEW_RESOURCES = "too-few-resources"
    MORE_RESOURCES_THAN_NODES = "more-resources-than-nodes"
    CONFLICTS_WITH_POSITIVE = "conflicts-with-positive"
    CONFLICTS_WITH_NEGATIVE = "conflicts-with-negative"
    MULTIPLE_PRIORITIES = "multiple-priorities"
    MULTIPLE_NODE_RULES = "multiple-node-rules"
    TOO_FEW_NODES = "too-few-nodes"


SENTENCES = {
    Reason.DUPLICATE_RESOURCE: "one of its services stands in another node affinity rule as well",
    Reason.TOO_FEW_RESOURCES: "it needs two services or more to have an effect",
    Reason.MORE_RESOURCES_THAN_NODES: "it keeps more services apart than there are nodes",
    Reason.CONFLICTS_WITH_POSITIVE: "it keeps services apart that other rules keep together",
    Reason.CONFLICTS_WITH_NEGATIVE: "it keeps services together that another rule keeps apart",
    Reason.MULTIPLE_PRIORITIES: (
        "resource affinity does not go together with node affinity of several priorities"
    ),
    Reason.MULTIPLE_NODE_RULES: (
        "services that stay together stand in more than one node affinity rule"
    ),
    Reason.TOO_FEW_NODES: "node affinity leaves fewer nodes than there are services to keep apart",
}


@dataclass(frozen=True, slots=True)
class DroppedRule:
    """A rule that is not in force although it is enabled."""

    rule: str
    reason: Reason

    @property
    def sentence(self) -> str:
        return SENTENCES[self.reason]


@dataclass(frozen=True, slots=True)
class Split:
    """Enabled rules by what they say, in file order."""

    nodes: tuple[NodeAffinityRule, ...]
    positive: tuple[ResourceAffinityRule, ...]
    negative: tuple[ResourceAffinityRule, ...]


def split(rules: Sequence[Rule]) -> Split:
    """The enabled rules among these, by what they say."""
    enabled = [rule for rule in rules if not rule.disabled]
    resource = [rule for rule in enabled if isinstance(rule, ResourceAffinityRule)]
    return Split(
        tuple(rule for rule in enabled if isinstance(rule, NodeAffinityRule)),
        tuple(rule for rule in resource if rule.affinity == "positive"),
        tuple(rule for rule in resource if rule.affinity == "negative"),
    )


def find_dropped(rules: Sequence[Rule], nodes: Sequence[str]) -> tuple[DroppedRule, ...]:
    """Everything the checks find, sorted by rule id, within a rule in the order of the checks."""
    parts = split(rules)
    found = [
        *_duplicate_resources(parts),
        *_too_few_resources(parts),
        *_more_resources_than_nodes(parts, len(nodes)),
        *_together_and_apart(parts),
        *_multiple_priorities(parts),
        *_multiple_node_rules(parts),
        *_too_few_nodes(parts),
    ]
    return tuple(sorted(found, key=lambda dropped: dropped.rule))


def group_positive(rules: Sequence[ResourceAffinityRule]) -> list[list[ResourceAffinityRule]]:
    """Rules that share services, grouped.

    Taken by lowest service, then id, each rule joins the first group that it overlaps; groups
    that a later rule would connect stay two.
    """
    groups: list[list[ResourceAffinityRule]] = []
    members: list[set[str]] = []
    for rule in sorted(rules, key=lambda rule: (rule.resources[:1], rule.id)):
        for group, sids in zip(groups, members, strict=True):
            if not sids.isdisjoint(rule.resources):
                group.append(rule)
                sids.update(rule.resources)
                break
        else:
            groups.append([rule])
            members.append(set(rule.resources))
    return groups


def partners(rules: Sequence[ResourceAffinityRule]) -> dict[str, set[str]]:
    """With whom each service shares one of these rules."""
    found: dict[str, set[str]] = {}
    for rule in rules:
        for sid in rule.resources:
            found.setdefault(sid, set()).update(rule.resources)
    for sid, others in found.items():
        others.discard(sid)
    return found


def overlap(one: Rule, other: Rule) -> bool:
    """Whether two rules share a service."""
    return not frozenset(one.resources).isdisjoint(other.resources)


def _duplicate_resources(parts: Split) -> Iterator[DroppedRule]:
    holders: dict[str, list[str]] = {}
    for rule in parts.nodes:
        for sid in rule.resources:
            holders.setdefault(sid, []).append(rule.id)
    for ids in holders.values():
        if len(ids) > 1:
            for rule_id in ids:
                yield DroppedRule(rule_id, Reason.DUPLICATE_RESOURCE)


def _too_few_resources(parts: Split) -> Iterator[DroppedRule]:
    for rule in parts.positive + parts.negative:
        if len(rule.resources) < 2:
            yield DroppedRule(rule.id, Reason.TOO_FEW_RESOURCES)


def _more_resources_than_nodes(parts: Split, node_count: int) -> Iterator[DroppedRule]:
    for rule in parts.negative:
        if len(rule.resources) > node_count:
            yield DroppedRule(rule.id, Reason.MORE_RESOURCES_THAN_NODES)


def _together_and_apart(parts: Split) -> Iterator[DroppedRule]:
    for group in group_positive(parts.positive):
        together = {sid for rule in group for sid in rule.resources}
        for negative in parts.negative:
            if len(together.intersection(negative.resources)) < 2:
                continue
            yield DroppedRule(negative.id, Reason.CONFLICTS_WITH_POSITIVE)
            for rule in group:
                yield DroppedRule(rule.id, Reason.CONFLICTS_WITH_NEGATIVE)


def _multiple_priorities(parts: Split) -> Iterator[DroppedRule]:
    for rule in parts.positive + parts.negative:
        touching = [node_rule for node_rule in parts.nodes if overlap(rule, node_rule)]
        if any(len(frozenset(node_rule.nodes.values())) > 1 for node_rule in touching):
            yield DroppedRule(rule.id, Reason.MULTIPLE_PRIORITIES)
            for node_rule in touching:
                yield DroppedRule(node_rule.id, Reason.MULTIPLE_PRIORITIES)


def _multiple_node_rules(parts: Split) -> Iterator[DroppedRule]:
    for group in group_positive(parts.positive):
        touching = [
            node_rule
            for node_rule in parts.nodes
            if any(overlap(rule, node_rule) for rule in group)
        ]
        if len(touching) > 1:
            for rule_id in [rule.id for rule in group] + [rule.id for rule in touching]:
                yield DroppedRule(rule_id, Reason.MULTIPLE_NODE_RULES)


def _too_few_nodes(parts: Split) -> Iterator[DroppedRule]:
    for negative in parts.negative:
        touching = [node_rule for node_rule in parts.nodes if overlap(negative, node_rule)]
        available = {node for node_rule in touching for node in node_rule.nodes}
        located = {sid for node_rule in touching for sid in node_rule.resources}
        if len(available) < len(located.intersection(negative.resources)):
            yield DroppedRule(negative.id, Reason.TOO_FEW_NODES)
            for node_rule in touching:
                yield DroppedRule(node_rule.id, Reason.TOO_FEW_NODES)
