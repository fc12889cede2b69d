"""A guest executes at most once, and a volume has at most one writer."""

from __future__ import annotations

from collections.abc import Callable

from appliance.model.events import Event
from sim.checkers.ledger import NodeLedger
from sim.checkers.observed import Guests, Record
from sim.events import GuestChange, Violation

GUEST_ONCE = "guest-once"
VOLUME_ONCE = "volume-once"

Report = Callable[[Violation], None]


class GuestChecks:
    """Looks at a guest whenever something happened to one of its processes.

    A violation is told once, and again only after the guest was whole in between.
    """

    def __init__(self, guests: Guests, ledger: NodeLedger, report: Report) -> None:
        self._guests, self._ledger, self._report = guests, ledger, report
        self._told: set[tuple[str, str]] = set()

    def on_guest(self, record: Record, event: Event) -> None:
        assert isinstance(event, GuestChange)
        self.look(event.guest, event.node)

    def look(self, sid: str, node: str) -> None:
        """Check the guest now, and its volumes as that node means them."""
        self._once(GUEST_ONCE, sid, self._guests.runs_on(sid), f"{sid} runs on")
        for volume in self._guests.volumes(sid, node):
            writers = self._guests.storage.writers(volume)
            self._once(VOLUME_ONCE, str(volume), writers, f"{volume} is open for writing on")

    def _once(self, promise: str, subject: str, nodes: tuple[str, ...], what: str) -> None:
        key = promise, subject
        if len(nodes) < 2:
            self._told.discard(key)
        elif key not in self._told:
            self._told.add(key)
            detail = f"{what} {' and '.join(nodes)} at once"
            self._report(Violation(promise, detail, self._ledger.broke(nodes)))
