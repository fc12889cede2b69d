"""Lists of what is below a path, derived from the operation table itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Handler, Operation, Permission, Request, parts_of

_CHECKED: Final[Mapping[str, Permission]] = {
    "/cluster/backup-info": None,
    "/cluster/config": {"check": ["perm", "/", ["Sys.Audit"]]},
    "/cluster/ha": {"check": ["perm", "/", ["Sys.Audit"]]},
    "/cluster/sdn": {"check": ["perm", "/sdn", ["SDN.Audit"]]},
    "/cluster/sdn/fabrics": {"check": ["perm", "/sdn/fabrics", ["SDN.Audit"]]},
    "/cluster/sdn/vnets/{vnet}/firewall": None,
    "/nodes/{node}/ceph": {
        "check": ["perm", "/", ["Sys.Audit", "Datastore.Audit"], "any", 1],
    },
    "/nodes/{node}/ceph/pool/{name}": {
        "check": ["perm", "/", ["Sys.Audit", "Datastore.Audit"], "any", 1],
    },
    "/nodes/{node}/sdn/fabrics/{fabric}": {
        "check": ["perm", "/sdn/fabrics/{fabric}", ["SDN.Audit"]],
    },
    "/nodes/{node}/sdn/zones/{zone}": {
        "check": ["perm", "/sdn/zones/{zone}", ["SDN.Audit"]],
    },
    "/nodes/{node}/services/{service}": {
        "check": ["perm", "/nodes/{node}", ["Sys.Audit"]],
    },
    "/nodes/{node}/storage/{storage}": {
        "check": [
            "perm",
            "/storage/{storage}",
            ["Datastore.Audit", "Datastore.AllocateSpace"],
            "any",
            1,
        ],
    },
}
# The word that a row has for the name of what is below. What is not listed has no such list.
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "subdir": (
        "/",
        "/access",
        "/access/openid",
        "/cluster/backup-info",
        "/cluster/jobs",
        "/cluster/sdn/fabrics",
        "/nodes/{node}/lxc/{vmid}",
        "/nodes/{node}/lxc/{vmid}/status",
        "/nodes/{node}/qemu/{vmid}",
        "/nodes/{node}/qemu/{vmid}/status",
        "/nodes/{node}/sdn/fabrics/{fabric}",
        "/nodes/{node}/sdn/vnets/{vnet}",
        "/nodes/{node}/sdn/zones/{zone}",
        "/nodes/{node}/services/{service}",
        "/nodes/{node}/storage/{storage}",
    ),
    "id": ("/cluster/ha", "/cluster/sdn", "/nodes/{node}/apt"),
    "type": ("/nodes/{node}/hardware",),
    "method": ("/nodes/{node}/hardware/pci/{pci-id-or-mapping}", "/nodes/{node}/scan"),
    "cmd": (
        "/nodes/{node}/lxc/{vmid}/snapshot/{snapname}",
        "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}",
    ),
    "name": (
        "/cluster",
        "/cluster/acme",
        "/cluster/bulk-action",
        "/cluster/bulk-action/guest",
        "/cluster/ceph",
        "/cluster/config",
        "/cluster/firewall",
        "/cluster/ha/status",
        "/cluster/mapping",
        "/cluster/metrics",
        "/cluster/notifications",
        "/cluster/notifications/endpoints",
        "/cluster/qemu",
        "/cluster/sdn/vnets/{vnet}/firewall",
        "/nodes/{node}",
        "/nodes/{node}/capabilities",
        "/nodes/{node}/capabilities/qemu",
        "/nodes/{node}/ceph",
        "/nodes/{node}/ceph/cfg",
        "/nodes/{node}/ceph/osd/{osdid}",
        "/nodes/{node}/ceph/pool/{name}",
        "/nodes/{node}/certificates",
        "/nodes/{node}/certificates/acme",
        "/nodes/{node}/disks",
        "/nodes/{node}/firewall",
        "/nodes/{node}/lxc/{vmid}/firewall",
        "/nodes/{node}/qemu/{vmid}/agent",
        "/nodes/{node}/qemu/{vmid}/firewall",
        "/nodes/{node}/replication/{id}",
        "/nodes/{node}/sdn",
        "/nodes/{node}/tasks/{upid}",
    ),
}
# Lists that are asked of the node itself: what is below them is not the same on all.
_BY_NODE: Final = (
    "/nodes/{node}/capabilities",
    "/nodes/{node}/capabilities/qemu",
    "/nodes/{node}/disks",
    "/nodes/{node}/lxc/{vmid}",
    "/nodes/{node}/lxc/{vmid}/status",
    "/nodes/{node}/qemu/{vmid}",
    "/nodes/{node}/qemu/{vmid}/agent",
    "/nodes/{node}/qemu/{vmid}/status",
    "/nodes/{node}/sdn",
)


def indexes(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """A list for every path that should have one, has something below it, and no GET of its own."""
    listed = tuple(operations)
    there = {operation.path for operation in listed if operation.verb == "GET"}
    below: dict[str, dict[str, Operation]] = {}
    for operation in listed:
        for above, part in _steps(operation.path):
            below.setdefault(above, {}).setdefault(part, operation)
    return tuple(
        _index(path, word, below[path])
        for word, paths in _PLACES.items()
        for path in paths
        if path in below and path not in there
    )


def _steps(path: str) -> Iterable[tuple[str, str]]:
    """Each path above this one, and the fixed part that leads on from it."""
    parts = parts_of(path)
    for end, part in enumerate(parts):
        if not part.startswith("{"):
            yield "/" + "/".join(parts[:end]), part


def _index(path: str, word: str, below: Mapping[str, Operation]) -> Operation:
    rows = [{word: name} for name in sorted(below)]
    inside = {part[1:-1] for part in parts_of(path) if part.startswith("{")}
    known = next(iter(below.values())).options
    return Operation(
        "GET",
        path,
        _answering(rows),
        "What is below.",
        tuple(option for option in known if option.name in inside),
        _CHECKED.get(path, ANY_USER),
        node="node" if path in _BY_NODE else None,
    )


def _answering(rows: list[dict[str, Any]]) -> Handler:
    async def handler(_request: Request, _ports: ApiPorts) -> list[dict[str, Any]]:
        return rows

    return handler
