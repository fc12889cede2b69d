"""Virtual machines whose memory lies on a disk while they are off."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from appliance.core.guest.locks import locked, unlocked
from appliance.core.guest.places import disks
from appliance.model.errors import MissingError, RefusedError
from appliance.model.guest.config import GuestConfig
from appliance.model.guest.running import Launch, guest_label
from appliance.model.storage.volumes import named, split_id
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.undo import undoing
from appliance.services.guests.disks import check_storage
from appliance.services.guests.ports import GuestPorts, refuse_if
from appliance.services.guests.summaries import MIB, memory_mib
from appliance.services.tasks.context import TaskContext

_EXTRA_BYTES: Final = 500 * MIB
_KEYS: Final = ("lock", "vmstate", "runningmachine", "runningcpu", "running-nets-host-mtu")


async def suspend_to_disk(
    ports: GuestPorts, guest: GuestFile, task: TaskContext, storage: str | None = None
) -> None:
    """Save the memory, then end the process. After an error it runs on as it did."""
    label = guest_label(guest.sid)
    refuse_if(ports.host.state(guest.sid) is None, f"{label} not running")
    async with undoing(task) as undo:
        await ports.files.change(guest, lambda config: locked(config, "suspending"))
        undo.push("lock 'suspending'", lambda: ports.files.change(guest, _unlocked))
        volume = await _state_volume(ports, guest, storage)
        undo.push(f"volume '{volume}'", lambda: ports.volumes.free_if_there(volume))
        undo.push("a paused guest", lambda: ports.host.resume(guest.sid))
        task.log(f"saving the memory of {label} to {volume}")
        state = ports.host.state(guest.sid)
        await ports.vms.save_memory(guest.sid, volume)
        machine = state.machine if state is not None else ""

        def suspended(config: GuestConfig) -> GuestConfig:
            values = {"lock": "suspended", "vmstate": volume}
            if machine:
                values["runningmachine"] = machine
            return replace(config, current=config.current.with_values(values))

        await ports.files.change(guest, suspended)
        undo.keep()
    await ports.host.stop(guest.sid)


def _unlocked(config: GuestConfig) -> GuestConfig:
    return unlocked(config, "suspending")


async def _state_volume(ports: GuestPorts, guest: GuestFile, storage: str | None) -> str:
    first = next(iter(disks("vm", guest.config.current)), None)
    wanted = storage or guest.config.current.get("vmstatestorage")
    wanted = wanted or (split_id(first.volume)[0] if first is not None else "local")
    info = check_storage(ports, "vm", wanted)
    form = info.formats[0]
    size = 2 * memory_mib(guest.config) * MIB + _EXTRA_BYTES
    at_s = int(ports.clock.wall())
    name = named(info.type, guest.vmid, form, f"vm-{guest.vmid}-state-suspend-{at_s}")
    return await ports.volumes.allocate(wanted, guest.vmid, size, form, name)


async def resume_from_disk(ports: GuestPorts, guest: GuestFile, task: TaskContext) -> None:
    """Go on from the saved memory, which is removed then. After an error it is still there."""
    guest = ports.files.find(guest.vmid, guest.kind, ports.node)
    volume = guest.config.current.get("vmstate")
    if guest.config.current.get("lock") != "suspended" or volume is None:
        raise RefusedError(f"{guest_label(guest.sid)} is not suspended to a disk")
    task.log(f"resuming {guest_label(guest.sid)} from {volume}")
    await ports.host.start(Launch(guest.sid, guest.config.current, volume))
    await ports.files.change(guest, awake)
    try:
        await ports.volumes.free(volume)
    except MissingError:
        return


def awake(config: GuestConfig) -> GuestConfig:
    """Without lock and memory image."""
    return replace(config, current=config.current.without(_KEYS))
