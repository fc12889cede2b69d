"""Work that takes time: an amount that is done at a rate, which may change and may be zero.

A start that a slow disk prolongs, a copy whose bandwidth is shared, a shutdown on a paused machine:
all are the same thing. There is one timer while it goes on and none while it stands still.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Final

from sim.kernel import ORDER_HARDWARE, US, Kernel, Timer

FOREVER_S: Final = 1e12


class Work:
    """Calls `done` once when the amount is done. It stands still until it is given a rate."""

    __slots__ = ("_done", "_kernel", "_left", "_rate", "_since_us", "_timer", "over")

    def __init__(self, kernel: Kernel, amount: float, done: Callable[[], None]) -> None:
        self._kernel, self._done = kernel, done
        self._left = max(amount, 0.0)
        self._rate = 0.0
        self._since_us = kernel.now_us
        self._timer: Timer | None = None
        self.over = False

    @property
    def rate(self) -> float:
        return self._rate

    def left(self) -> float:
        """How much is still to do, in the unit of the amount."""
        passed_us = self._kernel.now_us - self._since_us
        return max(self._left - self._rate * passed_us / US, 0.0)

    def set_rate(self, rate: float) -> None:
        """From now on so much per second. The same rate again changes nothing."""
        if self.over or rate == self._rate:
            return
        self._left, self._since_us, self._rate = self.left(), self._kernel.now_us, rate
        self._drop_timer()
        if rate > 0.0:
            delay_us = ceil(min(self._left / rate, FOREVER_S) * US)
            self._timer = self._kernel.call_in(delay_us, self._finish, ORDER_HARDWARE)

    def cancel(self) -> None:
        """`done` will not be called. Harmless when it has been."""
        self.over = True
        self._drop_timer()

    def _drop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _finish(self) -> None:
        self._left, self._timer, self.over = 0.0, None, True
        self._done()
