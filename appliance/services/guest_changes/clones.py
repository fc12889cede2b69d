"""Clones and templates."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.core.guest import copies as rules
from appliance.core.guest.copies import ClonedDisk, CopyWish
from appliance.core.guest.locks import is_template
from appliance.core.guest.places import Place as Disk
from appliance.core.guest.places import replaced
from appliance.model.errors import (
    ConfigError,
    ExistsError,
    MissingError,
    QuorateError,
    RefusedError,
)
from appliance.model.guest.running import LABELS
from appliance.model.storage.volumes import split_id
from appliance.model.store.changes import Put
from appliance.ports.storage import Effort, Place
from appliance.services.guest_changes.files import Edit, GuestFile, firewall_path
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guest_changes.undo import Undo, undoing
from appliance.services.tasks.context import TaskContext


@dataclass(frozen=True, slots=True)
class CloneOrder:
    """A clone that was asked for. form: of its images. node: where it will belong, None: here.

    limit_bytes_s    at most so fast; 0 is as fast as it goes
    """

    vmid: int
    wish: CopyWish
    form: str | None = None
    node: str | None = None
    limit_bytes_s: int = 0


async def check_clone(ports: ChangePorts, guest: GuestFile, order: CloneOrder) -> None:
    """Whether a clone can be begun. ConfigError, ExistsError, RefusedError, MissingError."""
    if ports.files.exists(order.vmid):
        label = LABELS[guest.kind]
        raise ExistsError(f"unable to create {label} {order.vmid}: config file already exists")
    for disk in rules.cloned_disks(guest.config, order.wish):
        what = "clone" if disk.linked else "copy"
        if not ports.volumes.can(what, disk.place.volume, _of_snapshot(order.wish)):
            kind = "Linked" if disk.linked else "Full"
            key = disk.place.key
            raise RefusedError(f"{kind} clone feature is not supported for drive '{key}'")
        if order.node not in (None, ports.node):
            _check_reach(ports, disk, order)
    if order.wish.storage is not None:
        _check_images(ports, order.wish.storage)


def _check_reach(ports: ChangePorts, disk: ClonedDisk, order: CloneOrder) -> None:
    """A guest for another node needs all of its disks where that node sees them."""
    storage = order.wish.storage or split_id(disk.place.volume)[0]
    info = ports.pools.info(storage)
    if not info.shared:
        message = f"can't clone to node '{order.node}': storage '{storage}' is not shared"
        raise ConfigError(message, field="target")
    if info.nodes and order.node not in info.nodes:
        message = f"storage '{storage}' is not available on node '{order.node}'"
        raise ConfigError(message, field="target")


def _check_images(ports: ChangePorts, storage: str) -> None:
    info = ports.pools.info(storage)
    if not {"images", "rootdir"} & {*info.content}:
        message = f"storage '{storage}' does not support content of type 'images'"
        raise ConfigError(message, field="storage")


def _of_snapshot(wish: CopyWish) -> str | None:
    return None if wish.snapshot == "current" else wish.snapshot


async def clone(ports: ChangePorts, guest: GuestFile, order: CloneOrder, task: TaskContext) -> None:
    """Make another guest of this one. After an error neither its file nor its disks are left."""
    await check_clone(ports, guest, order)
    disks = rules.cloned_disks(guest.config, order.wish)
    begun = rules.clone_begun(guest.config, order.vmid, order.wish, ports.new_mac, ports.new_uuid)
    async with undoing(task) as undo:
        made = await ports.files.create(
            ports.node, order.vmid, begun, *_firewall(ports, guest, order.vmid)
        )
        undo.push(f"configuration of {order.vmid}", lambda: ports.files.remove(made))
        volumes: dict[str, str] = {}
        for number, disk in enumerate(disks):
            task.log(f"create {_what(disk)} clone of drive {disk.place.key} ({disk.place.volume})")
            part = _Part(number, len(disks))
            volumes[disk.place.key] = await _copy(ports, disk, order, task, part)
            _push_free(ports, undo, volumes[disk.place.key])
        source = rules.source_settings(guest.config, order.wish)
        await ports.files.change(made, lambda config: rules.clone_finished(config, source, volumes))
        if order.node not in (None, ports.node):
            await ports.files.give(made, str(order.node), lambda config: config)
        undo.keep()


@dataclass(frozen=True, slots=True)
class _Part:
    """One of several equal pieces of work."""

    number: int
    count: int

    def effort(self, order_limit: int, task: TaskContext) -> Effort:
        def told(fraction: float) -> None:
            task.progress((self.number + fraction) / self.count)

        return Effort(order_limit, told)


def _what(disk: ClonedDisk) -> str:
    return "linked" if disk.linked else "full"


def _push_free(ports: ChangePorts, undo: Undo, volume: str) -> None:
    undo.push(f"volume '{volume}'", lambda: ports.volumes.free_if_there(volume))


async def _copy(
    ports: ChangePorts, disk: ClonedDisk, order: CloneOrder, task: TaskContext, part: _Part
) -> str:
    volume, snapshot = disk.place.volume, _of_snapshot(order.wish)
    if disk.linked:
        return await ports.volumes.clone(volume, order.vmid, snapshot)
    storage = order.wish.storage or split_id(volume)[0]
    to = Place(storage, order.vmid, target_form(ports, disk.place, storage, order.form))
    if disk.place.cloudinit:
        to = ports.volumes.cloudinit_place(storage, order.vmid)
    effort = part.effort(order.limit_bytes_s, task)
    return await ports.transfer.copy(volume, to, snapshot, effort)


def target_form(ports: ChangePorts, place: Disk, storage: str, wanted: str | None) -> str | None:
    """The format of a copy: as wanted, else as it is where that storage has it; None: its usual."""
    formats = ports.pools.info(storage).formats
    if wanted is not None:
        if wanted not in formats:
            allowed = ", ".join(formats)
            message = f"'{wanted}' is not possible on storage '{storage}', allowed are {allowed}"
            raise ConfigError(message, field="format")
        return wanted
    form = ports.volumes.name(place.volume).format
    return form if form in formats else None


def _firewall(ports: ChangePorts, guest: GuestFile, vmid: int) -> tuple[Put, ...]:
    """The rules of the source hold for its copy."""
    text = ports.files.firewall(guest.vmid)
    return (Put(firewall_path(vmid), text.encode()),) if text else ()


async def make_template(
    ports: ChangePorts, guest: GuestFile, task: TaskContext, key: str | None = None
) -> None:
    """Make a template of a guest, or a base image of one of its disks.

    It is a template before its first disk becomes a base image, for it must not be started from
    then on. After an error it is as before if no disk was changed, else the error says which are
    left, and asking for it again goes on there.
    """
    rules.check_template(guest.config, running=ports.machines.running(guest.sid))
    disks = rules.template_disks(guest.config, key)
    left = [disk for disk in disks if not ports.volumes.name(disk.volume).is_base]
    for disk in left:
        if not ports.volumes.can("template", disk.volume):
            raise RefusedError(
                f"unable to create template, because volume '{disk.volume}' of {disk.key} "
                "cannot be a base image on its storage"
            )
        await _found(ports, disk)
    already = is_template(guest.config)
    if key is None:
        await ports.files.change(guest, rules.as_template)
    made: list[str] = []
    try:
        for disk in left:
            base = await _made_base(ports, disk, task)
            made.append(disk.key)
            await ports.files.change(guest, _with_base(disk.volume, base))
    except QuorateError as error:
        if not made and not already:
            await ports.files.change(guest, rules.no_template)
            raise
        waiting = ", ".join(disk.key for disk in left if disk.key not in made[:-1])
        raise RefusedError(f"{error} - ask for it again, not finished: {waiting}") from error


def _with_base(volume: str, base: str) -> Edit:
    return lambda config: replaced(config, {volume: base})


async def _found(ports: ChangePorts, disk: Disk) -> str:
    """The disk's volume: perhaps it is a base image and an earlier try could not say so."""
    try:
        await ports.volumes.look(disk.volume)
    except MissingError:
        base = ports.volumes.base_of(disk.volume)
        await ports.volumes.look(base)
        return base
    return disk.volume


async def _made_base(ports: ChangePorts, disk: Disk, task: TaskContext) -> str:
    found = await _found(ports, disk)
    if found != disk.volume:
        return found
    base = await ports.volumes.make_base(disk.volume)
    task.log(f"{disk.key}: '{disk.volume}' is base image '{base}' now")
    return base
