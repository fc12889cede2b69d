"""A guest is recovered only after its old node provably stopped."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.events import Event
from sim.checkers.ledger import NEVER_US, NodeLedger
from sim.checkers.observed import Guests, Record
from sim.events import GuestChange, Violation

FENCED_FIRST = "fenced-before-recovery"
SEEN_TARGET = "recovered-to-online"
NOTICED_US = 30_000_000  # by then a manager has had a round with what it sees


class RecoveryCheck:
    """Judges every guest configuration that the manager takes away from a node by recovery.

    Two things must hold. No process of the guest executes anywhere. And the old node can start
    none any more: the tenure in which the guest was last its own is over, by loss of power or
    because the node gave its agent lock up itself. A node that came back meanwhile may have begun
    a new tenure; a guest in recovery is not part of that.
    """

    def __init__(self, guests: Guests, ledger: NodeLedger, report: Callable[[Violation], None]):
        self._guests, self._ledger, self._report = guests, ledger, report
        self._belonged_us: dict[tuple[str, str], int] = {}  # (guest, node) -> last sign of it there

    def on_guest(self, record: Record, event: Event) -> None:
        assert isinstance(event, GuestChange)
        self._belonged_us[event.guest, event.node] = record.t_us

    def on_recovered(self, manager: str, sid: str, source: str, target: str, now_us: int) -> None:
        """The manager takes the guest's configuration away from the source."""
        self._judge(sid, source)
        unseen_us = self._ledger.absent_us.get((manager, target))
        if unseen_us is not None and now_us - unseen_us >= NOTICED_US:
            detail = (
                f"{sid} is recovered from {source} to {target}, which the manager {manager} has "
                f"not seen for {(now_us - unseen_us) / 1e6:.0f} s"
            )
            self._report(Violation(SEEN_TARGET, detail, self._ledger.broke((target,))))

    def on_arrived(self, sid: str, node: str, now_us: int) -> None:
        """The guest's configuration lies on that node from now on."""
        self._belonged_us[sid, node] = now_us

    def _judge(self, sid: str, node: str) -> None:
        running = self._guests.runs_on(sid)
        if running:
            detail = f"{sid} is recovered from {node} while it runs on {' and '.join(running)}"
            self._report(Violation(FENCED_FIRST, detail, self._ledger.broke((node, *running))))
            return
        began_us = self._ledger.tenure_us.get(node)
        if began_us is None or began_us > self._belonged_us.get((sid, node), NEVER_US):
            return
        power = self._ledger.power.get(node, "on")
        detail = (
            f"{sid} is recovered from {node}, which is {power} and neither lost power nor gave up "
            "its agent lock since it last had the guest"
        )
        self._report(Violation(FENCED_FIRST, detail, self._ledger.broke((node,))))
