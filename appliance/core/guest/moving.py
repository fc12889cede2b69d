"""Whether a guest can move to another node, and which of its volumes have to be copied there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from appliance.core.guest import places
from appliance.core.guest.locks import check_unlocked
from appliance.core.guest.places import Place
from appliance.model.errors import ConfigError, RefusedError
from appliance.model.guest.config import GuestConfig, Settings
from appliance.model.guest.devices import drives, mount_points
from appliance.model.option_table import split_key
from appliance.model.storage.config import Storage
from appliance.model.storage.volumes import VolumeName, parse_name, split_id

# Storages that send a volume together with its snapshots; of files, those in this format.
_WITH_SNAPSHOTS = ("zfspool", "btrfs")
_FORMAT_WITH_SNAPSHOTS = "qcow2"
_SEPARATOR = re.compile(r"[,;\s\0]+", re.ASCII)
_DEVICES = ("hostpci", "usb", "serial", "parallel")


@dataclass(frozen=True, slots=True)
class StorageMap:
    """Which storage becomes which on the way. usual: for those that are not named."""

    named: Mapping[str, str] = field(default_factory=dict)
    usual: str | None = None

    def of(self, storage: str) -> str:
        return self.named.get(storage, self.usual or storage)


@dataclass(frozen=True, slots=True)
class MoveWish:
    """A move as it was asked for. local_disks: move a running guest's own disks as well."""

    target: str
    online: bool = False
    local_disks: bool = False
    storages: StorageMap = field(default_factory=StorageMap)


@dataclass(frozen=True, slots=True)
class MovedVolume:
    """A volume that has to be copied. live: it is written to meanwhile, by the running guest."""

    volume: str
    storage: str
    live: bool = False
    snapshots: bool = False


@dataclass(frozen=True, slots=True)
class LocalDisk:
    """A volume that the target cannot see."""

    volume: str
    key: str
    cdrom: bool = False
    unused: bool = False


def storage_map(text: str) -> StorageMap:
    """`<from>:<to>` and at most one `<to>` for all others; `1` is each to itself."""
    named: dict[str, str] = {}
    usual: str | None = None
    for entry in (part for part in _SEPARATOR.split(text) if part):
        source, colon, target = entry.partition(":")
        if colon:
            named[source] = target
        elif entry != "1":
            usual = entry
    return StorageMap(named, usual)


def plan_move(
    config: GuestConfig, wish: MoveWish, storages: Mapping[str, Storage], *, running: bool
) -> tuple[MovedVolume, ...]:
    """The volumes to copy. RefusedError with everything that is in the way."""
    check_unlocked(config)
    live = running and config.kind == "vm"
    if live and not wish.online:
        raise RefusedError("can't migrate running VM without --online")
    reasons = list(_obstacles(config, wish, storages, live=live))
    if reasons:
        raise RefusedError("; ".join(reasons))
    attached = [place.volume for place in places.disks(config.kind, config.current)]
    return tuple(
        MovedVolume(
            disk.volume,
            wish.storages.of(split_id(disk.volume)[0]),
            live and disk.volume in attached,
            bool(_snapshots_of(config, disk.volume)),
        )
        for disk in local_disks(config, storages)
        if not disk.cdrom
    )


def _obstacles(
    config: GuestConfig, wish: MoveWish, storages: Mapping[str, Storage], *, live: bool
) -> Iterator[str]:
    for resource in local_resources(config):
        yield f"can't migrate {_noun(config)} which uses local devices: {resource}"
    yield from _local_places(config)
    yield from missing_storages(config, wish.target, storages, wish.storages)
    attached = [place.volume for place in places.disks(config.kind, config.current)]
    for disk in local_disks(config, storages):
        why = _local_disk(config, disk, storages, wish, live=live and disk.volume in attached)
        if why is not None:
            yield f"can't migrate local disk '{disk.volume}': {why}"


def _noun(config: GuestConfig) -> str:
    return "VM" if config.kind == "vm" else "CT"


def _local_places(config: GuestConfig) -> Iterator[str]:
    """Devices, directories and drives of the host itself."""
    if config.kind == "vm":
        for drive in drives(config.current):
            if drive.file == "cdrom":
                yield "can't migrate local cdrom drive"
            elif drive.file.startswith("/") and not drive.shared:
                yield f"can't migrate local disk '{drive.file}': it is a path of this node"
    else:
        for point in mount_points(config.current):
            if point.kind != "volume" and not point.shared:
                yield f"cannot migrate local {point.kind} mount point '{point.key}'"


