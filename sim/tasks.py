"""Coroutines in simulated time: signals, tasks, and the boot of a node as their scope.

A boot that loses power is dropped: its coroutines are kept, never resumed and never closed, so no
cleanup runs, as on a machine that lost power. A paused boot hears of everything late, in order.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator, Sequence
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, Generic, TypeVar

from sim.kernel import ORDER_TASK, Kernel, to_us

T = TypeVar("T")


class Signal(Generic[T]):
    """Something that happens once and has a value or an error. Awaited by tasks of one boot."""

    __slots__ = ("_boot", "_error", "_value", "_waiters", "fired")

    def __init__(self, boot: Boot) -> None:
        self._boot = boot
        self._waiters: list[Callable[[], None]] = []
        self._value: T | None = None
        self._error: BaseException | None = None
        self.fired = False

    def fire(self, value: T) -> None:
        """It happened. The waiters go on in this instant, after what is running now."""
        self._settle(value, None)

    def fail(self, error: BaseException) -> None:
        """It went wrong: the error is raised where it is awaited."""
        self._settle(None, error)

    def fire_now(self, value: T) -> None:
        """As `fire`, but the waiters run at once: for callers that are events themselves."""
        if self.fired:
            return
        self.fired, self._value = True, value
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            self._boot.run(waiter)

    def _settle(self, value: T | None, error: BaseException | None) -> None:
        if self.fired:
            return
        self.fired, self._value, self._error = True, value, error
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            self._boot.deliver(waiter)

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]

    def on_fire(self, waiter: Callable[[], None]) -> None:
        """Call (through the boot, so late when it is paused) when it has happened."""
        if self.fired:
            self._boot.deliver(waiter)
        else:
            self._waiters.append(waiter)

    def __await__(self) -> Generator[Signal[T], None, T]:
        if not self.fired:
            yield self
        return self.result()


class SimTask(Generic[T]):
    """A coroutine being run. Implements the `Task` port."""

    __slots__ = ("_boot", "_cancelled", "_coro", "_waiting", "ended", "name")

    def __init__(self, boot: Boot, coro: Coroutine[Any, Any, T], name: str) -> None:
        self._boot, self._coro, self.name = boot, coro, name
        self._cancelled = False
        self._waiting: Signal[Any] | None = None
        self.ended: Signal[T] = Signal(boot)

    def done(self) -> bool:
        return self.ended.fired

    def result(self) -> T:
        return self.ended.result()

    async def wait(self) -> T:
        return await self.ended

    def cancel(self) -> None:
        """CancelledError at its next await. Once is enough."""
        if not self.ended.fired and not self._cancelled:
            self._cancelled = True
            self._boot.deliver(lambda: self._throw(CancelledError()))

    def abandon(self) -> None:
        """As `cancel`, at once: for callers between two events, whose world may stand still."""
        if not self.ended.fired and not self._cancelled:
            self._cancelled = True
            self._boot.run(lambda: self._throw(CancelledError()))

    def discard_unbegun(self) -> None:
        """Its boot is over. Closing a coroutine that never ran runs nothing, and stops Python from
        complaining about it; one that did run is kept as it is.
        """
        if getcoroutinestate(self._coro) == CORO_CREATED:
            self._coro.close()

    def step(self) -> None:
        """Run it up to its next wait."""
        self._advance(self._coro.send, None)

    def _throw(self, error: BaseException) -> None:
        self._waiting = None
        self._advance(self._coro.throw, error)

    def _resume(self) -> None:
        waiting = self._waiting
        if waiting is not None and waiting.fired:  # else it was cancelled while it waited
            self._waiting = None
            self._advance(self._coro.send, None)

    def _advance(self, run: Callable[[Any], Any], value: BaseException | None) -> None:
        if self.ended.fired:
            return
        try:
            waits_for = run(value)
        except StopIteration as stop:
            self.ended.fire(stop.value)
        except CancelledError as error:
            self.ended.fail(error)
        except Exception as error:  # noqa: BLE001 - a task may fail in any way; reported and kept
            self._boot.task_failed(self.name, error)
            self.ended.fail(error)
        else:
            if not isinstance(waits_for, Signal):
                raise TypeError(f"task {self.name} awaited {waits_for!r}, not a Signal")
            self._waiting = waits_for
            waits_for.on_fire(self._resume)


class Boot:
    """The time between a node's power-on and its power-off, as the scope of all its tasks."""

    def __init__(
        self, kernel: Kernel, node: str, number: int, on_failure: Callable[[str, Exception], None]
    ) -> None:
        self.kernel, self.node, self.number = kernel, node, number
        self.nonce = str(number)  # under which its requests are known
        self.alive = True
        self.paused = False
        self._on_failure = on_failure
        self._backlog: list[Callable[[], None]] = []
        self._tasks: list[SimTask[Any]] = []  # kept after the end, so nothing is ever closed

    # what waits for this boot

    def deliver(self, call: Callable[[], None], order: int = ORDER_TASK) -> None:
        """Call in this instant if the node lives; when it wakes if it is paused; else never."""
        if self.alive:
            self.kernel.call_soon(lambda: self.run(call), order)

    def run(self, call: Callable[[], None]) -> None:
        """Call now if the node lives; when it wakes if it is paused; else never."""
        if not self.alive:
            return
        if self.paused:
            self._backlog.append(call)
        else:
            call()

    # tasks

    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> SimTask[T]:
        """Start a task; its first step runs in this instant, after what is running now."""
        task = SimTask(self, coro, name)
        self._tasks = [kept for kept in self._tasks if not kept.ended.fired]
        self._tasks.append(task)
        if self.alive:
            self.deliver(task.step)
        else:
            task.discard_unbegun()
        return task

    def enter(self, coro: Coroutine[Any, Any, T], name: str) -> SimTask[T]:
        """Start a task and run its first step at once: for callers between two events.

        On a paused node that step comes when it wakes, on a dead one never.
        """
        task = SimTask(self, coro, name)
        self._tasks = [kept for kept in self._tasks if not kept.ended.fired]
        self._tasks.append(task)
        if self.alive:
            self.run(task.step)
        else:
            task.discard_unbegun()
        return task

    def begin(self, make: Callable[[], Coroutine[Any, Any, Any]], name: str) -> None:
        """Make a coroutine and start it, in this instant, after what is running now.

        For requests from outside: if time does not go on, there is no coroutine that never ran.
        """
        self.deliver(lambda: self._begin(make, name))

    def _begin(self, make: Callable[[], Coroutine[Any, Any, Any]], name: str) -> None:
        self.spawn(make(), name)

    def sleep(self, delay_us: int, order: int = ORDER_TASK) -> Signal[None]:
        """A signal that fires after so long; a paused node notices when it wakes."""
        signal: Signal[None] = Signal(self)
        self.kernel.call_in(delay_us, lambda: signal.fire_now(None), order)
        return signal

    async def settle(self, tasks: Sequence[Any], seconds: float) -> None:
        """Wait until all are done, at most so long. Implements the `Tasks` port."""
        pending = [task for task in tasks if not task.done()]
        if not pending:
            return
        over: Signal[None] = Signal(self)
        left = len(pending)

        def one_ended() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                timer.cancel()
                over.fire(None)

        # A remainder too short to be counted is a step of time all the same: whoever asks again
        # until it is used up must get there.
        timer = self.kernel.call_in(max(1, to_us(seconds)), lambda: over.fire(None))
        for task in pending:
            task.ended.on_fire(one_ended)
        await over

    def task_failed(self, name: str, error: Exception) -> None:
        """An exception nobody caught inside a task: told to the world, which decides."""
        self._on_failure(f"{self.node}: task {name}", error)

    # fate

    def cut(self) -> None:
        """Power is gone: nothing of this boot runs ever again, not even cleanup."""
        self.alive = False
        self._backlog.clear()
        for task in self._tasks:
            task.discard_unbegun()

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        """Go on; everything that happened meanwhile is noticed now, in order."""
        if not self.paused:
            return
        self.paused = False
        backlog, self._backlog = self._backlog, []
        for call in backlog:
            self.deliver(call)
