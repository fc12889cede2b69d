"""The whole cluster at a glance: guests, nodes, storages, pools; and one node's own state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.guests.common import guests_of, has
from appliance.api.operations.version import RELEASE, REPOSITORY_ID, VERSION
from appliance.api.permissions import NODE_AUDIT
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.options.make import word
from appliance.services.guests.rows import Row, by_node, resource_row
from appliance.services.guests.summaries import Summaries

_LOOKED_S: Final = 10.0
_ZONE: Final = "localnetwork"


async def _resources(request: Request, ports: ApiPorts) -> Any:
    kind = request.parameters.get("type")
    rows: list[Row] = []
    if kind in (None, "vm"):
        rows += _guests(request, ports)
    if kind is None:
        rows += _pools(request, ports)
    if kind in (None, "node"):
        rows += [{**row, "id": f"node/{row['node']}"} for row in _nodes(request, ports)]
    if kind in (None, "storage"):
        if ports.guests is not None:
            await ports.guests.watch.look(_LOOKED_S)
        rows += _storages(request, ports)
    if kind in (None, "sdn"):
        rows += _networks(request, ports)
    return rows


def _guests(request: Request, ports: ApiPorts) -> Iterator[Row]:
    pools, node = _pool_of(ports), ports.guests
    if node is None:  # what is configured is known all the same
        found = by_node(Summaries(ports.store).all(), {})
    else:
        found = by_node(node.summaries.all(), node.board.guests())
    states: Mapping[str, str] = {} if node is None else node.ha_states()
    for one, live in found:
        if has(request, ports, f"/vms/{one.vmid}", "VM.Audit"):
            yield resource_row(one, live, pools.get(one.vmid), states.get(one.sid))


def _pool_of(ports: ApiPorts) -> Mapping[int, str]:
    config = ports.accounts.access().config
    return {vmid: name for name, pool in config.pools.items() for vmid in pool.vms}


def _pools(request: Request, ports: ApiPorts) -> Iterator[Row]:
    for name in sorted(ports.accounts.access().config.pools):
        if has(request, ports, f"/pool/{name}", "Pool.Audit"):
            yield {"id": f"/pool/{name}", "type": "pool", "pool": name}


def _nodes(request: Request, ports: ApiPorts) -> Iterator[Row]:
    """All of them; how busy they are for those who may know."""
    view = ports.membership.view()
    heard: Mapping[str, Mapping[str, Any]] = {}
    if ports.guests is not None:
        heard = ports.guests.board.nodes()
    for name in sorted({*view.members, ports.node}):
        online = name == ports.node or name in view.online
        row: Row = {"node": name, "type": "node", "status": "online" if online else "offline"}
        if has(request, ports, f"/nodes/{name}", "Sys.Audit"):
            row |= {"level": "", "cgroup-mode": 2}
            empty = dict.fromkeys(
                ("cpu", "maxcpu", "mem", "maxmem", "disk", "maxdisk", "uptime"), 0
            )
            row |= {**empty, **heard.get(name, {})} if online else empty
        yield row


def _storages(request: Request, ports: ApiPorts) -> Iterator[Row]:
    if ports.guests is None:
        return
    for node, rows in sorted(ports.guests.watch.storages().items()):
        for storage, row in sorted(rows.items()):
            path = f"/storage/{storage}"
            audits = has(request, ports, path, "Datastore.Audit")
            if audits or has(request, ports, path, "Datastore.AllocateSpace"):
                place = {"storage": storage, "node": node, "type": "storage"}
                yield {"id": f"storage/{node}/{storage}", **place, **row}


def _networks(request: Request, ports: ApiPorts) -> Iterator[Row]:
    """The zone of the nodes' own bridges; zones that are configured have their own status."""
    view = ports.membership.view()
    if not has(request, ports, f"/sdn/zones/{_ZONE}", "SDN.Audit"):
        return
    for name in sorted({*view.online, ports.node}):
        place = {"sdn": _ZONE, "node": name, "type": "sdn", "status": "ok"}
        yield {"id": f"sdn/{name}/{_ZONE}", **place}


async def _list_nodes(request: Request, ports: ApiPorts) -> Any:
    return [
        {**{k: v for k, v in row.items() if k != "cgroup-mode"}, "id": f"node/{row['node']}"}
        for row in _nodes(request, ports)
    ]


async def _status(_request: Request, ports: ApiPorts) -> Any:
    """The node's hardware and how busy it is."""
    facts = guests_of(ports).facts
    now, made = facts.status(), facts.hardware()
    free = now.memory_bytes - now.memory_used_bytes
    root_free = now.root_bytes - now.root_used_bytes
    kernel = {
        "sysname": made.kernel,
        "release": made.release,
        "version": made.kernel_version,
        "machine": made.machine,
    }
    return {
        "cpu": now.cpu,
        "wait": now.iowait,
        "idle": 0,
        "uptime": int(now.uptime_s),
        "loadavg": [f"{value:.2f}" for value in now.load],
        "cpuinfo": {
            "model": made.cpu_model,
            "mhz": f"{made.cpu_mhz:.3f}",
            "sockets": made.sockets,
            "cores": made.cores,
            "cpus": now.cpus,
            "flags": made.flags,
            "hvm": str(int(made.virtualization)),
            "user_hz": 100,
        },
        "memory": {
            "total": now.memory_bytes,
            "used": now.memory_used_bytes,
            "free": free,
            "available": free,
        },
        "swap": {
            "total": now.swap_bytes,
            "used": now.swap_used_bytes,
            "free": now.swap_bytes - now.swap_used_bytes,
        },
        "rootfs": {
            "total": now.root_bytes,
            "used": now.root_used_bytes,
            "free": root_free,
            "avail": root_free,
        },
        "ksm": {"shared": 0},
        "kversion": made.kernel_version,
        "current-kernel": kernel,
        "boot-info": {"mode": made.boot_mode, "secureboot": int(made.secure_boot)},
        "pveversion": f"pve-manager/{VERSION}/{REPOSITORY_ID}",
    }


async def _version(_request: Request, _ports: ApiPorts) -> Any:
    return {"release": RELEASE, "version": VERSION, "repoid": REPOSITORY_ID}


OPERATIONS: Final = (
    Operation("GET", "/cluster/resources", _resources,
        "Guests, nodes, storages, pools and networks that one may look at.",
        (word("type", "Only of that kind.", "vm storage node sdn"),), ANY_USER),
    Operation("GET", "/nodes", _list_nodes, "The nodes of the cluster.", (), ANY_USER),
    Operation("GET", "/nodes/{node}/status", _status, "The node's hardware and load.",
        (NODE_OPTION,), NODE_AUDIT, "node"),
    Operation("GET", "/nodes/{node}/version", _version, "The node's version of the API.",
        (NODE_OPTION,), ANY_USER, "node"),
)  # fmt: skip
