"""All safety checks of a world, wired to what they observe."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.events import Event
from appliance.model.ha.guest_files import guest_place
from appliance.model.ha.resources import FILE as RESOURCES
from appliance.model.ha.resources import parse_resources
from appliance.model.ha.rules import FILE as RULES
from appliance.model.ha.rules import parse_rules
from appliance.model.ha.status_files import MANAGER_STATUS, ManagerStatusForm
from appliance.model.store.changes import LEASE_MARK, Cell, File, Point
from appliance.model.store.paths import guest_of
from sim.checkers.guests import GUEST_ONCE, VOLUME_ONCE, GuestChecks
from sim.checkers.ledger import NodeLedger
from sim.checkers.observed import Commit, History, Observed, Record
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
        self._manager = ManagerStatusForm()
        self._cells: tuple[Cell | None, Cell | None] = None, None
        self._config: tuple[bytes, ...] = ()
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

    def on_commit(self, commit: Commit) -> None:
        if not self._quorum.allows(commit):
            self._quorum.on_commit(commit, self._in_words(commit))
        self._read_config(commit)
        for key, cell in commit.cells:
            if key.startswith(LEASE_MARK):
                self._on_lease(commit, key.removeprefix(LEASE_MARK))
            elif not isinstance(cell, File):
                self._on_removed(commit, key)
            elif key == MANAGER_STATUS:
                self._rules.on_status(self._manager.read(cell.content))
            elif guest_of(key) is not None:
                self._on_location(commit.writer, *guest_place(key))

    def on_acknowledged(self, point: Point) -> None:
        self._history.on_acknowledged(point)

    def on_opened(self, members: tuple[str, ...], history: History) -> None:
        self._history.on_opened(members, history)

    def _in_words(self, commit: Commit) -> str:
        key, cell = commit.cells[-1]
        if cell is not None and guest_of(key) is not None:
            sid, _ = guest_place(key)
            return f"recovers {sid}" if self._recovers(commit.writer, sid) else f"moves {sid}"
        return f"writes {key.removeprefix(LEASE_MARK)}"

    def _recovers(self, writer: str, sid: str) -> bool:
        """A guest's own node moves it; whoever takes it from another node recovers it."""
        return self._located.get(sid, writer) != writer

    def _read_config(self, commit: Commit) -> None:
        """What people configured, if it changed or was never read."""
        cells = commit.copy.get(RESOURCES), commit.copy.get(RULES)
        if cells[0] is self._cells[0] and cells[1] is self._cells[1] and self._config:
            return
        self._cells, files = cells, tuple(_content(cell) for cell in cells)
        if files != self._config:
            self._config = files
            resources, rules = (content.decode() for content in files)
            self._rules.on_config(parse_resources(resources), parse_rules(rules))

    def _on_lease(self, commit: Commit, name: str) -> None:
        lease, now_us = commit.leases.get(name), self._world.now_us()
        self._lease.on_lease(commit.writer, name, lease, now_us)
        self._ledger.on_lease(commit.writer, name, lease, now_us)

    def _on_removed(self, commit: Commit, key: str) -> None:
        """A guest that is destroyed has no place; one of its number later is another guest."""
        if guest_of(key) is None:
            return
        sid, _node = guest_place(key)
        moved = (
            isinstance(cell, File) and guest_of(other) is not None and guest_place(other)[0] == sid
            for other, cell in commit.cells
        )
        if not any(moved):
            self._located.pop(sid, None)

    def _on_location(self, node: str, sid: str, after: str) -> None:
        now_us, before = self._world.now_us(), self._located.get(sid)
        if before == after:
            return  # only its content changed
        recovered = self._recovers(node, sid)
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


def _content(cell: Cell | None) -> bytes:
    return cell.content if isinstance(cell, File) else b""
