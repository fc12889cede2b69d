"""Guests that are made from backups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from appliance.core.guest import restore as rules
from appliance.core.guest.identity import with_own_ids
from appliance.core.guest.locks import check_unlocked, unlocked
from appliance.core.guest.places import disks, own_disks, unused_of, volumes_of
from appliance.model.errors import ConfigError, ExistsError, QuorateError, RefusedError
from appliance.model.guest.config import GuestConfig, Settings, parse_guest
from appliance.model.guest.document import GuestKind
from appliance.model.storage.pool import Archive, PoolInfo
from appliance.model.store.changes import Put, Step
from appliance.ports.storage import Effort
from appliance.services.guest_changes.files import GuestFile, firewall_path
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guest_changes.undo import Undo, undoing
from appliance.services.tasks.context import TaskContext

CLOUDINIT_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """A guest that shall be made from a backup.

    storage     for all of its disks; None: where they lay
    unique      with network addresses and ids of its own
    force       replace a guest of that number on this node
    texts       options that are set anew
    """

    kind: GuestKind
    vmid: int
    archive: str
    storage: str | None = None
    unique: bool = False
    force: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)
    limit_bytes_s: int = 0


async def check(ports: ChangePorts, order: RestoreOrder) -> tuple[Archive, GuestFile | None]:
    """What is in the backup, and the guest that it replaces. ConfigError, RefusedError, ..."""
    found = _replaced_guest(ports, order)
    archive = await ports.archives.describe(order.archive)
    if archive.kind != order.kind:
        message = f"is a backup of a {'VM' if archive.kind == 'vm' else 'container'}"
        raise ConfigError(message, field="archive" if order.kind == "vm" else "ostemplate")
    return archive, found


def _replaced_guest(ports: ChangePorts, order: RestoreOrder) -> GuestFile | None:
    if not ports.files.exists(order.vmid):
        return None
    if not order.force:
        label = "VM" if order.kind == "vm" else "CT"
        raise ExistsError(f"unable to restore {label} {order.vmid}: it already exists")
    guest = ports.files.find(order.vmid, order.kind, ports.node)
    check_unlocked(guest.config)
    if guest.config.current.get("protection") in ("1", "yes", "on", "true"):
        raise RefusedError(f"can't overwrite guest {order.vmid} - protection mode enabled")
    if ports.machines.running(guest.sid):
        raise RefusedError(f"unable to restore guest {order.vmid} - it is running")
    return guest


async def restore(ports: ChangePorts, order: RestoreOrder, task: TaskContext) -> GuestFile:
    """Make the guest: its file. After an error there is none, or the old one as it was."""
    archive, old = await check(ports, order)
    async with undoing(task) as undo:
        guest = await _reserve(ports, order, old, undo)
        volumes = await _allocate(ports, order, archive, undo)
        task.log(f"restoring '{order.archive}'")
        effort = Effort(order.limit_bytes_s, task.progress)
        await ports.archives.restore(order.archive, volumes, effort)
        volumes |= await _cloudinit(ports, order, archive, old, undo)
        made = _config(ports, order, archive, volumes)
        done = await ports.files.change(guest, lambda _now: made, *_firewall(order, archive))
        undo.keep()
    if old is not None:
        await _remove_old(ports, old, volumes, task)
    return done


async def _reserve(
    ports: ChangePorts, order: RestoreOrder, old: GuestFile | None, undo: Undo
) -> GuestFile:
    """Its number is taken from here on."""
    if old is None:
        config = GuestConfig(order.kind, Settings({"lock": "create"}))
        guest = await ports.files.create(ports.node, order.vmid, config)
        undo.push(f"guest {order.vmid}", lambda: ports.files.remove(guest))
        return guest

    def lock(config: GuestConfig) -> GuestConfig:
        check_unlocked(config)
        return replace(config, current=config.current.with_values({"lock": "create"}))

    guest = await ports.files.change(old, lock)
    undo.push("lock 'create'", lambda: ports.files.change(old, lambda c: unlocked(c, "create")))
    return guest


async def _allocate(
    ports: ChangePorts, order: RestoreOrder, archive: Archive, undo: Undo
) -> dict[str, str]:
    """Empty volumes for all disks of the backup, by key."""
    places = _origins(order, archive)
    volumes: dict[str, str] = {}
    for key, size in archive.disks:
        storage, wanted = places.get(key, (None, None))
        name = order.storage or storage
        if name is None:
            raise ConfigError(f"the backup does not say where {key} lay", field="storage")
        form = _form(order.kind, _usable(ports, order.kind, name), wanted)
        volumes[key] = await ports.volumes.allocate(name, order.vmid, size, form)
        _push_free(ports, undo, volumes[key])
    return volumes


async def _cloudinit(
    ports: ChangePorts,
    order: RestoreOrder,
    archive: Archive,
    old: GuestFile | None,
    undo: Undo,
) -> dict[str, str]:
    """Drives of cloud-init, filled at the next start: one has the same name as before."""
    if order.kind == "ct":
        return {}
    made: dict[str, str] = {}
    known = volumes_of(old.config) if old is not None else {}
    for key, storage in rules.cloudinit_drives(archive.config).items():
        to = ports.volumes.cloudinit_place(order.storage or storage, order.vmid)
        made[key] = f"{to.storage}:{to.name}"
        if made[key] in known:
            continue
        made[key] = await ports.volumes.allocate(
            to.storage, order.vmid, CLOUDINIT_BYTES, to.format, to.name
        )
        _push_free(ports, undo, made[key])
    return made


def _origins(order: RestoreOrder, archive: Archive) -> dict[str, tuple[str, str | None]]:
    """Storage and format of each disk when it was saved."""
    if order.kind == "vm":
        return {d.key: (d.storage, d.format or "raw") for d in rules.saved_drives(archive.config)}
    config = parse_guest(archive.config, "ct")
    return {p.key: (p.volume.partition(":")[0], None) for p in disks("ct", config.current)}


def _usable(ports: ChangePorts, kind: GuestKind, storage: str) -> PoolInfo:
    info = ports.pools.info(storage)
    content = "images" if kind == "vm" else "rootdir"
    if content not in info.content or not info.formats:
        raise RefusedError(f"storage '{storage}' does not support content-type '{content}'")
    return info


def _form(kind: GuestKind, info: PoolInfo, wanted: str | None) -> str:
    if kind == "ct":
        return "subvol" if info.type in ("zfspool", "btrfs") else "raw"
    return wanted if wanted in info.formats else info.formats[0]


def _push_free(ports: ChangePorts, undo: Undo, volume: str) -> None:
    undo.push(f"volume '{volume}'", lambda: ports.volumes.free_if_there(volume))


def _config(
    ports: ChangePorts, order: RestoreOrder, archive: Archive, volumes: Mapping[str, str]
) -> GuestConfig:
    new_mac = ports.new_mac if order.unique else None
    if order.kind == "ct":
        config = rules.restored_container(archive.config, volumes, new_mac)
    else:
        text = rules.restored_text(archive.config, volumes, new_mac)
        config = parse_guest(text, "vm")
        config = replace(config, current=_new_ids(ports, order, config.current))
    return replace(config, current=config.current.with_values(order.texts))


def _new_ids(ports: ChangePorts, order: RestoreOrder, current: Settings) -> Settings:
    """The guest learns that it went back in time; one beside its source is another machine too."""
    own = with_own_ids(current, ports.new_uuid)
    smbios = current.get("smbios1")
    if order.unique or smbios is None:
        return own
    return own.with_values({"smbios1": smbios})


def _firewall(order: RestoreOrder, archive: Archive) -> tuple[Step, ...]:
    if not archive.firewall:
        return ()
    return (Put(firewall_path(order.vmid), archive.firewall.encode()),)


async def _remove_old(
    ports: ChangePorts, old: GuestFile, volumes: Mapping[str, str], task: TaskContext
) -> None:
    """Disks of the guest that was replaced. What cannot be removed is told."""
    gone = [place.volume for place in own_disks(old.kind, old.config.current)]
    gone += unused_of(old.kind, old.config.current)
    for volume in gone:
        if volume in volumes.values():
            continue
        try:
            await ports.volumes.free_if_there(volume)
        except QuorateError as error:
            task.warn(f"old volume '{volume}' is left: {error}")
