"""Backups of guests: `vzdump`, and what lies in a backup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.api.operations.changes.common import KIB, changes
from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.storage.common import rights, storages
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.guest import backups as rules
from appliance.core.storage.rights import Rights, check_volume
from appliance.model.access.ids import ROOT
from appliance.model.errors import ConfigError, MissingError, QuorateError, RefusedError
from appliance.model.formats.names import STORAGE_ID
from appliance.model.option import Option
from appliance.model.options import backup as declared
from appliance.model.options.make import flag, text
from appliance.model.storage.config import numbers
from appliance.services.access.files import USERS
from appliance.services.access.pools import existing_pool
from appliance.services.cluster.layout import LAYOUT
from appliance.services.guest_changes import backups as service
from appliance.services.guest_changes.backups import BackupOrder
from appliance.services.guest_changes.files import GuestFile
from appliance.services.storage import content
from appliance.services.tasks.context import TaskContext

_USUAL_STORAGE: Final = "local"
_TYPES: Final = {"vm": "qemu", "ct": "lxc"}
_ROOT_ONLY: Final = ("dumpdir", "script", "tmpdir", "job-id")
_ADMIN_ONLY: Final = ("bwlimit", "ionice", "performance")
# Made for other ways to keep backups than in a storage.
_NOT_HERE: Final = ("dumpdir", "script", "tmpdir")


def _check_rights(request: Request, ports: ApiPorts) -> None:
    """ForbiddenError; ConfigError for what is root's alone."""
    for name in _ROOT_ONLY:
        if name in request.texts and request.user != ROOT:
            raise ConfigError("is for root@pam only", field=name)
    for name in _NOT_HERE:
        if name in request.texts:
            raise ConfigError("is not possible here, backups go into storages", field=name)
    if any(name in request.texts for name in _ADMIN_ONLY):
        rights(request, ports).need("/", "Sys.Modify")


def _chosen(request: Request, ports: ApiPorts) -> list[GuestFile]:
    """The guests of this node that are asked for and may be backed up, by number."""
    given, files = request.parameters, changes(ports).files
    known = {vmid: path.split("/")[1] for vmid, path in sorted(ports.store.guests().items())}
    if given.get("vmid"):
        wanted = [int(vmid) for vmid in given["vmid"]]
        for vmid in wanted:
            if vmid not in known:
                raise MissingError(f"guest '{vmid}' does not exist")
    elif given.get("pool"):
        pool = existing_pool(ports.accounts.files.read(USERS), given["pool"])
        wanted = [vmid for vmid in pool.vms if vmid in known]
    elif given["all"]:
        left_out = {int(vmid) for vmid in given.get("exclude") or ()}
        wanted = [vmid for vmid in known if vmid not in left_out]
    else:
        raise ConfigError("vmid, pool or all must be given", field="vmid")
    here = [vmid for vmid in sorted(dict.fromkeys(wanted)) if known[vmid] == ports.node]
    mine, explicit = rights(request, ports), bool(given.get("vmid"))
    if explicit:
        for vmid in here:
            mine.need(f"/vms/{vmid}", "VM.Backup")
    return [files.find(vmid) for vmid in here if mine.has(f"/vms/{vmid}", "VM.Backup")]


async def _back_up(request: Request, ports: ApiPorts) -> str:
    given = request.parameters
    _check_rights(request, ports)
    storage = given.get("storage") or _USUAL_STORAGE
    rights(request, ports).need(f"/storage/{storage}", "Datastore.AllocateSpace")
    service.check_storage(changes(ports), storage)
    guests = _chosen(request, ports)
    template = given.get("notes-template") or ""
    rules.filled_notes(template, _words(ports, None))
    keep = _keep(request, ports, storage)

    async def job(task: TaskContext) -> None:
        failed = []
        for number, guest in enumerate(guests):
            task.log(f"Starting Backup of {_label(guest)} ({_TYPES[guest.kind]})")
            if not await _one(ports, guest.vmid, _order(request, ports, guest, storage), task):
                failed.append(guest)
            elif keep is not None:
                kind = _TYPES[guest.kind]
                await content.prune(storages(ports), storage, guest.vmid, kind, keep, task)
            task.progress((number + 1) / len(guests))
        if failed:
            raise RefusedError("job errors")

    what = str(guests[0].vmid) if len(guests) == 1 else ""
    return await ports.work.start("vzdump", what, request.user, job)


