"""Volumes by their ids, whichever storage they lie on."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.core.guest.places import Place
from appliance.model.errors import MissingError, RefusedError
from appliance.model.storage.pool import PoolInfo, Volume, VolumeSnapshot
from appliance.model.storage.volumes import VolumeName, base_name, named, parse_name, split_id
from appliance.ports.storage import Place as Copy
from appliance.ports.storage import StoragePool, StoragePools

# Where only the newest snapshot can be gone back to: the others stand on it.
_NEWEST_ONLY = ("zfspool", "zfs")


@dataclass(frozen=True, slots=True)
class Volumes:
    """The storages of one node."""

    pools: StoragePools

    def info(self, volume: str) -> PoolInfo:
        return self.pools.info(split_id(volume)[0])

    def name(self, volume: str) -> VolumeName:
        storage, text = split_id(volume)
        return parse_name(self.pools.info(storage).type, text)

    def pool(self, volume: str) -> StoragePool:
        return self.pools.pool(split_id(volume)[0])

    def shared(self, volume: str) -> bool:
        return self.info(volume).shared

    def can(self, what: str, volume: str, snapshot: str | None = None) -> bool:
        """See `Storage.can`."""
        return self.info(volume).can(what, self.name(volume), snapshot)

    async def look(self, volume: str) -> Volume:
        """It is there and its storage answers: else MissingError, UnavailableError."""
        return await self.pool(volume).volume(split_id(volume)[1])

    async def size(self, place: Place) -> int:
        """How large it is now; what stands in the file may be old."""
        return (await self.look(place.volume)).size_bytes

    async def allocate(
        self, storage: str, vmid: int, size_bytes: int, form: str | None, name: str | None = None
    ) -> str:
        made = await self.pools.pool(storage).allocate(vmid, size_bytes, form, name)
        return f"{storage}:{made}"

    def cloudinit_place(self, storage: str, vmid: int) -> Copy:
        """Where the drive of cloud-init of a guest lies: by its name it is known for one."""
        info = self.pools.info(storage)
        form = info.formats[0] if info.formats else "raw"
        return Copy(storage, vmid, form, named(info.type, vmid, form, f"vm-{vmid}-cloudinit"))

    async def free(self, volume: str) -> None:
        await self.pool(volume).free(split_id(volume)[1])

    async def free_if_there(self, volume: str) -> None:
        try:
            await self.free(volume)
        except MissingError:
            return

    async def take(self, volume: str, snapshot: str) -> None:
        await self.pool(volume).snapshots.take(split_id(volume)[1], snapshot)

    async def remove_snapshot(self, volume: str, snapshot: str) -> None:
        await self.pool(volume).snapshots.remove(split_id(volume)[1], snapshot)

    async def roll_back(self, volume: str, snapshot: str) -> None:
        await self.pool(volume).snapshots.roll_back(split_id(volume)[1], snapshot)

    async def snapshots(self, volume: str) -> tuple[VolumeSnapshot, ...]:
        return await self.pool(volume).snapshots.list(split_id(volume)[1])

    async def check_rollback(self, volume: str, snapshot: str) -> None:
        """RefusedError if it cannot go back, before anything is changed."""
        names = [one.name for one in await self.snapshots(volume)]
        if snapshot not in names:
            raise RefusedError(
                f"can't rollback, snapshot '{snapshot}' does not exist on '{volume}'"
            )
        if self.info(volume).type in _NEWEST_ONLY and names[-1] != snapshot:
            raise RefusedError(
                f"can't rollback, '{snapshot}' is not most recent snapshot on '{volume}'"
            )

    def base_of(self, volume: str) -> str:
        """What it is called as a base image."""
        return f"{split_id(volume)[0]}:{base_name(self.name(volume))}"

    async def make_base(self, volume: str) -> str:
        storage, name = split_id(volume)
        return f"{storage}:{await self.pool(volume).snapshots.make_base(name)}"

    async def clone(self, volume: str, vmid: int, snapshot: str | None = None) -> str:
        """A linked clone: its id."""
        storage, name = split_id(volume)
        return f"{storage}:{await self.pool(volume).snapshots.clone(name, vmid, snapshot)}"
