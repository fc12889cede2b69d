"""Task logs in files, laid out as Proxmox VE's: an index, and a log a task in sixteen folders."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from appliance.model.errors import ConfigError, DiskError
from appliance.model.tasks import TaskRecord, index_line, read_index
from appliance.model.upid import Upid, log_folder, parse_upid
from appliance.ports.task_log import LogPart

_INDEX: Final = "index"
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_MODE: Final = 0o640


class FileTaskLog:
    """Implements the `TaskLog` port in a folder. Use it from one event loop.

    Lines go to the system at once: they survive the daemon, and the node once they are synced.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[Path, int] = {}  # logs of tasks that run, and the index
        self._dirty: dict[Path, None] = {}
        self._failure: OSError | None = None
        self._syncing = asyncio.Lock()

    def _path(self, upid: Upid) -> Path:
        return self._folder / log_folder(upid) / str(upid)

    def _write(self, path: Path, content: bytes) -> None:
        """What goes wrong is told by the next sync."""
        try:
            if path not in self._open:
                path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
                self._open[path] = os.open(path, _APPEND, _MODE)
            while content:
                content = content[os.write(self._open[path], content) :]
            self._dirty[path] = None
        except OSError as error:
            self._failure = error

    def begin(self, upid: Upid) -> None:
        self._write(self._path(upid), b"")

    def append(self, upid: Upid, line: str) -> None:
        self._write(self._path(upid), line.encode() + b"\n")

    def end(self, record: TaskRecord) -> None:
        self._write(self._folder / _INDEX, index_line(record).encode())

    async def sync(self) -> None:
        async with self._syncing:  # what one flushes, another must not close
            await self._sync()

    async def _sync(self) -> None:
        dirty, self._dirty = list(self._dirty), {}
        descriptors = [(path, self._open[path]) for path in dirty]
        try:
            await asyncio.to_thread(_flush, [descriptor for _, descriptor in descriptors])
        except OSError as error:
            self._failure = self._failure or error
        failure, self._failure = self._failure, None
        if failure is not None:
            raise DiskError(f"{self._folder}: {failure.strerror}")
        self._close(path for path in dirty if path not in self._dirty)

    def _close(self, paths: Iterable[Path]) -> None:
        for path in paths:
            descriptor = self._open.pop(path, None)
            if descriptor is not None:
                os.close(descriptor)

    async def begun(self) -> tuple[Upid, ...]:
        ended = {str(record.upid) for record in await self.ended()}
        names = await asyncio.to_thread(self._names)
        return tuple(parse_upid(name) for name in names if name not in ended)

    def _names(self) -> list[str]:
        """Of all logs, sorted; what else lies there is left alone."""
        found = []
        for digit in "0123456789ABCDEF":
            with contextlib.suppress(FileNotFoundError):
                found += [path.name for path in (self._folder / digit).iterdir()]
        return sorted(name for name in found if _is_upid(name))

    async def ended(self) -> tuple[TaskRecord, ...]:
        content = await self._content(self._folder / _INDEX) or b""
        return read_index(content.decode(errors="replace"))

    async def read(self, upid: Upid, start: int = 0, limit: int = 0) -> LogPart | None:
        content = await self._content(self._path(upid))
        if content is None:
            return None
        lines = content.decode(errors="replace").splitlines()
        return LogPart(tuple(lines[start : start + limit if limit else None]), len(lines))

    async def _content(self, path: Path) -> bytes | None:
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DiskError(f"{path}: {error.strerror}") from error

    async def trim(self, keep: int) -> None:
        ended = await self.ended()
        if len(ended) <= keep:
            return
        old, kept = ended[: len(ended) - keep], ended[len(ended) - keep :]
        await self.sync()
        try:
            # Logs go first: one without an entry would be taken for a task that was cut off.
            for record in old:
                self._path(record.upid).unlink(missing_ok=True)
            fresh = self._folder / f"{_INDEX}.new"
            fresh.write_text("".join(map(index_line, kept)))
            fresh.replace(self._folder / _INDEX)
        except OSError as error:
            raise DiskError(f"{self._folder}: {error.strerror}") from error

    def close(self) -> None:
        self._close(list(self._open))


def _flush(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.fdatasync(descriptor)


def _is_upid(name: str) -> bool:
    try:
        parse_upid(name)
    except ConfigError:
        return False
    return True
