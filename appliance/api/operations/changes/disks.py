"""Disks that get another storage or another guest: `move_disk`, `move_volume`."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.changes.clones import VM_DISKS
from appliance.api.operations.changes.common import (
    ALLOCATE,
    GUEST,
    bandwidth,
    base,
    changes,
    digest,
    guest,
    limit_bytes_s,
)
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.model.digest import check_digest
from appliance.model.errors import ConfigError
from appliance.model.formats.names import STORAGE_ID
from appliance.model.guest.config import write_guest
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options import ct
from appliance.model.options.make import flag, text, whole, word
from appliance.services.guest_changes import disks as service
from appliance.services.guest_changes.disks import DiskMove, Handover
from appliance.services.guest_changes.files import GuestFile
from appliance.services.tasks.context import TaskContext

_UNUSED: Final = tuple(f"unused{number}" for number in range(256))
_MOUNTS: Final = ("rootfs", *(name for name in ct.OPTIONS.names() if name.startswith("mp")))
_KEYS: Final[dict[GuestKind, tuple[str, ...]]] = {
    "vm": (*VM_DISKS, *_UNUSED),
    "ct": (*_MOUNTS, *_UNUSED),
}


async def _move(request: Request, ports: ApiPorts, kind: GuestKind) -> str:
    given, found = request.parameters, guest(request, ports, kind)
    check_digest(write_guest(found.config), given.get("digest"))
    other, storage = given.get("target-vmid"), given.get("storage")
    if (other is None) == (storage is None):
        name = "target-vmid" if other is not None else "storage"
        raise ConfigError("either storage or target-vmid must be given, not both", field=name)
    if other is not None:
        return await _hand_over(request, ports, found, other)
    ports.accounts.need(request.user, f"/storage/{storage}", ALLOCATE)
    own, key = changes(ports), given["disk" if kind == "vm" else "volume"]
    move = DiskMove(key, str(storage), given.get("format"), given["delete"], limit_bytes_s(request))
    service.check_move(own, found, move)

    async def job(task: TaskContext) -> None:
        now = own.files.find(found.vmid, kind, ports.node)
        await service.move_disk(own, now, move, task)

    name = "qmmove" if kind == "vm" else "move_volume"
    return await ports.work.start(name, str(found.vmid), request.user, job)


async def _hand_over(request: Request, ports: ApiPorts, found: GuestFile, vmid: int) -> str:
    given, own, kind = request.parameters, changes(ports), found.kind
    ports.accounts.need(request.user, f"/vms/{vmid}", ("VM.Config.Disk",))
    key = given["disk" if kind == "vm" else "volume"]
    order = Handover(key, vmid, given.get("target-disk" if kind == "vm" else "target-volume", key))
    _disk, other = service.check_handover(own, found, order)
    check_digest(write_guest(other.config), given.get("target-digest"))

    async def job(task: TaskContext) -> None:
        now = own.files.find(found.vmid, kind, ports.node)
        await service.hand_over(own, now, order, task)

    name = "qmmove" if kind == "vm" else "move_volume"
    return await ports.work.start(name, f"{found.vmid}-{vmid}", request.user, job)


def _moving(kind: GuestKind) -> Handler:
    async def handle(request: Request, ports: ApiPorts) -> Any:
        return await _move(request, ports, kind)

    return handle


def _options(kind: GuestKind) -> tuple[Option, ...]:
    own, other = ("disk", "target-disk") if kind == "vm" else ("volume", "target-volume")
    keys = _KEYS[kind]
    form = (word("format", "The format of the new volume.", "raw qcow2 vmdk"),)
    return (
        *GUEST,
        bandwidth(kind),
        flag("delete", "Remove the old volume; otherwise it is kept as unused.", False),
        digest(),
        text(own, "Which one.", choices=keys, required=True),
        *(form if kind == "vm" else ()),
        text("storage", "Where it shall lie.", STORAGE_ID),
        digest("target-digest", "Only if the other guest's configuration has this digest."),
        text(other, "What it is there; the same as here if not given.", choices=keys),
        whole("target-vmid", "The guest that gets it.", 100, 999999999),
    )


OPERATIONS: Final = tuple(
    Operation(
        "POST",
        f"{base(kind)}/{'move_disk' if kind == 'vm' else 'move_volume'}",
        _moving(kind),
        "Put a disk on another storage or give it to another guest. A task.",
        _options(kind),
        {"check": ["perm", "/vms/{vmid}", ["VM.Config.Disk"]]},
        "node",
    )
    for kind in ("vm", "ct")
)
