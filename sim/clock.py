"""The clock of one boot: monotonic with its own rate, wall with its own error."""

from __future__ import annotations

from sim.kernel import US, to_us
from sim.tasks import Boot

MILLION = 1_000_000
WORLD_BEGAN_S = 1_767_225_600  # 2026-01-01T00:00:00Z, when every simulated world begins


class WallClock:
    """A machine's battery-backed clock: survives power cuts, drifts and jumps."""

    def __init__(self, skew_s: float) -> None:
        self.skew_s = skew_s

    def jump(self, seconds: float) -> None:
        self.skew_s += seconds


class BootClock:
    """Implements the `Clock` port. Local time is microseconds since the boot, in whole numbers.

    `local_us` and `world_us` are exact inverses in this sense: `local_us(t) >= x` if and only if
    `t >= world_us(x)`. That makes the grid of a loop the same whether its ticks are slept through
    one by one or computed.
    """

    def __init__(self, boot: Boot, wall: WallClock, drift_ppm: int) -> None:
        self._boot, self._wall = boot, wall
        self._began_us = boot.kernel.now_us
        self._rate = MILLION + drift_ppm

    def local_us(self, world_us: int) -> int:
        return (world_us - self._began_us) * self._rate // MILLION

    def world_us(self, local_us: int) -> int:
        """The first instant at which the local clock shows that much."""
        return self._began_us + -(-local_us * MILLION // self._rate)

    @property
    def rate(self) -> float:
        """How much it shows in a true second."""
        return self._rate / MILLION

    def now_local_us(self) -> int:
        return self.local_us(self._boot.kernel.now_us)

    def monotonic(self) -> float:
        return self.now_local_us() / US

    def wall(self) -> float:
        return WORLD_BEGAN_S + self._boot.kernel.now_us / US + self._wall.skew_s

    async def sleep(self, seconds: float) -> None:
        due = self.world_us(self.now_local_us() + to_us(seconds))
        await self._boot.sleep(due - self._boot.kernel.now_us)
