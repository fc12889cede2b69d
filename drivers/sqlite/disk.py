"""The local disk on asyncio: one thread works on the database, many callers share its syncs."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import queue
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from appliance.model.errors import DamagedError, DiskError, DiskFullError, TooLargeError
from drivers.sqlite.database import Database, Operation, sync_folder

T = TypeVar("T")

MAX_NAME_BYTES: Final = 1024
_LARGE_BYTES: Final = 4 * 1024 * 1024


class SqliteDisk:
    """Implements the `LocalDisk` port. Use it from one event loop.

    Between two syncs all or nothing survives a crash, which is more than the port promises.
    """

    def __init__(self, path: Path, *, max_bytes: int | None = None) -> None:
        """max_bytes: the database does not grow beyond that; None: as far as there is room."""
        self.path, self._max_bytes = path, max_bytes
        self._worker = _Worker(f"disk {path.name}")
        self._database: Database | None = None
        self._queued: list[Operation] = []
        self._dirty = False  # the database has work that is not committed
        self._next: list[asyncio.Future[None]] = []  # who waits for a sync that has not begun
        self._syncing = False
        self._undone: DiskFullError | None = None  # to be told to the next sync
        self._broken: DiskError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> tuple[str, ...]:
        """Open or create the database and check all of it; the names of damaged files.

        DamagedError if the database itself is damaged: see `set_aside`. DiskError if another
        process uses it.
        """
        self._database = await self._worker.do(
            lambda: Database(self.path, max_bytes=self._max_bytes)
        )
        return await self.verify()

    async def close(self) -> None:
        """Give the database up. What was not synced is lost."""
        while self._syncing:
            with contextlib.suppress(DiskError):
                await self._next_sync()
        database, self._database = self._database, None
        if database is not None:
            await self._worker.do(database.close)
        self._worker.end()

    # the port

    async def read(self, name: str) -> bytes | None:
        return await self._ask(lambda database: database.read(name))

    async def read_all(self, prefix: str = "") -> Mapping[str, bytes]:
        return await self._ask(lambda database: database.read_all(prefix))

    async def list(self, prefix: str = "") -> tuple[str, ...]:
        return await self._ask(lambda database: database.names(prefix))

    async def verify(self) -> tuple[str, ...]:
        return await self._ask(Database.damaged)

    def replace(self, name: str, content: bytes) -> None:
        self._queue(Operation(name, content))

    def append(self, name: str, content: bytes) -> None:
        self._queue(Operation(name, content, append=True))

    def remove(self, name: str) -> None:
        self._queue(Operation(name, None))

    async def sync(self) -> None:
        self._need()
        idle = not self._next and not self._syncing
        if idle and not self._queued and not self._dirty and self._undone is None:
            return
        waiting = self._next_sync()
        if not self._syncing:
            self._begin_sync()
        await waiting

    def _next_sync(self) -> asyncio.Future[None]:
        if self._loop is None:  # to ask for it each time would cost as many system calls
            self._loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._next.append(waiter)
        return waiter

    # beyond the port

    async def backup(self, target: Path) -> None:
        """Write what is durable into a new database file, which `restore` takes."""
        await self.sync()
        await self._worker.do(lambda: self._need().backup(target))

    # inside

    def _need(self) -> Database:
        if self._broken is not None:
            raise self._broken
        if self._database is None:
            raise DiskError(f"{self.path}: not open")
        return self._database

    def _queue(self, operation: Operation) -> None:
        self._need()
        size = len(operation.name.encode())
        if not 0 < size <= MAX_NAME_BYTES:
            raise TooLargeError(f"a name has 1 to {MAX_NAME_BYTES} bytes, this one {size}")
        self._queued.append(operation)

    async def _ask(self, question: Callable[[Database], T]) -> T:
        """Ask the database after what is queued so far was carried out in it."""
        database = self._need()
        operations = self._take()
        self._dirty = self._dirty or bool(operations)

        def work() -> T:
            if operations:
                database.apply(operations)
            return question(database)

        return await self._guarded(work, writes=bool(operations))

    def _take(self) -> Sequence[Operation]:
        operations, self._queued = self._queued, []
        return operations

    def _begin_sync(self) -> None:
        """Commit for all who wait. Every write waits for this, so no task is made for it."""
        waiting, self._next = self._next, []
        if self._undone is not None:
            self._queued = []
            self._end_sync(waiting, self._undone)
            return
        database, operations = self._need(), self._take()
        self._dirty, self._syncing = False, True

        def work() -> None:
            database.apply(operations)
            database.commit()

        loop = self._loop or asyncio.get_running_loop()
        self._worker.call(loop, work, lambda _value, error: self._end_sync(waiting, error))
        if sum(len(one.content or b"") for one in operations) > _LARGE_BYTES:
            self._worker.put(_give_back)

    def _end_sync(
        self, waiting: Sequence[asyncio.Future[None]], error: BaseException | None
    ) -> None:
        self._syncing = False
        if error is None:
            _settle(waiting, None)
        else:
            if isinstance(error, DiskError):
                self._note(error, writes=True)
            self._undone = None
            later, self._next = self._next, []
            _settle((*waiting, *later), error)
        if self._next:
            self._begin_sync()

    async def _guarded(self, work: Callable[[], T], *, writes: bool) -> T:
        try:
            return await self._worker.do(work)
        except DiskError as error:
            self._note(error, writes=writes)
            raise

    def _note(self, error: DiskError, *, writes: bool) -> None:
        """When the disk was full, all that is queued is undone too, and nobody's sync that counts
        on it succeeds; after a worse error nothing is written any more.
        """
        if isinstance(error, DiskFullError):
            self._undone, self._queued = error, []
        elif writes or not isinstance(error, DamagedError):
            self._broken = error


def _settle(waiting: Sequence[asyncio.Future[None]], error: BaseException | None) -> None:
    for waiter in waiting:
        if waiter.done():
            continue  # whoever waited has given up
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)


def _give_back() -> None:
    """Freed memory to the system: else what a large transfer took for a moment stays with us."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc
    if trim is not None:
        trim(0)


