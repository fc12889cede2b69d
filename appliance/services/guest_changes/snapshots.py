"""Snapshots of guests: taken, deleted, gone back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.core.guest import snapshots as rules
from appliance.core.guest.locks import unlocked
from appliance.core.guest.places import Place, disks
from appliance.model.errors import MissingError, QuorateError, RefusedError
from appliance.model.guest.config import Settings, decoded
from appliance.model.property_string import PropertyString
from appliance.model.storage.volumes import split_id, state_name
from appliance.services.guest_changes.files import Edit, GuestFile
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guest_changes.undo import Action, Undo, undoing
from appliance.services.tasks.context import TaskContext

MIB: Final = 1 << 20
# Beside the memory itself: the state of the devices, twice the memory for what changes meanwhile.
_STATE_EXTRA_BYTES: Final = 500 * MIB
_USUAL_MEMORY_MIB: Final = 512


@dataclass(frozen=True, slots=True)
class _Taking:
    """A snapshot that is being taken. running: whether the guest was when it began."""

    ports: ChangePorts
    guest: GuestFile
    name: str
    task: TaskContext
    undo: Undo
    running: bool

    async def change(self, edit: Edit) -> None:
        await self.ports.files.change(self.guest, edit)


async def take(
    ports: ChangePorts,
    guest: GuestFile,
    name: str,
    notes: str,
    task: TaskContext,
    *,
    memory: bool = False,
) -> None:
    """Take a snapshot of all disks, of a running VM's memory too if asked for.

    After an error nothing of it is left; what could not be taken away is told as warnings.
    """
    rules.check_new(guest.config, name)
    if memory and guest.kind == "ct":
        raise RefusedError("the memory of a container cannot be saved")
    found = list(disks(guest.kind, guest.config.current))
    for place in found:
        if not ports.volumes.can("snapshot", place.volume):
            raise RefusedError(f"snapshot feature is not available: {place.key} ({place.volume})")
        await ports.volumes.look(place.volume)
    async with undoing(task) as undo:
        taking = _Taking(ports, guest, name, task, undo, ports.machines.running(guest.sid))
        state = await _state_volume(taking) if memory and taking.running else None
        await _begin(taking, notes, state)
        await _take_all(taking, found, state)
        await taking.change(lambda config: rules.commit(config, name))
        undo.keep()
    if state is not None:
        await ports.machines.host.resume(guest.sid)


async def _begin(taking: _Taking, notes: str, state: str | None) -> None:
    saved = rules.SavedState(state) if state is not None else None
    name, now_s = taking.name, int(taking.ports.clock.wall())
    await taking.change(lambda config: rules.prepare(config, name, now_s, notes, saved))
    taking.undo.push(
        f"snapshot '{name}' in the configuration",
        lambda: taking.change(lambda config: rules.undone(config, name)),
    )


async def _state_volume(taking: _Taking) -> str:
    ports, guest = taking.ports, taking.guest
    storage = state_storage(ports, guest)
    size = 2 * memory_mib(guest.config.current) * MIB + _STATE_EXTRA_BYTES
    info = ports.pools.info(storage)
    form = info.formats[0] if info.formats else "raw"
    text = state_name(info.type, guest.vmid, taking.name, form)
    state = await ports.volumes.allocate(storage, guest.vmid, size, form, text)
    taking.undo.push(f"volume '{state}'", lambda: ports.volumes.free_if_there(state))
    return state


def state_storage(ports: ChangePorts, guest: GuestFile) -> str:
    """Where memory is saved: as the guest says, else with its disks, on a shared one if it can."""
    wanted = guest.config.current.get("vmstatestorage")
    if wanted is not None:
        return wanted
    stores = [split_id(place.volume)[0] for place in disks(guest.kind, guest.config.current)]
    shared = [storage for storage in stores if ports.pools.info(storage).shared]
    return (shared or stores or ["local"])[0]


def memory_mib(current: Settings) -> int:
    """The memory of a VM."""
    found = decoded("vm", current, "memory")
    if isinstance(found, PropertyString):
        found = found.values.get("current")
    return found if isinstance(found, int) else _USUAL_MEMORY_MIB


async def _take_all(taking: _Taking, found: list[Place], state: str | None) -> None:
    """Memory and disks of one moment: the guest stands still until all are taken."""
    ports, sid, name = taking.ports, taking.guest.sid, taking.name
    frozen = taking.running and state is None and await _freeze(taking)
    if state is not None:
        taking.undo.push("a paused guest", lambda: ports.machines.host.resume(sid))
        machine = await ports.machines.save_memory(sid, state)
        await taking.change(lambda config: rules.with_machine(config, name, machine))
    for place in found:
        taking.task.log(f"snapshotting '{place.key}' ({place.volume})")
        await ports.volumes.take(place.volume, name)
        taking.undo.push(f"snapshot '{name}' of {place.volume}", _removal(taking, place.volume))
    if frozen:
        await ports.machines.thaw(sid)


def _removal(taking: _Taking, volume: str) -> Action:
    return lambda: taking.ports.volumes.remove_snapshot(volume, taking.name)


async def _freeze(taking: _Taking) -> bool:
    """A VM whose agent does not answer is taken as it is: like a machine that lost power."""
    guest, machines = taking.guest, taking.ports.machines
    if guest.kind == "vm" and not has_agent(guest.config.current):
        return False
    try:
        await machines.freeze(guest.sid)
    except QuorateError as error:
        if guest.kind == "ct":
            raise
        taking.task.warn(f"guest-fsfreeze-freeze problems - {error}")
        return False
    taking.undo.push("a frozen guest", lambda: machines.thaw(guest.sid))
    return True


def has_agent(current: Settings) -> bool:
    """Whether a guest agent is meant to be in the VM."""
    found = decoded("vm", current, "agent")
    return isinstance(found, PropertyString) and bool(found.values.get("enabled"))


async def delete(
    ports: ChangePorts, guest: GuestFile, name: str, task: TaskContext, *, force: bool = False
) -> None:
    """Remove a snapshot. force: from the configuration even if volumes keep theirs.

    After an error the guest stays locked and the section names what is still there: nobody can
    make again what is gone, so deleting it again, once unlocked, goes on from there.
    """
    section = rules.snapshot(guest.config, name)
    found = list(disks(guest.kind, section))
    for place in found:
        if not force:
            await ports.volumes.look(place.volume)
    await ports.files.change(guest, lambda config: rules.begin_delete(config, name))
    state = section.get("vmstate")
    if state is not None:
        await _free_state(ports, state, task, force=force)
        await _forget(ports, guest, name, "vmstate")
    kept: list[str] = []
    for place in found:
        if not await _remove(ports, place, name, task, force=force):
            kept.append(place.volume)
        await _forget(ports, guest, name, place.key)
    await ports.files.change(guest, lambda config: rules.finish_delete(config, name, kept))


async def _free_state(ports: ChangePorts, state: str, task: TaskContext, *, force: bool) -> None:
    try:
        await ports.volumes.free_if_there(state)
    except QuorateError as error:
        if not force:
            raise
        task.warn(f"volume '{state}' is left: {error}")


async def _forget(ports: ChangePorts, guest: GuestFile, name: str, key: str) -> None:
    await ports.files.change(guest, lambda config: rules.forgotten(config, name, key))


async def _remove(
    ports: ChangePorts, place: Place, name: str, task: TaskContext, *, force: bool
) -> bool:
    """Whether the snapshot of that volume is gone."""
    try:
        await ports.volumes.remove_snapshot(place.volume, name)
    except MissingError:
        return True  # an earlier try got so far, or the volume is gone
    except QuorateError as error:
        if not force:
            raise
        task.warn(f"snapshot '{name}' of {place.volume} is left: {error}")
        return False
    return True


async def roll_back(
    ports: ChangePorts, guest: GuestFile, name: str, task: TaskContext, *, start: bool = False
) -> None:
    """Make the guest what it was. It is stopped; memory that was saved is started from again.

    An error before the first disk has gone back leaves all as it was, but the guest stopped. A
    later one leaves the lock: disks of two times are no guest.
    """
    section = rules.check_rollback(guest.config, name)
    found = list(disks(guest.kind, section))
    for place in found:
        await ports.volumes.check_rollback(place.volume, name)
    if ports.machines.running(guest.sid):
        await ports.machines.host.stop(guest.sid)
    await ports.files.change(guest, lambda config: rules.begin_rollback(config, name))
    async with undoing(task) as undo:
        undo.push(
            "lock 'rollback'",
            lambda: ports.files.change(guest, lambda c: unlocked(c, "rollback")),
        )
        for place in found:
            task.log(f"rolling back '{place.key}' ({place.volume})")
            await ports.volumes.roll_back(place.volume, name)
            undo.keep()
        generation = ports.new_uuid()
        await ports.files.change(guest, lambda c: rules.finish_rollback(c, name, generation))
        undo.keep()
    state = section.get("vmstate")
    if state is not None or start:
        now = ports.files.find(guest.vmid, guest.kind, guest.node)
        await ports.machines.start(guest.sid, now.config.current, state)


async def describe(ports: ChangePorts, guest: GuestFile, name: str, notes: str) -> None:
    """Other notes for a snapshot."""
    await ports.files.change(guest, lambda config: rules.described(config, name, notes))
