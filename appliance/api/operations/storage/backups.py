"""Backups in a storage: which of them stay."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, Final

from appliance.api.operations.storage.common import (
    LOOK,
    NODE,
    STORAGE,
    VMID_FILTER,
    VOLUME,
    rights,
    storages,
    volume_of,
)
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.storage.retention import marks
from appliance.core.storage.rights import check_volume, may_use
from appliance.model.errors import ConfigError, RefusedError
from appliance.model.option import Option
from appliance.model.options.backup import PRUNE
from appliance.model.options.make import text
from appliance.model.storage.config import Storage, numbers
from appliance.model.storage.pool import Archive
from appliance.model.storage.volumes import parse_name, split_id
from appliance.services.storage import content

Row = dict[str, Any]


def _asked(request: Request, ports: ApiPorts) -> tuple[Storage, dict[str, int]]:
    """The storage, and how many stay: as the call says, or else the storage."""
    pool = storages(ports).pools.pool(str(request.parameters["storage"]))
    if "backup" not in pool.info.content:
        raise RefusedError(f"storage '{pool.info.id}' does not support backups")
    given = request.parameters.get("prune-backups")
    found = pool.info.storage.keep if given is None else numbers(given)
    return pool.info.storage, {rule: int(count) for rule, count in found.items()}


async def _dry_run(request: Request, ports: ApiPorts) -> list[Row]:
    storage, keep = _asked(request, ports)
    given, seen = request.parameters, rights(request, ports)
    found = await content.backups(storages(ports), storage.id, given.get("vmid"), given.get("type"))
    rows = []
    for backup, mark in marks(found, keep):
        if not may_use(seen, storage.id, parse_name(storage.type, split_id(backup.id)[1])):
            continue
        row = {"volid": backup.id, "ctime": backup.created_s, "type": backup.type, "mark": mark}
        rows.append(row if backup.vmid is None else {**row, "vmid": backup.vmid})
    return rows


async def _prune(request: Request, ports: ApiPorts) -> str:
    storage, keep = _asked(request, ports)
    vmid, kind = request.parameters.get("vmid"), request.parameters.get("type")
    seen, path = rights(request, ports), f"/storage/{storage.id}"
    if vmid is not None and not seen.has(path, "Datastore.Allocate"):
        seen.need(path, "Datastore.AllocateSpace")
        seen.need(f"/vms/{vmid}", "VM.Backup")
    else:
        seen.need(path, "Datastore.Allocate")
    own, owner = storages(ports), "" if vmid is None else f"{vmid}@"
    return await ports.work.start(
        "prunebackups",
        f"{owner}{storage.id}",
        request.user,
        lambda task: content.prune(own, storage.id, vmid, kind, keep, task),
    )


async def _inside(request: Request, ports: ApiPorts) -> list[Row]:
    """The parts of a backup. What is in a part's file system no storage of ours can tell yet."""
    storage, name = volume_of(request, ports)
    check_volume(rights(request, ports), storage.id, name, content="backup")
    if storage.type != "pbs":
        raise RefusedError("only backups on a backup server can be looked into")
    wanted = _decoded(str(request.parameters["filepath"]))
    archive = await storages(ports).archives.describe(f"{storage.id}:{name.text}")
    if wanted.strip("/"):
        raise RefusedError(f"cannot look into '{wanted[:100]}'")
    return [
        {
            "filepath": b64encode(f"/{part}".encode()).decode(),
            "leaf": 0,
            "text": part,
            "type": "v",
            "size": size,
            "mtime": archive.created_s,
        }
        for part, size in _parts(archive)
    ]


def _decoded(path: str) -> str:
    """A path as clients write it: in base64, or the root as it is. ConfigError."""
    if path == "/":
        return path
    try:
        return b64decode(path, validate=True).decode()
    except ValueError:
        raise ConfigError("must be '/' or a path in base64", field="filepath") from None


def _parts(archive: Archive) -> list[tuple[str, int]]:
    if archive.kind == "ct":
        return [("root.pxar.didx", sum(size for _, size in archive.disks))]
    return [(f"drive-{key}.img.fidx", size) for key, size in archive.disks]


_OPTIONS: Final = (
    NODE,
    STORAGE,
    VMID_FILTER,
    Option("prune-backups", "How many stay, instead of what the storage says.", format=PRUNE),
    Option("type", "Only of this kind of guest.", choices=("qemu", "lxc")),
)
_PATH: Final = "/nodes/{node}/storage/{storage}/prunebackups"
OPERATIONS: Final = (
    Operation(
        "GET",
        _PATH,
        _dry_run,
        "Which backups would stay and which would be removed.",
        _OPTIONS,
        LOOK,
        node="node",
    ),
    Operation(
        "DELETE",
        _PATH,
        _prune,
        "Remove the backups that are not to stay.",
        _OPTIONS,
        ANY_USER,
        node="node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/storage/{storage}/file-restore/list",
        _inside,
        "What is in a backup.",
        (NODE, STORAGE, VOLUME, text("filepath", "Below this path, in base64.", required=True)),
        ANY_USER,
        node="node",
    ),
)
