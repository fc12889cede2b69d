"""How long each guest was down: from the end of its process to the beginning of the next one.

The time before a guest runs for the first time is no downtime. It is measured by processes, not
by what anybody says of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class _Guest:
    runs_on: tuple[str, ...] = ()
    ran: bool = False
    down_since_s: float | None = None
    total_s: float = 0.0


class DowntimeMeter:
    """Told where a guest runs whenever that may have changed."""

    def __init__(self, guests: Iterable[str]) -> None:
        self._guests = {sid: _Guest() for sid in guests}

    def last_on(self, node: str) -> list[str]:
        """The guests that ran on that node when they were last seen."""
        return [sid for sid, guest in self._guests.items() if node in guest.runs_on]

    def seen(self, sid: str, runs_on: tuple[str, ...], now_s: float) -> None:
        guest = self._guests.setdefault(sid, _Guest())
        guest.runs_on = runs_on
        if runs_on:
            if guest.down_since_s is not None:
                guest.total_s += now_s - guest.down_since_s
            guest.ran, guest.down_since_s = True, None
        elif guest.ran and guest.down_since_s is None:
            guest.down_since_s = now_s

    def total_s(self, sid: str, now_s: float) -> float:
        """Down for so long in all, the present outage included."""
        guest = self._guests[sid]
        open_s = now_s - guest.down_since_s if guest.down_since_s is not None else 0.0
        return guest.total_s + open_s

    def totals_s(self, now_s: float) -> dict[str, float]:
        return {sid: self.total_s(sid, now_s) for sid in sorted(self._guests)}
