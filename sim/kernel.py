"""Simulated time: the only file that knows SimPy.

Time is a whole number of microseconds since the world began, so that the same instant reached by
different sums is the same instant. Events of one instant run by `order`, then by creation; whatever
may exist in one mode of the simulation and not in another gets an order of its own, so that ties
fall alike in both.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop
from typing import Any, Final

import simpy

US: Final = 1_000_000  # microseconds in a second
GARBAGE: Final = (200_000, 20, 20)  # how much is made before Python looks for what nobody needs

# Orders within one instant. Loops of nodes come last, each with its own (see `loop_order`).
ORDER_FIRST: Final = 0
ORDER_FAULT: Final = 10
ORDER_NETWORK: Final = 20
ORDER_HARDWARE: Final = 30
ORDER_COMMIT: Final = 40
ORDER_TASK: Final = 50
ORDER_LOOP: Final = 1000


def to_us(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * US)


def loop_order(node_index: int, loop_index: int) -> int:
    """The order of one loop of one node: unique, the same in every mode."""
    return ORDER_LOOP + node_index * 8 + loop_index


class Timer(simpy.Event):
    """A call at an instant, which can be called off.

    There are millions of them, so it has nothing of SimPy's events but its place in the queue.
    """

    __slots__ = ("_call", "due_us")

    def __init__(self, due_us: int, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call
        self.due_us = due_us

    def fire(self) -> None:
        """Its instant has come."""
        call = self._call
        if call is not None:
            self._call = None
            call()

    def cancel(self) -> None:
        """Do not call. Harmless when it has been called already."""
        self._call = None

    @property
    def active(self) -> bool:
        """Whether the call is still to come."""
        return self._call is not None


class Kernel(simpy.Environment):
    """Runs callbacks in simulated time."""

    def __init__(self, began_us: int = 0) -> None:
        super().__init__(initial_time=began_us)
        self._now: int
        self.events = 0

    @property
    def now_us(self) -> int:
        return self._now

    @property
    def now_s(self) -> float:
        return self._now / US

    def call_at(self, due_us: int, call: Callable[[], None], order: int = ORDER_TASK) -> Timer:
        """Call at that instant, or in this one if it has passed."""
        now = self._now
        due = due_us if due_us > now else now
        timer = Timer(due, call)
        self.schedule(timer, order, due - now)  # type: ignore[arg-type]
        self.events += 1
        return timer

    def call_in(self, delay_us: int, call: Callable[[], None], order: int = ORDER_TASK) -> Timer:
        return self.call_at(self._now + delay_us, call, order)

    def call_soon(self, call: Callable[[], None], order: int = ORDER_TASK) -> Timer:
        """Call in this instant, after what is running now."""
        return self.call_at(self._now, call, order)

    def run(self, until: Any = None) -> None:
        """Let time pass until that instant (microseconds), whose own events are not run yet."""
        until_us: int = until
        if until_us <= self._now:
            return
        # Not `Environment.run(until)`: the event by which it stops stays queued at that instant, so
        # that `next_us` would find something to come where there is nothing.
        there = self.call_at(until_us, _nothing, ORDER_FIRST)
        self.events -= 1
        step = self.step
        with _seldom_collected():
            while there.active:
                step()

    def step(self) -> None:
        """Run the next event: a timer, as nothing else is ever queued. It cannot go wrong the way
        SimPy's events do, so what SimPy looks for after each is left out.
        """
        self._now, _, _, timer = heappop(self._queue)  # type: ignore[assignment]
        timer.fire()  # type: ignore[attr-defined]

    def next_us(self) -> int | None:
        """The instant of the next event, or None when nothing is to come."""
        due = self.peek()
        return None if due == float("inf") else int(due)


def _nothing() -> None:
    """An instant is reached."""


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """A world is one knot of references that is all in use: looking for garbage in it is costly."""
    before = gc.get_threshold()
    gc.set_threshold(*GARBAGE)
    try:
        yield
    finally:
        gc.set_threshold(*before)
