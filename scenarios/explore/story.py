"""Tells a finding so that a person understands what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scenarios.explore.case import Case, Move
from scenarios.explore.run import Finding, Outcome
from scenarios.quantities import duration_text
from scenarios.text import plain
from sim.checkers.checkers import PROMISES
from sim.faults import Fault
from sim.journal import Record
from sim.network.injector import describe

MOST_LINES = 60
BEFORE_US = 30_000_000
# Kinds that tell what was done to the cluster and what it did about it.
TOLD = frozenset(
    {
        "fault",
        "fault_healed",
        "operator",
        "refused",
        "node_power",
        "watchdog_reset",
        "view",
        "guest",
        "status",
        "lock_acquired",
        "node_state",
        "service_state",
        "fence_try",
        "fence_done",
        "fence_requested",
        "recovered",
        "recovered_same_node",
        "recovery_no_node",
        "move_begin",
        "move_end",
        "move_failed",
        "daemon_failed",
        "violation",
        "error",
    }
)


def story(outcome: Outcome, records: Sequence[Record]) -> list[str]:
    """The finding, the cluster, what was done, and the records that lead to it."""
    finding = outcome.finding
    assert finding is not None
    return [
        *headline(finding),
        "",
        f"The cluster: {_cluster(outcome.case)}",
        "What was done to it:",
        *(f"  {sentence(move)}" for move in (*outcome.made, *outcome.after)),
        "",
        "What happened:",
        *(f"  {line}" for line in _history(outcome, records)),
    ]


def headline(finding: Finding) -> list[str]:
    """Which promise broke, how, and whose fault it is if that is known."""
    promise = PROMISES.get(finding.promise, finding.promise)
    lines = [
        f"Broken promise: {promise} ({finding.promise}).",
        f"After {duration_text(round(finding.at_s, 1))}: {finding.in_short()}.",
    ]
    if finding.broke:
        lines.append(f"The hardware or its configuration let it down: {finding.broke}.")
    return lines


def _cluster(case: Case) -> str:
    nodes, guests = case.layout.node_names(), case.layout.guests
    homes = ", ".join(f"{guest.sid} on {guest.node}" for guest in guests[:6])
    more = f" and {len(guests) - 6} more" if len(guests) > 6 else ""
    return f"{', '.join(nodes)}; {homes or 'no guests'}{more} (seed {case.seed})."


def sentence(move: Move) -> str:
    """One move: `2m: isolate node3, for 5m`."""
    when = duration_text(move.at_s)
    if move.heal_all:
        return f"{when}: every fault is healed"
    if move.fault is not None:
        return f"{when}: {_fault(move.fault)}"
    return f"{when}: operator: {move.command}"


def _fault(fault: Fault) -> str:
    what = f"{fault.kind} {describe(fault)}".strip()
    return f"{what}, for {duration_text(fault.heal_after_s)}" if fault.heal_after_s else what


def _history(outcome: Outcome, records: Sequence[Record]) -> Iterator[str]:
    """Records from shortly before the first move up to the finding; the middle of many left out."""
    first_us = round(outcome.made[0].at_s * 1e6) if outcome.made else 0
    lines = [plain(record) for record in _told(records) if record.t_us >= first_us - BEFORE_US]
    end = next((n for n, line in enumerate(lines, 1) if "VIOLATION" in line), len(lines))
    lines = lines[:end]
    if len(lines) > MOST_LINES:
        left_out = len(lines) - MOST_LINES
        head, tail = lines[: MOST_LINES // 3], lines[-(MOST_LINES - MOST_LINES // 3) :]
        lines = [*head, f"... {left_out} lines ...", *tail]
    yield from lines


def _told(records: Iterable[Record]) -> Iterator[Record]:
    return (record for record in records if record.event.kind in TOLD)
