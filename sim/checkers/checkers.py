"""All safety checks of a world, wired to what they observe."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.events import Event
from sim.checkers.guests import GUEST_ONCE, VOLUME_ONCE, GuestChecks
from sim.checkers.ledger import NodeLedger
from sim.checkers.observed import Observed, Record, Replica
from sim.checkers.recovery import FENCED_FIRST, SEEN_TARGET, RecoveryCheck
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
    SEEN_TARGET: "a guest is recovered only to a node that the manager sees",
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
        self._located = {guest.sid: guest.node for guest in world.layout.guests}
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
        self._world.store.observers.append(self)

    def in_tenure(self, node: str) -> bool:
        """Whether the node holds its own agent lock since it last booted, as the store knows."""
        return node in self._ledger.tenure_us

    # what the journal tells

    def on_record(self, record: Record) -> None:
        for handler in self._handlers.get(type(record.event), ()):
            handler(record, record.event)

    # what the store tells

    def on_commit(self, node: str, replica: Replica, what: str) -> None:
        self._quorum.on_commit(node, what)
        self._rules.on_config(replica.config)
        verb, _, name = what.partition(" ")
        if verb == "manager_status":
            self._rules.on_status(replica.manager_status(self._world.now_us()))
        elif verb in ("lease", "release"):
            self._on_lease(node, name, replica)
        elif verb in ("steal", "rename"):
            self._on_location(node, name, replica, recovered=verb == "steal")

    def on_acknowledged(self, node: str, writes: int) -> None:
        self._history.on_acknowledged(node, writes)

    def on_installed(self, group: tuple[str, ...], replica: Replica, quorate: bool) -> None:
        self._history.on_installed(group, replica, quorate)

    def _on_lease(self, node: str, name: str, replica: Replica) -> None:
        lease, now_us = replica.leases.get(name), self._world.now_us()
        self._lease.on_lease(node, name, lease, now_us)
        self._ledger.on_lease(node, name, lease, now_us)

    def _on_location(self, node: str, sid: str, replica: Replica, *, recovered: bool) -> None:
        now_us, before, after = (
            self._world.now_us(),
            self._located.get(sid),
            replica.guest_nodes[sid],
        )
        if before == after:
            return  # nothing was taken: it lay there already, by a move or a dead master
        self._located[sid] = after
        if recovered:
            if before is not None:
                self._recovery.on_recovered(node, sid, before, after, now_us)
            self._rules.on_recovered(sid, after, now_us)
        else:
            self._rules.on_moved(sid, after, now_us)
        self._recovery.on_arrived(sid, after, now_us)
        self._guests.look(sid, after)

    def _on_daemon_failed(self, record: Record, event: Event) -> None:
        assert isinstance(event, DaemonFailed)
        self._report(Violation(DAEMONS_LIVE, f"{event.task} died: {event.error}"))

    def _report(self, violation: Violation) -> None:
        self._world.journal.emit(ACTOR, violation)
