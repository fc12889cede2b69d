"""Simulated time beside the machine's own, and requests that go in and answers that come out.

All of it runs in one thread of asyncio: the kernel is stepped in short slices, and requests enter
between two events, never within one.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, Final, Generic, TypeVar

from appliance.model.errors import ConfigError
from sim.kernel import US, Kernel
from sim.tasks import Boot, SimTask

T = TypeVar("T")

MAX_SPEED: Final = 3600.0  # what `max` means: an hour a second, if the machine can do it
SLICE_S: Final = 0.005  # at most so long without a look at the connections
REST_S: Final = 0.05  # at most so long without a look at the world
CATCH_UP_S: Final = 0.002  # what a request may spend on time that has passed already
LENT_US: Final = US  # how much time a request lends to a world that stands still


class LostError(Exception):
    """The boot that worked on it is over: there will be no answer."""


class _Asked(Generic[T]):
    """A coroutine on its way in a boot."""

    __slots__ = ("began_us", "boot", "coro", "future", "lends")

    def __init__(
        self,
        boot: Boot,
        coro: Coroutine[Any, Any, T],
        future: asyncio.Future[T],
        *,
        lends: bool,
    ) -> None:
        self.boot, self.coro, self.future, self.lends = boot, coro, future, lends
        self.began_us = boot.kernel.now_us

    def lost(self) -> None:
        """Its boot is over. What ran stays where it is; what did not is closed."""
        if getcoroutinestate(self.coro) == CORO_CREATED:
            self.coro.close()
        if not self.future.done():
            self.future.set_exception(LostError())

    async def run(self) -> None:
        try:
            value = await self.coro
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
            if not self.future.done():
                self.future.set_exception(error)
        else:
            if not self.future.done():
                self.future.set_result(value)


class Bridge:
    """Steps one kernel. `run` it as a task of asyncio; call all else in the same thread."""

    def __init__(self, kernel: Kernel, speed: float = 1.0) -> None:
        self._kernel = kernel
        self.paused = False
        self.speed = check_speed(speed)
        self._ahead_us = 0  # what `step` asked for and was not run yet
        self._asked: dict[_Asked[Any], None] = {}
        self._awake = asyncio.Event()
        self._anchor_s, self._anchor_us = time.monotonic(), kernel.now_us

    # time

    def pause(self) -> None:
        self._reanchor()
        self.paused = True

    def resume(self) -> None:
        self._reanchor()
        self.paused = False
        self._awake.set()

    def set_speed(self, speed: float) -> None:
        """So many simulated seconds in one. ConfigError if that is not possible."""
        self.speed = check_speed(speed)
        self._reanchor()
        self._awake.set()

    def step(self, seconds: float) -> float:
        """Let so much time pass as fast as possible; the simulated second when that is over."""
        if not 0 < seconds <= 366 * 86400:
            raise ConfigError("must be more than 0 and at most a year", field="seconds")
        self._ahead_us += round(seconds * US)
        self._awake.set()
        return (self._kernel.now_us + self._ahead_us) / US

    @property
    def stepping_s(self) -> float:
        """What is left of the steps that were asked for."""
        return self._ahead_us / US

    def _reanchor(self) -> None:
        """Go on from here, whatever was due before."""
        self._anchor_s, self._anchor_us = time.monotonic(), self._kernel.now_us

    def _due_us(self) -> int:
        """Where simulated time should be now, but for steps and what requests lend."""
        if self.paused:
            return self._kernel.now_us
        passed_s = time.monotonic() - self._anchor_s
        return max(self._kernel.now_us, self._anchor_us + int(passed_s * self.speed * US))

    # the pump

    async def run(self) -> None:
        """For ever."""
        self._reanchor()
        while True:
            behind = self._advance()
            self._give_up_lost()
            if behind:
                await asyncio.sleep(0)
                continue
            self._awake.clear()
            rest_s = self._rest_s()
            if rest_s > 0:
                await _until(self._awake, rest_s)
            else:
                await asyncio.sleep(0)

    def _advance(self) -> bool:
        """Run what is due, for one slice at most; whether there is more."""
        end_s = time.monotonic() + SLICE_S
        if self._ahead_us:
            began_us = self._kernel.now_us
            behind = self._run_to(began_us + self._ahead_us, end_s)
            self._ahead_us -= self._kernel.now_us - began_us
            self._reanchor()
            return behind
        due_us = self._due_us()
        if self._run_to(due_us, end_s):
            if not self.paused:
                self._reanchor()  # the machine cannot keep up: time goes as fast as it can
            return True
        return self._run_lent(end_s)

    def _run_to(self, due_us: int, end_s: float) -> bool:
        """Whether the slice ended before that instant."""
        kernel = self._kernel
        with _own_generators():
            while (at_us := kernel.next_us()) is not None and at_us < due_us:
                kernel.step()
                if time.monotonic() >= end_s:
                    return True
            kernel.run(due_us)
        return False

    def _run_lent(self, end_s: float) -> bool:
        """Standing still, or slower than life: time goes on for those who wait for an answer."""
        if not self.paused and self.speed >= 1:
            return False
        kernel = self._kernel
        while self._asked:
            limit_us = self._lent_until_us()
            at_us = kernel.next_us()
            if at_us is None or at_us >= limit_us:
                return False
            with _own_generators():
                kernel.step()
            self._give_up_lost()
            if time.monotonic() >= end_s:
                return True
        return False

    def _lent_until_us(self) -> int:
        lent = (one.began_us + LENT_US for one in self._asked if one.lends)
        return max(lent, default=0)

    def _rest_s(self) -> float:
        """How long nothing will be due, by the machine's clock."""
        at_us = self._kernel.next_us()
        if self.paused or at_us is None:
            return REST_S
        due_s = self._anchor_s + (at_us - self._anchor_us) / US / self.speed
        return min(REST_S, due_s - time.monotonic())

    # requests

    async def ask(self, boot: Boot, coro: Coroutine[Any, Any, T], *, lends: bool = True) -> T:
        """Run it inside the boot; its value, or its error. LostError when the boot ends first.

        lends: whether time goes on for it where it stands still otherwise. Who stops waiting for it
        does not stop it.
        """
        return await self._asking(boot, coro, lends=lends)[0]

    def _asking(
        self, boot: Boot, coro: Coroutine[Any, Any, T], *, lends: bool
    ) -> tuple[asyncio.Future[T], SimTask[None] | None]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._run_to(self._due_us(), time.monotonic() + CATCH_UP_S)
        asked = _Asked(boot, coro, future, lends=lends)
        if not boot.alive:
            asked.lost()
            return future, None
        with _own_generators():
            task = boot.enter(asked.run(), "request")
        if not future.done():
            self._asked[asked] = None
            future.add_done_callback(lambda _: self._asked.pop(asked, None))
            self._awake.set()
        return future, task

    async def stream(self, boot: Boot, values: AsyncIterator[T]) -> AsyncIterator[T]:
        """The values of an iterator that lives in the boot. LostError when the boot ends."""
        nothing = object()

        async def following() -> Any:
            return await anext(values, nothing)

        task: SimTask[None] | None = None
        try:
            while True:
                future, task = self._asking(boot, following(), lends=False)
                value = await future
                if value is nothing:
                    return
                yield value
        finally:
            with _own_generators():
                if task is not None and not task.done():
                    task.abandon()
                close = getattr(values, "aclose", None)
                if close is not None and boot.alive:
                    boot.enter(close(), "end of a stream")

    def _give_up_lost(self) -> None:
        for asked in [one for one in self._asked if not one.boot.alive]:
            asked.lost()
            self._asked.pop(asked, None)


@contextlib.contextmanager
def _own_generators() -> Iterator[None]:
    """asyncio would take simulated generators for its own, and close them at its end."""
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*hooks)


async def _until(event: asyncio.Event, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    timer = loop.call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        timer.cancel()


def check_speed(speed: float) -> float:
    """ConfigError for what is none."""
    if not 0.001 <= speed <= MAX_SPEED:
        raise ConfigError(f"must be between 0.001 and {MAX_SPEED:.0f}, or max", field="speed")
    return speed


def read_speed(text: str) -> float:
    """A number, or `max`. ConfigError."""
    if text == "max":
        return MAX_SPEED
    try:
        return check_speed(float(text))
    except ValueError:
        raise ConfigError("must be a number, or max", field="speed") from None
