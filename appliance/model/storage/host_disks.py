"""The disks of a Linux machine, read from what its kernel and its tools tell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from appliance.model.storage.disks import Disk
from appliance.model.storage.smartctl import read_smart

SECTOR_BYTES: Final = 512
_LINK: Final = re.compile(r"S: (disk/by-id/(?:ata|scsi|nvme)-\S+)")
_ZFS_PARTS: Final = ("6a898cc3-1dd2-11b2-99a6-080020736631", "516e7cba-6ecf-11d6-8ff8-00022d09712b")
_OSD_MOUNT: Final = re.compile(r"/var/lib/ceph/osd/ceph-([0-9]+)")
_OSD_VOLUME: Final = re.compile(r"osd-(block|data|journal|db|wal)-\S*")


@dataclass(frozen=True, slots=True)
class RawDisk:
    """What is known of one disk, as texts.

    name        as below /sys/block, with `!` for slashes
    held        whether the device mapper uses it
    health      the short answer of smartctl; smart: the long one
    """

    name: str
    size: str
    rotational: str
    udev: str
    vendor: str = ""
    model: str = ""
    partitions: Mapping[str, str] = field(default_factory=dict)
    held: bool = False
    health: str = ""
    smart: str = ""


@dataclass(frozen=True, slots=True)
class RawHost:
    """What tools tell of all disks. lvs: device, volume and tags with `;` between them."""

    disks: tuple[RawDisk, ...]
    mounts: str = ""
    lsblk: str = ""
    pvs: str = ""
    lvs: str = ""
    zpool: str = ""


@dataclass(frozen=True, slots=True)
class OsdUse:
    """What Ceph has on a disk: its daemons, and parts of others' daemons by kind."""

    ids: tuple[str, ...] = ()
    bluestore: bool = False
    encrypted: bool = False
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostDisk:
    """link: a name that stays the same when disks change places."""

    disk: Disk
    osd: OsdUse | None = None
    link: str = ""


def read_disks(host: RawHost) -> tuple[HostDisk, ...]:
    """In the order of `disks`, without partitions."""
    users = _Users(host)
    return tuple(_read(raw, users) for raw in host.disks)


def _read(raw: RawDisk, users: _Users) -> HostDisk:
    udev = dict(
        line[3:].split("=", 1)
        for line in raw.udev.splitlines()
        if line.startswith("E: ") and "=" in line
    )
    kind, rpm = _kind(raw, udev)
    told = read_smart(raw.smart if kind in ("ssd", "nvme") else raw.health)
    device = f"/dev/{raw.name.replace('!', '/')}"
    disk = Disk(
        device,
        int(raw.size) * SECTOR_BYTES,
        kind,
        udev.get("ID_MODEL") or raw.model.strip() or "unknown",
        raw.vendor.strip() or "unknown",
        udev.get("ID_SERIAL_SHORT", "unknown"),
        udev.get("ID_WWN", "unknown"),
        rpm,
        told.smart.health,
        told.wearout,
        gpt=udev.get("ID_PART_TABLE_TYPE") == "gpt",
    )
    devices = (device, *(f"/dev/{name}" for name in raw.partitions))
    disk = replace(disk, used=users.of(devices, held=raw.held), mounted=device in users.mounted)
    links = (_LINK.fullmatch(line) for line in raw.udev.splitlines())
    link = next((f"/dev/{match[1]}" for match in links if match), "")
    return HostDisk(disk, users.osd(devices), link)


def _kind(raw: RawDisk, udev: Mapping[str, str]) -> tuple[str, int]:
    """The kind and the rotations a minute."""
    if raw.rotational.strip() == "0":
        return ("nvme" if raw.name.startswith("nvme") else "ssd"), 0
    told = udev.get("ID_ATA_ROTATION_RATE_RPM", "")
    if told.isdigit():
        return "hdd", int(told)
    return ("usb" if udev.get("ID_BUS") == "usb" else "unknown"), -1


class _Users:
    """Who uses which device."""

    def __init__(self, host: RawHost) -> None:
        pairs = (line.split() for line in host.mounts.splitlines())
        self.mounted = {pair[0]: pair[1] for pair in pairs if len(pair) > 1}
        self._lvm = host.pvs.split()
        self._zfs = [word for word in host.zpool.split() if word.startswith("/dev/")]
        self._blocks = _blocks(host.lsblk)
        self._volumes = [line.strip().split(";") for line in host.lvs.splitlines()]

    def of(self, devices: tuple[str, ...], *, held: bool) -> str:
        """What a disk, given with its partitions, is used for; empty: nothing."""
        if any(device in self._lvm for device in devices):
            return "LVM"
        if any(device in self._zfs or self._is_zfs(device) for device in devices):
            return "ZFS"
        if any(device in self.mounted for device in devices):
            return "mounted"
        if held:
            return "Device Mapper"
        system = self._blocks.get(devices[0], {}).get("fstype")
        return str(system) if system else "partitions" if len(devices) > 1 else ""

    def _is_zfs(self, device: str) -> bool:
        return self._blocks.get(device, {}).get("parttype") in _ZFS_PARTS

    def osd(self, devices: tuple[str, ...]) -> OsdUse | None:
        """From mounted directories of the older kind, and tags of volumes of the newer one."""
        for device in devices:
            match = _OSD_MOUNT.fullmatch(self.mounted.get(device, ""))
            if match:
                return OsdUse((match[1],))
        found = None
        for place, name, tags in (line for line in self._volumes if len(line) == 3):
            match = _OSD_VOLUME.fullmatch(name)
            if match and place.partition("(")[0] in devices:
                found = _with_volume(found or OsdUse(), match[1], tags.split(","))
        return found if found is not None and (found.ids or found.parts) else None


def _with_volume(use: OsdUse, kind: str, tags: list[str]) -> OsdUse:
    values = dict(tag.split("=", 1) for tag in tags if "=" in tag)
    number = values.get("ceph.osd_id", "")
    if not number.isdigit():
        return use
    if kind not in ("block", "data"):
        name = "journals" if kind == "journal" else kind
        return replace(use, parts={**use.parts, name: use.parts.get(name, 0) + 1})
    encrypted = use.encrypted or values.get("ceph.encrypted") == "1"
    return replace(use, ids=(*use.ids, number), bluestore=kind == "block", encrypted=encrypted)


def _blocks(lsblk: str) -> dict[str, dict[str, Any]]:
    """By path; nothing where the text is not what lsblk writes."""
    try:
        found = json.loads(lsblk or "{}").get("blockdevices", [])
        return {str(one["path"]): one for one in found}
    except (ValueError, AttributeError, TypeError, KeyError):
        return {}
