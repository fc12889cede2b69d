"""Guests that go for good, with their disks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from appliance.core.guest.locks import check_unlocked
from appliance.core.guest.places import keys_of, volumes_of
from appliance.model.errors import MissingError, QuorateError, RefusedError
from appliance.model.guest.config import GuestConfig
from appliance.model.guest.running import guest_label
from appliance.services.config.ha import forget
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guests import ha
from appliance.services.guests.disks import is_owned
from appliance.services.guests.ports import GuestPorts, refuse_if
from appliance.services.guests.summaries import flag
from appliance.services.ha_store.config import StoreHaConfig
from appliance.services.ha_store.decoder import Decoder
from appliance.services.tasks.context import TaskContext

Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Farewell:
    """purge: out of HA and jobs too. unreferenced: volumes of its number that its file does not
    name go too. force: a container that runs is stopped. forget: takes it out of permissions.
    """

    purge: bool = False
    unreferenced: bool = False
    force: bool = False
    skip_lock: bool = False
    forget: Step | None = None


async def destroy(ports: GuestPorts, guest: GuestFile, how: Farewell, user: str) -> str:
    """The task. RefusedError at once while it is protected, locked, runs, or is under HA."""
    _check(ports, guest, how)

    async def job(task: TaskContext) -> None:
        now = ports.files.find(guest.vmid, guest.kind, ports.node)
        _check(ports, now, how)
        if guest.kind == "ct" and ports.host.state(guest.sid) is not None:
            task.log(f"{guest_label(guest.sid)} runs - stopping it")
            await ports.host.stop(guest.sid)
        await _destroy(ports, now, how, task)

    kind = "qmdestroy" if guest.kind == "vm" else "vzdestroy"
    return await ports.work.start(kind, str(guest.vmid), user, job)


def _check(ports: GuestPorts, guest: GuestFile, how: Farewell) -> None:
    label = guest_label(guest.sid)
    refuse_if(flag(guest.config, "protection"), f"can't remove {label} - protection mode enabled")
    # A guest whose making was cut off can be removed: that is how it is cleaned up.
    if not how.skip_lock and guest.config.current.get("lock") != "create":
        check_unlocked(guest.config)
    running = ports.host.state(guest.sid) is not None
    may_stop = guest.kind == "ct" and how.force
    refuse_if(running and not may_stop, f"{label} is running - destroy failed")
    refuse_if(
        ha.resource_of(ports.store, guest.sid) is not None and not how.purge,
        f"unable to remove {label} - used in HA resources and purge parameter not set.",
    )


async def _destroy(ports: GuestPorts, guest: GuestFile, how: Farewell, task: TaskContext) -> None:
    """Volumes first: while one of them is left the guest is too, and says which."""
    if how.purge and ha.resource_of(ports.store, guest.sid) is not None:
        await StoreHaConfig(ports.store, Decoder()).remove_service(guest.sid)
        await forget(ports.store, guest.sid)
    left: list[str] = []
    named = [v for v in volumes_of(guest.config) if is_owned(ports, v, guest.vmid)]
    # A guest whose making was cut off does not name yet what was made for it.
    loosely = how.unreferenced or guest.config.current.get("lock") == "create"
    loose = await _unreferenced(ports, guest.vmid, named) if loosely else []
    for volume in (*named, *loose):
        try:
            await ports.volumes.free_if_there(volume)
            task.log(f"removed volume '{volume}'")
        except QuorateError as error:
            left.append(f"volume '{volume}' is left: {error}")
    if left:
        gone = [v for v in named if not any(f"'{v}'" in text for text in left)]
        await ports.files.change(guest, lambda config: _without(config, gone))
        raise RefusedError("; ".join(left))
    if how.forget is not None:
        await how.forget()
    await ports.files.remove(guest)


async def _unreferenced(ports: GuestPorts, vmid: int, named: list[str]) -> list[str]:
    found: list[str] = []
    for storage in ports.pools.ids():
        try:
            pool = ports.pools.pool(storage)
            volumes = await pool.list(("images", "rootdir"), vmid)
        except (MissingError, RefusedError):
            continue
        found += [volume.id for volume in volumes if volume.id not in named]
    return found


def _without(config: GuestConfig, volumes: list[str]) -> GuestConfig:
    """Without what names these volumes, anywhere in the file."""
    return replace(
        config,
        current=config.current.without(keys_of(config.kind, config.current, volumes)),
        pending=config.pending.without(keys_of(config.kind, config.pending, volumes)),
        snapshots={
            name: part.without(keys_of(config.kind, part, volumes))
            for name, part in config.snapshots.items()
        },
    )
