"""Whole files of simulated storages. Implements the `Files` port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from appliance.model.errors import ExistsError, RefusedError
from appliance.model.storage.config import Storage
from appliance.model.storage.kinds import FILES
from appliance.model.storage.pool import Volume
from appliance.model.storage.volumes import split_id
from appliance.ports.storage import PLAIN, Effort, FileSource
from sim.storage.contents import HEAD_BYTES, Content
from sim.storage.flows import Route
from sim.storage.pool import CHANGE_S, LOOK_S, SimPool

CHUNK_BYTES: Final = 1024**2

Opener = Callable[[str], SimPool]
"""Makes the pool of a storage id; raises as `StoragePools.pool` does."""


class SimFiles:
    """On one boot."""

    def __init__(self, opened: Opener) -> None:
        self._opened = opened

    async def write(
        self,
        volid: str,
        source: FileSource,
        effort: Effort = PLAIN,
        *,
        replace: bool = False,
    ) -> Volume:
        pool, name = self._place(volid)
        await pool.reach(CHANGE_S)
        self._check_new(pool, name, source.size_bytes, replace)
        head = await self._bytes(source)
        route = Route(pool.around.boot, (pool.end,), None, effort.limit_bytes_s, effort.progress)
        await pool.around.flows.run(route, source.size_bytes)
        self._check_new(pool, name, source.size_bytes, replace)
        if replace:
            pool.physics.remove(pool.key(name))
        shelves = pool.shelves
        content = Content(source.size_bytes, shelves.now_s(), shelves.new_mark(), head=head)
        pool.make(name, content, source.size_bytes)
        told = pool.told(pool.image(name))
        assert told is not None
        return told

    async def read(self, volid: str, offset: int, count_bytes: int) -> bytes:
        pool, name = self._place(volid)
        await pool.reach(LOOK_S)
        content = pool.shelves.of(pool.image(name))
        end = min(offset + count_bytes, content.size_bytes)
        part = content.head[offset:end]
        return part + bytes(max(end - max(offset, 0) - len(part), 0))

    def _place(self, volid: str) -> tuple[SimPool, str]:
        storage, name = split_id(volid)
        pool = self._opened(storage)
        _check_files(pool.storage, pool.parse(name).content)
        return pool, name

    def _check_new(self, pool: SimPool, name: str, size_bytes: int, replace: bool) -> None:
        if not replace and pool.physics.exists(pool.key(name)):
            raise ExistsError(f"volume '{pool.storage.id}:{name}' exists already")
        if size_bytes > pool.physics.free_bytes(pool.storage.id, pool.around.node):
            raise RefusedError(f"storage '{pool.storage.id}' is full")

    async def _bytes(self, source: FileSource) -> bytes:
        """All that comes is taken; the beginning is kept."""
        head, left = b"", source.size_bytes
        while left > 0:
            if isinstance(source, Bulk):
                return source.head
            chunk = await source.read(min(left, CHUNK_BYTES))
            if not chunk:
                raise RefusedError("the file ends before its announced length")
            left -= len(chunk)
            head += chunk[: HEAD_BYTES - len(head)]
        return head


class Bulk:
    """A file of the simulated world, of which only the beginning is there. A `FileSource`."""

    def __init__(self, size_bytes: int, head: bytes = b"") -> None:
        self._size_bytes, self.head, self._told = size_bytes, head[:size_bytes], 0

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    async def read(self, count_bytes: int) -> bytes:
        begin = self._told
        self._told = min(begin + count_bytes, self._size_bytes)
        part = self.head[begin : self._told]
        return part + bytes(self._told - begin - len(part))


def _check_files(storage: Storage, content: str) -> None:
    if storage.kind.layout != FILES or content == "images":
        raise RefusedError(f"storage '{storage.id}' keeps no such file")
