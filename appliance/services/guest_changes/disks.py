"""Disks of guests that get another storage or another guest."""

from __future__ import annotations

from dataclasses import dataclass, replace

from appliance.core.guest import places
from appliance.core.guest.locks import check_unlocked
from appliance.core.guest.places import Place as Disk
from appliance.model.errors import ConfigError, QuorateError, RefusedError, StaleError
from appliance.model.guest.config import GuestConfig, Settings, option_of, write_guest
from appliance.model.storage.volumes import split_id
from appliance.model.store.changes import Put
from appliance.ports.storage import Effort, Place
from appliance.services.guest_changes.clones import target_form
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guest_changes.undo import undoing
from appliance.services.tasks.context import TaskContext


@dataclass(frozen=True, slots=True)
class DiskMove:
    """A disk that shall lie elsewhere. delete: the old volume, once the new one is in use."""

    key: str
    storage: str
    form: str | None = None
    delete: bool = False
    limit_bytes_s: int = 0


def check_move(ports: ChangePorts, guest: GuestFile, move: DiskMove) -> Disk:
    """The disk, if it can be moved so. ConfigError, RefusedError, MissingError."""
    check_unlocked(guest.config)
    disk = places.place_at(guest.kind, guest.config.current, move.key)
    if disk.cdrom and not disk.cloudinit:
        raise RefusedError("you can't move a cdrom")
    form = target_form(ports, disk, move.storage, move.form)
    same = split_id(disk.volume)[0] == move.storage
    if same and form in (None, ports.volumes.name(disk.volume).format):
        raise RefusedError("you can't move to the same storage with same format")
    named = [n for n, s in guest.config.snapshots.items() if _names(guest.config, s, disk.volume)]
    if named and move.delete:
        raise RefusedError(
            f"you can't move a disk with snapshots and delete the source: {', '.join(named)}"
        )
    if guest.kind == "ct" and ports.machines.running(guest.sid):
        raise RefusedError("cannot move volumes of a running container")
    return disk


def _names(config: GuestConfig, settings: Settings, volume: str) -> bool:
    return any(place.volume == volume for place in places.places(config.kind, settings))


async def move_disk(
    ports: ChangePorts, guest: GuestFile, move: DiskMove, task: TaskContext
) -> None:
    """Put a disk on another storage, or in another format. A running VM does not notice.

    After an error the guest has its old disk and the copy is gone.
    """
    disk = check_move(ports, guest, move)
    running = ports.machines.running(guest.sid) and not move.key.startswith("unused")
    machines, old = ports.machines.vms, disk.volume
    async with undoing(task) as undo:
        made = await _copied(ports, guest, disk, move, task, running=running)
        undo.push(f"volume '{made}'", lambda: ports.volumes.free_if_there(made))
        if running:
            await machines.mirror(
                guest.sid, disk.key, made, Effort(move.limit_bytes_s, task.progress)
            )
            undo.push(f"the guest on '{made}'", lambda: machines.mirror(guest.sid, disk.key, old))
        await ports.files.change(guest, lambda config: _moved(config, disk, made, move))
        undo.keep()
    if move.delete:
        await _freed(ports, disk.volume, task)


async def _copied(
    ports: ChangePorts,
    guest: GuestFile,
    disk: Disk,
    move: DiskMove,
    task: TaskContext,
    *,
    running: bool,
) -> str:
    """The new volume; that of a running VM is empty still."""
    form = target_form(ports, disk, move.storage, move.form)
    task.log(f"create full clone of drive {disk.key} ({disk.volume})")
    if not running:
        to = Place(move.storage, guest.vmid, form)
        if disk.cloudinit:
            to = ports.volumes.cloudinit_place(move.storage, guest.vmid)
        effort = Effort(move.limit_bytes_s, task.progress)
        return await ports.transfer.copy(disk.volume, to, None, effort)
    size = await ports.volumes.size(disk)
    return await ports.volumes.allocate(move.storage, guest.vmid, size, form)


def _moved(config: GuestConfig, disk: Disk, made: str, move: DiskMove) -> GuestConfig:
    now = places.place_at(config.kind, config.current, disk.key)
    if now.volume != disk.volume:
        raise StaleError(f"{disk.key} was changed meanwhile, it is '{now.volume}' now")
    if disk.key.startswith("unused"):
        current = config.current.with_values({disk.key: made})
    else:
        text = config.current.values[disk.key]
        new = places.with_volume(config.kind, text, disk.key, made, **_form(config, made, text))
        current = config.current.with_values({disk.key: new})
    if not move.delete:
        current = places.with_unused(config.kind, current, disk.volume)
    return replace(config, current=current)


