"""What is in a storage: list, make, look at, change, copy and remove volumes."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.storage.common import (
    LOOK,
    NODE,
    SAME_STORAGE,
    STORAGE,
    VMID_FILTER,
    VOLUME,
    containers,
    named_volume,
    rights,
    storages,
    volume_of,
)
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.storage.rights import check_volume, may_use
from appliance.model.errors import ConfigError, QuorateError, RefusedError
from appliance.model.formats.names import NODE as NODE_FORM
from appliance.model.formats.storage import CONTENT
from appliance.model.option import Option
from appliance.model.options.make import flag, whole
from appliance.model.storage.config import Storage
from appliance.model.storage.rows import row, sorted_rows
from appliance.model.storage.volumes import VolumeName, check_new_image
from appliance.services.storage import content

Row = dict[str, Any]
_UNITS: Final = {"M": 1024**2, "G": 1024**3}


async def _list(request: Request, ports: ApiPorts) -> list[Row]:
    given, seen = request.parameters, rights(request, ports)
    pool = storages(ports).pools.pool(str(given["storage"]))
    kinds = pool.info.content
    wanted = kinds if given.get("content") is None else (str(given["content"]),)
    asked = tuple(kind for kind in wanted if kind in kinds)
    vmid = given.get("vmid")
    look = (*asked, "images") if "rootdir" in asked else asked
    found = [
        volume
        for volume in await pool.list(look, vmid)
        if may_use(seen, pool.info.id, volume.name, vmid)
    ]
    return sorted_rows(found, asked, containers(ports))


async def _allocate(request: Request, ports: ApiPorts) -> str:
    given = request.parameters
    vmid, name = int(given["vmid"]), str(given["filename"])
    pool = storages(ports).pools.pool(str(given["storage"]))
    if not {"images", "rootdir"} & {*pool.info.content}:
        raise RefusedError(f"storage '{pool.info.id}' does not support images")
    form = _format(name, given.get("format")) or pool.info.formats[0]
    text = check_new_image(pool.info.type, vmid, form, name)
    made = await pool.allocate(vmid, _bytes(str(given["size"])), form, text)
    return f"{pool.info.id}:{made}"


def _format(name: str, given: str | None) -> str | None:
    """The one that is asked for, or that the name's ending tells. ConfigError: they differ."""
    ending = name.rpartition(".")[2]
    told = ending if "." in name and ending in ("raw", "qcow2", "vmdk", "subvol") else None
    if given is not None and told is not None and given != told:
        raise ConfigError(f"does not fit the name '{name[:100]}'", field="format")
    return given or told


def _bytes(size: str) -> int:
    return int(size.rstrip("MG")) * _UNITS.get(size[-1], 1024)


def _found(request: Request, ports: ApiPorts) -> tuple[Storage, VolumeName]:
    """The volume of a call, if who asks may use it. ForbiddenError."""
    storage, name = volume_of(request, ports)
    check_volume(rights(request, ports), storage.id, name)
    return storage, name


async def _read(request: Request, ports: ApiPorts) -> Row:
    storage, name = _found(request, ports)
    pool = storages(ports).pools.pool(storage.id)
    volume = await pool.volume(name.text)
    told = row(volume)
    try:
        path = pool.path(name.text)
    except RefusedError:
        path = ""
    found: Row = {"path": path, "size": volume.size_bytes, "format": told["format"]}
    found["used"] = volume.size_bytes if volume.used_bytes is None else volume.used_bytes
    if volume.content == "backup":
        found |= {"notes": volume.notes, "protected": int(volume.protected)}
    return found


async def _change(request: Request, ports: ApiPorts) -> None:
    storage, name = _found(request, ports)
    if name.content != "backup":
        raise RefusedError(f"only backups have notes and protection, not '{name.text}'")
    notes, protected = (request.parameters.get(key) for key in ("notes", "protected"))
    await storages(ports).pools.pool(storage.id).annotate(name.text, notes, protected)


