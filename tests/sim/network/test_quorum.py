"""Votes: each option as measured on real corosync 3.1, and what its options forbid each other."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from appliance.model.errors import ConfigError
from sim.layout import ClusterLayout, NodeSpec, QuorumSpec
from sim.network.quorum import (
    Partition,
    VoteState,
    close_window,
    device_choice,
    first_state,
    opens_window,
    recount,
    regroup,
    rules_of,
)
from tests.sim.network.lab import cluster


class Booth:
    """The votes of a cluster, ring by ring. Nodes are numbers."""

    def __init__(self, layout: ClusterLayout) -> None:
        self.rules = rules_of(layout)
        self.states: dict[str, VoteState] = {}
        for number in range(1, len(self.rules.nodes) + 1):
            self.start(number)

    def start(self, number: int) -> None:
        """A node starts, alone."""
        self.states[f"n{number}"] = first_state(self.rules)
        self.ring(number)

    def ring(self, *numbers: int, casting: Collection[int] = ()) -> None:
        """These form a ring; the quorum device votes for `casting`."""
        group = tuple(f"n{number}" for number in numbers)
        given = {f"n{number}" for number in casting}
        self.states.update(regroup(self.rules, self.states, group, given))

    def recount(self, *numbers: int, casting: Collection[int] = ()) -> None:
        """The device's vote comes or goes; the ring stays."""
        group = tuple(f"n{number}" for number in numbers)
        given = {f"n{number}" for number in casting}
        self.states.update(recount(self.rules, self.states, group, given))

    def window_over(self, *numbers: int) -> None:
        for number in numbers:
            self.states[f"n{number}"] = close_window(self.rules, self.states[f"n{number}"])

    def quorate(self, *numbers: int) -> list[bool]:
        return [self.states[f"n{number}"].quorate for number in numbers]

    def expected(self, number: int) -> int:
        return self.states[f"n{number}"].expected


def booth(size: int, **options: Any) -> Booth:
    """All together once, unless an option of the test is about the start."""
    made = Booth(cluster(size, **options))
    made.ring(*range(1, size + 1))
    return made


# the plain majority


@pytest.mark.parametrize(
    ("size", "left", "quorate"), [(3, 2, True), (3, 1, False), (4, 2, False), (5, 3, True)]
)
def test_majority(size: int, left: int, quorate: bool) -> None:
    votes = booth(size)
    members = range(1, left + 1)
    votes.ring(*members)
    assert votes.quorate(*members) == [quorate] * left


def test_two_nodes_without_options_need_each_other() -> None:
    votes = booth(2)
    assert votes.quorate(1, 2) == [True, True]
    votes.ring(1)
    assert votes.quorate(1) == [False]


def test_one_node_is_a_majority_of_one() -> None:
    assert Booth(cluster(1)).quorate(1) == [True]


def test_votes_weigh() -> None:
    nodes = (NodeSpec("n1", votes=3), NodeSpec("n2"), NodeSpec("n3"))
    votes = Booth(ClusterLayout(nodes=nodes))
    votes.ring(1, 2, 3)
    votes.ring(1)
    votes.ring(2, 3)
    assert votes.quorate(1, 2, 3) == [True, False, False]


# two nodes


def test_two_node_survivor_stays_quorate() -> None:
    votes = booth(2, two_node=True)
    votes.ring(2)
    assert votes.quorate(2) == [True]


def test_two_node_split_makes_both_quorate() -> None:
    votes = booth(2, two_node=True)
    votes.ring(1)
    votes.ring(2)
    assert votes.quorate(1, 2) == [True, True]


def test_two_node_implies_wait_for_all() -> None:
    votes = Booth(cluster(2, two_node=True))
    assert votes.quorate(1, 2) == [False, False]
    votes.ring(1, 2)
    votes.ring(1)
    votes.start(2)
    assert votes.quorate(1, 2) == [True, False]
    votes.ring(1, 2)  # who kept quorum has seen all
    assert votes.quorate(1, 2) == [True, True]
    votes.start(1)
    votes.start(2)
    assert votes.quorate(1, 2) == [False, False]


