"""Smaller clusters: a case without some guests, without a node, with plainer options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from appliance.model.ha.groups import parse_groups, write_groups
from appliance.model.ha.rules import (
    NodeAffinityRule,
    ResourceAffinityRule,
    Rule,
    parse_rules,
    write_rules,
)
from scenarios.explore.case import Case, Move
from sim.layout import ClusterLayout, GuestSpec, NodeSpec, QuorumSpec

Change = Callable[[ClusterLayout], ClusterLayout]


def without_guests(case: Case, keep: frozenset[str]) -> Case:
    """Only these guests, and no rule or move that speaks of another."""
    gone = [guest.sid for guest in case.layout.guests if guest.sid not in keep]
    guests = tuple(guest for guest in case.layout.guests if guest.sid in keep)
    rules = _rules_about(case.layout.rules_cfg, keep, frozenset(case.layout.node_names()))
    layout = replace(case.layout, guests=guests, rules_cfg=rules)
    moves = tuple(move for move in case.moves if not any(_names(move, sid) for sid in gone))
    return replace(case, layout=layout, moves=moves)


def without_node(case: Case, node: str) -> Case | None:
    """The cluster without that node; its guests begin elsewhere. None if the rest needs it."""
    layout = case.layout
    nodes = tuple(spec for spec in layout.nodes if spec.name != node)
    left = sorted(spec.name for spec in nodes)
    if not left or _is_needed(layout, node, nodes):
        return None
    guests = tuple(
        _guest_without(guest, node, left[number % len(left)])
        for number, guest in enumerate(layout.guests)
    )
    storages = tuple(
        replace(pool, nodes=tuple(name for name in pool.nodes if name != node))
        for pool in layout.storages
    )
    rules = _rules_about(layout.rules_cfg, frozenset(g.sid for g in guests), frozenset(left))
    smaller = replace(
        layout,
        nodes=nodes,
        guests=guests,
        storages=storages,
        rules_cfg=rules,
        groups_cfg=_groups_without(layout.groups_cfg, node),
    )
    kept = (_without(move, node) for move in case.moves if not _names(move, node))
    moves = tuple(move for move in kept if move is not None)
    return replace(case, layout=smaller, moves=moves)


def _is_needed(layout: ClusterLayout, node: str, others: tuple[NodeSpec, ...]) -> bool:
    """Whether something else than guests, rules and moves speaks of the node."""
    quorum = layout.quorum
    if quorum.two_node or node in quorum.auto_tie_breaker_node.split(","):
        return True
    if quorum.qdevice_site is not None and quorum.qdevice_site not in {n.site for n in others}:
        return True
    groups = parse_groups(layout.groups_cfg).groups
    alone = any(tuple(group.nodes) == (node,) for group in groups)
    return alone or any(pool.nodes == (node,) for pool in layout.storages)


def _groups_without(text: str, node: str) -> str:
    groups = parse_groups(text).groups
    if not groups:
        return text
    return write_groups(
        replace(group, nodes={name: rank for name, rank in group.nodes.items() if name != node})
        for group in groups
    )


def _without_groups(layout: ClusterLayout) -> ClusterLayout:
    guests = tuple(replace(guest, group=None) for guest in layout.guests)
    return replace(layout, groups_cfg="", guests=guests)


def _guest_without(guest: GuestSpec, node: str, other: str) -> GuestSpec:
    fails = {name: count for name, count in guest.start_fails.items() if name != node}
    return replace(guest, node=other if guest.node == node else guest.node, start_fails=fails)


def _names(move: Move, name: str) -> bool:
    """Whether the move is about that guest or node (a group of several nodes apart)."""
    if move.command is not None:
        return name in move.command.split()
    fault = move.fault
    return fault is not None and name in (fault.node, fault.guest)


def _without(move: Move, node: str) -> Move | None:
    """The move without that node in its groups; None if a group would be empty."""
    if move.fault is None or not move.fault.groups:
        return move
    groups = tuple(tuple(n for n in group if n != node) for group in move.fault.groups)
    if not all(groups):
        return None
    return replace(move, fault=replace(move.fault, groups=groups))


def _rules_about(text: str, sids: frozenset[str], nodes: frozenset[str]) -> str:
    """The rules, reduced to these guests and nodes; those that say nothing then are left out."""
    rules = (_rule_about(rule, sids, nodes) for rule in parse_rules(text).rules)
    return write_rules(rule for rule in rules if rule is not None)


def _rule_about(rule: Rule, sids: frozenset[str], nodes: frozenset[str]) -> Rule | None:
    resources = tuple(sid for sid in rule.resources if sid in sids)
    if isinstance(rule, ResourceAffinityRule):
        return replace(rule, resources=resources) if len(resources) > 1 else None
    assert isinstance(rule, NodeAffinityRule)
    left = {node: priority for node, priority in rule.nodes.items() if node in nodes}
    return replace(rule, resources=resources, nodes=left) if resources and left else None


def smaller_layouts() -> tuple[Change, ...]:
    """Changes that make a cluster plainer, each by itself."""
    return (
        lambda layout: replace(layout, rules_cfg=""),
        _without_groups,
        lambda layout: replace(layout, datacenter_cfg=""),
        lambda layout: replace(layout, quorum=QuorumSpec()),
        lambda layout: replace(layout, nodes=tuple(_plain_node(n) for n in layout.nodes)),
        lambda layout: replace(layout, guests=tuple(_plain_guest(g) for g in layout.guests)),
    )


def _plain_node(node: NodeSpec) -> NodeSpec:
    """No clock error, and nothing special but its site and its watchdog."""
    return NodeSpec(node.name, site=node.site, watchdog=node.watchdog)


def _plain_guest(guest: GuestSpec) -> GuestSpec:
    return GuestSpec(guest.sid, guest.node, storage=guest.storage, ha=guest.ha)