async def _copy(request: Request, ports: ApiPorts) -> str:
    own = storages(ports)
    source, name = volume_of(request, ports)
    to = content.place(*named_volume(request, ports, "target"))
    node = request.parameters.get("target_node")
    far = None if node in (None, ports.node) else str(node)
    volid = f"{source.id}:{name.text}"
    return await ports.work.start(
        "imgcopy",
        "",
        request.user,
        lambda task: content.copy(own, volid, to, far, task),
    )


async def _remove(request: Request, ports: ApiPorts) -> str | None:
    storage, name = _found(request, ports)
    seen, own = rights(request, ports), storages(ports)
    if name.content == "backup" and name.vmid:
        seen.need(f"/storage/{storage.id}", "Datastore.AllocateSpace")
        seen.need(f"/vms/{name.vmid}", "VM.Backup")
    else:
        seen.need(f"/storage/{storage.id}", "Datastore.Allocate")
    volid = f"{storage.id}:{name.text}"
    owner = f"{name.vmid}@" if name.vmid is not None else ""
    upid = await ports.work.start(
        "imgdel", f"{owner}{storage.id}", request.user,
        lambda task: content.remove(own, volid, task),
    )  # fmt: skip
    delay_s = request.parameters.get("delay")
    return upid if delay_s is None else await _waited(ports, upid, float(delay_s))


async def _waited(ports: ApiPorts, upid: str, seconds: float) -> str | None:
    """None when the task is done by then. QuorateError: with what it ended."""
    waiting = ports.tasks.spawn(ports.work.wait(upid), "wait for a removal")
    await ports.tasks.settle([waiting], seconds)
    if not waiting.done():
        waiting.cancel()
        return upid
    status = waiting.result()
    if status != "OK":
        raise QuorateError(status)
    return None


_AT: Final = "/nodes/{node}/storage/{storage}/content/{volume}"
_IN: Final = (NODE, SAME_STORAGE, VOLUME)
OPERATIONS: Final = (
    Operation(
        "GET",
        "/nodes/{node}/storage/{storage}/content",
        _list,
        "The volumes and files of a storage.",
        (NODE, STORAGE, VMID_FILTER, Option("content", "Only of this kind.", format=CONTENT)),
        LOOK,
        node="node",
    ),
    Operation(
        "POST",
        "/nodes/{node}/storage/{storage}/content",
        _allocate,
        "Make an empty disk.",
        (
            NODE,
            STORAGE,
            Option("filename", "Name of the disk.", required=True),
            Option(
                "format",
                "Format of the disk.",
                choices=("raw", "qcow2", "subvol", "vmdk"),
                requires="size",
            ),
            Option(
                "size",
                "Its size in KiB, or with M or G behind it in MiB or GiB.",
                pattern=r"\d+[MG]?",
                required=True,
            ),
            whole("vmid", "The guest it is for.", 100, 999999999, required=True),
        ),
        perm("/storage/{storage}", "Datastore.AllocateSpace"),
        node="node",
    ),
    Operation("GET", _AT, _read, "What is known of a volume.", _IN, ANY_USER, node="node"),
    Operation(
        "POST",
        _AT,
        _copy,
        "Copy a volume.",
        (
            *_IN,
            Option("target", "Id or name of the copy.", required=True),
            Option("target_node", "The node it goes to.", format=NODE_FORM),
        ),
        node="node",
    ),
    Operation(
        "PUT",
        _AT,
        _change,
        "Change the notes of a backup, or whether it is protected.",
        (
            *_IN,
            Option("notes", "The new notes.", empty=True),
            flag("protected", "Whether it cannot be removed."),
        ),
        ANY_USER,
        node="node",
    ),
    Operation(
        "DELETE",
        _AT,
        _remove,
        "Remove a volume.",
        (*_IN, whole("delay", "How long to wait for the end.", 1, 30, unit="seconds")),
        ANY_USER,
        node="node",
    ),
)
