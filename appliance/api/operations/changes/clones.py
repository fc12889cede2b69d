"""Clones and templates of guests."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.changes.common import (
    ALLOCATE,
    GUEST,
    bandwidth,
    base,
    changes,
    guest,
    limit_bytes_s,
)
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.core.guest import copies as rules
from appliance.core.guest.copies import CopyWish
from appliance.model.errors import RefusedError
from appliance.model.formats import NODE
from appliance.model.formats.names import CONFIG_ID, POOL_ID, STORAGE_ID
from appliance.model.formats.network import DNS_NAME
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options import vm
from appliance.model.options.make import flag, text, whole, word
from appliance.model.storage.volumes import split_id
from appliance.model.tasks import OK
from appliance.services.access.files import USERS
from appliance.services.access.pools import existing_pool
from appliance.services.guest_changes import clones as service
from appliance.services.guest_changes.clones import CloneOrder
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.pools import add_to_pool
from appliance.services.tasks.context import TaskContext

VM_DISKS: Final = tuple(
    name
    for bus in ("ide", "scsi", "virtio", "sata", "efidisk", "tpmstate")
    for name in vm.OPTIONS.names()
    if name.rstrip("0123456789") == bus
)


def _order(request: Request, kind: GuestKind) -> CloneOrder:
    given = request.parameters
    wish = CopyWish(
        given.get("full"),
        given.get("snapname"),
        given.get("storage"),
        given.get("name" if kind == "vm" else "hostname"),
        given.get("description"),
    )
    return CloneOrder(
        given["newid"], wish, given.get("format"), given.get("target"), limit_bytes_s(request)
    )


def _need_space(request: Request, ports: ApiPorts, found: GuestFile, order: CloneOrder) -> None:
    """Who makes a copy must be allowed to fill the storages that it lies on."""
    for disk in rules.cloned_disks(found.config, order.wish):
        storage = order.wish.storage or split_id(disk.place.volume)[0]
        ports.accounts.need(request.user, f"/storage/{storage}", ALLOCATE)


async def _clone(request: Request, ports: ApiPorts, kind: GuestKind) -> str:
    found, own, pool = guest(request, ports, kind), changes(ports), request.parameters.get("pool")
    order = _order(request, kind)
    _need_space(request, ports, found, order)
    if pool is not None:
        existing_pool(ports.accounts.files.read(USERS), pool)
    await service.check_clone(own, found, order)

    async def job(task: TaskContext) -> None:
        now = own.files.find(found.vmid, kind, ports.node)
        await service.clone(own, now, order, task)
        if pool is not None:
            await add_to_pool(ports.accounts, pool, order.vmid)

    name = "qmclone" if kind == "vm" else "vzclone"
    return await ports.work.start(name, str(found.vmid), request.user, job)


async def _template_vm(request: Request, ports: ApiPorts) -> str:
    found, own = guest(request, ports, "vm"), changes(ports)
    key = request.parameters.get("disk")
    rules.check_template(found.config, running=own.machines.running(found.sid))
    rules.template_disks(found.config, key)

    async def job(task: TaskContext) -> None:
        now = own.files.find(found.vmid, "vm", ports.node)
        await service.make_template(own, now, task, key)

    return await ports.work.start("qmtemplate", str(found.vmid), request.user, job)


async def _template_ct(request: Request, ports: ApiPorts) -> None:
    found, own = guest(request, ports, "ct"), changes(ports)

    async def job(task: TaskContext) -> None:
        await service.make_template(own, found, task)

    upid = await ports.work.start("vztemplate", str(found.vmid), request.user, job)
    status = await ports.work.wait(upid)
    if status != OK:
        raise RefusedError(status)


def _cloning(kind: GuestKind) -> Handler:
    async def handle(request: Request, ports: ApiPorts) -> Any:
        return await _clone(request, ports, kind)

    return handle


_MAY_CLONE: Final[dict[str, Any]] = {
    "check": [
        "and",
        ["perm", "/vms/{vmid}", ["VM.Clone"]],
        [
            "or",
            ["perm", "/vms/{newid}", ["VM.Allocate"]],
            ["perm", "/pool/{pool}", ["VM.Allocate"], "require_param", "pool"],
        ],
    ]
}
_MAY_ALLOCATE: Final[dict[str, Any]] = {"check": ["perm", "/vms/{vmid}", ["VM.Allocate"]]}


def _options(kind: GuestKind) -> tuple[Option, ...]:
    named = "name" if kind == "vm" else "hostname"
    own = (word("format", "The format of the new disks, full clones only.", "raw qcow2 vmdk"),)
    return (
        *GUEST,
        bandwidth(kind),
        text("description", "Notes of the new guest."),
        *(own if kind == "vm" else ()),
        flag("full", "Copy all of it; templates are cloned by links unless this is given."),
        text(named, "Name of the new guest.", DNS_NAME),
        whole("newid", "Its number.", 100, 999999999, required=True),
        text("pool", "The pool that it belongs to.", POOL_ID),
        text("snapname", "Clone the guest as this snapshot has it.", CONFIG_ID, max_length=40),
        text("storage", "Where its disks lie, full clones only.", STORAGE_ID),
        text("target", "The node that it belongs to; its disks must be shared.", NODE),
    )


OPERATIONS: Final = (
    *(
        Operation(
            "POST",
            f"{base(kind)}/clone",
            _cloning(kind),
            "Make another guest of this one or of one of its snapshots. A task.",
            _options(kind),
            _MAY_CLONE,
            "node",
        )
        for kind in ("vm", "ct")
    ),
    Operation(
        "POST",
        f"{base('vm')}/template",
        _template_vm,
        "Make a template of a VM: it is cloned and never started again. A task.",
        (*GUEST, text("disk", "Only this disk becomes a base image.", choices=VM_DISKS)),
        _MAY_ALLOCATE,
        "node",
    ),
    Operation(
        "POST",
        f"{base('ct')}/template",
        _template_ct,
        "Make a template of a container: it is cloned and never started again.",
        GUEST,
        _MAY_ALLOCATE,
        "node",
    ),
)
