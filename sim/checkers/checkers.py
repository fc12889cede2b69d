"""All safety checks of a world, wired to what they observe."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.events import Event
from sim.checkers.guests import GUEST_ONCE, VOLUME_ONCE, GuestChecks
from sim.checkers.ledger import NodeLedger
from sim.checkers.observed import Commit, Observed, Record
from sim.checkers.recovery import FENCED_FIRST, RecoveryCheck
from sim.checkers.rules import STRICT_RULES, RulesCheck
from sim.checkers.writes import (
    LEASE_ONCE,
    MINORITY_SILENT,
    NO_LOST_ACK,
    HistoryCheck,
    LeaseCheck,
    QuorumCheck,
)
from sim.events import (
    DaemonFailed,
    FaultBegins,
    FaultHeals,
    GuestChange,
    NodePower,
    Operator,
    ViewChange,
    Violation,
    WatchdogReset,
)

ACTOR = "check"
DAEMONS_LIVE = "daemons-live"
LIVENESS = "liveness"

PROMISES: dict[str, str] = {
    GUEST_ONCE: "a guest never runs on two nodes",
    VOLUME_ONCE: "a volume is never open for writing on two nodes",
    FENCED_FIRST: "a guest is recovered only after its old node provably stopped",
    MINORITY_SILENT: "a partition without quorum writes nothing and recovers nothing",
    NO_LOST_ACK: "an acknowledged write is never lost",
    LEASE_ONCE: "no two nodes hold a lease at once",
    STRICT_RULES: "the manager puts no service where its strict rules forbid it",
    DAEMONS_LIVE: "no daemon dies of an error of its own",
    LIVENESS: "after all faults are healed every feasible guest runs again in bounded time",
}

Handler = Callable[[Record, Event], None]


class Checkers:
    """Always on, and cheap: each check looks only at what just changed.

    A promise that did not hold becomes a `violation` record of the actor `check`.
    """

    def __init__(self, world: Observed) -> None:
        self._world = world
        ledger, report = NodeLedger(world.layout), self._report
        self._ledger = ledger
        self._guests = GuestChecks(world.guests, ledger, report)
        self._recovery = RecoveryCheck(world.guests, ledger, report)
        self._rules = RulesCheck(world.guests, ledger, report)
        self._quorum = QuorumCheck(ledger, report)
        self._history = HistoryCheck(ledger, report)
        self._lease = LeaseCheck(ledger, report)
        self._handlers: dict[type[Event], tuple[Handler, ...]] = {
            NodePower: (ledger.on_power,),
            WatchdogReset: (ledger.on_reset,),
            ViewChange: (ledger.on_view,),
            FaultBegins: (ledger.on_fault,),
            FaultHeals: (ledger.on_heal,),
            GuestChange: (self._recovery.on_guest, self._guests.on_guest),
            Operator: (self._rules.on_operator,),
            DaemonFailed: (self._on_daemon_failed,),
        }

    def attach(self) -> None:
        """Begin to watch."""
        self._world.journal.subscribe(self.on_record)
        self._world.store.observe(self.on_commit, self._history.on_ack)

    def on_record(self, record: Record) -> None:
        for handler in self._handlers.get(type(record.event), ()):
            handler(record, record.event)

    def on_commit(self, commit: Commit) -> None:
        self._quorum.on_commit(commit)
        self._history.on_commit(commit)
        what, _, name = commit.what.partition("/")
        if what == "manager_status":
            self._rules.on_status(commit)
        elif what == "ha_config":
            self._rules.on_config(commit)
        elif what == "guest_node":
            self._on_location(name, commit)
        elif what == "lease":
            now_us = self._world.now_us()
            self._lease.on_lease(name, commit, now_us)
            self._ledger.on_lease(name, commit, now_us)

    def _on_location(self, sid: str, commit: Commit) -> None:
        now_us = self._world.now_us()
        self._recovery.on_location(sid, commit, now_us)
        self._rules.on_location(sid, commit, now_us)
        self._guests.look(sid)

    def _on_daemon_failed(self, record: Record, event: Event) -> None:
        assert isinstance(event, DaemonFailed)
        self._report(Violation(DAEMONS_LIVE, f"{event.task} died: {event.error}"))

    def _report(self, violation: Violation) -> None:
        self._world.journal.emit(ACTOR, violation)
