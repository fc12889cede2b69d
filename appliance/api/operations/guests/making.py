"""Guests are made and destroyed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from appliance.api.operations.changes.restores import start_restore
from appliance.api.operations.configuration.common import NODE_OPTION, VMID_OPTION
from appliance.api.operations.guests.common import (
    FOLDERS,
    KINDS,
    SKIP_LOCK,
    guest_of,
    guest_operation,
    guests_of,
    has,
    one,
    option_texts,
    require,
    require_options,
    require_storages,
    skips_lock,
)
from appliance.api.operations.guests.config import option_names
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Handler, Operation, Request
from appliance.model.formats.names import POOL_ID, STORAGE_ID
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options import ct, vm
from appliance.model.options.make import flag, number, text, whole
from appliance.services.access.files import USERS, Draft
from appliance.services.access.pools import Membership, update_pool
from appliance.services.guests.create import NewGuest, Step, create
from appliance.services.guests.destroy import Farewell, destroy
from appliance.services.guests.disks import storages_of

_ROOT_GIB: Final = 4  # of a container that says nothing about its size
_STORAGE: Final = "local"
_NOT_OPTIONS: Final = ("description", "lock", "ostemplate")


def _create(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        given, guests = request.parameters, guests_of(ports)
        texts = option_texts(request, option_names(kind), _NOT_OPTIONS)
        if given.get("archive") or given.get("restore"):
            return await start_restore(request, ports, kind, texts)
        if kind == "ct":
            texts = _container(request, texts)
        pool = given.get("pool")
        _may_make(request, ports, pool)
        require_options(request, ports, kind, texts, (), pool)
        require_storages(request, ports, storages_of(kind, texts))
        if given.get("ha-managed"):
            require(request, ports, "/", "Sys.Console")
        wish = NewGuest(
            kind,
            given["vmid"],
            texts,
            one(request.texts.get("description", "")),
            bool(given.get("start")),
            bool(given.get("ha-managed")),
            given.get("ostemplate"),
        )
        if pool is not None:
            wish = _in_pool(request, ports, wish, pool)
        return await create(guests, wish, request.user)

    return handler


def _may_make(request: Request, ports: ApiPorts, pool: str | None) -> None:
    """Who may make guests of that number, or in that pool. ForbiddenError."""
    own = f"/vms/{request.parameters['vmid']}"
    if pool is None:
        require(request, ports, own, "VM.Allocate")
    elif not has(request, ports, own, "VM.Allocate"):
        require(request, ports, f"/pool/{pool}", "VM.Allocate")


def _container(request: Request, texts: dict[str, str]) -> dict[str, str]:
    """With a root file system, on the storage that is named for all volumes."""
    given = request.parameters
    storage = given.get("storage") or _STORAGE
    if "rootfs" not in texts:
        return {**texts, "rootfs": f"{storage}:{_ROOT_GIB}"}
    size = texts["rootfs"].removeprefix("volume=")
    if size.replace(".", "", 1).isdigit():
        return {**texts, "rootfs": f"{storage}:{size}"}
    return texts


def _in_pool(request: Request, ports: ApiPorts, wish: NewGuest, pool: str) -> NewGuest:
    """A member of the pool from its first moment on."""

    def member(*, delete: bool) -> Step:
        async def change() -> None:
            members = Membership(vms=(wish.vmid,), delete=delete)
            await update_pool(ports.accounts, request.user, pool, None, members)

        return change

    return replace(wish, join=member(delete=False), leave=member(delete=True))


def _destroy(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        given = request.parameters
        guest = guest_of(request, ports, kind)
        how = Farewell(
            bool(given.get("purge")),
            bool(given.get("destroy-unreferenced-disks")),
            bool(given.get("force")),
            skips_lock(request),
            _forgetting(ports, guest.vmid),
        )
        return await destroy(guests_of(ports), guest, how, request.user)

    return handler


def _forgetting(ports: ApiPorts, vmid: int) -> Step:
    """Out of its pool, and out of the access control list: the number may come again."""

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        pool = config.pool_of(vmid)
        if pool is not None:
            found = config.pools[pool]
            left = tuple(other for other in found.vms if other != vmid)
            config = config.with_pool(pool, replace(found, vms=left))
        if f"/vms/{vmid}" in config.acl:
            acl = {path: entry for path, entry in config.acl.items() if path != f"/vms/{vmid}"}
            config = replace(config, acl=acl)
        if config is not draft.read(USERS):
            draft.write(USERS, config)

    async def forget() -> None:
        await ports.accounts.files.change(edit)

    return forget


# the table

_SHARED: Final = (
    NODE_OPTION,
    VMID_OPTION,
    number("bwlimit", "At most so fast.", 0, unit="KiB per second"),
    flag("force", "Overwrite a guest of that number.", requires="archive"),
    flag("ha-managed", "Put it under high availability.", False),
    text("pool", "The pool that it belongs to.", POOL_ID),
    flag("start", "Start it when it is there.", False),
    text("storage", "Where volumes are made that name no storage.", STORAGE_ID),
)  # fmt: skip


def _create_options(kind: GuestKind) -> tuple[Option, ...]:
    shared = {option.name: option for option in _SHARED}
    more: tuple[Option, ...]
    if kind == "vm":
        del shared["bwlimit"]
        more = (
            whole("bwlimit", "At most so fast.", 0, unit="KiB per second"),
            text("archive", "A backup to restore.", max_length=255),
            text("import-working-storage", "Where images are unpacked.", STORAGE_ID),
            flag("live-restore", "Start it while it is restored."),
            flag("unique", "Give it network addresses of its own.", requires="archive"),
        )
        table = vm.API_OPTIONS
    else:
        shared["force"] = flag("force", "Overwrite a guest of that number.")
        shared["storage"] = text(
            "storage", "Where volumes are made that name no storage.", STORAGE_ID, default=_STORAGE
        )
        more = (
            flag("ignore-unpack-errors", "Go on when files cannot be unpacked."),
            text("ostemplate", "The template or backup that it is made from.", required=True,
                max_length=255),
            text("password", "Of root inside.", secret=True, min_length=5),
            flag("restore", "The template is a backup."),
            text("ssh-public-keys", "Keys of root inside, one a line."),
            flag("unique", "Give it network addresses of its own.", requires="restore"),
        )  # fmt: skip
        table = ct.API_OPTIONS
    return (*shared.values(), *more, *table.options)


def _of_kind(kind: GuestKind) -> tuple[Operation, ...]:
    label = "virtual machine" if kind == "vm" else "container"
    vm_end = kind == "vm"
    loose = flag(
        "destroy-unreferenced-disks",
        "Its volumes that are not configured too.",
        False if vm_end else None,
    )
    purge = flag("purge", "Remove it from HA, jobs and permissions too.", None if vm_end else False)
    end = SKIP_LOCK if vm_end else flag("force", "Stop it if it runs.", False)
    return (
        Operation("POST", f"/nodes/{{node}}/{FOLDERS[kind]}", _create(kind), f"Make a {label}.",
            _create_options(kind), ANY_USER, "node"),
        guest_operation("DELETE", kind, "", _destroy(kind), f"Destroy the {label}.",
            (loose, purge, end),
            perm("/vms/{vmid}", "VM.Allocate")),
    )  # fmt: skip


OPERATIONS: Final = tuple(operation for kind in KINDS for operation in _of_kind(kind))