async def _one(ports: ApiPorts, vmid: int, order: BackupOrder, task: TaskContext) -> bool:
    """Whether the backup of one guest was made; others are not kept waiting by one that fails."""
    try:
        guest = changes(ports).files.find(vmid, node=ports.node)
        await service.back_up(changes(ports), guest, order, task)
    except QuorateError as error:
        task.log(f"ERROR: Backup of VM {vmid} failed - {error}")
        return False
    task.log(f"Finished Backup of VM {vmid}")
    return True


def _label(guest: GuestFile) -> str:
    return f"{'VM' if guest.kind == 'vm' else 'CT'} {guest.vmid}"


def _order(request: Request, ports: ApiPorts, guest: GuestFile, storage: str) -> BackupOrder:
    given = request.parameters
    template = given.get("notes-template") or ""
    return BackupOrder(
        storage,
        given["mode"],
        given["compress"],
        rules.filled_notes(template, _words(ports, guest)),
        bool(given.get("protected")),
        60.0 * given["stopwait"],
        KIB * given["bwlimit"],
    )


def _words(ports: ApiPorts, guest: GuestFile | None) -> dict[str, str]:
    """What a template of notes can be filled with."""
    try:
        layout = ports.store.read(LAYOUT).content.decode()
    except MissingError:
        layout = ""
    name = next(
        (line.partition(":")[2].strip() for line in layout.split("\n") if "cluster_name" in line),
        "",
    )
    return {
        "cluster": name,
        "guestname": rules.guest_name(guest.config, guest.vmid) if guest else "",
        "node": ports.node,
        "vmid": str(guest.vmid) if guest else "",
    }


def _keep(request: Request, ports: ApiPorts, storage: str) -> Mapping[str, int] | None:
    """How many backups stay; None: nothing is removed."""
    given = request.parameters
    if not given["remove"]:
        return None
    if "prune-backups" in request.texts:
        found = {rule: int(count) for rule, count in numbers(given["prune-backups"]).items()}
    else:
        found = dict(storages(ports).pools.find(storage).keep)
    return None if not found or found.get("keep-all") else found


async def _extract(request: Request, ports: ApiPorts) -> str:
    volume, own = request.parameters["volume"], changes(ports)
    may_read(rights(request, ports), ports, volume)
    return (await own.archives.describe(volume)).config


def may_read(mine: Rights, ports: ApiPorts, volume: str, vmid: int | None = None) -> None:
    """ForbiddenError, ConfigError, MissingError: who asks cannot use this backup."""
    own = changes(ports)
    storage = own.volumes.info(volume).id
    check_volume(mine, storage, own.volumes.name(volume), vmid=vmid, content="backup")


async def _defaults(request: Request, ports: ApiPorts) -> dict[str, Any]:
    """What holds where a call says nothing; a storage may say what stays of its backups."""
    storage = request.parameters.get("storage")
    told = {
        option.name: int(option.default) if isinstance(option.default, bool) else option.default
        for option in declared.OPTIONS
        if option.default is not None
    }
    if storage is not None:
        rights(request, ports).need_any(
            f"/storage/{storage}", ("Datastore.Audit", "Datastore.AllocateSpace")
        )
        keep = storages(ports).pools.find(storage).keep
        told["storage"] = storage
        if keep:
            rows = sorted(keep.items())
            told["prune-backups"] = ",".join(f"{rule}={count}" for rule, count in rows)
    return told


_VZDUMP: Final[tuple[Option, ...]] = (
    *declared.OPTIONS,
    text("job-id", "The job that asks for it.", max_length=50, pattern=r"\S+"),
    flag("stdout", "Write the backup to the output, which a node cannot."),
)

OPERATIONS: Final = (
    Operation(
        "POST",
        "/nodes/{node}/vzdump",
        _back_up,
        "Back up guests of this node into a storage. A task.",
        _VZDUMP,
        ANY_USER,
        "node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/vzdump/defaults",
        _defaults,
        "What holds for backups where a call says nothing.",
        (NODE_OPTION, text("storage", "The storage that backups go to.", STORAGE_ID)),
        ANY_USER,
        "node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/vzdump/extractconfig",
        _extract,
        "The configuration of the guest in a backup.",
        (NODE_OPTION, text("volume", "The backup.", required=True)),
        ANY_USER,
        "node",
    ),
)
