"""Snapshots, base images and linked clones. Implements the `Snapshots` port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.model.errors import ExistsError, MissingError, RefusedError
from appliance.model.storage.pool import VolumeSnapshot
from appliance.model.storage.volumes import VolumeName, base_name, linked_name
from sim.storage.contents import Content, Moment

if TYPE_CHECKING:
    from sim.storage.pool import SimPool

SNAPSHOT_S: Final = 0.3


class SimSnapshots:
    """Of one pool."""

    def __init__(self, pool: SimPool) -> None:
        self._pool = pool

    def _able(self, what: str, name: str, snapshot: str | None = None) -> VolumeName:
        parsed, pool = self._pool.parse(name), self._pool
        if not pool.storage.can(what, parsed, snapshot):
            raise RefusedError(
                f"storage '{pool.storage.id}' cannot do that ({what}) with volume '{name}'"
            )
        return parsed

    def _content(self, name: str) -> Content:
        return self._pool.shelves.of(self._pool.image(name))

    def _moment(self, name: str, snapshot: str) -> tuple[Content, Moment]:
        content = self._content(name)
        moment = content.moment(snapshot)
        if moment is None:
            raise MissingError(f"volume '{name}' has no snapshot '{snapshot}'")
        return content, moment

    async def take(self, name: str, snapshot: str) -> None:
        self._able("snapshot", name)
        await self._pool.reach(SNAPSHOT_S)
        content = self._content(name)
        if content.moment(snapshot) is not None:
            raise ExistsError(f"volume '{name}' has a snapshot '{snapshot}' already")
        now_s = self._pool.shelves.now_s()
        content.snapshots.append(Moment(snapshot, content.mark, content.size_bytes, now_s))

    async def remove(self, name: str, snapshot: str) -> None:
        await self._pool.reach(SNAPSHOT_S)
        content, moment = self._moment(name, snapshot)
        content.snapshots.remove(moment)

    async def roll_back(self, name: str, snapshot: str) -> None:
        await self._pool.reach(SNAPSHOT_S)
        content, moment = self._moment(name, snapshot)
        self._pool.check_idle(self._pool.image(name))
        newest = content.snapshots[-1] is moment
        if self._pool.storage.type in ("zfs", "zfspool") and not newest:
            raise RefusedError(
                f"can't rollback, '{snapshot}' is not most recent snapshot on '{name}'"
            )
        content.mark, content.size_bytes = moment.mark, moment.size_bytes

    async def list(self, name: str) -> tuple[VolumeSnapshot, ...]:
        await self._pool.reach(SNAPSHOT_S)
        found: list[VolumeSnapshot] = []
        for one in self._content(name).snapshots:
            found.append(VolumeSnapshot(one.name, one.taken_s, found[-1].name if found else None))
        return tuple(found)

    async def make_base(self, name: str) -> str:
        pool, parsed = self._pool, self._able("template", name)
        await pool.reach(SNAPSHOT_S)
        image = pool.image(name)
        pool.check_idle(image)
        content = pool.shelves.of(image)
        if content.snapshots:
            raise RefusedError(f"volume '{name}' has snapshots, it cannot become a base image")
        return pool.rename(image, base_name(parsed))

    async def clone(self, name: str, vmid: int, snapshot: str | None = None) -> str:
        pool, parsed = self._pool, self._able("clone", name, snapshot)
        await pool.reach(SNAPSHOT_S)
        content = self._content(name)
        mark, size = content.mark, content.size_bytes
        if snapshot is not None:
            _, moment = self._moment(name, snapshot)
            mark, size = moment.mark, moment.size_bytes
        own = pool.next_name(vmid, parsed.format)
        linked = parsed.is_base and pool.storage.kind.base_in_name
        clone = Content(size, pool.shelves.now_s(), mark, parsed.own if linked else None)
        pool.make(own, clone, 0)
        return linked_name(pool.storage.type, parsed, own) if linked else own