def set_aside(path: Path) -> Path:
    """Rename a damaged database, and what belongs to it, so that a new one can begin. Blocks."""
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in itertools.count(1))
    target = next(name for name in names if not name.exists())
    for ending in ("-wal", "-shm"):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(target.with_name(target.name + ending))
    path.rename(target)
    return target


def restore(backup: Path, path: Path) -> None:
    """Put a backup in place of a database that nobody uses, after checking it. Blocks.

    DamagedError if the backup is damaged, in one file or as a whole; then nothing was changed. The
    present database is set aside.
    """
    copy = path.with_name(f".{path.name}.restored")
    try:
        shutil.copyfile(backup, copy)
        with contextlib.closing(Database(copy)) as database:
            damaged = database.damaged()
        if damaged:
            raise DamagedError(f"{backup}: {damaged[0]} is not what was written")
        if path.exists():
            with contextlib.suppress(DamagedError):
                Database(path).close()  # DiskError if somebody uses it
            set_aside(path)
        copy.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise DiskError(f"{backup}: {error.strerror}") from error
    finally:
        copy.unlink(missing_ok=True)


class _Worker:
    """A thread that does one thing after another."""

    def __init__(self, name: str) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # and all that it wrote, which must not stay until there is more to do

    def put(self, work: Callable[[], None]) -> None:
        """Have it done after what was asked for so far."""
        self._work.put(work)

    def end(self) -> None:
        """Stop after what was asked for so far."""
        self._work.put(None)

    def call(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Callable[[], T],
        then: Callable[[T | None, BaseException | None], None],
    ) -> None:
        """Have it done, and `then` called in that loop with what came of it."""

        def run() -> None:
            value, error = None, None
            try:
                value = work()
            except BaseException as raised:  # noqa: BLE001 - told to whoever asked
                error = raised
            loop.call_soon_threadsafe(then, value, error)

        self.put(run)

    async def do(self, work: Callable[[], T]) -> T:
        """Have it done, and wait."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(value: Any, error: BaseException | None) -> None:
            if future.cancelled():
                return
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        self.call(loop, work, settle)
        return await future
