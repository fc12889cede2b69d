"""Backups of guests into storages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.core.guest import backups as rules
from appliance.core.guest.locks import locked, unlocked
from appliance.core.guest.places import Place
from appliance.model.errors import MissingError, QuorateError, RefusedError
from appliance.model.storage.pool import Archive
from appliance.model.storage.volumes import split_id
from appliance.ports.storage import Effort
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.guest_changes.snapshots import has_agent
from appliance.services.guest_changes.undo import Action, Undo, undoing
from appliance.services.tasks.context import TaskContext

SNAPSHOT = "vzdump"  # of a container's volumes, as long as its backup is being made


@dataclass(frozen=True, slots=True)
class BackupOrder:
    """How guests are backed up.

    mode           snapshot, suspend or stop: what happens to one that runs
    packed         as the option `compress`
    notes          the filled template
    stop_s         how long one may take to shut down
    """

    storage: str
    mode: str = "snapshot"
    packed: str = "0"
    notes: str = ""
    protected: bool = False
    stop_s: float = 600.0
    limit_bytes_s: int = 0


@dataclass(slots=True)
class _Backup:
    """One backup under way. snapshot: of its volumes, that is read from."""

    ports: ChangePorts
    guest: GuestFile
    order: BackupOrder
    task: TaskContext
    undo: Undo
    disks: tuple[Place, ...] = ()
    snapshot: str | None = None
    resumes: list[str] = field(default_factory=list)

    @property
    def sid(self) -> str:
        return self.guest.sid


def check_storage(ports: ChangePorts, storage: str) -> None:
    """RefusedError, MissingError: backups cannot be written there."""
    info = ports.pools.info(storage)
    if "backup" not in info.content:
        raise RefusedError(f"storage '{storage}' does not support backups")
    ports.pools.pool(storage)


async def back_up(
    ports: ChangePorts, guest: GuestFile, order: BackupOrder, task: TaskContext
) -> str:
    """Write a backup: its volume id. After an error there is none, and the guest is as before."""
    check_storage(ports, order.storage)
    async with undoing(task) as undo:
        await ports.files.change(guest, lambda config: locked(config, "backup"))
        undo.push("lock 'backup'", lambda: _unlock(ports, guest))
        disks = rules.backup_disks(guest.config)
        backup = _Backup(ports, guest, order, task, undo, disks)
        await _prepare(backup)
        volume = await _write(backup)
        undo.push(f"backup '{volume}'", lambda: ports.volumes.free_if_there(volume))
        if order.notes or order.protected:
            notes = order.notes or None
            await ports.pools.pool(order.storage).annotate(
                split_id(volume)[1], notes, order.protected or None
            )
        undo.keep()
    await _end(backup)
    return volume


async def _unlock(ports: ChangePorts, guest: GuestFile) -> None:
    await ports.files.change(guest, lambda config: unlocked(config, "backup"))


# the guest meanwhile


async def _prepare(backup: _Backup) -> None:
    """See that what is read is of one moment."""
    machines, mode, task = backup.ports.machines, backup.order.mode, backup.task
    if not machines.running(backup.sid):
        task.log("mode: stop, for it does not run")
        return
    if mode == "snapshot" and backup.guest.kind == "ct" and not await _can_snapshot(backup):
        task.log("mode failure - some volumes do not support snapshots, trying 'suspend' instead")
        mode = "suspend"
    task.log(f"backup mode: {mode}")
    if mode == "snapshot":
        await _snapshot(backup)
    elif mode == "suspend":
        await machines.host.pause(backup.sid)
        _resume_later(backup, "resume")
    else:
        await _stop(backup)


async def _can_snapshot(backup: _Backup) -> bool:
    volumes = backup.ports.volumes
    return all(volumes.can("snapshot", disk.volume) for disk in backup.disks)


async def _snapshot(backup: _Backup) -> None:
    """A VM's emulator keeps the moment by itself; a container's volumes are snapshotted."""
    if backup.guest.kind == "vm":
        await _touch_agent(backup)
        return
    machines, volumes = backup.ports.machines, backup.ports.volumes
    await machines.freeze(backup.sid)
    backup.undo.push("a frozen guest", lambda: machines.thaw(backup.sid))
    for disk in backup.disks:
        await volumes.take(disk.volume, SNAPSHOT)
        backup.undo.push(f"snapshot of {disk.volume}", _removal(backup, disk.volume))
    await machines.thaw(backup.sid)
    backup.snapshot = SNAPSHOT


async def _touch_agent(backup: _Backup) -> None:
    """The guest writes out what it holds. One whose agent is silent is taken as it is."""
    if not has_agent(backup.guest.config.current):
        return
    try:
        await backup.ports.machines.freeze(backup.sid)
    except QuorateError as error:
        backup.task.log(f"skipping guest-agent 'fs-freeze', agent configured but: {error}")
        return
    machines = backup.ports.machines
    backup.undo.push("a frozen guest", lambda: machines.thaw(backup.sid))
    await machines.thaw(backup.sid)


def _removal(backup: _Backup, volume: str) -> Action:
    return lambda: _remove(backup, volume)


async def _remove(backup: _Backup, volume: str) -> None:
    try:
        await backup.ports.volumes.remove_snapshot(volume, SNAPSHOT)
    except MissingError:
        return


def _resume_later(backup: _Backup, how: str) -> None:
    backup.resumes.append(how)
    backup.undo.push("a guest that stands still", lambda: _go_on(backup, how))


async def _go_on(backup: _Backup, how: str) -> None:
    machines = backup.ports.machines
    if how == "resume":
        await machines.host.resume(backup.sid)
    else:
        await machines.start(backup.sid, backup.guest.config.current)


async def _stop(backup: _Backup) -> None:
    """Shut it down; it is started again when the backup is made."""
    host = backup.ports.machines.host
    if not await host.shut_down(backup.sid, backup.order.stop_s):
        raise RefusedError(f"the guest did not shut down within {backup.order.stop_s:g} s")
    _resume_later(backup, "start")


# the archive


async def _write(backup: _Backup) -> str:
    ports, guest, order = backup.ports, backup.guest, backup.order
    info, now_s = ports.pools.info(order.storage), ports.clock.wall()
    name = rules.backup_name(info.type, guest.kind, guest.vmid, now_s, order.packed)
    volid = f"{order.storage}:{name}"
    formats = {disk.key: ports.volumes.name(disk.volume).format for disk in backup.disks}
    text = rules.backup_config(guest.config, formats)
    archive = Archive(
        guest.kind, guest.vmid, text, ports.files.firewall(guest.vmid), created_s=int(now_s)
    )
    backup.task.log(f"creating backup archive '{volid}'")
    effort = Effort(order.limit_bytes_s, backup.task.progress)
    volumes: Mapping[str, str] = {disk.key: disk.volume for disk in backup.disks}
    made = await ports.archives.create(volid, archive, volumes, backup.snapshot, effort)
    backup.task.log(f"archive file size: {made.size_bytes} bytes")
    return made.id


async def _end(backup: _Backup) -> None:
    """The guest goes on. What fails here does not harm the backup, and is told."""
    failed: list[str] = []
    acts: list[tuple[str, Action]] = [("lock", lambda: _unlock(backup.ports, backup.guest))]
    acts += [(how, _going_on(backup, how)) for how in backup.resumes]
    if backup.snapshot is not None:
        acts += [(disk.volume, _removal(backup, disk.volume)) for disk in backup.disks]
    for what, act in acts:
        try:
            await act()
        except QuorateError as error:
            failed.append(f"{what}: {error}")
    if failed:
        raise RefusedError(f"the backup is made, but {'; '.join(failed)}")


def _going_on(backup: _Backup, how: str) -> Action:
    return lambda: _go_on(backup, how)
