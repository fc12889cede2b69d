"""Makes a case that breaks a promise small, while it still breaks that promise.

Passes in turn, until none helps any more or the runs allowed are used up: a shorter run, fewer
moves (delta debugging), fewer guests, fewer nodes, plainer options, simpler moves, rounder times.
What passes try, and in which order, depends on the case alone, so the result does too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from scenarios.explore.case import Case, Move
from scenarios.explore.reduce import smaller_layouts, without_guests, without_node
from scenarios.explore.run import Finding, run_case

T = TypeVar("T")

_NAME = re.compile(r"\S*\d\S*")  # vm:100, node1, 3.5

RUNS = 400
AFTER_S = 1.0  # the run goes on for so long after the promise broke


@dataclass(slots=True)
class Shrinking:
    """The smallest case so far. `attempt` runs a candidate and keeps it if it still shows it."""

    case: Case
    finding: Finding
    left: int
    runs: int = 0
    polled: bool = False
    on_run: Callable[[int, Case], None] = lambda runs, case: None

    def attempt(self, candidate: Case) -> bool:
        if self.left <= 0 or candidate == self.case:
            return False
        self.left -= 1
        self.runs += 1
        outcome = run_case(candidate, polled=self.polled)
        self.on_run(self.runs, self.case)
        found = outcome.finding
        if found is None or not _alike(found, self.finding):
            return False
        self.case, self.finding = replace(candidate, moves=outcome.made), found
        return True


def _alike(one: Finding, other: Finding) -> bool:
    """Whether both show the same defect: the same promise, and something of the same kind."""
    return one.promise == other.promise and bool(_shapes(one) & _shapes(other))


def _shapes(finding: Finding) -> frozenset[str]:
    """The clauses of its sentence without the names and numbers in them."""
    return frozenset(_NAME.sub("X", clause) for clause in finding.detail.split("; "))


def shrink(
    case: Case,
    finding: Finding,
    *,
    runs: int = RUNS,
    polled: bool = False,
    on_run: Callable[[int, Case], None] = lambda runs, case: None,
) -> Shrinking:
    """The case made small, with its finding and the number of runs that took."""
    state = Shrinking(case, finding, runs, polled=polled, on_run=on_run)
    before: Case | None = None
    while state.case != before and state.left > 0:
        before = state.case
        for each_pass in (_shorter, _fewer_moves, _fewer_guests, _fewer_nodes, _plainer, _simpler):
            each_pass(state)
    return state


# passes


def _shorter(state: Shrinking) -> None:
    """Nothing after the finding; for liveness, nothing after the last move."""
    moves = tuple(move for move in state.case.moves if move.at_s <= state.finding.at_s)
    last_s = moves[-1].at_s if moves else 0.0
    end_s = min(state.case.length_s, state.finding.at_s + AFTER_S)
    if state.finding.at_s > state.case.length_s:
        end_s = min(state.case.length_s, last_s + AFTER_S)
    state.attempt(replace(state.case, moves=moves, length_s=float(round(end_s + 0.5))))


def _fewer_moves(state: Shrinking) -> None:
    _ddmin(
        state.case.moves,
        lambda moves: state.attempt(replace(state.case, moves=tuple(moves))),
        lambda: state.case.moves,
    )


def _fewer_guests(state: Shrinking) -> None:
    def attempt(kept: Sequence[str]) -> bool:
        return state.attempt(without_guests(state.case, keep=frozenset(kept)))

    _ddmin(_guests(state.case), attempt, lambda: _guests(state.case))


def _guests(case: Case) -> tuple[str, ...]:
    return tuple(guest.sid for guest in case.layout.guests)


def _fewer_nodes(state: Shrinking) -> None:
    for node in reversed(state.case.layout.node_names()):
        if len(state.case.layout.nodes) > 1:
            candidate = without_node(state.case, node)
            if candidate is not None:
                state.attempt(candidate)


def _plainer(state: Shrinking) -> None:
    for change in smaller_layouts():
        state.attempt(replace(state.case, layout=change(state.case.layout)))


def _simpler(state: Shrinking) -> None:
    """Each move by itself: rounder times, no end, shorter; and everything earlier."""
    _earlier(state)
    for index in range(len(state.case.moves)):
        for change in SIMPLER:
            if index < len(state.case.moves):
                _change_move(state, index, change)


def _change_move(state: Shrinking, index: int, change: Callable[[Move], Move]) -> None:
    moves = list(state.case.moves)
    moves[index] = change(moves[index])
    ordered = tuple(sorted(moves, key=lambda move: move.at_s))
    length_s = max(state.case.length_s, ordered[-1].at_s + AFTER_S)
    state.attempt(replace(state.case, moves=ordered, length_s=length_s))


def _earlier(state: Shrinking) -> None:
    """Less waiting before the first move."""
    for start_s in (60.0, 120.0, 300.0, 600.0):
        moves = state.case.moves
        by_s = moves[0].at_s - start_s if moves else 0.0
        if by_s <= 0:
            return
        moved = tuple(replace(move, at_s=round(move.at_s - by_s, 1)) for move in moves)
        length_s = max(moved[-1].at_s + AFTER_S, state.case.length_s - by_s)
        if state.attempt(replace(state.case, moves=moved, length_s=length_s)):
            return


def _rounded(move: Move, step_s: float) -> Move:
    at_s = max(step_s, round(move.at_s / step_s) * step_s)
    fault = move.fault
    if fault is not None and fault.heal_after_s is not None:
        lasts_s = max(step_s, round(fault.heal_after_s / step_s) * step_s)
        fault = replace(fault, heal_after_s=lasts_s)
    return replace(move, at_s=at_s, fault=fault)


def _round_ten_minutes(move: Move) -> Move:
    return _rounded(move, 600.0)


def _round_minute(move: Move) -> Move:
    return _rounded(move, 60.0)


def _round_ten(move: Move) -> Move:
    return _rounded(move, 10.0)


def _round_second(move: Move) -> Move:
    return _rounded(move, 1.0)


def _lasting(move: Move) -> Move:
    """Until everything is healed."""
    fault = move.fault
    return replace(move, fault=replace(fault, heal_after_s=None)) if fault else move


def _brief(move: Move) -> Move:
    fault = move.fault
    if fault is None or fault.heal_after_s is None or fault.heal_after_s <= 10:
        return move
    return replace(move, fault=replace(fault, heal_after_s=round(fault.heal_after_s / 2, 1)))


# In this order: what succeeds first need not be tried more finely.
SIMPLER = (_round_ten_minutes, _round_minute, _round_ten, _round_second, _lasting, _brief)


# delta debugging


def _ddmin(
    items: Sequence[T], attempt: Callable[[Sequence[T]], bool], kept: Callable[[], Sequence[T]]
) -> None:
    """Remove ever smaller runs of items, as long as the attempt without them succeeds.

    `kept` tells what is left after a success, which may be less than what was attempted.
    """
    size = len(items)
    while size >= 1:
        start = 0
        while start < len(items):
            candidate = [*items[:start], *items[start + size :]]
            if attempt(candidate):
                items = kept()
            else:
                start += size
        size //= 2
