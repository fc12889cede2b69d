"""A finding is made small: little is left, it is always the same, and the effort is bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.model.ha.rules import parse_rules
from scenarios.explore.case import Case, Move
from scenarios.explore.mutants import find_mutant
from scenarios.explore.reduce import without_guests, without_node
from scenarios.explore.run import Finding, run_case
from scenarios.explore.schedule import draw_case
from scenarios.explore.shrink import Shrinking, shrink
from sim.faults import Fault

MUTANT = "strict-rule-ignored"


def drawn(seed: int) -> Case:
    return draw_case(seed, layout=None, nodes=5, guests=20, hours=24)


def found(seeds: range) -> tuple[Case, Finding]:
    for seed in seeds:
        finding = run_case(drawn(seed)).finding
        if finding is not None:
            return drawn(seed), finding
    raise AssertionError("nothing found")


def shrunk(runs: int) -> tuple[Case, Shrinking]:
    with find_mutant(MUTANT).applied():
        case, finding = found(range(1, 20))
        return case, shrink(case, finding, runs=runs)


def test_little_is_left_and_always_the_same() -> None:
    case, small = shrunk(200)
    assert len(small.case.moves) == 1 < len(case.moves)
    assert len(small.case.layout.guests) == 1
    assert len(small.case.layout.nodes) < len(case.layout.nodes)
    assert small.case.length_s < 3600
    assert small.finding.promise == "strict-rules"
    assert shrunk(200)[1].case == small.case


@pytest.mark.parametrize("runs", [0, 7])
def test_the_effort_is_bounded(runs: int) -> None:
    case, small = shrunk(runs)
    assert small.runs == runs
    assert (small.case == case) == (runs == 0)


def test_a_finding_of_another_kind_does_not_count() -> None:
    """A cluster without its rule has no master either, but that is another defect."""
    finding = Finding("liveness", "vm:100 runs on node1, its state is freeze", 900.0)
    state = Shrinking(drawn(1), finding, 5)
    with find_mutant("slaves-never-take-over").applied():
        case, other = found(range(1, 20))
        assert other.promise == "liveness"
        assert not state.attempt(case)
    assert state.case == drawn(1)


def test_fewer_guests_leave_no_trace() -> None:
    for seed in range(20):
        case = drawn(seed)
        keep = frozenset(guest.sid for guest in case.layout.guests[::2])
        less = without_guests(case, keep)
        assert {guest.sid for guest in less.layout.guests} == keep
        rules = parse_rules(less.layout.rules_cfg, strict=True).rules
        assert {sid for rule in rules for sid in rule.resources} <= keep
        for move in less.moves:
            words = (move.command or "").split()
            assert not [word for word in words if word[:3] in ("vm:", "ct:") and word not in keep]


def test_fewer_nodes_leave_no_trace() -> None:
    for seed in range(20):
        case = without_node(drawn(seed), "node3")
        assert case is not None
        assert "node3" not in case.layout.node_names()
        assert all(guest.node != "node3" for guest in case.layout.guests)
        assert "node3" not in repr(case.layout)
        assert not any("node3" in repr(move) for move in case.moves)


def test_a_group_that_would_be_empty_ends_its_fault() -> None:
    split = Move(60.0, fault=Fault("partition", groups=(("node1",), ("node2", "node3"))))
    case = replace(drawn(1), moves=(split,))
    smaller = without_node(case, "node2")
    assert smaller is not None
    (kept,) = smaller.moves
    assert kept.fault is not None
    assert kept.fault.groups == (("node1",), ("node3",))
    gone = without_node(case, "node1")
    assert gone is not None
    assert gone.moves == ()
