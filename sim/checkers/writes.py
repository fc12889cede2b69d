"""What the store promises: quorum for every write, no lost acknowledgement, exclusive leases."""

from __future__ import annotations

from collections.abc import Callable

from sim.checkers.ledger import NodeLedger
from sim.checkers.observed import Commit, Held
from sim.events import Violation

MINORITY_SILENT = "minority-silent"
NO_LOST_ACK = "no-lost-ack"
LEASE_ONCE = "lease-once"

US = 1_000_000
LIFE_US = 120 * US  # what the holder of a lease of the HA stack may rely on
LIFE_BY_NAME = "ha_"

Report = Callable[[Violation], None]


class QuorumCheck:
    """Nobody writes who is not quorate in its own view of the membership."""

    def __init__(self, ledger: NodeLedger, report: Report) -> None:
        self._ledger, self._report = ledger, report

    def on_commit(self, commit: Commit) -> None:
        if self._ledger.quorate.get(commit.node, True):
            return
        verb = "recovers" if commit.why == "recover" else "writes"
        members = ", ".join(self._ledger.members.get(commit.node, ())) or "nobody"
        detail = f"{commit.node} {verb} {commit.what} without quorum (it sees {members})"
        self._report(Violation(MINORITY_SILENT, detail, self._ledger.broke((commit.node,))))


class HistoryCheck:
    """Every commit builds upon all that were acknowledged before it.

    Commits form chains by their parents. Of the chain of the last acknowledged commit only the
    part after it is remembered, so a look back takes as many steps as there are commits in flight.
    """

    def __init__(self, ledger: NodeLedger, report: Report) -> None:
        self._ledger, self._report = ledger, report
        self._acknowledged = 0
        self._parents: dict[int, int] = {}
        self._whats: dict[int, str] = {}

    def on_commit(self, commit: Commit) -> None:
        self._parents[commit.number] = commit.parent
        self._whats[commit.number] = commit.what
        step = commit.parent
        while step > self._acknowledged:
            step = self._parents.get(step, 0)
        if step < self._acknowledged:
            what = self._whats.get(self._acknowledged, "something")
            detail = (
                f"{commit.node} writes {commit.what} upon a state that lacks an acknowledged "
                f"write of {what} (commit {self._acknowledged})"
            )
            self._report(Violation(NO_LOST_ACK, detail, self._ledger.broke(())))
            self._acknowledged = 0  # told once; from here on the new history counts

    def on_ack(self, number: int) -> None:
        if number <= self._acknowledged:
            return
        self._acknowledged = number
        for old in [known for known in self._parents if known < number]:
            del self._parents[old]
            del self._whats[old]


class LeaseCheck:
    """A lease changes hands only when it was given up or had run out.

    The life time is the one its holder relies on when it feeds its watchdog, whatever the
    one who takes it says.
    """

    def __init__(self, ledger: NodeLedger, report: Report) -> None:
        self._ledger, self._report = ledger, report

    def on_lease(self, lease: str, commit: Commit, now_us: int) -> None:
        before, after = commit.before, commit.after
        if not isinstance(before, Held) or not isinstance(after, Held):
            return
        life_us = LIFE_US if lease.startswith(LIFE_BY_NAME) else before.life_us
        silent_us = now_us - before.renewed_us
        if after.holder == before.holder or silent_us >= life_us:
            return
        detail = (
            f"{after.holder} takes {lease} from {before.holder}, which renewed it "
            f"{silent_us / US:.1f} s ago and may rely on it for {life_us / US:.0f} s"
        )
        self._report(Violation(LEASE_ONCE, detail, self._ledger.broke((before.holder,))))