def _form(config: GuestConfig, made: str, text: str) -> dict[str, object]:
    """A format that is written there is that of the new volume."""
    if config.kind == "ct" or "format=" not in text:
        return {}
    ending = made.rpartition(".")[2]
    return {"format": ending if ending in ("raw", "qcow2", "vmdk") else "raw"}


async def _freed(ports: ChangePorts, volume: str, task: TaskContext) -> None:
    try:
        await ports.volumes.free_if_there(volume)
    except QuorateError as error:
        task.warn(f"volume '{volume}' is left: {error}")


@dataclass(frozen=True, slots=True)
class Handover:
    """A disk that another guest gets. key: of the source; target_key: of the other guest."""

    key: str
    vmid: int
    target_key: str


def check_handover(ports: ChangePorts, guest: GuestFile, order: Handover) -> tuple[Disk, GuestFile]:
    """The disk and the guest that gets it. ConfigError, RefusedError, MissingError."""
    check_unlocked(guest.config)
    if order.vmid == guest.vmid:
        raise ConfigError("must be another guest than the source", field="target-vmid")
    other = ports.files.find(order.vmid, guest.kind)
    if other.node != guest.node:
        raise RefusedError(f"guest {order.vmid} is on node '{other.node}', not on this one")
    check_unlocked(other.config)
    _check_target_key(other, order.target_key)
    disk = places.place_at(guest.kind, guest.config.current, order.key)
    if disk.cdrom or disk.key == "rootfs":
        raise RefusedError(f"{disk.key} cannot be given to another guest")
    if any(_names(guest.config, s, disk.volume) for s in guest.config.snapshots.values()):
        raise RefusedError(f"you can't move '{disk.volume}', a snapshot of the guest names it")
    if ports.machines.running(guest.sid) and not disk.key.startswith("unused"):
        raise RefusedError("the disk of a running guest cannot be given to another one")
    if not ports.volumes.can("rename", disk.volume):
        raise RefusedError(f"storage of '{disk.volume}' cannot rename volumes")
    return disk, other


def _check_target_key(other: GuestFile, key: str) -> None:
    option = option_of(other.kind, key)
    allowed = ("ide", "sata", "scsi", "virtio", "efidisk", "tpmstate", "unused", "mp")
    if option is None or option.name not in allowed:
        raise ConfigError(f"'{key}' is no disk", field="target-disk")
    if key in other.config.current.values:
        raise RefusedError(f"target disk key '{key}' is already in use for guest {other.vmid}")


async def hand_over(
    ports: ChangePorts, guest: GuestFile, order: Handover, task: TaskContext
) -> None:
    """Give a disk to another guest of the node. After an error it is as before."""
    disk, other = check_handover(ports, guest, order)
    async with undoing(task) as undo:
        name = await ports.transfer.rename(disk.volume, order.vmid)
        undo.push(
            f"the name '{name}' of '{disk.volume}'",
            lambda: ports.transfer.rename(name, guest.vmid, split_id(disk.volume)[1]),
        )
        source = replace(guest.config, current=guest.config.current.without([disk.key]))
        text = _as_given(guest, disk, order, name)
        target = other.config.current.with_values({order.target_key: text})
        await ports.store.change(
            Put(guest.path, write_guest(source).encode(), guest.version),
            Put(other.path, write_guest(replace(other.config, current=target)).encode(),
                other.version),
        )  # fmt: skip
        undo.keep()


def _as_given(guest: GuestFile, disk: Disk, order: Handover, name: str) -> str:
    """What stands in the other guest's file: the settings of the disk go along if they fit."""
    if order.target_key.startswith("unused"):
        return name
    if disk.key.startswith("unused"):
        return name if guest.kind == "vm" else f"{name},mp=/mnt/{order.target_key}"
    text = guest.config.current.values[disk.key]
    new = places.with_volume(guest.kind, text, disk.key, name)
    option = option_of(guest.kind, order.target_key)
    assert option is not None
    try:
        option.decode(new)
    except ConfigError:
        size = places.place_at(guest.kind, guest.config.current, disk.key).size_bytes
        return name if size is None else f"{name},size={size}"
    return new
