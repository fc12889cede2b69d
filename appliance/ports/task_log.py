"""The logs of this node's tasks and the index of those that ended, on its own disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from appliance.model.tasks import TaskRecord
from appliance.model.upid import Upid


@dataclass(frozen=True, slots=True)
class LogPart:
    """Some lines of a log, and how many it has."""

    lines: tuple[str, ...]
    total: int


class TaskLog(Protocol):
    """What is told is readable at once, in the order of the calls, and durable after `sync`.

    After a crash a log has a beginning of its lines, the last one perhaps in part, and a task may
    be found running that had ended. All but `begin`, `append` and `end` raise DiskError.
    """

    def begin(self, upid: Upid) -> None:
        """A task begins, with an empty log."""
        ...

    def append(self, upid: Upid, line: str) -> None:
        """One line more, without its end."""
        ...

    def end(self, record: TaskRecord) -> None:
        """It has ended, so it goes into the index."""
        ...

    async def sync(self) -> None: ...

    async def begun(self) -> tuple[Upid, ...]:
        """Tasks that began and of which no end is known, in the order of their ids."""
        ...

    async def ended(self) -> tuple[TaskRecord, ...]:
        """The index, in the order of the ends."""
        ...

    async def read(self, upid: Upid, start: int = 0, limit: int = 0) -> LogPart | None:
        """Lines of a log from the one at `start`, all with limit 0. None: there is no such log."""
        ...

    async def trim(self, keep: int) -> None:
        """Forget all but the last `keep` tasks that ended, and their logs."""
        ...
