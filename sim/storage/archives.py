"""Backups on simulated storages. Implements the `Archives` port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from appliance.model.errors import ExistsError, MissingError, RefusedError
from appliance.model.storage.pool import Archive, Volume
from appliance.model.storage.volumes import split_id
from appliance.ports.storage import PLAIN, Effort
from sim.storage.contents import Content
from sim.storage.flows import Route
from sim.storage.pool import CHANGE_S, LOOK_S, SimPool

Opener = Callable[[str], SimPool]
SHRINKS: Final = 4  # an archive takes a quarter of its disks
LEAST_BYTES: Final = 4096


class SimArchives:
    """On one boot."""

    def __init__(self, opened: Opener) -> None:
        self._opened = opened

    async def create(
        self,
        volid: str,
        archive: Archive,
        disks: Mapping[str, str],
        snapshot: str | None = None,
        effort: Effort = PLAIN,
    ) -> Volume:
        pool, name = self._place(volid)
        await pool.reach(CHANGE_S)
        found = {key: self._disk(volume, snapshot) for key, volume in sorted(disks.items())}
        sizes = tuple((key, size) for key, (_, _, size) in found.items())
        total = sum(size for _, size in sizes)
        small = max(total // SHRINKS, LEAST_BYTES)
        self._check_new(pool, name)
        ends = dict.fromkeys((*(source.end for source, _, _ in found.values()), pool.end))
        route = Route(pool.around.boot, tuple(ends), None, effort.limit_bytes_s, effort.progress)
        await pool.around.flows.run(route, total)
        self._check_new(pool, name)
        shelves = pool.shelves
        whole = replace(archive, disks=sizes, created_s=archive.created_s or shelves.now_s())
        content = Content(
            small,
            whole.created_s,
            shelves.new_mark(),
            archive=whole,
            marks={key: mark for key, (_, mark, _) in found.items()},
        )
        pool.make(name, content, small)
        told = pool.told(pool.image(name))
        assert told is not None
        return told

    async def describe(self, volid: str) -> Archive:
        pool, name = self._place(volid)
        await pool.reach(LOOK_S)
        return self._archive(pool, name)

    async def restore(self, volid: str, disks: Mapping[str, str], effort: Effort = PLAIN) -> None:
        pool, name = self._place(volid)
        await pool.reach(LOOK_S)
        archive = self._archive(pool, name)
        marks, sizes = pool.shelves.of(pool.image(name)).marks, dict(archive.disks)
        for key, volume in sorted(disks.items()):
            if key not in marks:
                raise MissingError(f"the backup has no disk '{key}'")
            target, into = self._open(volume)
            route = Route(
                pool.around.boot,
                (pool.end, target.end),
                None,
                effort.limit_bytes_s,
                effort.progress,
            )
            await pool.around.flows.run(route, sizes[key])
            target.shelves.of(target.image(into)).mark = marks[key]

    def _open(self, volid: str) -> tuple[SimPool, str]:
        storage, name = split_id(volid)
        return self._opened(storage), name

    def _place(self, volid: str) -> tuple[SimPool, str]:
        pool, name = self._open(volid)
        if pool.parse(name).content != "backup":
            raise RefusedError(f"'{volid}' is no name of a backup")
        return pool, name

    def _disk(self, volid: str, snapshot: str | None) -> tuple[SimPool, int, int]:
        """The pool of a disk, what is in it and its size."""
        pool, name = self._open(volid)
        content = pool.shelves.of(pool.image(name))
        moment = content.moment(snapshot) if snapshot else None
        if snapshot and moment is None:
            raise MissingError(f"volume '{name}' has no snapshot '{snapshot}'")
        kept = moment or content
        return pool, kept.mark, kept.size_bytes

    def _check_new(self, pool: SimPool, name: str) -> None:
        if pool.physics.exists(pool.key(name)):
            raise ExistsError(f"volume '{pool.storage.id}:{name}' exists already")

    def _archive(self, pool: SimPool, name: str) -> Archive:
        archive = pool.shelves.of(pool.image(name)).archive
        if archive is None:
            raise RefusedError(f"'{pool.storage.id}:{name}' is not a backup that can be read")
        return archive
