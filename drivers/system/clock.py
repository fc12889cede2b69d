"""The machine's clock and the pace of loops."""

from __future__ import annotations

import asyncio
import time

from appliance.ports.clock import Pace, Rest, Tick


class SystemClock:
    """Implements the `Clock` port."""

    def monotonic(self) -> float:
        """Seconds since the machine started, the time it was suspended included.

        A lease runs out for the others while this machine sleeps, so it must run out here too.
        """
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        due_s = self.monotonic() + seconds
        await asyncio.sleep(seconds)
        # The event loop rounds, and its clock is another.
        while (left_s := due_s - self.monotonic()) > 0:  # noqa: ASYNC110 - no event, only time
            await asyncio.sleep(left_s)


class SystemPace:
    """Implements the `Pace` port: every round is run."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._grid_s = self._began_s = 0.0

    def first(self) -> Tick:
        self._grid_s = self._began_s = self._clock.monotonic()
        return Tick(self._began_s)

    async def next_tick(self, rest: Rest) -> Tick:
        """A round that took longer than its period is followed by the next point of the grid."""
        late_s = max(0.0, self._clock.monotonic() - self._grid_s)
        self._grid_s += (int(late_s / rest.period_s) + 1) * rest.period_s
        await self._clock.sleep(max(0.0, self._grid_s - self._clock.monotonic()))
        last_s, self._began_s = self._began_s, self._clock.monotonic()
        return Tick(self._began_s, 0, last_s)

    def wake(self) -> None:
        """No round is skipped, so there is nothing to end."""


class SystemPaces:
    """Implements the `Paces` port."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock

    def open(self, loop: str) -> Pace:
        return SystemPace(self._clock)
