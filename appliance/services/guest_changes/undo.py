"""What an operation made so far, to be taken back if it cannot be finished."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from appliance.model.errors import OutcomeUnknownError, QuorateError
from appliance.services.tasks.context import TaskContext

Action: TypeAlias = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Undo:
    """Makings in the order in which they were made."""

    _task: TaskContext
    _makings: list[tuple[str, Action]] = field(default_factory=list)

    def push(self, what: str, action: Action) -> None:
        """`action` takes back what was just made; `what` says what is left if it fails."""
        self._makings.append((what, action))

    def keep(self) -> None:
        """From here on it is meant to stay."""
        self._makings.clear()

    def leave(self) -> None:
        """Nobody knows whether it is in use by now: it stays, and the log names it."""
        while self._makings:
            self._task.warn(f"{self._makings.pop()[0]} may be left")

    async def unwind(self) -> None:
        """Take all back, the last one first. What cannot be is told in the task's log."""
        while self._makings:
            what, action = self._makings.pop()
            try:
                await action()
            except QuorateError as error:
                self._task.warn(f"{what} is left: {error}")


@asynccontextmanager
async def undoing(task: TaskContext) -> AsyncIterator[Undo]:
    """On an error, or when the task is stopped, what was pushed and not kept is taken back."""
    undo = Undo(task)
    try:
        yield undo
    except OutcomeUnknownError:
        undo.leave()
        raise
    except GeneratorExit:  # the node is gone, nobody is there who could take anything back
        raise
    except BaseException:
        await undo.unwind()
        raise
