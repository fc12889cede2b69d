"""Guests of a node, one guest's present state, and the next free number."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.guests.common import (
    FOLDERS,
    KINDS,
    guest_of,
    guest_operation,
    guests_of,
    has,
    node_of,
)
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Handler, Operation, Request
from appliance.core.guest.places import own_disks
from appliance.model.errors import ExistsError, RefusedError
from appliance.model.formats.names import CONFIG_ID
from appliance.model.guest.document import GuestKind
from appliance.model.options import cluster
from appliance.model.options.make import flag, text, whole, word
from appliance.model.property_string import PropertyString
from appliance.services.config.texts import read_text
from appliance.services.guests import ha
from appliance.services.guests.board import live_row
from appliance.services.guests.ports import GuestPorts
from appliance.services.guests.rows import Row, current_row, guest_row

QEMU: Final = "10.1.2"
_AUDIT: Final = perm("/vms/{vmid}", "VM.Audit")
_LOWEST, _HIGHEST = 100, 1_000_000


def _list(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        node = node_of(ports)
        live = node.board.own()
        return [
            guest_row(one, live.get(one.sid))
            for one in node.summaries.of_node(ports.node, kind)
            if has(request, ports, f"/vms/{one.vmid}", "VM.Audit")
        ]

    return handler


def _current(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        guest, node = guest_of(request, ports, kind), node_of(ports)
        guests = node.ports
        state = guests.host.state(guest.sid)
        live = None if state is None else live_row(state, guests.host.load(guest.sid))
        one = node.summaries.of(guest.vmid)
        assert one is not None
        row = current_row(one, live, _managed(guests, guest.sid))
        if state is not None and kind == "vm":
            row |= {"running-machine": state.machine, "running-qemu": QEMU}
            row["memhost"] = row["mem"]
        return row

    return handler


def _managed(guests: GuestPorts, sid: str) -> Row:
    """What high availability has to do with it."""
    found = ha.resource_of(guests.store, sid)
    if found is None:
        return {"managed": 0}
    return {"managed": 1, "state": found.state}


async def _next_id(request: Request, ports: ApiPorts) -> Any:
    taken = ports.store.guests()
    wanted = request.parameters.get("vmid")
    if wanted is not None:
        if wanted in taken:
            raise ExistsError(f"VM {wanted} already exists")
        return wanted
    low, high = _bounds(ports)
    for vmid in range(low, high):
        if vmid not in taken:
            return vmid
    raise RefusedError(f"there is no free number from {low} to {high - 1}")


def _bounds(ports: ApiPorts) -> tuple[int, int]:
    """As the datacenter's options say; the upper one is not included."""
    option = cluster.DATACENTER_OPTIONS.find("next-id")
    for line in read_text(ports.store, cluster.DATACENTER_FILE).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "next-id" and option is not None:
            found = option.decode(value.strip())
            if isinstance(found, PropertyString):
                low, high = found.values.get("lower"), found.values.get("upper")
                return (
                    low if isinstance(low, int) else _LOWEST,
                    high if isinstance(high, int) else _HIGHEST,
                )
    return _LOWEST, _HIGHEST


def _feature(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        """Whether all of its volumes can do that, and on which nodes they are."""
        guest, guests = guest_of(request, ports, kind), guests_of(ports)
        config, name = guest.config, request.parameters.get("snapname")
        settings = config.current
        if name is not None:
            if name not in config.snapshots:
                raise RefusedError(f"snapshot '{name}' does not exist")
            settings = config.snapshots[name]
        found = [place.volume for place in own_disks(kind, settings) if not place.cloudinit]
        what = request.parameters["feature"]
        able = all(guests.volumes.can(what, volume, name) for volume in found)
        shared = all(guests.volumes.shared(volume) for volume in found)
        nodes = list(ports.membership.view().members) if shared else [ports.node]
        answer: Row = {"hasFeature": int(able)}
        return {**answer, "nodes": nodes if able else []} if kind == "vm" else answer

    return handler


def _of_kind(kind: GuestKind) -> tuple[Operation, ...]:
    full = (flag("full", "Tell more of those that run."),) if kind == "vm" else ()
    label = "virtual machines" if kind == "vm" else "containers"
    return (
        Operation("GET", f"/nodes/{{node}}/{FOLDERS[kind]}", _list(kind),
            f"The {label} of a node that one may look at.", (NODE_OPTION, *full), ANY_USER,
            "node"),
        guest_operation("GET", kind, "/status/current", _current(kind),
            "What the guest does now.", (), _AUDIT),
        guest_operation("GET", kind, "/feature", _feature(kind),
            "Whether something can be done with the guest's volumes.",
            (word("feature", "What.", "snapshot clone copy", required=True),
             text("snapname", "Of a snapshot instead of the guest as it is.", CONFIG_ID,
                max_length=40)),
            _AUDIT),
    )  # fmt: skip


OPERATIONS: Final = (
    *(operation for kind in KINDS for operation in _of_kind(kind)),
    Operation("GET", "/cluster/nextid", _next_id, "A number that no guest has.",
        (whole("vmid", "Whether this one is free.", 100, 999999999),), ANY_USER),
)  # fmt: skip
