"""Concurrency for services: tasks and one-shot signals, on asyncio or in simulated time."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Generic, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Task(Protocol, Generic[T_co]):
    """A running coroutine."""

    def done(self) -> bool: ...

    def result(self) -> T_co:
        """Its value, or its exception raised. Only when done."""
        ...

    def cancel(self) -> None:
        """Ask it to stop at its next await; its cleanup runs."""
        ...

    async def wait(self) -> T_co: ...


class Tasks(Protocol):
    """Starts tasks that live at most as long as this boot of the node."""

    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> Task[T]: ...

    async def settle(self, tasks: Sequence[Task[Any]], seconds: float) -> None:
        """Wait until all are done, at most so long. Cancels nothing, raises nothing."""
        ...
