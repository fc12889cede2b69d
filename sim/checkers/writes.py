"""What the store promises: quorum for every write, no lost acknowledgement, exclusive leases."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.store.changes import Point
from sim.checkers.ledger import NodeLedger
from sim.checkers.observed import Commit, History, Lease
from sim.events import Violation

MINORITY_SILENT = "minority-silent"
NO_LOST_ACK = "no-lost-ack"
LEASE_ONCE = "lease-once"

US = 1_000_000
LIFE_US = 120 * US  # what the holder of a lease of the HA stack may rely on

Report = Callable[[Violation], None]


class QuorumCheck:
    """Nobody writes who is not quorate in its own view of the membership."""

    def __init__(self, ledger: NodeLedger, report: Report) -> None:
        self._ledger, self._report = ledger, report

    def allows(self, commit: Commit) -> bool:
        return self._ledger.quorate.get(commit.at, True)

    def on_commit(self, commit: Commit, what: str) -> None:
        """`what` was done, in words, and is not allowed."""
        node = commit.at
        members = ", ".join(self._ledger.members.get(node, ())) or "nobody"
        detail = f"{node} {what} without quorum (it sees {members})"
        self._report(Violation(MINORITY_SILENT, detail, self._ledger.broke((node,))))


class HistoryCheck:
    """Whatever nodes go on from contains every acknowledged write.

    The history is one chain: a copy that went through the last acknowledged point went through
    all before it. Told once: from there on the new history counts.
    """

    def __init__(self, ledger: NodeLedger, report: Report) -> None:
        self._ledger, self._report = ledger, report
        self._acknowledged: Point | None = None

    def on_acknowledged(self, point: Point) -> None:
        if self._acknowledged is None or point > self._acknowledged:
            self._acknowledged = point

    def on_opened(self, members: tuple[str, ...], history: History) -> None:
        point = self._acknowledged
        if point is None or history.holds(point):
            return
        self._acknowledged = None
        detail = (
            f"{', '.join(members)} go on from version {history.last.version} of a history that "
            f"lacks the acknowledged version {point.version}"
        )
        self._report(Violation(NO_LOST_ACK, detail, self._ledger.lose_history()))


class LeaseCheck:
    """A lease changes hands only when it was given up or had run out.

    The life time is the one its holder relies on when it feeds its watchdog, whatever the
    one who takes it says.
    """

    def __init__(self, ledger: NodeLedger, report: Report) -> None:
        self._ledger, self._report = ledger, report
        # name -> (owner, when it took it) -> the lease as last written
        self._leases: dict[str, dict[tuple[str, int], Lease]] = {}

    def on_lease(self, node: str, name: str, lease: Lease | None, now_us: int) -> None:
        """The node took it, renewed it, was refused it (another's), or gave it up (None)."""
        if lease is not None and lease.owner != node:
            return
        known = self._leases.setdefault(name, {})
        if lease is None:
            for key in [key for key in known if key[0] == node]:
                del known[key]
            return
        key = lease.owner, lease.taken_us
        if key not in known:
            self._taken(name, lease, known, now_us)
        known[key] = lease

    def _taken(
        self, name: str, lease: Lease, known: dict[tuple[str, int], Lease], now_us: int
    ) -> None:
        """Somebody takes it anew: whoever had it before must have been silent long enough."""
        for key, last in list(known.items()):
            silent_us = now_us - last.renewed_us(now_us)
            if silent_us >= LIFE_US:
                del known[key]
            elif key[0] != lease.owner:
                detail = (
                    f"{lease.owner} takes {name} from {key[0]}, which renewed it "
                    f"{silent_us / US:.1f} s ago and may rely on it for {LIFE_US // US} s"
                )
                self._report(Violation(LEASE_ONCE, detail, self._ledger.broke((key[0],))))