def test_two_node_without_wait_for_all_starts_alone() -> None:
    assert Booth(cluster(2, two_node=True, wait_for_all=False)).quorate(1) == [True]


# waiting for all


def test_wait_for_all_waits_at_the_start() -> None:
    votes = Booth(cluster(3, wait_for_all=True))
    votes.ring(1, 2)
    assert votes.quorate(1, 2) == [False, False]
    votes.ring(1, 2, 3)
    votes.ring(1, 2)
    assert votes.quorate(1, 2) == [True, True]


def test_wait_for_all_waits_again_after_quorum_was_lost() -> None:
    votes = booth(5, wait_for_all=True)
    votes.ring(1, 2, 3, 4)
    assert votes.quorate(1) == [True]
    votes.ring(1, 2)
    votes.ring(3, 4)
    votes.ring(1, 2, 3, 4)  # a majority, but nobody is left who has quorum
    assert votes.quorate(1, 2, 3, 4) == [False] * 4
    votes.start(5)
    votes.ring(1, 2, 3, 4, 5)
    assert votes.quorate(1, 2, 3, 4, 5) == [True] * 5


# ties that are broken


def test_tie_of_two_goes_to_the_lowest() -> None:
    votes = booth(2, auto_tie_breaker=True)
    votes.ring(1)
    votes.ring(2)
    assert votes.quorate(1, 2) == [True, False]


def test_without_the_lowest_there_is_no_tie() -> None:
    votes = booth(2, auto_tie_breaker=True)
    votes.ring(2)  # node 1 is dead
    assert votes.quorate(2) == [False]


@pytest.mark.parametrize(
    ("node", "winners"),
    [
        ("lowest", (1, 2)),
        ("highest", (3, 4)),
        ("n3", (3, 4)),
        ("n2,n3", (1, 2)),
        ("n4, n1", (3, 4)),
    ],
)
def test_tie_of_four(node: str, winners: tuple[int, ...]) -> None:
    votes = booth(4, auto_tie_breaker=True, auto_tie_breaker_node=node)
    votes.ring(1, 2)
    votes.ring(3, 4)
    assert [n for n in (1, 2, 3, 4) if votes.quorate(n) == [True]] == list(winners)


def test_a_list_names_nodes_that_may_all_be_gone() -> None:
    votes = booth(4, auto_tie_breaker=True, auto_tie_breaker_node="n1")
    votes.ring(2, 3, 4)
    votes.ring(2, 3)
    assert votes.quorate(2, 3) == [False, False]


def test_a_half_that_never_had_quorum_wins_no_tie() -> None:
    votes = Booth(cluster(4, auto_tie_breaker=True))
    votes.ring(1, 2)
    assert votes.quorate(1, 2) == [False, False]


def test_a_tie_can_be_won_twice() -> None:
    """Why no safety may rest on it: node 1 counts from what it knew, the others from theirs."""
    votes = booth(4, auto_tie_breaker=True)
    votes.ring(2, 3, 4)  # node 1 is paused, its state is as it was
    votes.ring(2, 4)
    votes.ring(3)
    votes.ring(1, 3)
    assert votes.quorate(2, 4, 1, 3) == [True, True, True, False]


# the last man standing


def test_last_man_standing_shrinks_to_two() -> None:
    votes = booth(4, last_man_standing=True)
    votes.ring(1, 2, 3)
    votes.window_over(1, 2, 3)
    assert votes.expected(1) == 3
    votes.ring(1, 2)
    assert votes.quorate(1, 2) == [True, True]
    votes.window_over(1, 2)
    assert votes.expected(1) == 2
    votes.ring(1)
    votes.window_over(1)
    assert votes.quorate(1) == [False]


def test_last_man_standing_needs_its_window() -> None:
    votes = booth(4, last_man_standing=True)
    votes.ring(1, 2, 3)
    votes.ring(1, 2)
    votes.window_over(1, 2)
    assert votes.quorate(1, 2) == [False, False]
    assert votes.expected(1) == 4


