"""The volumes of a guest by the keys that name them, in one order; keys that become free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from appliance.model.errors import ConfigError, RefusedError
from appliance.model.guest.config import GuestConfig, Settings, option_of
from appliance.model.guest.devices import (
    Drive,
    MountPoint,
    drives,
    mount_points,
    unused_volumes,
)
from appliance.model.guest.document import GuestKind
from appliance.model.option_table import split_key
from appliance.model.property_string import PropertyString

_BUSES = ("ide", "scsi", "virtio", "sata", "efidisk", "tpmstate")
_LAST_UNUSED = 255


@dataclass(frozen=True, slots=True)
class Place:
    """A key that names a volume. cdrom: a medium that the guest only reads, or cloud-init's."""

    key: str
    volume: str
    size_bytes: int | None = None
    cdrom: bool = False
    cloudinit: bool = False
    shared: bool = False
    replicate: bool = True
    backup: bool = True


def places(kind: GuestKind, settings: Settings) -> Iterator[Place]:
    """Keys that name volumes and are plugged in: by bus and number, or root file system first."""
    if kind == "vm":
        found = sorted(drives(settings), key=_drive_order)
        yield from (_drive_place(drive) for drive in found if drive.volume is not None)
    else:
        yield from (_mount_place(mp) for mp in mount_points(settings) if mp.volume is not None)


def disks(kind: GuestKind, settings: Settings) -> Iterator[Place]:
    """The places without CD drives: what a snapshot or a backup is made of."""
    yield from (place for place in places(kind, settings) if not place.cdrom)


def own_disks(kind: GuestKind, settings: Settings) -> Iterator[Place]:
    """The disks and the cloud-init drive: what is the guest's own and moves with it."""
    yield from (p for p in places(kind, settings) if not p.cdrom or p.cloudinit)


def in_use(config: GuestConfig, volume: str, *, snapshots: bool = True) -> bool:
    """Whether a volume is named by the guest as it is or will be, or by a snapshot of it."""
    parts = [config.current, config.pending]
    if snapshots:
        parts += config.snapshots.values()
    return any(
        volume in (place.volume, part.get("vmstate"))
        for part in parts
        for place in (*places(config.kind, part), Place("", ""))
    )


def volumes_of(config: GuestConfig) -> dict[str, str]:
    """Every volume that the file names anywhere, with the first key that does."""
    found: dict[str, str] = {}
    for part in (config.current, config.pending, *config.snapshots.values()):
        for place in places(config.kind, part):
            found.setdefault(place.volume, place.key)
        state = part.get("vmstate")
        if state is not None:
            found.setdefault(state, "vmstate")
        for key, volume in unused_volumes(config.kind, part):
            found.setdefault(volume, key)
    return found


def unused_of(kind: GuestKind, settings: Settings) -> list[str]:
    """The volumes that are kept without being plugged in."""
    return [volume for _key, volume in unused_volumes(kind, settings)]


def with_unused(kind: GuestKind, settings: Settings, volume: str) -> Settings:
    """The volume is kept under the first free `unusedN`, if it has none yet."""
    if any(volume == known for _key, known in unused_volumes(kind, settings)):
        return settings
    return settings.with_values({free_key(settings, "unused", _LAST_UNUSED): volume})


def free_key(settings: Settings, name: str, last: int) -> str:
    """The first of numbered keys that is not set. RefusedError if all are."""
    for index in range(last + 1):
        if f"{name}{index}" not in settings.values:
            return f"{name}{index}"
    raise RefusedError(f"there is no free {name} left")


def without_unused(kind: GuestKind, settings: Settings, volumes: Iterable[str]) -> Settings:
    """Without the `unusedN` of these volumes."""
    gone = frozenset(volumes)
    return settings.without(key for key, v in unused_volumes(kind, settings) if v in gone)


def with_volume(kind: GuestKind, text: str, key: str, volume: str, **changes: object) -> str:
    """The text of a place with another volume, and other keys changed; None takes one away."""
    option = option_of(kind, key)
    assert option is not None
    found = option.decode(text)
    if not isinstance(found, PropertyString):
        return volume
    main = main_key(kind)
    values = {**found.values, main: volume, **changes}
    kept = {name: value for name, value in values.items() if value is not None}
    return option.encode(PropertyString(kept, found.unknown))


def main_key(kind: GuestKind) -> str:
    """What a place calls its volume."""
    return "file" if kind == "vm" else "volume"


def replaced(config: GuestConfig, new: dict[str, str]) -> GuestConfig:
    """Every place in the whole file with the new volume in place of the old: old -> new."""

    def part(settings: Settings) -> Settings:
        texts = {
            place.key: with_volume(
                config.kind, settings.values[place.key], place.key, new[place.volume]
            )
            for place in places(config.kind, settings)
            if place.volume in new
        }
        for key, volume in unused_volumes(config.kind, settings):
            if volume in new:
                texts[key] = new[volume]
        state = settings.get("vmstate")
        if state in new:
            texts["vmstate"] = new[state]
        return settings.with_values(texts)

    return replace(
        config,
        current=part(config.current),
        pending=part(config.pending),
        snapshots={name: part(settings) for name, settings in config.snapshots.items()},
    )


def with_sizes(config: GuestConfig, sizes: Mapping[str, int]) -> GuestConfig:
    """The sizes of these volumes as they are. Firmware's disks say what they are meant to have."""
    texts = {
        place.key: with_volume(
            config.kind,
            config.current.values[place.key],
            place.key,
            place.volume,
            size=sizes[place.volume],
        )
        for place in places(config.kind, config.current)
        if place.volume in sizes
        and place.size_bytes != sizes[place.volume]
        and not place.key.startswith(("efidisk", "tpmstate"))
    }
    return replace(config, current=config.current.with_values(texts))


def place_at(kind: GuestKind, settings: Settings, key: str) -> Place:
    """The place at a key, plugged in or not. ConfigError if there is no volume."""
    for place in places(kind, settings):
        if place.key == key:
            return place
    for name, volume in unused_volumes(kind, settings):
        if name == key:
            return Place(key, volume)
    raise ConfigError(f"{key} is no volume of the guest, or does not exist", field="disk")


def _drive_order(drive: Drive) -> tuple[int, int]:
    bus, number = split_key(drive.key)
    return _BUSES.index(bus), number or 0


def _drive_place(drive: Drive) -> Place:
    assert drive.volume is not None
    return Place(
        drive.key,
        drive.volume,
        drive.size_bytes,
        drive.cdrom,
        drive.cloudinit,
        drive.shared,
        drive.replicate,
        drive.backup,
    )


def _mount_place(point: MountPoint) -> Place:
    return Place(
        point.key,
        point.source,
        point.size_bytes,
        shared=point.shared,
        replicate=point.replicate,
        backup=point.backup,
    )


def keys_of(kind: GuestKind, settings: Settings, volumes: Iterable[str]) -> list[str]:
    """The keys that name one of these volumes, plugged in or not."""
    wanted = frozenset(volumes)
    found = [place.key for place in places(kind, settings) if place.volume in wanted]
    found += [key for key, volume in unused_volumes(kind, settings) if volume in wanted]
    return found + ["vmstate"] * (settings.get("vmstate") in wanted)
