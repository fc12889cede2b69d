"""Snapshots of guests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from appliance.api.operations.changes.common import GUEST, base, changes, guest, typed
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.core.guest import snapshots as rules
from appliance.model.formats.names import CONFIG_ID
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options.make import flag, text
from appliance.services.guest_changes import snapshots as service
from appliance.services.tasks.context import TaskContext

_NAME: Final = text("snapname", "Name of the snapshot.", CONFIG_ID, required=True, max_length=40)
_NOTES: Final = text("description", "Notes about the snapshot.")
_PREFIX: Final[dict[GuestKind, str]] = {"vm": "qm", "ct": "vz"}
_Kinded = Callable[[Request, ApiPorts, GuestKind], Awaitable[Any]]


async def _list(request: Request, ports: ApiPorts, kind: GuestKind) -> list[dict[str, Any]]:
    found = guest(request, ports, kind)
    rows = [_row(row, kind) for row in rules.snapshot_rows(found.config)]
    rows[-1]["digest"] = found.digest
    rows[-1]["running"] = int(changes(ports).machines.running(found.sid))
    return rows


def _row(row: rules.SnapshotRow, kind: GuestKind) -> dict[str, Any]:
    told: dict[str, Any] = {"name": row.name, "description": row.description}
    if row.parent is not None:
        told["parent"] = row.parent
    if row.snaptime_s is not None:
        told["snaptime"] = row.snaptime_s
        if kind == "vm":
            told["vmstate"] = int(row.vmstate)
    if row.state is not None:
        told["snapstate"] = row.state
    return told


async def _take(request: Request, ports: ApiPorts, kind: GuestKind) -> str:
    given, found, own = request.parameters, guest(request, ports, kind), changes(ports)
    name, notes = given["snapname"], given.get("description", "")
    rules.check_new(found.config, name)

    async def job(task: TaskContext) -> None:
        now = own.files.find(found.vmid, kind, ports.node)
        memory = bool(given.get("vmstate"))
        await service.take(own, now, name, notes, task, memory=memory)

    return await _start(request, ports, kind, "snapshot", job)


async def _delete(request: Request, ports: ApiPorts, kind: GuestKind) -> str:
    given, found, own = request.parameters, guest(request, ports, kind), changes(ports)
    name = given["snapname"]
    rules.snapshot(found.config, name)

    async def job(task: TaskContext) -> None:
        now = own.files.find(found.vmid, kind, ports.node)
        await service.delete(own, now, name, task, force=bool(given.get("force")))

    return await _start(request, ports, kind, "delsnapshot", job)


async def _roll_back(request: Request, ports: ApiPorts, kind: GuestKind) -> str:
    given, found, own = request.parameters, guest(request, ports, kind), changes(ports)
    name = given["snapname"]
    rules.check_rollback(found.config, name)

    async def job(task: TaskContext) -> None:
        now = own.files.find(found.vmid, kind, ports.node)
        await service.roll_back(own, now, name, task, start=given["start"])

    return await _start(request, ports, kind, "rollback", job)


async def _start(
    request: Request,
    ports: ApiPorts,
    kind: GuestKind,
    what: str,
    job: Callable[[TaskContext], Awaitable[None]],
) -> str:
    vmid = str(request.parameters["vmid"])
    return await ports.work.start(f"{_PREFIX[kind]}{what}", vmid, request.user, job)


async def _read(request: Request, ports: ApiPorts, kind: GuestKind) -> dict[str, Any]:
    found = guest(request, ports, kind)
    return typed(kind, rules.snapshot(found.config, request.parameters["snapname"]))


async def _update(request: Request, ports: ApiPorts, kind: GuestKind) -> None:
    found, given = guest(request, ports, kind), request.parameters
    rules.snapshot(found.config, given["snapname"])
    if "description" in given:
        notes = given["description"] or ""
        await service.describe(changes(ports), found, given["snapname"], notes)


def _of(kind: GuestKind, handler: _Kinded) -> Handler:
    async def handle(request: Request, ports: ApiPorts) -> Any:
        return await handler(request, ports, kind)

    return handle


def _check(*privileges: str) -> dict[str, Any]:
    more = ["any", 1] if len(privileges) > 1 else []
    return {"check": ["perm", "/vms/{vmid}", list(privileges), *more]}


_ONE: Final = "snapshot/{snapname}"
_UNDO: Final = ("VM.Snapshot", "VM.Snapshot.Rollback")
_FORCE: Final = flag("force", "From the configuration even if disks keep theirs.")
_START: Final = flag("start", "Start it afterwards.", False)
_MEMORY: Final = flag("vmstate", "Keep the memory too.")
# Verb, path below the guest, handler, sentence, options, privileges of which one is enough.
_ROWS: Final[tuple[tuple[str, str, _Kinded, str, tuple[Option, ...], tuple[str, ...]], ...]] = (
    ("GET", "snapshot", _list, "The snapshots, and at the end `current`: the guest as it is.",
     (), ("VM.Audit",)),
    ("POST", "snapshot", _take, "Take a snapshot. A task.",
     (_NAME, _NOTES, _MEMORY), ("VM.Snapshot",)),
    ("DELETE", _ONE, _delete, "Delete a snapshot. A task.", (_NAME, _FORCE), ("VM.Snapshot",)),
    ("GET", f"{_ONE}/config", _read, "What the guest was when the snapshot was taken.",
     (_NAME,), (*_UNDO, "VM.Audit")),
    ("PUT", f"{_ONE}/config", _update, "Change the notes of a snapshot.",
     (_NAME, _NOTES), ("VM.Snapshot",)),
    ("POST", f"{_ONE}/rollback", _roll_back,
     "Make the guest what it was; what it is now is lost. A task.", (_NAME, _START), _UNDO),
)  # fmt: skip


def _operations(kind: GuestKind) -> Iterator[Operation]:
    for verb, path, handler, sentence, options, privileges in _ROWS:
        own = [option for option in options if kind == "vm" or option is not _MEMORY]
        yield Operation(
            verb,
            f"{base(kind)}/{path}",
            _of(kind, handler),
            sentence,
            (*GUEST, *own),
            _check(*privileges),
            "node",
        )


OPERATIONS: Final = (*_operations("vm"), *_operations("ct"))
