"""Disks of a node, and what is made of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk, or a partition of one.

    device    such as `/dev/sda`; parent: the disk of a partition, empty for a disk
    kind      hdd, ssd, nvme, usb or unknown
    rpm       rotations a minute, 0 for none, -1 where nobody knows
    wearout   percent of its life that are left, None where nobody knows
    used      what it is used for (LVM, ZFS, mounted, partitions, a file system), empty: nothing
    """

    device: str
    size_bytes: int
    kind: str = "unknown"
    model: str = "unknown"
    vendor: str = "unknown"
    serial: str = "unknown"
    wwn: str = "unknown"
    rpm: int = -1
    health: str = "UNKNOWN"
    wearout: int | None = None
    used: str = ""
    gpt: bool = False
    mounted: bool = False
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One line of what a disk tells of itself."""

    number: int
    name: str
    value: int
    worst: int
    threshold: int
    raw: str
    flags: str = "-O--CK"
    fail: str = "-"


@dataclass(frozen=True, slots=True)
class Smart:
    """kind: ata with attributes, or text."""

    health: str
    kind: str = "ata"
    attributes: tuple[Attribute, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class ThinPool:
    """metadata: what keeps account of the blocks."""

    name: str
    size_bytes: int
    used_bytes: int
    metadata_bytes: int
    metadata_used_bytes: int


@dataclass(frozen=True, slots=True)
class VolumeGroup:
    """An LVM volume group. devices: name, size and free bytes of each."""

    name: str
    size_bytes: int
    free_bytes: int
    devices: tuple[tuple[str, int, int], ...]
    thin_pools: tuple[ThinPool, ...] = ()


@dataclass(frozen=True, slots=True)
class Zpool:
    """level: single, mirror, raid10, raidz, ..."""

    name: str
    size_bytes: int
    used_bytes: int
    level: str
    devices: tuple[str, ...]
    health: str = "ONLINE"


@dataclass(frozen=True, slots=True)
class Mount:
    """A disk that is mounted as a directory."""

    name: str
    path: str
    device: str
    filesystem: str
    options: str = "defaults"


@dataclass(frozen=True, slots=True)
class NewDirectory:
    name: str
    device: str
    filesystem: str = "ext4"


@dataclass(frozen=True, slots=True)
class NewGroup:
    """thin: with a thin pool of the same name in it."""

    name: str
    device: str
    thin: bool = False


@dataclass(frozen=True, slots=True)
class NewZpool:
    """draid: data disks of a group, and spares."""

    name: str
    devices: tuple[str, ...]
    level: str
    ashift: int = 12
    compression: str = "on"
    draid: tuple[int, int] | None = None


New = NewDirectory | NewGroup | NewZpool
