"""Volumes for guests: made for a new key, looked at, freed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from appliance.core.guest.detached import settled
from appliance.core.guest.identity import with_mac
from appliance.core.guest.new_disks import (
    FreshDisk,
    fresh_disk,
    is_disk_key,
    values_of,
    written,
)
from appliance.core.guest.places import main_key, with_unused
from appliance.model.errors import ConfigError, QuorateError, RefusedError
from appliance.model.guest.config import GuestConfig, Settings
from appliance.model.guest.devices import is_volume, nics
from appliance.model.guest.document import GuestKind
from appliance.model.storage.pool import PoolInfo
from appliance.model.storage.volumes import named
from appliance.ports.storage import Place
from appliance.services.guest_changes.files import Edit, GuestFile
from appliance.services.guest_changes.ports import datacenter_option
from appliance.services.guest_changes.undo import Undo
from appliance.services.guests.ports import GuestPorts, refuse_if

_CONTENT = {"vm": "images", "ct": "rootdir"}


def check_storage(ports: GuestPorts, kind: GuestKind, storage: str) -> PoolInfo:
    """The storage can take disks of such guests here. MissingError, RefusedError."""
    info = ports.pools.info(storage)
    content = _CONTENT[kind]
    refuse_if(not info.usable, f"storage '{storage}' is not available on node '{ports.node}'")
    refuse_if(
        content not in info.content or not info.formats,
        f"storage '{storage}' does not support content-type '{content}'",
    )
    return info


def form_of(kind: GuestKind, info: PoolInfo, wanted: str | None) -> str | None:
    """The format of a new volume; None: what the storage likes best."""
    if wanted is not None:
        return wanted
    if kind == "ct":
        return "subvol" if info.type in ("zfspool", "btrfs") else "raw"
    return None


async def make_disk(
    ports: GuestPorts, kind: GuestKind, vmid: int, disk: FreshDisk, undo: Undo
) -> str:
    """Make the volume: the text for the file. It is freed again if what follows fails."""
    info = check_storage(ports, kind, disk.storage)
    form = form_of(kind, info, disk.format)
    if disk.source is not None:
        place = Place(disk.storage, vmid, form)
        volume = await ports.transfer.copy(disk.source, place)
        undo.push(f"volume '{volume}'", lambda: ports.volumes.free_if_there(volume))
        size_bytes = max(disk.size_bytes, (await ports.volumes.look(volume)).size_bytes)
        return written(kind, disk.key, disk.text, volume, size_bytes)
    name = None
    if disk.cloudinit:
        form = form or (info.formats[0] if info.formats else "raw")
        name = named(info.type, vmid, form, f"vm-{vmid}-cloudinit")
    made = await ports.volumes.allocate(disk.storage, vmid, disk.size_bytes, form, name)
    undo.push(f"volume '{made}'", lambda: ports.volumes.free_if_there(made))
    return written(kind, disk.key, disk.text, made, disk.size_bytes)


async def with_volumes(
    ports: GuestPorts, kind: GuestKind, vmid: int, texts: Mapping[str, str], undo: Undo
) -> dict[str, str]:
    """The texts with volumes that are there, made where they were asked for, and with addresses."""
    found = dict(texts)
    for key, text in texts.items():
        disk = fresh_disk(kind, key, text)
        if disk is not None:
            found[key] = await make_disk(ports, kind, vmid, disk, undo)
        elif is_disk_key(key):
            found[key] = await _existing(ports, kind, vmid, key, text)
    prefix = mac_prefix(ports)
    for nic in nics(kind, Settings(found)):
        mac = nic.mac or ports.new_mac(prefix)
        found[nic.key] = with_mac(kind, nic.key, found[nic.key], mac)
    return found


async def _existing(ports: GuestPorts, kind: GuestKind, vmid: int, key: str, text: str) -> str:
    values = values_of(kind, key, text)
    volume = str(values.get(main_key(kind), ""))
    if not is_volume(volume) or values.get("media") == "cdrom":
        if is_volume(volume):
            await ports.volumes.look(volume)  # a medium that is not there
        return text
    look = await ports.volumes.look(volume)
    if look.name.content in ("iso", "vztmpl", "backup"):
        raise ConfigError("is no disk image", field=key)
    refuse_if(
        look.vmid not in (None, 0, vmid) and not values.get("shared"),
        f"volume '{volume}' belongs to guest {look.vmid}",
    )
    return written(kind, key, text, volume, look.size_bytes)


def mac_prefix(ports: GuestPorts) -> str:
    """How addresses that are made up begin, as the datacenter's options say."""
    return datacenter_option(ports.store, "mac_prefix")


def _nothing() -> None:
    """Nobody waits for it."""


async def settle_volumes(
    ports: GuestPorts,
    guest: GuestFile,
    edit: Edit,
    forced: tuple[str, ...] = (),
    on_written: Callable[[], None] = _nothing,
) -> GuestFile:
    """Write a change; volumes that nothing names any more become unused or are freed.

    `on_written` is called once the file says so: there is no way back from there.

    What cannot be freed is named by the file as unused, and by the RefusedError at the end.
    """
    free: tuple[str, ...] = ()

    def whole(config: GuestConfig) -> GuestConfig:
        nonlocal free
        result = settled(config, edit(config), lambda v: is_owned(ports, v, guest.vmid), forced)
        free = result.free
        return result.config

    changed = await ports.files.change(guest, whole)
    on_written()
    left: list[str] = []
    for volume in free:
        try:
            await ports.volumes.free_if_there(volume)
        except QuorateError as error:
            left.append(f"volume '{volume}' cannot be removed and is kept as unused: {error}")
            changed = await ports.files.change(changed, keeping(volume))
    if left:
        raise RefusedError("; ".join(left))
    return changed


def keeping(volume: str) -> Edit:
    """Name a volume as unused."""

    def edit(config: GuestConfig) -> GuestConfig:
        return replace(config, current=with_unused(config.kind, config.current, volume))

    return edit


def is_owned(ports: GuestPorts, volume: str, vmid: int) -> bool:
    """Whether it is this guest's own. One on a storage that is not known any more is not."""
    try:
        return ports.volumes.name(volume).vmid == vmid
    except QuorateError:
        return False


def storages_of(kind: GuestKind, texts: Mapping[str, str]) -> tuple[str, ...]:
    """The storages on which these texts ask for new volumes. ConfigError."""
    found = [fresh_disk(kind, key, text) for key, text in texts.items()]
    return tuple(dict.fromkeys(one.storage for one in found if one is not None))
