"""What is done with single volumes and files, mostly as the work of a task."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.core.storage.retention import REMOVE, Backup, marks
from appliance.model.errors import MissingError, QuorateError, RefusedError
from appliance.model.storage.config import Storage
from appliance.model.storage.pool import Volume
from appliance.model.storage.rows import archive_of
from appliance.model.storage.volumes import VolumeName, split_id
from appliance.ports.storage import Effort, FileSource, Place
from appliance.services.storage.ports import StoragePorts
from appliance.services.tasks.context import TaskContext


async def remove(ports: StoragePorts, volid: str, task: TaskContext) -> None:
    storage, name = split_id(volid)
    await ports.pools.pool(storage).free(name)
    task.log(f"Removed volume '{volid}'")


async def copy(
    ports: StoragePorts, volid: str, to: Place, node: str | None, task: TaskContext
) -> None:
    """A full copy here, or on another node."""
    effort = Effort(0, lambda share: task.progress(share, "copied"))
    if node is None:
        new = await ports.transfer.copy(volid, to, None, effort)
    else:
        new = await ports.transfer.send(volid, node, to, effort=effort)
    task.log(f"copied '{volid}' to '{new}'")


async def store(
    ports: StoragePorts, volid: str, source: FileSource, task: TaskContext, *, replace: bool
) -> None:
    """Keep a file; one that is there is replaced, if that is wanted."""
    task.log(f"target: {volid}, {source.size_bytes} bytes")
    effort = Effort(0, lambda share: task.progress(share, "written"))
    await ports.files.write(volid, source, effort, replace=replace)
    task.log(f"finished: {volid}")


# backups


def as_backup(volume: Volume) -> Backup:
    """What the rules of retention see of a backup."""
    vmid, created_s = volume.vmid, volume.created_s or 0
    if volume.name.format.startswith("pbs-"):
        kind = {"vm": "qemu", "ct": "lxc"}.get(volume.name.format[4:6], "unknown")
        standard = vmid is not None and kind != "unknown"
        return Backup(volume.id, created_s, vmid, kind, standard, volume.protected)
    archive = archive_of(volume)
    if archive is None:
        return Backup(volume.id, created_s, vmid, standard=False, protected=volume.protected)
    time = archive.created_s if archive.created_s is not None else created_s
    return Backup(volume.id, time, vmid, archive.type, archive.standard, volume.protected)


async def backups(
    ports: StoragePorts, storage: str, vmid: int | None, kind: str | None
) -> tuple[Backup, ...]:
    """Those of a storage, of one guest and kind if asked."""
    found = await ports.pools.pool(storage).list(("backup",), vmid)
    listed = (as_backup(volume) for volume in found)
    return tuple(one for one in listed if kind in (None, one.type))


async def prune(
    ports: StoragePorts,
    storage: str,
    vmid: int | None,
    kind: str | None,
    keep: Mapping[str, int],
    task: TaskContext,
) -> None:
    """Remove what the rules do not keep. What cannot be removed is told, the rest goes on."""
    failed = 0
    for backup, mark in marks(await backups(ports, storage, vmid, kind), keep):
        task.log(f"{mark:>10} {backup.id}")
        if mark != REMOVE:
            continue
        try:
            await ports.pools.pool(storage).free(split_id(backup.id)[1])
        except MissingError:
            continue  # somebody else was faster
        except QuorateError as error:
            failed += 1
            task.log(f"cannot remove '{backup.id}': {error}")
    if failed:
        raise RefusedError(f"{failed} backups could not be removed")


def place(target: Storage, name: VolumeName) -> Place:
    """Where a copy with that name goes. RefusedError for what is no image of a guest."""
    if name.content != "images" or name.vmid is None or name.base is not None:
        raise RefusedError(f"'{target.id}:{name.text}' cannot be the target of a copy")
    return Place(target.id, name.vmid, name.format, name.text)
