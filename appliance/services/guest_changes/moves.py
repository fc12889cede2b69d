"""Guests that move to another node: stopped, running, or stopped on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.core.guest.locks import locked, unlocked
from appliance.core.guest.moving import MovedVolume, MoveWish, plan_move
from appliance.core.guest.places import replaced, with_sizes
from appliance.model.errors import (
    ExistsError,
    NotQuorateError,
    QuorateError,
    RefusedError,
    UnavailableError,
)
from appliance.model.guest.config import GuestConfig
from appliance.model.guest.running import Launch
from appliance.model.storage.config import Storage
from appliance.model.storage.volumes import named, parse_name, split_id
from appliance.ports.storage import Effort, Place
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guest_changes.undo import Action, Undo, undoing
from appliance.services.tasks.context import TaskContext


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """A move. restart: a running container is shut down, moved, and started there."""

    wish: MoveWish
    restart: bool = False
    timeout_s: int = 180
    limit_bytes_s: int = 0


def storages_of(ports: ChangePorts) -> dict[str, Storage]:
    """All storages of the cluster by id."""
    return {name: ports.pools.info(name).storage for name in ports.pools.ids()}


def check(ports: ChangePorts, guest: GuestFile, order: MoveOrder) -> tuple[MovedVolume, ...]:
    """Which volumes are to be copied. RefusedError with everything that is in the way."""
    running = ports.machines.running(guest.sid)
    if guest.kind == "ct" and running and not order.restart:
        if order.wish.online:
            raise RefusedError("lxc live migration is currently not implemented")
        raise RefusedError("can't migrate running container without --online or --restart")
    return plan_move(guest.config, order.wish, storages_of(ports), running=running)


@dataclass(slots=True)
class _Move:
    """One move under way. renamed: old volume -> its copy on the target.

    sizes: what was found out of volumes on the way, since files may be wrong about it.
    unknown: the guest may belong to the target by now, so nothing there may be removed.
    """

    ports: ChangePorts
    guest: GuestFile
    order: MoveOrder
    task: TaskContext
    undo: Undo
    renamed: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    given: bool = False
    unknown: bool = False

    @property
    def target(self) -> str:
        return self.order.wish.target

    def after(self, config: GuestConfig) -> GuestConfig:
        """What the target's file says."""
        found = unlocked(config, "migrate")
        return replaced(with_sizes(found, self.sizes), self.renamed)

    async def give(self) -> None:
        """The point of no return: one change of the store."""
        try:
            await self.ports.files.give(self.guest, self.target, self.after)
        except (NotQuorateError, UnavailableError):
            raise
        except QuorateError:
            self.unknown = True
            raise
        self.given = True


async def migrate(
    ports: ChangePorts, guest: GuestFile, order: MoveOrder, task: TaskContext
) -> None:
    """Move a guest to another node.

    After an error before the guest was given to the target it is here as before, and copies on the
    target are removed. After one in or behind it the error says so: then nothing is removed.
    """
    volumes = check(ports, guest, order)
    running = ports.machines.running(guest.sid)
    async with undoing(task) as undo:
        await ports.files.change(guest, lambda config: locked(config, "migrate"))
        undo.push("lock 'migrate'", lambda: _unlock(ports, guest))
        move = _Move(ports, guest, order, task, undo)
        try:
            if running and guest.kind == "ct":
                await _shut_down(move)
            await _copy(move, [v for v in volumes if not v.live])
            if running and guest.kind == "vm":
                await _live(move, [v for v in volumes if v.live])
            else:
                await move.give()
        except BaseException:
            if move.given:
                undo.keep()
            elif move.unknown:
                undo.leave()
            raise
        undo.keep()
    task.log(f"{guest.kind} {guest.vmid} belongs to node '{order.wish.target}' now")
    await _finish(move, [v.volume for v in volumes if not v.live], running=running)


async def _unlock(ports: ChangePorts, guest: GuestFile) -> None:
    await ports.files.change(guest, lambda config: unlocked(config, "migrate"))