def test_last_man_standing_with_tie_breaker_goes_down_to_one() -> None:
    votes = booth(4, last_man_standing=True, auto_tie_breaker=True, wait_for_all=True)
    for left in ((1, 2, 3), (1, 2), (1,)):
        votes.ring(*left)
        assert votes.quorate(*left) == [True] * len(left)
        votes.window_over(*left)
    assert votes.expected(1) == 1
    assert votes.quorate(1) == [True]


def test_the_expectation_grows_again_with_who_returns() -> None:
    votes = booth(4, last_man_standing=True)
    votes.ring(1, 2, 3)
    votes.window_over(1, 2, 3)
    votes.start(4)
    assert votes.quorate(4) == [False]
    votes.ring(1, 2, 3, 4)
    assert [votes.expected(number) for number in (1, 2, 3, 4)] == [4] * 4
    assert votes.quorate(1, 2, 3, 4) == [True] * 4
    votes.ring(1, 2)
    assert votes.quorate(1, 2) == [False, False]


def test_a_small_expectation_left_over_makes_a_second_quorum() -> None:
    """Why last_man_standing wants wait_for_all: node 2 is not quorate, but expects three only."""
    for waits in (False, True):
        votes = booth(4, last_man_standing=True, wait_for_all=waits)
        votes.ring(1, 2, 3)
        votes.window_over(1, 2, 3)
        votes.ring(1, 3)
        votes.ring(2)
        votes.start(4)
        votes.ring(2, 4)
        assert votes.quorate(1, 3) == [True, True]
        assert votes.quorate(2) == [not waits]


def test_waiting_for_all_does_not_help_who_never_lost_quorum() -> None:
    """Node 2 returns in the very change that takes 1 and 4 from 3."""
    votes = booth(4, last_man_standing=True, wait_for_all=True)
    votes.ring(1, 3, 4)
    votes.window_over(1, 3, 4)
    votes.start(2)
    votes.ring(1, 4)
    votes.ring(2, 3)
    assert votes.quorate(1, 4, 2, 3) == [True] * 4


@pytest.mark.parametrize(
    ("options", "members", "opens"),
    [
        ({}, (1, 2, 3), False),
        ({"last_man_standing": True}, (1, 2, 3), True),
        ({"last_man_standing": True}, (1, 2), False),
        ({"last_man_standing": True}, (1, 2, 3, 4), False),
        ({"last_man_standing": True, "auto_tie_breaker": True}, (1, 2), True),
        ({"last_man_standing": True, "auto_tie_breaker": True}, (3, 4), False),
    ],
)
def test_what_opens_the_window(
    options: dict[str, Any], members: tuple[int, ...], opens: bool
) -> None:
    votes = booth(4, **options)
    group = tuple(f"n{number}" for number in members)
    assert opens_window(votes.rules, votes.states[group[0]], group) == opens


# the quorum device


def test_two_nodes_and_a_device() -> None:
    votes = booth(2, qdevice=True)
    assert votes.rules.expected == 3
    votes.ring(1, 2, casting=(1, 2))
    assert votes.states["n1"].quorum == 2
    votes.ring(1, casting=(1,))
    assert votes.quorate(1) == [True]
    votes.recount(1)
    assert votes.quorate(1) == [False]
    votes.recount(1, casting=(1,))
    assert votes.quorate(1) == [True]


def test_without_the_device_both_are_enough() -> None:
    votes = booth(2, qdevice=True)
    votes.ring(1, 2, casting=(1, 2))
    votes.recount(1, 2)
    assert votes.quorate(1, 2) == [True, True]


def test_the_vote_counts_for_who_hears_the_device() -> None:
    votes = booth(4, qdevice=True)
    votes.ring(1, 2, 3, 4, casting=(1, 2, 3, 4))
    votes.ring(1, 2, casting=(1,))
    assert votes.quorate(1, 2) == [True, False]


