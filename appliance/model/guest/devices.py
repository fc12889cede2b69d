"""Drives, network cards and mount points of a guest as records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from appliance.model.errors import ConfigError
from appliance.model.guest.config import Settings, option_of
from appliance.model.guest.document import GuestKind
from appliance.model.option_table import split_key
from appliance.model.options import vm
from appliance.model.property_string import PropertyString


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive of a VM. `values` are all of its keys, `file` is `none` for an empty CD drive.

    volume    the volume's id, None for no disk and for a path of the host
    """

    key: str
    file: str
    volume: str | None
    size_bytes: int | None = None
    cdrom: bool = False
    cloudinit: bool = False
    shared: bool = False
    replicate: bool = True
    backup: bool = True
    values: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MountPoint:
    """`rootfs` or a mount point of a container.

    source    the volume, device or directory as written
    kind      `volume` for one of a storage, `bind` for a directory, `device` for a block device
    """

    key: str
    source: str
    path: str
    kind: str
    size_bytes: int | None = None
    read_only: bool = False
    shared: bool = False
    replicate: bool = True
    backup: bool = False
    values: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

    @property
    def volume(self) -> str | None:
        return self.source if self.kind == "volume" else None


@dataclass(frozen=True, slots=True)
class Nic:
    """A network card of either kind of guest. `tag` is its VLAN."""

    key: str
    bridge: str | None
    mac: str | None
    model: str
    tag: int | None = None
    firewall: bool = False
    link_down: bool = False
    name: str = ""
    values: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


def drives(settings: Settings) -> Iterator[Drive]:
    """The drives of a VM in the order of the buses, then by number. Bad ones are left out."""
    for bus in vm.DISK_OPTIONS:
        for key in _numbered(settings, bus):
            values = _values("vm", settings, key)
            if values:
                yield _drive(key, values)


def mount_points(settings: Settings) -> Iterator[MountPoint]:
    """`rootfs` and the mount points of a container, by number. Bad ones are left out."""
    keys = ["rootfs"] if "rootfs" in settings.values else []
    for key in (*keys, *_numbered(settings, "mp")):
        values = _values("ct", settings, key)
        if values:
            yield _mount_point(key, values)


def nics(kind: GuestKind, settings: Settings) -> Iterator[Nic]:
    """The network cards, by number. Bad ones are left out."""
    for key in _numbered(settings, "net"):
        values = _values(kind, settings, key)
        if values:
            yield _nic(key, values)


def unused_volumes(kind: GuestKind, settings: Settings) -> Iterator[tuple[str, str]]:
    """Keys and volumes of the guest that are plugged in nowhere."""
    name = "file" if kind == "vm" else "volume"
    for key in _numbered(settings, "unused"):
        values = _values(kind, settings, key)
        if values:
            yield key, str(values[name])


def is_volume(file: str) -> bool:
    """Whether the text names a volume of a storage: not `none`, `cdrom` or a path."""
    return not file.startswith("/") and ":" in file


def volumes(kind: GuestKind, settings: Settings) -> dict[str, str]:
    """Every volume that is plugged in, with the keys of its first use: volume -> key."""
    found: dict[str, str] = {}
    places: Iterator[Drive | MountPoint] = (
        drives(settings) if kind == "vm" else mount_points(settings)
    )
    for place in places:
        if place.volume is not None:
            found.setdefault(place.volume, place.key)
    return found


def _numbered(settings: Settings, name: str) -> list[str]:
    keys = [key for key in settings.values if split_key(key)[0] == name and key != name]
    return sorted(keys, key=lambda key: split_key(key)[1] or 0)


def _values(kind: GuestKind, settings: Settings, key: str) -> Mapping[str, object]:
    option = option_of(kind, key)
    if option is None:
        return {}
    try:
        found = option.decode(settings.values[key])
    except ConfigError:
        return {}
    assert isinstance(found, PropertyString)
    return found.values


def _drive(key: str, values: Mapping[str, object]) -> Drive:
    file = str(values["file"])
    volume = file if is_volume(file) else None
    cdrom = values.get("media") == "cdrom"
    return Drive(
        key,
        file,
        volume,
        cast(int | None, values.get("size")),
        cdrom,
        cdrom and _names_cloudinit(file),
        bool(values.get("shared", False)),
        bool(values.get("replicate", True)),
        bool(values.get("backup", True)),
        values,
    )


def _names_cloudinit(file: str) -> bool:
    name = file.rpartition("/")[2].partition(":")[2] or file.rpartition("/")[2]
    return file.endswith(":cloudinit") or "-cloudinit" in name


def _mount_point(key: str, values: Mapping[str, object]) -> MountPoint:
    source = str(values["volume"])
    kind = "volume"
    if source.startswith("/dev/"):
        kind = "device"
    elif source.startswith("/"):
        kind = "bind"
    return MountPoint(
        key,
        source,
        str(values.get("mp", "/")),
        kind,
        cast(int | None, values.get("size")),
        bool(values.get("ro", False)),
        bool(values.get("shared", False)),
        bool(values.get("replicate", True)),
        key == "rootfs" or bool(values.get("backup", False)),
        values,
    )


def _nic(key: str, values: Mapping[str, object]) -> Nic:
    return Nic(
        key,
        cast(str | None, values.get("bridge")),
        cast(str | None, values.get("macaddr", values.get("hwaddr"))),
        str(values.get("model", values.get("type", "veth"))),
        cast(int | None, values.get("tag")),
        bool(values.get("firewall", False)),
        bool(values.get("link_down", False)),
        str(values.get("name", "")),
        values,
    )