async def _shut_down(move: _Move) -> None:
    host, sid, settings = move.ports.machines.host, move.guest.sid, move.guest.config.current
    move.task.log("shutdown of the container, it is started again on the target")
    if not await host.shut_down(sid, move.order.timeout_s):
        raise RefusedError(f"it did not shut down within {move.order.timeout_s} s")
    move.undo.push("a container that is stopped", lambda: move.ports.machines.start(sid, settings))


async def _copy(move: _Move, volumes: list[MovedVolume]) -> None:
    for number, volume in enumerate(volumes):
        move.task.log(f"copying local disk image '{volume.volume}' to storage '{volume.storage}'")
        count = len(volumes)

        def told(fraction: float, number: int = number, count: int = count) -> None:
            move.task.progress((number + fraction) / count)

        effort = Effort(move.order.limit_bytes_s, told)
        copy = await _sent(move, volume, effort)
        move.undo.push(f"volume '{copy}' on {move.target}", _retraction(move, copy))
        if copy != volume.volume:
            move.task.log(f"volume '{volume.volume}' is '{copy}' on the target")
            move.renamed[volume.volume] = copy


def _retraction(move: _Move, copy: str) -> Action:
    return lambda: move.ports.transfer.retract(copy, move.target)


async def _sent(move: _Move, volume: MovedVolume, effort: Effort) -> str:
    """Under the same name if it is free there."""
    place = _place(move, volume)
    transfer = move.ports.transfer
    try:
        return await transfer.send(volume.volume, move.target, place, volume.snapshots, effort)
    except ExistsError:
        free = Place(place.storage, place.vmid, place.format)
        return await transfer.send(volume.volume, move.target, free, volume.snapshots, effort)


def _place(move: _Move, volume: MovedVolume) -> Place:
    pools, vmid = move.ports.pools, move.guest.vmid
    source, text = split_id(volume.volume)
    name = parse_name(pools.info(source).type, text)
    info = pools.info(volume.storage)
    form = name.format if name.format in info.formats else (info.formats or ("raw",))[0]
    plain = name.name.partition(".")[0] if "." in name.name else name.name
    if name.format != form and "subvol" in (name.format, form):
        return Place(volume.storage, vmid, form)
    return Place(volume.storage, vmid, form, named(info.type, vmid, form, plain))


async def _live(move: _Move, volumes: list[MovedVolume]) -> None:
    disks = {volume.volume: copy_name(move.ports, volume) for volume in volumes}
    move.renamed |= {old: copy for old, copy in disks.items() if old != copy}
    for volume in volumes:
        move.sizes[volume.volume] = (await move.ports.volumes.look(volume.volume)).size_bytes
    move.task.log(f"starting online/live migration to node '{move.target}'")
    await move.ports.moves.live(move.guest.sid, move.target, disks, move.give)


def copy_name(ports: ChangePorts, volume: MovedVolume) -> str:
    """What a disk is called on the target when it is moved while it is written to."""
    source, text = split_id(volume.volume)
    if source == volume.storage:
        return volume.volume
    name = parse_name(ports.pools.info(source).type, text)
    info = ports.pools.info(volume.storage)
    form = name.format if name.format in info.formats else (info.formats or ("raw",))[0]
    return f"{volume.storage}:{named(info.type, name.vmid or 0, form, name.name.partition('.')[0])}"


async def _finish(move: _Move, volumes: list[str], *, running: bool) -> None:
    """What is left to do when the guest is the target's: start it, remove the originals."""
    ports, guest = move.ports, move.guest
    left: list[str] = []
    for volume in volumes:
        try:
            await ports.volumes.free_if_there(volume)
        except QuorateError as error:
            left.append(f"removing local copy of '{volume}' failed - {error}")
    if running and guest.kind == "ct":
        try:
            now = ports.files.find(guest.vmid, guest.kind, move.target)
            await ports.moves.start_there(move.target, Launch(guest.sid, now.config.current))
        except QuorateError as error:
            left.append(f"start on target node failed - {error}")
    if left:
        raise RefusedError(f"migration problems: {'; '.join(left)}")
