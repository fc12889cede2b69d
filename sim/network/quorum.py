"""Votes: what corosync's votequorum makes of a ring, as functions of frozen values.

Nodes are numbered in the order of their names, so "lowest" is the first name. The rules, oddities
included, are those of corosync 3.1: quorum only sinks when a node takes over the expectation of a
quorate one or when the last-man-standing window closes; a node that loses quorum under
wait_for_all waits for all again; a tie is only broken in favour of a half that was quorate before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from appliance.model.errors import ConfigError
from sim.layout import ClusterLayout, QuorumSpec


@dataclass(frozen=True, slots=True)
class VoteRules:
    """The quorum section of the configuration, checked. See `rules_of`."""

    nodes: tuple[str, ...]
    votes: Mapping[str, int]
    device_votes: int  # 0: no quorum device
    algorithm: str
    two_node: bool
    wait_for_all: bool
    last_man_standing: bool
    tie_breaker: str | tuple[str, ...] | None  # lowest, highest, names by preference

    @property
    def expected(self) -> int:
        return sum(self.votes.values()) + self.device_votes


@dataclass(frozen=True, slots=True)
class VoteState:
    """What one node's votequorum knows.

    waiting: for all nodes, before it is quorate for the first time (again). members: of its ring.
    before: how many the ring before that had. trusted: the members when it last had quorum by
    votes; ties are broken by the lowest or highest of them. casts: the quorum device's vote counts.
    """

    expected: int
    quorum: int
    waiting: bool
    quorate: bool = False
    members: tuple[str, ...] = ()
    before: int = 0
    trusted: tuple[str, ...] = ()
    casts: bool = False


def rules_of(layout: ClusterLayout) -> VoteRules:
    """The rules of that cluster; ConfigError for options that exclude each other."""
    spec = layout.quorum
    nodes = layout.node_names()
    votes = {node.name: node.votes for node in sorted(layout.nodes, key=lambda node: node.name)}
    wait_for_all = spec.two_node if spec.wait_for_all is None else spec.wait_for_all
    _check_votes(spec, votes)
    _check_options(spec, len(nodes))
    _check_tie_breaker(spec, nodes, sum(votes.values()), wait_for_all)
    return VoteRules(
        nodes,
        votes,
        _device_votes(spec, len(nodes)),
        spec.qdevice_algorithm,
        spec.two_node,
        wait_for_all,
        spec.last_man_standing,
        _tie_breaker(spec),
    )


def _device_votes(spec: QuorumSpec, nodes: int) -> int:
    """What Proxmox VE configures: one vote to halve ties, or all but one for the last man."""
    if not spec.qdevice:
        return 0
    return 1 if spec.qdevice_algorithm == "ffsplit" else nodes - 1


def _tie_breaker(spec: QuorumSpec) -> str | tuple[str, ...] | None:
    if not spec.auto_tie_breaker:
        return None
    if spec.auto_tie_breaker_node in ("lowest", "highest"):
        return spec.auto_tie_breaker_node
    return tuple(name.strip() for name in spec.auto_tie_breaker_node.split(","))


def _check_votes(spec: QuorumSpec, votes: Mapping[str, int]) -> None:
    for name, count in votes.items():
        if count < 0:
            raise ConfigError(f"node {name} has {count} votes, 0 is the least", field="votes")
    uneven = any(count != 1 for count in votes.values())
    if uneven and spec.last_man_standing:
        raise ConfigError("needs one vote for every node", field="last_man_standing")
    if uneven and spec.qdevice and spec.qdevice_algorithm == "lms":
        raise ConfigError("lms needs one vote for every node", field="qdevice_algorithm")


def _check_options(spec: QuorumSpec, nodes: int) -> None:
    if spec.qdevice and spec.qdevice_algorithm not in ("ffsplit", "lms"):
        raise ConfigError(
            f"{spec.qdevice_algorithm} is unknown, allowed: ffsplit, lms", field="qdevice_algorithm"
        )
    for option in ("two_node", "last_man_standing", "auto_tie_breaker"):
        if spec.qdevice and getattr(spec, option):
            raise ConfigError(f"not together with {option}", field="qdevice")
    if spec.two_node and nodes != 2:
        raise ConfigError(f"is for two nodes, here are {nodes}", field="two_node")
    if spec.two_node and spec.auto_tie_breaker:
        raise ConfigError("not together with auto_tie_breaker", field="two_node")


def _check_tie_breaker(
    spec: QuorumSpec, nodes: tuple[str, ...], votes: int, wait_for_all: bool
) -> None:
    if not spec.auto_tie_breaker:
        return
    if votes % 2 and not wait_for_all:
        raise ConfigError(
            f"needs wait_for_all where the votes are odd ({votes})", field="auto_tie_breaker"
        )
    names = _tie_breaker(spec)
    unknown = [name for name in names if name not in nodes] if isinstance(names, tuple) else []
    if unknown:
        raise ConfigError(
            f"no node {', '.join(unknown)}; allowed: lowest, highest, {', '.join(nodes)}",
            field="auto_tie_breaker_node",
        )


# what a node makes of its ring


def first_state(rules: VoteRules) -> VoteState:
    """Of a node whose votequorum just started and knows of nobody, not even itself."""
    quorum = 1 if rules.two_node else (rules.expected + 2) // 2
    return VoteState(rules.expected, quorum, rules.wait_for_all)


def regroup(
    rules: VoteRules,
    states: Mapping[str, VoteState],
    members: tuple[str, ...],
    casting: Collection[str],
) -> dict[str, VoteState]:
    """The states of a new ring's members.

    casting: for whom the quorum device's vote counts.
    """
    moved = {
        name: replace(states[name], members=members, before=len(states[name].members))
        for name in members
    }
    return recount(rules, moved, members, casting)


def recount(
    rules: VoteRules,
    states: Mapping[str, VoteState],
    members: tuple[str, ...],
    casting: Collection[str],
) -> dict[str, VoteState]:
    """The states after the quorum device's vote came or went, in the ring as it is.

    Members that know the same come to the same result, which is computed once.
    """
    quorate = [states[name] for name in members if states[name].quorate]
    votes = sum(rules.votes[name] for name in members)
    results: dict[tuple[VoteState, bool], VoteState] = {}
    counted = {}
    for name in members:
        case = (states[name], name in casting)
        if case not in results:
            results[case] = _count(rules, *case, quorate, votes)
        counted[name] = results[case]
    return counted


def _count(
    rules: VoteRules, state: VoteState, casts: bool, quorate: list[VoteState], votes: int
) -> VoteState:
    """One member's state, given the members that were quorate before."""
    total = votes + (rules.device_votes if casts else 0)
    expected, downgrade = state.expected, False
    if quorate and not state.quorate:  # a newcomer takes over what the quorate ones expect
        expected, downgrade = max(other.expected for other in quorate), True
    expected = max(expected, total)
    highest = max([expected, *(other.expected for other in quorate)])
    quorum = max((highest + 2) // 2, (total + 2) // 2)
    if not downgrade:
        quorum = max(quorum, state.quorum)
    if rules.two_node and len(state.members) + casts <= 2:
        quorum = 1
    waiting = state.waiting and not quorate  # a quorate member has seen them all
    counted = replace(state, expected=expected, quorum=quorum, casts=casts, waiting=waiting)
    return _judge(rules, counted, total)


def _judge(rules: VoteRules, state: VoteState, total: int) -> VoteState:
    """Whether that many votes are enough for a node in that state."""
    if state.waiting and total != state.expected:
        return replace(state, quorate=False)
    by_votes = total >= state.quorum
    quorate = by_votes or _wins_tie(rules, state, total)
    trusted = state.members if by_votes else state.trusted
    waiting = rules.wait_for_all and not quorate
    return replace(state, quorate=quorate, trusted=trusted, waiting=waiting)


def _wins_tie(rules: VoteRules, state: VoteState, total: int) -> bool:
    """Whether a half of the votes is enough because the tie breaker is among the members."""
    if rules.tie_breaker is None or not state.trusted or total != state.expected // 2:
        return False
    if state.before - len(state.members) >= state.quorum:  # the other part may have quorum
        return False
    if isinstance(rules.tie_breaker, tuple):
        known = [name for name in rules.tie_breaker if name in state.trusted]
        return bool(known) and known[0] in state.members
    return state.trusted[0 if rules.tie_breaker == "lowest" else -1] in state.members


# what an operator changes


def reread(rules: VoteRules, state: VoteState) -> VoteState:
    """A node read another configuration: it expects what that says."""
    return replace(state, expected=rules.expected)


def lowered(
    rules: VoteRules,
    states: Mapping[str, VoteState],
    members: tuple[str, ...],
    casting: Collection[str],
) -> dict[str, VoteState]:
    """The states after the votes expected were set anew: the only change that lets quorum sink."""
    votes = sum(rules.votes[name] for name in members)
    highest = max(states[name].expected for name in members)
    counted = {}
    for name in members:
        state, casts = states[name], name in casting
        total = votes + (rules.device_votes if casts else 0)
        quorum = max((highest + 2) // 2, (total + 2) // 2)
        if rules.two_node and len(state.members) + casts <= 2:
            quorum = 1
        expected = max(state.expected, total)
        state = replace(state, expected=expected, quorum=quorum, casts=casts)
        counted[name] = _judge(rules, state, total)
    return counted


def may_expect(votes: int, total: int) -> bool:
    """Whether an operator may set so many, while `total` are present."""
    return total <= votes and (votes + 2) // 2 <= total


def flags_of(rules: VoteRules, state: VoteState) -> tuple[str, ...]:
    """Rules and states in the words of corosync-quorumtool, sorted."""
    flags = {
        "2Node": rules.two_node,
        "AutoTieBreaker": rules.tie_breaker is not None,
        "LastManStanding": rules.last_man_standing,
        "Qdevice": bool(rules.device_votes),
        "QdeviceAlive": state.casts,
        "QdeviceCastVote": state.casts,
        "Quorate": state.quorate,
        "WaitForAll": rules.wait_for_all,
    }
    return tuple(name for name, holds in flags.items() if holds)


# last man standing


def opens_window(rules: VoteRules, state: VoteState, members: tuple[str, ...]) -> bool:
    """Whether the change from `state`'s ring to those members (re)starts the window.

    When it is over, `close_window` makes those who are left the whole cluster.
    """
    if not rules.last_man_standing:
        return False
    if len(members) >= state.quorum:
        left = any(name not in members for name in state.members)
        if left:
            return True
    if len(members) > state.quorum or rules.tie_breaker is None:
        return False
    return bool(state.trusted) and state.trusted[0] in members


def close_window(rules: VoteRules, state: VoteState) -> VoteState:
    """The window is over: a quorate node expects no more than its ring has."""
    if not state.quorate:
        return state
    expected = len(state.members)
    quorum = (expected + 2) // 2
    return _judge(rules, replace(state, expected=expected, quorum=quorum), expected)


# the quorum device


@dataclass(frozen=True, slots=True)
class Partition:
    """A ring as the quorum device sees it: its members, and which of those are connected to it."""

    members: tuple[str, ...]
    connected: tuple[str, ...]


def device_choice(rules: VoteRules, partitions: Collection[Partition]) -> Partition | None:
    """To whose connected members the quorum device gives its vote, if to anybody."""
    served = [partition for partition in partitions if partition.connected]
    if rules.algorithm == "ffsplit":
        return _split_in_half(rules, served)
    return _last_man(served)


def _split_in_half(rules: VoteRules, served: list[Partition]) -> Partition | None:
    """A majority; of two halves the one with more connections, else the one of the lowest node."""
    size = len(rules.nodes)
    for partition in served:
        if 2 * len(partition.members) > size:
            return partition
    halves = [partition for partition in served if 2 * len(partition.members) == size]
    most = max((len(half.connected) for half in halves), default=0)
    best = [half for half in halves if len(half.connected) == most]
    return min(best, key=lambda half: half.members[0], default=None)


def _last_man(served: list[Partition]) -> Partition | None:
    """The one with most connections, of several the one with the lowest connected node."""
    most = max((len(partition.connected) for partition in served), default=0)
    best = [partition for partition in served if len(partition.connected) == most]
    return min(best, key=lambda partition: partition.connected[0], default=None)
