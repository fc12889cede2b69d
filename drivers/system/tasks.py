"""Tasks and signals on asyncio. Use them from one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, Generic, TypeVar

from appliance.ports.signals import Signal
from appliance.ports.tasks import Task

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


class SystemTask(Generic[T]):
    """Implements the `Task` port."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[T]) -> None:
        self._task = task

    def done(self) -> bool:
        return self._task.done()

    def result(self) -> T:
        return self._task.result()

    def cancel(self) -> None:
        self._task.cancel()

    async def wait(self) -> T:
        # Whoever gives up waiting does not end what he waited for.
        return await asyncio.shield(self._task)


class SystemTasks:
    """Implements the `Tasks` port. `close` is the end of the boot.

    on_failure(name, error): a task ended with an error; whoever waits for it gets the error too.
    """

    def __init__(self, on_failure: OnFailure) -> None:
        self._on_failure = on_failure
        self._running: dict[asyncio.Task[Any], None] = {}

    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> Task[T]:
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._running[task] = None
        task.add_done_callback(self._ended)
        return SystemTask(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_failure(task.get_name(), error)

    async def settle(self, tasks: Sequence[Task[Any]], seconds: float) -> None:
        waiters = [asyncio.ensure_future(task.wait()) for task in tasks if not task.done()]
        if not waiters:
            return
        try:
            await asyncio.wait(waiters, timeout=max(0.0, seconds))
        finally:
            for waiter in waiters:
                waiter.cancel()
            await asyncio.gather(*waiters, return_exceptions=True)

    async def close(self) -> None:
        """Cancel all that run, and wait until they have cleaned up."""
        own = asyncio.current_task()
        while running := [task for task in self._running if task is not own]:
            for task in running:
                task.cancel()
            await asyncio.wait(running)


class SystemSignal:
    """Implements the `Signal` port."""

    __slots__ = ("_error", "_loop", "_value", "_waiters", "fired")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.fired = False
        self._loop = loop
        self._value: Any = None
        self._error: BaseException | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def fire(self, value: Any) -> None:
        self._settle(value, None)

    def fail(self, error: BaseException) -> None:
        self._settle(None, error)

    def _settle(self, value: Any, error: BaseException | None) -> None:
        if self.fired:
            return
        self.fired, self._value, self._error = True, value, error
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def __await__(self) -> Generator[Any, None, Any]:
        if not self.fired:
            # One future a waiter: cancelling it must leave the other waiters alone.
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            try:
                yield from waiter
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        if self._error is not None:
            raise self._error
        return self._value


class SystemSignals:
    """Implements the `Signals` port."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def new(self) -> Signal:
        if self._loop is None:  # asking for it each time costs as many system calls
            self._loop = asyncio.get_running_loop()
        return SystemSignal(self._loop)
