"""The disks of simulated machines. Implements the `Disks` port; they outlive their node's boots."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Final, TypeVar

from appliance.model.errors import ExistsError, MissingError, RefusedError
from appliance.model.storage.disks import (
    Attribute,
    Disk,
    Mount,
    New,
    NewDirectory,
    NewGroup,
    NewZpool,
    Smart,
    ThinPool,
    VolumeGroup,
    Zpool,
)
from appliance.ports.disks import Made
from sim.guests.storage import Storage
from sim.kernel import to_us
from sim.layout import GIB, StorageSpec
from sim.tasks import Boot

_T = TypeVar("_T")

LOOK_S: Final = 0.1
CHANGE_S: Final = 2.0
SYSTEM: Final = "/dev/sda"
_MODELS: Final = (
    ("/dev/sda", 240 * GIB, "ssd", "Simulated SSD 240", 0, 97),
    ("/dev/sdb", 1024 * GIB, "hdd", "Simulated HDD 1T", 7200, None),
    ("/dev/sdc", 1024 * GIB, "hdd", "Simulated HDD 1T", 7200, None),
    ("/dev/sdd", 1024 * GIB, "ssd", "Simulated SSD 1T", 0, 99),
    ("/dev/nvme0n1", 512 * GIB, "nvme", "Simulated NVMe 512", 0, 100),
)
# Of so many disks how many carry data, by level.
_REDUNDANT: Final = {"raidz": 1, "raidz2": 2, "raidz3": 3, "draid": 1, "draid2": 2, "draid3": 3}
_LEAST: Final = {"mirror": 2, "raid10": 4, "raidz": 3, "raidz2": 4, "raidz3": 5, "draid": 3,
                 "draid2": 4, "draid3": 5}  # fmt: skip


class MachineDisks:
    """What one machine has in it."""

    def __init__(self, node: str) -> None:
        self.disks = {disk.device: disk for disk in _build(node)}
        self.mounts: dict[str, Mount] = {}
        self.groups: dict[str, VolumeGroup] = {}
        self.zpools: dict[str, Zpool] = {}

    def use(self, device: str, used: str, *, mounted: bool = False) -> None:
        self.disks[device] = replace(
            self.disks[device], used=used, mounted=mounted, gpt=bool(used) or mounted
        )


def _build(node: str) -> list[Disk]:
    found = []
    for device, size, kind, model, rpm, wearout in _MODELS:
        mark = sha256(f"{node}{device}".encode()).hexdigest()
        system = device == SYSTEM
        disk = Disk(device, size, kind, model, "SIM", mark[:10].upper(), f"0x5{mark[:15]}", rpm,
                    "PASSED", wearout, "BIOS boot" if system else "", system)  # fmt: skip
        found.append(disk)
        if system:
            boot = Disk(f"{device}1", GIB, kind, used="EFI", parent=device, mounted=True, gpt=True)
            root = Disk(f"{device}2", size - GIB, kind, used="mounted", parent=device,
                        mounted=True, gpt=True)  # fmt: skip
            found += [boot, root]
    return found


class SimDisks:
    """On one boot."""

    def __init__(self, boot: Boot, machine: MachineDisks, physics: Storage) -> None:
        self._boot, self._machine, self._physics = boot, machine, physics

    async def list(self) -> tuple[Disk, ...]:
        await self._spend(LOOK_S)
        return tuple(self._machine.disks.values())

    async def smart(self, device: str) -> Smart:
        await self._spend(LOOK_S)
        disk = self._disk(device)
        if disk.kind == "nvme":
            return Smart(disk.health, "text", text=f"Percentage Used: {100 - (disk.wearout or 0)}%")
        hours = Attribute(9, "Power_On_Hours", 99, 99, 0, str(24 * 90))
        moved = Attribute(5, "Reallocated_Sector_Ct", 100, 100, 10, "0", "PO--CK")
        return Smart(disk.health, attributes=(moved, hours))

    async def init_gpt(self, device: str, uuid: str | None = None) -> None:
        await self._spend(CHANGE_S)
        self._unused(device)
        self._machine.disks[device] = replace(self._disk(device), gpt=True)

    async def wipe(self, device: str) -> None:
        await self._spend(CHANGE_S)
        disk = self._disk(device)
        if disk.mounted or disk.parent or disk.device == SYSTEM or self._taken(device):
            raise RefusedError(f"device '{device}' is in use")
        self._machine.use(device, "")

    async def groups(self) -> tuple[VolumeGroup, ...]:
        await self._spend(LOOK_S)
        return tuple(self._machine.groups[name] for name in sorted(self._machine.groups))

    async def zpools(self) -> tuple[Zpool, ...]:
        await self._spend(LOOK_S)
        return tuple(self._machine.zpools[name] for name in sorted(self._machine.zpools))

    async def mounts(self) -> tuple[Mount, ...]:
        await self._spend(LOOK_S)
        return tuple(self._machine.mounts[name] for name in sorted(self._machine.mounts))

    # making

    async def create(self, new: New) -> None:
        await self._spend(CHANGE_S)
        match new:
            case NewDirectory():
                self._mount(new)
            case NewGroup():
                self._group(new)
            case NewZpool():
                self._zpool(new)

    def _mount(self, new: NewDirectory) -> None:
        self._free_name(new.name, self._machine.mounts)
        disk = self._unused(new.device)
        path = f"/mnt/pve/{new.name}"
        self._machine.mounts[new.name] = Mount(new.name, path, new.device, new.filesystem)
        self._machine.use(new.device, new.filesystem, mounted=True)
        self._room(new.name, disk.size_bytes)

    def _group(self, new: NewGroup) -> None:
        self._free_name(new.name, self._machine.groups)
        size = self._unused(new.device).size_bytes
        pools: tuple[ThinPool, ...] = ()
        if new.thin:
            metadata = max(size // 100, 4 * 1024**2)
            pools = (ThinPool(new.name, size - 2 * metadata, 0, metadata, 0),)
        free = 0 if new.thin else size
        self._machine.groups[new.name] = VolumeGroup(
            new.name, size, free, ((new.device, size, free),), pools
        )
        self._machine.use(new.device, "LVM")
        self._room(new.name, size)

    def _zpool(self, new: NewZpool) -> None:
        self._free_name(new.name, self._machine.zpools)
        least = _LEAST.get(new.level, 1)
        count = len(new.devices)
        if count < least or (new.level == "single" and count != 1):
            raise RefusedError(f"{new.level} needs {least} or more disks, not {count}")
        if new.level == "raid10" and count % 2:
            raise RefusedError("raid10 needs an even number of disks")
        sizes = [self._unused(device).size_bytes for device in new.devices]
        carrying = {"single": 1, "mirror": 1, "raid10": count // 2}.get(
            new.level, count - _REDUNDANT.get(new.level, 0)
        )
        size = min(sizes) * carrying
        self._machine.zpools[new.name] = Zpool(new.name, size, 0, new.level, new.devices)
        for device in new.devices:
            self._machine.use(device, "ZFS")
        self._room(new.name, size)

    async def destroy(
        self, made: Made, name: str, *, group: str | None = None, wipe: bool = False
    ) -> None:
        await self._spend(CHANGE_S)
        volumes = self._physics.volumes_of(name, self._boot.node) if self._known(name) else ()
        if any(self._physics.writers(volume) for volume in volumes):
            raise RefusedError(f"'{name}' is in use")
        devices = self._taken_apart(made, name, group)
        for volume in volumes:
            self._physics.remove(volume)
        for device in devices:
            used = "" if wipe else self._machine.disks[device].used
            self._machine.use(device, used)

    def _known(self, name: str) -> bool:
        """Whether there is a storage of that name, local to the node."""
        return self._physics.knows(name) and not self._physics.spec(name).shared

    def _taken_apart(self, made: Made, name: str, group: str | None) -> tuple[str, ...]:
        machine = self._machine
        if made == "directory":
            return (_taken_out(machine.mounts, name).device,)
        if made == "zfs":
            return _taken_out(machine.zpools, name).devices
        if made == "lvm":
            return tuple(device for device, _, _ in _taken_out(machine.groups, name).devices)
        found = machine.groups.get(group or "")
        if found is None or name not in [pool.name for pool in found.thin_pools]:
            raise MissingError(f"there is no thin pool '{group}/{name}'")
        left = tuple(pool for pool in found.thin_pools if pool.name != name)
        machine.groups[found.name] = replace(found, thin_pools=left, free_bytes=found.size_bytes)
        return ()

    # common

    async def _spend(self, seconds: float) -> None:
        await self._boot.sleep(to_us(seconds))

    def _disk(self, device: str) -> Disk:
        found = self._machine.disks.get(device)
        if found is None:
            raise MissingError(f"there is no disk '{device}'")
        return found

    def _unused(self, device: str) -> Disk:
        disk = self._disk(device)
        if disk.used or disk.mounted:
            raise RefusedError(f"device '{device}' is already in use ({disk.used or 'mounted'})")
        return disk

    def _taken(self, device: str) -> bool:
        machine = self._machine
        parts = [one for group in machine.groups.values() for one, _, _ in group.devices]
        parts += [one for pool in machine.zpools.values() for one in pool.devices]
        return device in parts

    def _free_name(self, name: str, taken: object) -> None:
        assert isinstance(taken, dict)
        if name in taken:
            raise ExistsError(f"there is a '{name}' already")

    def _room(self, name: str, size_bytes: int) -> None:
        """A storage of that name has so much room; one that is there keeps its own."""
        self._physics.ensure(StorageSpec(name, shared=False, capacity_bytes=size_bytes))


def _taken_out(of: dict[str, _T], name: str) -> _T:
    if name not in of:
        raise MissingError(f"there is no '{name}'")
    return of.pop(name)