def missing_storages(
    config: GuestConfig, target: str, storages: Mapping[str, Storage], names: StorageMap
) -> list[str]:
    """Storages that the guest needs and the target does not have, as sentences."""
    found: dict[str, None] = {}
    for volume in places.volumes_of(config):
        name = split_id(volume)[0]
        storage = storages.get(name)
        if storage is None:
            found[f"storage '{name}' does not exist"] = None
            continue
        there = name if storage.shared else names.of(name)
        if there not in storages:
            found[f"storage '{there}' does not exist"] = None
        elif not storages[there].used_on(target):
            found[f"storage '{there}' is not available on node '{target}'"] = None
        elif not storage.shared and not {"images", "rootdir"} & {*storages[there].content}:
            found[f"storage '{there}' does not take disks of guests"] = None
    return list(found)


def lacking_storages(config: GuestConfig, node: str, storages: Mapping[str, Storage]) -> list[str]:
    """The storages of the guest's volumes that the node does not use."""
    names = dict.fromkeys(split_id(volume)[0] for volume in places.volumes_of(config))
    return [name for name in names if name not in storages or not storages[name].used_on(node)]


def local_disks(config: GuestConfig, storages: Mapping[str, Storage]) -> list[LocalDisk]:
    """Volumes on storages that are not shared, each once, of snapshots and pending changes too."""
    marked = _marked(config)
    found = []
    for volume, key in places.volumes_of(config).items():
        storage = storages.get(split_id(volume)[0])
        if storage is None or storage.shared:
            continue
        place = marked.get(volume)
        if place is not None and place.shared:
            continue
        cdrom = place is not None and place.cdrom and not place.cloudinit
        found.append(LocalDisk(volume, key, cdrom, key.startswith("unused")))
    return found


def _marked(config: GuestConfig) -> dict[str, Place]:
    parts = [*config.snapshots.values(), config.pending, config.current]
    return {place.volume: place for part in parts for place in places.places(config.kind, part)}


def _local_disk(
    config: GuestConfig,
    disk: LocalDisk,
    storages: Mapping[str, Storage],
    wish: MoveWish,
    *,
    live: bool,
) -> str | None:
    """Why this volume cannot be copied to the target, or None."""
    if disk.cdrom:
        return "local cdrom image"
    storage = storages[split_id(disk.volume)[0]]
    name = parse_name(storage.type, split_id(disk.volume)[1])
    if name.base is not None:
        return f"it is a clone of '{name.base}'"
    if live and not wish.local_disks:
        return "can't live migrate attached local disks without with-local-disks option"
    if not _snapshots_of(config, disk.volume):
        return None
    if live:
        return "online storage migration not possible if non-replicated snapshot exists"
    return _no_snapshots(storage, storages[wish.storages.of(storage.id)], name)


def _no_snapshots(storage: Storage, target: Storage, name: VolumeName) -> str | None:
    """Why a volume with snapshots cannot be sent with them."""
    same = storage.type == target.type
    sends = storage.type in _WITH_SNAPSHOTS or name.format == _FORMAT_WITH_SNAPSHOTS
    if sends and (
        same or (name.format == _FORMAT_WITH_SNAPSHOTS and name.format in target.formats)
    ):
        return None
    return "non-migratable snapshot exists"


def _snapshots_of(config: GuestConfig, volume: str) -> list[str]:
    """The snapshots that have a state of this volume. Saved memory has none of its own."""
    return [
        name
        for name, settings in config.snapshots.items()
        if any(place.volume == volume for place in places.disks(config.kind, settings))
    ]


def local_resources(config: GuestConfig) -> list[str]:
    """Options that tie a VM to devices of its node. Mapped ones are told by `mapped_resources`."""
    if config.kind == "ct":
        return [key for key in config.current.values if split_key(key)[0] == "dev"]
    return [
        key
        for key, text in sorted(config.current.values.items())
        if split_key(key)[0] in _DEVICES and _is_local(key, text)
    ]


def _is_local(key: str, text: str) -> bool:
    name = split_key(key)[0]
    if name == "serial":
        return text != "socket"
    if name == "usb" and text.split(",", maxsplit=1)[0].removeprefix("host=").lower() == "spice":
        return False
    return "mapping=" not in text


def mapped_resources(settings: Settings) -> dict[str, str]:
    """Keys of devices that every node may have, with the name of their mapping."""
    found: dict[str, str] = {}
    for key, text in sorted(settings.values.items()):
        if split_key(key)[0] in ("hostpci", "usb"):
            for part in text.split(","):
                if part.startswith("mapping="):
                    found[key] = part.removeprefix("mapping=")
    return found


def check_target(target: str, node: str, nodes: Mapping[str, bool]) -> None:
    """ConfigError if there is no such node; RefusedError if it is this one or does not answer.

    nodes: all of the cluster, and whether they are online.
    """
    if target not in nodes:
        raise ConfigError(f"no such cluster node '{target}'", field="target")
    if target == node:
        raise ConfigError("target is local node.", field="target")
    if not nodes[target]:
        raise RefusedError(f"node '{target}' is not online")
