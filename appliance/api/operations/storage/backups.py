"""Backups in a storage: which of them stay."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.storage.common import (
    LOOK,
    NODE,
    STORAGE,
    VMID_FILTER,
    rights,
    storages,
)
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.storage.retention import marks
from appliance.core.storage.rights import may_use
from appliance.model.errors import RefusedError
from appliance.model.option import Option
from appliance.model.options.backup import PRUNE
from appliance.model.storage.config import Storage, numbers
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
)
