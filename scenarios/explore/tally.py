"""What one run amounted to, counted while it runs; and the sum over many runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from appliance.model.events import Event
from appliance.model.events.crm import FenceDone
from appliance.model.events.crm_services import Recovered, RecoveredSameNode
from sim.events import FaultBegins, GuestChange, Operator, WatchdogReset
from sim.journal import Record
from sim.kernel import US

PLANNED = ("stopped", "disabled", "ignored")


@dataclass(slots=True)
class Totals:
    """Sums. Downtimes are kept in whole seconds, with how often each occurred."""

    seeds: int = 0
    simulated_s: float = 0.0
    events: int = 0
    records: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    withheld: int = 0
    fencings: int = 0
    recoveries: int = 0
    watchdog_resets: int = 0
    downtimes: Counter[int] = field(default_factory=Counter)

    def add(self, other: Totals) -> None:
        self.seeds += other.seeds
        self.simulated_s += other.simulated_s
        self.events += other.events
        self.records += other.records
        self.faults.update(other.faults)
        self.requests += other.requests
        self.withheld += other.withheld
        self.fencings += other.fencings
        self.recoveries += other.recoveries
        self.watchdog_resets += other.watchdog_resets
        self.downtimes.update(other.downtimes)

    def downtime_s(self, share: float) -> int | None:
        """The downtime that this share of all downtimes does not exceed (nearest rank)."""
        count = self.downtimes.total()
        if count == 0:
            return None
        rank = max(1, -(-count * share // 1))
        for seconds in sorted(self.downtimes):
            rank -= self.downtimes[seconds]
            if rank <= 0:
                return seconds
        return max(self.downtimes)


def summed(results: Iterable[Totals]) -> Totals:
    total = Totals()
    for result in results:
        total.add(result)
    return total


class Tally:
    """Counts the records of one world."""

    def __init__(self, runs_on: Callable[[str], tuple[str, ...]]) -> None:
        self.totals = Totals(seeds=1)
        self._runs_on = runs_on
        self._down_us: dict[str, int] = {}  # guest -> since when it runs nowhere, unplanned
        self._up: set[str] = set()
        self._handlers: dict[type[Event], Callable[[Record, Event], None]] = {
            FaultBegins: self._on_fault,
            Operator: self._on_operator,
            GuestChange: self._on_guest,
            FenceDone: self._on_fence,
            Recovered: self._on_recovery,
            RecoveredSameNode: self._on_recovery,
            WatchdogReset: self._on_reset,
        }

    def on_record(self, record: Record) -> None:
        self.totals.records += 1
        handler = self._handlers.get(type(record.event))
        if handler is not None:
            handler(record, record.event)

    def _on_fault(self, _record: Record, event: Event) -> None:
        assert isinstance(event, FaultBegins)
        self.totals.faults[event.fault_kind] += 1

    def _on_fence(self, _record: Record, _event: Event) -> None:
        self.totals.fencings += 1

    def _on_recovery(self, _record: Record, _event: Event) -> None:
        self.totals.recoveries += 1

    def _on_reset(self, _record: Record, _event: Event) -> None:
        self.totals.watchdog_resets += 1

    def _on_operator(self, _record: Record, event: Event) -> None:
        """A guest that is asked to stop is not counted as down."""
        assert isinstance(event, Operator)
        self.totals.requests += 1
        words = event.command.split()
        for sid in self._asked_to_stop(words):
            self._up.discard(sid)
            self._down_us.pop(sid, None)

    def _asked_to_stop(self, words: list[str]) -> list[str]:
        if words[:2] == ["ha-manager", "set"] and words[-1] in PLANNED:
            return words[2:3]
        if words[:3] == ["ha-manager", "crm-command", "stop"]:
            return words[3:4]
        return words[2:3] if words[:2] == ["ha-manager", "remove"] else []

    def _on_guest(self, record: Record, event: Event) -> None:
        assert isinstance(event, GuestChange)
        sid = event.guest
        if self._runs_on(sid):
            since_us = self._down_us.pop(sid, None)
            if since_us is not None:
                self.totals.downtimes[round((record.t_us - since_us) / US)] += 1
            self._up.add(sid)
        elif sid in self._up:
            self._up.discard(sid)
            self._down_us[sid] = record.t_us