def test_the_last_man_needs_the_device() -> None:
    votes = booth(5, qdevice=True, qdevice_algorithm="lms")
    assert votes.rules.device_votes == 4
    votes.ring(1, 2, 3, 4, 5, casting=(1, 2, 3, 4, 5))
    votes.ring(5, casting=(5,))
    assert votes.quorate(5) == [True]
    votes.recount(5)
    assert votes.quorate(5) == [False]


def part(members: str, connected: str) -> Partition:
    return Partition(tuple(members.split()), tuple(connected.split()))


@pytest.mark.parametrize(
    ("algorithm", "parts", "winner"),
    [
        ("ffsplit", [part("n1", "n1"), part("n2 n3 n4", "n2")], 1),
        ("ffsplit", [part("n1", "n1"), part("n2 n3 n4", "")], None),
        ("ffsplit", [part("n1 n2", "n1 n2"), part("n3 n4", "n3 n4")], 0),
        ("ffsplit", [part("n1 n2", "n1"), part("n3 n4", "n3 n4")], 1),
        ("ffsplit", [part("n1 n2", ""), part("n3 n4", "n3")], 1),
        ("ffsplit", [part("n1", "n1"), part("n2", "n2"), part("n3", "n3")], None),
        ("lms", [part("n1", "n1"), part("n2 n3 n4", "n2 n3")], 1),
        ("lms", [part("n1", "n1"), part("n2 n3 n4", "n2")], 0),
        ("lms", [part("n1 n2", ""), part("n3", "n3"), part("n4", "n4")], 1),
        ("lms", [part("n1 n2 n3 n4", "")], None),
    ],
)
def test_whom_the_device_gives_its_vote(
    algorithm: str, parts: list[Partition], winner: int | None
) -> None:
    rules = rules_of(cluster(4, qdevice=True, qdevice_algorithm=algorithm))
    assert device_choice(rules, parts) == (None if winner is None else parts[winner])


# what excludes each other


@pytest.mark.parametrize(
    ("size", "options", "message"),
    [
        (2, {"two_node": True, "qdevice": True}, "qdevice: not together with two_node"),
        (3, {"last_man_standing": True, "qdevice": True}, "qdevice: not .* last_man_standing"),
        (2, {"auto_tie_breaker": True, "qdevice": True}, "qdevice: not .* auto_tie_breaker"),
        (2, {"auto_tie_breaker": True, "two_node": True}, "two_node: not .* auto_tie_breaker"),
        (3, {"two_node": True}, "two_node: is for two nodes, here are 3"),
        (3, {"auto_tie_breaker": True}, "auto_tie_breaker: needs wait_for_all .* odd"),
        (
            4,
            {"auto_tie_breaker": True, "auto_tie_breaker_node": "n1,n9"},
            "auto_tie_breaker_node: no node n9; allowed: lowest, highest, n1, n2, n3, n4",
        ),
        (3, {"qdevice": True, "qdevice_algorithm": "2nodelms"}, "allowed: ffsplit, lms"),
    ],
)
def test_conflicts(size: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        rules_of(cluster(size, **options))


@pytest.mark.parametrize(
    ("votes", "quorum", "message"),
    [
        (2, QuorumSpec(last_man_standing=True), "last_man_standing: needs one vote for every node"),
        (2, QuorumSpec(qdevice=True, qdevice_algorithm="lms"), "lms needs one vote"),
        (-1, QuorumSpec(), "votes: node n1 has -1 votes"),
    ],
)
def test_uneven_votes(votes: int, quorum: QuorumSpec, message: str) -> None:
    nodes = (NodeSpec("n1", votes=votes), NodeSpec("n2"), NodeSpec("n3"))
    with pytest.raises(ConfigError, match=message):
        rules_of(ClusterLayout(nodes=nodes, quorum=quorum))


def test_odd_votes_with_tie_breaker_are_fine_when_waiting_for_all() -> None:
    votes = booth(5, auto_tie_breaker=True, wait_for_all=True)
    votes.ring(1, 2)  # the other three may have quorum
    assert votes.quorate(1, 2) == [False, False]
