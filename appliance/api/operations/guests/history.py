"""How busy guests, nodes and storages were: points in time with averages."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.guests.common import FOLDERS, KINDS, PLACE, guests_of
from appliance.api.operations.past import AVERAGE, FRAME, STEPS_S, points
from appliance.api.permissions import NODE_AUDIT, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.model.errors import MissingError
from appliance.model.guest.document import GuestKind
from appliance.model.guest.running import sid_of
from appliance.model.options.make import word


async def _node(request: Request, ports: ApiPorts) -> Any:
    return points(request, ports, "node", request.parameters["node"])


def _guest(kind: GuestKind) -> Handler:
    async def handler(request: Request, ports: ApiPorts) -> Any:
        vmid = request.parameters["vmid"]
        found = guests_of(ports).files.find(vmid, kind)
        if found.node != request.parameters["node"]:
            raise MissingError(f"guest {vmid} does not exist on node {request.parameters['node']}")
        return points(request, ports, "guest", sid_of(kind, vmid))

    return handler


OPERATIONS: Final = (
    Operation("GET", "/nodes/{node}/rrddata", _node, "How busy the node was.",
        (NODE_OPTION, AVERAGE,
         word("timeframe", "How far back.", " ".join(STEPS_S), required=True)), NODE_AUDIT),
    *(
        Operation("GET", f"/nodes/{{node}}/{FOLDERS[kind]}/{{vmid}}/rrddata", _guest(kind),
            "How busy the guest was.", (*PLACE, AVERAGE, FRAME),
            perm("/vms/{vmid}", "VM.Audit"))
        for kind in KINDS
    ),
)  # fmt: skip
