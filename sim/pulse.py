"""What a coasting loop keeps doing, computed instead of done.

A loop that proved itself idle would run the same round at every tick of its grid until something
changes. Its `Pulse` is that grid. Whatever the round refreshes (a lease, a watchdog, a counter)
holds a `Renewal`: the pulse, and how long after a tick the refreshing was sent and took effect in
the last real round. Asked at any instant, it tells when it last took effect.

The grid ends where the loop runs a real round again, or where the node lost its power: what had
not been sent by then never happened; what was sent takes effect (it is on the wire).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim.clock import BootClock


class Pulse:
    """Ticks 0 (the last real round), 1, 2 ... of a loop, `period_us` apart on its node's clock."""

    __slots__ = ("_anchor_us", "_clock", "_on_end", "_period_us", "end_us", "wake_us")

    def __init__(self, clock: BootClock, anchor_local_us: int, period_us: int) -> None:
        self._clock, self._anchor_us, self._period_us = clock, anchor_local_us, period_us
        self._on_end: list[Callable[[], None]] = []
        self.end_us: int | None = None
        self.wake_us: int | None = None  # by then a round must be run, whatever the loop says

    def tick_us(self, number: int) -> int:
        """The instant of that tick."""
        return self._clock.world_us(self._anchor_us + number * self._period_us)

    def local_us(self, number: int) -> int:
        """The same on the node's clock."""
        return self._anchor_us + number * self._period_us

    def last_tick(self, now_us: int) -> int:
        """The number of the last tick at or before that instant, as if the pulse never ended."""
        passed = self._clock.local_us(now_us) - self._anchor_us
        return max(0, passed // self._period_us)

    def first_tick_from(self, now_us: int) -> int:
        """The number of the first tick at or after that instant; at least 1."""
        passed = self._clock.local_us(now_us) - self._anchor_us
        number = max(1, passed // self._period_us)
        return number if self.tick_us(number) >= now_us else number + 1

    def end(self, at_us: int) -> None:
        """No tick at or after that instant belongs to it. The earliest end counts."""
        if self.end_us is None or at_us < self.end_us:
            self.end_us = at_us
        calls, self._on_end = self._on_end, []
        for call in calls:
            call()

    def on_end(self, call: Callable[[], None]) -> None:
        """Call when it ends."""
        self._on_end.append(call)

    @property
    def beating(self) -> bool:
        return self.end_us is None

    def meets_us(self, other: Pulse, before_us: int, after_us: int, now_us: int) -> int | None:
        """When a tick of the other comes closer to one of this than allowed; None: never.

        The other may tick from `after_us` after a tick of this one to `before_us` before the next.
        Two clocks of different rates let the grids slide along each other, slowly.
        """
        if self._period_us != other._period_us:
            return None
        own_us, other_us = self._world_period(), other._world_period()
        slide_us = abs(other_us - own_us)
        if slide_us == 0:
            return None
        tick_us = self.tick_us(self.first_tick_from(now_us))
        phase_us = other.tick_us(other.first_tick_from(tick_us)) - tick_us
        # Two ticks early: a loop that is woken runs its next round, not this one.
        lowest_us, highest_us = after_us + 2 * slide_us, own_us - before_us - 2 * slide_us
        if not lowest_us < phase_us < highest_us:
            return now_us
        room_us = highest_us - phase_us if other_us > own_us else phase_us - lowest_us
        return tick_us + int(room_us / slide_us * own_us)

    def drifts_from(self, other: Pulse) -> bool:
        """Whether the two grids slide along each other."""
        return self._period_us == other._period_us and self._clock.rate != other._clock.rate

    def wake_by(self, at_us: int | None) -> None:
        """Run a round by then; None: no need."""
        if at_us is not None and (self.wake_us is None or at_us < self.wake_us):
            self.wake_us = at_us

    def _world_period(self) -> float:
        """The true time between two ticks, in microseconds."""
        return self._period_us / self._clock.rate


@dataclass(frozen=True, slots=True)
class Renewal:
    """Something refreshed at every tick: sent `sent_us` after it, in effect `done_us` after it."""

    pulse: Pulse
    sent_us: int
    done_us: int

    def count(self, now_us: int) -> int:
        """How many ticks after tick 0 have taken effect by now."""
        pulse = self.pulse
        number = pulse.last_tick(now_us - self.done_us)
        end = pulse.end_us
        if end is not None and number > 0 and pulse.tick_us(number) + self.sent_us >= end:
            number = pulse.last_tick(end - self.sent_us)
            if number > 0 and pulse.tick_us(number) + self.sent_us >= end:
                number -= 1
        return number

    def last_us(self, now_us: int) -> int:
        """When it last took effect; tick 0's own effect if none since."""
        return self.pulse.tick_us(self.count(now_us)) + self.done_us

    def last_tick_us(self, now_us: int) -> int:
        """When the round began that last took effect."""
        return self.pulse.tick_us(self.count(now_us))
