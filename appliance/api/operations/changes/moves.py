"""Guests that move to another node: what is in the way, and the move."""

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
from appliance.api.table import Operation, Request
from appliance.core.guest import moving
from appliance.core.guest.moving import LocalDisk, MoveWish, StorageMap
from appliance.model.access.ids import ROOT
from appliance.model.errors import ConfigError, MissingError, QuorateError, RefusedError
from appliance.model.formats import NODE
from appliance.model.formats.network import CIDR
from appliance.model.formats.storage import STORAGE_PAIR
from appliance.model.guest.document import GuestKind
from appliance.model.option import Option
from appliance.model.options.make import flag, text, whole, word
from appliance.services.config.ha import HaRequests, managed
from appliance.services.config.nodes import cluster_nodes
from appliance.services.guest_changes import moves as service
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guest_changes.moves import MoveOrder
from appliance.services.guest_changes.ports import ChangePorts
from appliance.services.tasks.context import TaskContext


def _nodes(ports: ApiPorts) -> dict[str, bool]:
    """All nodes of the cluster, and whether they are online."""
    online = ports.membership.view().online
    return {node: node in online for node in cluster_nodes(ports.store, ports.node)}


async def _look_vm(request: Request, ports: ApiPorts) -> dict[str, Any]:
    found, own = guest(request, ports, "vm"), changes(ports)
    running = own.machines.running(found.sid)
    disks = moving.local_disks(found.config, service.storages_of(own))
    mapped = moving.mapped_resources(found.config.current)
    told: dict[str, Any] = {
        "running": int(running),
        "local_disks": [await _disk(own, disk) for disk in disks],
        "local_resources": moving.local_resources(found.config),
        "mapped-resources": list(mapped),
        "mapped-resource-info": {key: {"name": name} for key, name in mapped.items()},
        "has-dbus-vmstate": 1,
    }
    told |= _where(ports, found, "_")
    if running:
        del told["allowed_nodes"]
    return told


async def _disk(own: ChangePorts, disk: LocalDisk) -> dict[str, Any]:
    told: dict[str, Any] = {
        "volid": disk.volume,
        "drivename": disk.key,
        "cdrom": int(disk.cdrom),
        "is_unused": int(disk.unused),
    }
    try:
        told["size"] = (await own.volumes.look(disk.volume)).size_bytes
    except QuorateError:
        told["size"] = 0
    return told


def _where(ports: ApiPorts, found: GuestFile, joint: str) -> dict[str, Any]:
    """Nodes that have all storages and that HA's rules allow; what is against the others."""
    storages = service.storages_of(changes(ports))
    nodes = cluster_nodes(ports.store, ports.node)
    allowed: list[str] = []
    forbidden: dict[str, dict[str, Any]] = {}
    along: dict[str, None] = {}
    for node in nodes:
        if node == ports.node:
            continue
        against: dict[str, Any] = {}
        lacks = moving.lacking_storages(found.config, node, storages)
        if lacks:
            against["unavailable_storages"] = lacks
        if _is_managed(ports, found.sid):
            motion = HaRequests(ports.node, ports.store).motion(found.sid, node, nodes)
            along |= dict.fromkeys(motion.along)
            if motion.blocking:
                rows = [{"sid": sid, "cause": cause} for sid, cause in motion.blocking]
                against["blocking-ha-resources"] = rows
        if against:
            forbidden[node] = against
        else:
            allowed.append(node)
    told = {f"allowed{joint}nodes": allowed, f"not{joint}allowed{joint}nodes": forbidden}
    return {**told, "dependent-ha-resources": list(along)} if along else told


async def _look_ct(request: Request, ports: ApiPorts) -> dict[str, Any]:
    found = guest(request, ports, "ct")
    running = int(changes(ports).machines.running(found.sid))
    return {"running": running, **_where(ports, found, "-")}


def _storages(request: Request, ports: ApiPorts, name: str) -> StorageMap:
    """Where disks go; who asks must be allowed to fill the storages named."""
    given = request.parameters.get(name)
    if given is None:
        return StorageMap()
    found = moving.storage_map(",".join(given) if isinstance(given, tuple) else str(given))
    targets = [*found.named.values(), *([found.usual] if found.usual else [])]
    for storage in targets:
        ports.accounts.need(request.user, f"/storage/{storage}", ALLOCATE)
    return found


