"""Starts tasks, keeps their logs, and knows how they ended. See docs/design/0019."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from appliance.model.errors import ConfigError, DiskError, MissingError, QuorateError
from appliance.model.events.tasks import TaskBegins, TaskEnds
from appliance.model.tasks import CUT_OFF, OK, STOPPED, TaskRecord, task_row
from appliance.model.upid import Upid, end_status, parse_upid
from appliance.ports.clock import Clock
from appliance.ports.journal import Journal
from appliance.ports.status_board import Notice, StatusBoard
from appliance.ports.task_log import LogPart, TaskLog
from appliance.ports.tasks import Task, Tasks
from appliance.services.tasks.context import TaskContext

SOURCE: Final = "tasks"
KEPT: Final = 10_000
RECENT: Final = 25  # of the ended tasks that all nodes know
BOARD: Final = "tasks"
_FIRST_PID: Final = 1000
_PATIENCE_S: Final = 3600.0

Job: TypeAlias = Callable[[TaskContext], Awaitable[None]]


@dataclass(slots=True)
class _Running:
    upid: Upid
    context: TaskContext
    task: Task[None] | None = None
    begun: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class TaskPorts:
    """What tasks of one boot of one node need."""

    node: str
    clock: Clock
    tasks: Tasks
    log: TaskLog
    board: StatusBoard
    journal: Journal


class Work:
    """The tasks of one boot of one node, and what is known of earlier ones."""

    def __init__(self, ports: TaskPorts) -> None:
        self._ports = ports
        self._running: dict[str, _Running] = {}
        self._ended: dict[str, TaskRecord] = {}  # in the order of their ends
        self._count = 0
        ports.board.offer(BOARD, self._recent)

    async def open(self) -> None:
        """Learn of the tasks of earlier boots; what these left running is over. DiskError."""
        log = self._ports.log
        await log.trim(KEPT)
        ended = await log.ended()
        self._ended = {**{str(one.upid): one for one in ended}, **self._ended}
        for upid in await log.begun():
            if str(upid) not in self._running:
                await self._close(upid)
        await log.sync()
        self._ports.board.touch(BOARD)

    async def _close(self, upid: Upid) -> None:
        part = await self._ports.log.read(upid)
        last = part.lines[-1] if part is not None and part.lines else ""
        record = TaskRecord(upid, end_status(last) or CUT_OFF, self._now_s())
        self._ports.log.end(record)
        self._keep(record)

    def _keep(self, record: TaskRecord) -> None:
        self._ended[str(record.upid)] = record
        while len(self._ended) > KEPT:
            del self._ended[next(iter(self._ended))]

    # running

    async def start(self, kind: str, what: str, user: str, job: Job) -> str:
        """Begin a task; its id, which is known at once. The job's errors end it.

        kind and what are the type and the id of the UPID, such as `qmstart` and `100`.
        """
        upid = self._new_id(kind, what, user)
        text, log = str(upid), self._ports.log
        running = _Running(upid, TaskContext(upid, lambda line: log.append(upid, line)))
        self._running[text] = running
        log.begin(upid)
        self._ports.journal.emit(SOURCE, TaskBegins(text))
        self._ports.board.touch(BOARD)
        running.task = self._ports.tasks.spawn(self._run(running, job), f"task {text}")
        return text

    def _new_id(self, kind: str, what: str, user: str) -> Upid:
        self._count += 1
        pid = _FIRST_PID + self._count
        since_boot = int(self._ports.clock.monotonic() * 100) & 0xFFFFFFFF
        return Upid(self._ports.node, pid, since_boot, self._now_s(), kind, what, user)

    async def _run(self, running: _Running, job: Job) -> None:
        if running.stopped:
            return
        running.begun = True
        status = STOPPED  # what a cancelled task leaves through `finally` with
        try:
            await job(running.context)
            count = running.context.warnings
            status = f"WARNINGS: {count}" if count else OK
        except QuorateError as error:
            status = " ".join(str(error).split()) or error.code
        except Exception as error:
            status = f"internal error ({type(error).__name__})"
            raise
        finally:
            self._finish(running, status)
        await self._sync()

    def _finish(self, running: _Running, status: str) -> None:
        good = status == OK or status.startswith("WARNINGS: ")
        log, record = self._ports.log, TaskRecord(running.upid, status, self._now_s())
        log.append(running.upid, f"TASK {status}" if good else f"TASK ERROR: {status}")
        log.end(record)
        self._keep(record)
        del self._running[str(running.upid)]
        self._ports.journal.emit(SOURCE, TaskEnds(str(running.upid), status))
        self._ports.board.touch(BOARD)

    async def _sync(self) -> None:
        try:
            await self._ports.log.sync()
        except DiskError:
            return  # the task has ended all the same; the disk is watched by others

    async def stop(self, text: str) -> None:
        """Ask a task to end; nothing happens to one that has. MissingError, ConfigError."""
        running = self._running.get(text)
        if running is None:
            self.find(text)
        elif running.task is not None and not running.stopped:
            running.stopped = True
            if not running.begun:  # a coroutine that never ran has no cleanup
                self._finish(running, STOPPED)
            running.task.cancel()

    async def wait(self, text: str) -> str:
        """How a task of this node ended. MissingError, ConfigError."""
        while (running := self._running.get(text)) is not None and running.task is not None:
            await self._ports.tasks.settle([running.task], _PATIENCE_S)
        return self.find(text).status or OK

    # looking

    def find(self, text: str) -> TaskRecord:
        """MissingError: there is no such task. ConfigError: that is no task's id."""
        running = self._running.get(text)
        if running is not None:
            return TaskRecord(running.upid)
        record = self._ended.get(str(parse_upid(text)))
        if record is None:
            raise MissingError("no such task")
        return record

    async def read(self, text: str, start: int = 0, limit: int = 0) -> LogPart:
        """Lines of a task's log, all with limit 0. MissingError, ConfigError, DiskError."""
        if start < 0 or limit < 0:
            raise ConfigError("must not be negative", field="start" if start < 0 else "limit")
        part = await self._ports.log.read(self.find(text).upid, start, limit)
        if part is None:
            raise MissingError("no such task")
        return part

    def running(self) -> list[TaskRecord]:
        """Those that run, the newest first."""
        return [TaskRecord(one.upid) for one in reversed(self._running.values())]

    def ended(self) -> list[TaskRecord]:
        """Those that ended, the last one first."""
        return list(reversed(self._ended.values()))

    def everywhere(self) -> Mapping[str, Notice]:
        """By node, the rows of its running and last tasks."""
        return self._ports.board.read(BOARD)

    def _recent(self) -> list[dict[str, Any]]:
        last = itertools.islice(reversed(self._ended.values()), RECENT)
        records = [*self.running(), *last]
        return [task_row(record) for record in records]

    def _now_s(self) -> int:
        return int(self._ports.clock.wall())
