"""How fast a watched run goes: slow where something happens, faster the longer nothing does."""

from __future__ import annotations

from math import log

DEFAULT_SPEED = 10.0  # simulated seconds a second, right after something happened
LINGER_S = 6.0  # simulated time after a fact in which the pace stays that slow
GLANCE_S = 0.12  # wall time for each moment in which something is told


class Pace:
    """Turns simulated time into waiting.

    Beyond LINGER_S of quiet the speed grows with its length, so a day without news passes in a
    few seconds and the time to watch a run depends on what happens in it more than on its length.
    """

    def __init__(self, speed: float = DEFAULT_SPEED) -> None:
        self._speed = speed
        self._now_s = 0.0
        self._news_s = 0.0

    def news(self, now_s: float) -> None:
        """Something worth watching happens at that simulated time."""
        self._news_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Wall seconds for the simulated time from the last call to this one."""
        begin_s, self._now_s = self._now_s, max(self._now_s, now_s)
        return max(0.0, self._wall_s(self._now_s) - self._wall_s(begin_s))

    def glance_s(self) -> float:
        """Wall seconds that a new fact stays the newest."""
        return GLANCE_S * DEFAULT_SPEED / self._speed

    def _wall_s(self, at_s: float) -> float:
        """Wall time from the last news to that simulated time."""
        quiet_s = max(0.0, at_s - self._news_s)
        slow_s = min(quiet_s, LINGER_S)
        fast_s = LINGER_S * log(quiet_s / LINGER_S) if quiet_s > LINGER_S else 0.0
        return (slow_s + fast_s) / self._speed