async def _migrate_vm(request: Request, ports: ApiPorts) -> str:
    given = request.parameters
    for name in ("migration_type", "migration_network", "force"):
        if given.get(name) and request.user != ROOT:
            raise ConfigError("is for root@pam only", field=name)
    wish = MoveWish(
        given["target"],
        bool(given.get("online")),
        bool(given.get("with-local-disks")),
        _storages(request, ports, "targetstorage"),
    )
    return await _migrate(request, ports, "vm", MoveOrder(wish, False, 0, limit_bytes_s(request)))


async def _migrate_ct(request: Request, ports: ApiPorts) -> str:
    given = request.parameters
    wish = MoveWish(
        given["target"],
        bool(given.get("online")),
        storages=_storages(request, ports, "target-storage"),
    )
    restart = bool(given.get("restart"))
    order = MoveOrder(wish, restart, given["timeout"], limit_bytes_s(request))
    return await _migrate(request, ports, "ct", order)


async def _migrate(request: Request, ports: ApiPorts, kind: GuestKind, order: MoveOrder) -> str:
    found, own = guest(request, ports, kind), changes(ports)
    moving.check_target(order.wish.target, ports.node, _nodes(ports))
    if _is_managed(ports, found.sid):
        return await _ask_ha(request, ports, found, order.wish.target)
    service.check(own, found, order)

    async def job(task: TaskContext) -> None:
        now = own.files.find(found.vmid, kind, ports.node)
        await service.migrate(own, now, order, task)

    name = "qmigrate" if kind == "vm" else "vzmigrate"
    return await ports.work.start(name, str(found.vmid), request.user, job)


def _is_managed(ports: ApiPorts, sid: str) -> bool:
    try:
        managed(ports.store, sid)
    except MissingError:
        return False
    return True


async def _ask_ha(request: Request, ports: ApiPorts, found: GuestFile, target: str) -> str:
    """Who is under high availability is moved by it."""

    async def job(task: TaskContext) -> None:
        requests = HaRequests(ports.node, ports.store)
        task.log(f"Requesting HA migration for {found.sid} to node {target}")
        motion = await requests.move(
            "migrate", found.sid, target, cluster_nodes(ports.store, ports.node)
        )
        if motion.blocking:
            names = ", ".join(sid for sid, _cause in motion.blocking)
            raise RefusedError(f"HA rules are in the way, because of {names}")

    return await ports.work.start("hamigrate", str(found.vmid), request.user, job)


_TARGET: Final = text("target", "The node that it moves to.", NODE, required=True)
_MAY: Final[dict[str, Any]] = {"check": ["perm", "/vms/{vmid}", ["VM.Migrate"]]}
_LOOK: Final = (*GUEST, text("target", "The node that is asked about.", NODE))
_PAIRS: Final = "Which storage becomes which: FROM:TO, one for all others, or 1 for each to itself."


def _pairs(name: str) -> Option:
    return text(name, _PAIRS, STORAGE_PAIR, many=True)


OPERATIONS: Final = (
    Operation(
        "GET",
        f"{base('vm')}/migrate",
        _look_vm,
        "What a migration would have to move, and where it can go.",
        _LOOK,
        _MAY,
        "node",
    ),
    Operation(
        "POST",
        f"{base('vm')}/migrate",
        _migrate_vm,
        "Move a VM to another node. A task.",
        (
            *GUEST,
            bandwidth("vm"),
            flag("force", "With local devices, for root@pam."),
            text("migration_network", "The network that memory is sent over.", CIDR),
            word("migration_type", "Whether what is sent is encrypted.", "secure insecure"),
            flag("online", "While it runs."),
            _TARGET,
            _pairs("targetstorage"),
            flag("with-conntrack-state", "With the connections that the host tracks.", False),
            flag("with-local-disks", "Its own disks too while it runs."),
        ),
        _MAY,
        "node",
    ),
    Operation(
        "GET",
        f"{base('ct')}/migrate",
        _look_ct,
        "Where a container can go.",
        _LOOK,
        _MAY,
        "node",
    ),
    Operation(
        "POST",
        f"{base('ct')}/migrate",
        _migrate_ct,
        "Move a container to another node. A task.",
        (
            *GUEST,
            bandwidth("ct"),
            flag("online", "While it runs, which containers cannot."),
            flag("restart", "Shut it down here and start it there."),
            _TARGET,
            _pairs("target-storage"),
            whole("timeout", "How long it may take to shut down.", default=180, unit="seconds"),
        ),
        _MAY,
        "node",
    ),
)
