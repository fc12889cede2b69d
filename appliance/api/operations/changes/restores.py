"""Guests that are made from backups: `archive` and `restore` where guests are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from appliance.api.operations.changes.backups import may_read
from appliance.api.operations.changes.common import ALLOCATE, changes, limit_bytes_s
from appliance.api.operations.storage.common import rights
from appliance.api.ports import ApiPorts
from appliance.api.table import Request
from appliance.model.errors import ConfigError
from appliance.model.guest.document import GuestKind
from appliance.model.ha.resources import Resource
from appliance.services.access.files import USERS
from appliance.services.access.pools import existing_pool
from appliance.services.guest_changes import restores as service
from appliance.services.guest_changes.pools import add_to_pool
from appliance.services.guest_changes.restores import RestoreOrder
from appliance.services.ha_store.config import StoreHaConfig
from appliance.services.ha_store.decoder import Decoder
from appliance.services.tasks.context import TaskContext

_ARCHIVE: Final[Mapping[GuestKind, str]] = {"vm": "archive", "ct": "ostemplate"}


async def start_restore(
    request: Request, ports: ApiPorts, kind: GuestKind, texts: Mapping[str, str]
) -> str:
    """The task that makes the guest. texts: options that are set anew."""
    given, own = request.parameters, changes(ports)
    order = RestoreOrder(
        kind,
        given["vmid"],
        given[_ARCHIVE[kind]],
        given["storage"] if "storage" in request.texts else None,
        bool(given.get("unique")),
        bool(given.get("force")),
        texts,
        limit_bytes_s(request),
    )
    _check_form(order, kind)
    _check_rights(request, ports, order)
    await service.check(own, order)

    async def job(task: TaskContext) -> None:
        guest = await service.restore(own, order, task)
        if given.get("pool") is not None:
            await add_to_pool(ports.accounts, given["pool"], order.vmid)
        if given.get("ha-managed"):
            state = "started" if given.get("start") else "stopped"
            await StoreHaConfig(ports.store, Decoder()).put_service(Resource(guest.sid, state))
        elif given.get("start"):
            await own.machines.start(guest.sid, guest.config.current)

    name = "qmrestore" if kind == "vm" else "vzrestore"
    return await ports.work.start(name, str(order.vmid), request.user, job)


def _check_form(order: RestoreOrder, kind: GuestKind) -> None:
    """ConfigError for what is no volume, and for disks that the backup decides about."""
    if order.archive.startswith(("/", "-")):
        message = "a backup is named as <storage>:backup/<file>"
        raise ConfigError(message, field=_ARCHIVE[kind])
    for key in order.texts:
        if key.rstrip("0123456789") in _DISKS:
            raise ConfigError("cannot be set while a backup is restored", field=key)


_DISKS: Final = ("ide", "sata", "scsi", "virtio", "efidisk", "tpmstate", "rootfs", "mp", "unused")


def _check_rights(request: Request, ports: ApiPorts, order: RestoreOrder) -> None:
    """ForbiddenError. Who may back a guest up may also bring it back in its place."""
    mine, path = rights(request, ports), f"/vms/{order.vmid}"
    pool = request.parameters.get("pool")
    again = order.force and changes(ports).files.exists(order.vmid) and mine.has(path, "VM.Backup")
    if pool is not None:
        existing_pool(ports.accounts.files.read(USERS), pool)
    if not again and not (pool is not None and mine.has(f"/pool/{pool}", "VM.Allocate")):
        mine.need(path, "VM.Allocate")
    may_read(mine, ports, order.archive, order.vmid)
    if order.storage is not None:
        mine.need(f"/storage/{order.storage}", *ALLOCATE)
