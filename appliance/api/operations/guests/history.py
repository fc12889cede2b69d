"""How busy guests, nodes and storages were: points in time with averages."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.guests.common import FOLDERS, KINDS, PLACE, guests_of
from appliance.api.permissions import NODE_AUDIT, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import Handler, Operation, Request
from appliance.model.errors import MissingError
from appliance.model.guest.document import GuestKind
from appliance.model.guest.running import sid_of
from appliance.model.options.make import word
from appliance.ports.load_history import Kind

_POINTS: Final = 70
_STEPS_S: Final = {
    "hour": 60,
    "day": 30 * 60,
    "week": 3 * 3600,
    "month": 12 * 3600,
    "year": 7 * 24 * 3600,
    "decade": 60 * 24 * 3600,
}


def points(request: Request, ports: ApiPorts, kind: Kind, name: str) -> list[dict[str, Any]]:
    """One for each step of the time frame, the last one now; without values where none are known.

    A step's value is that of its end; MAX looks into it three times more.
    """
    step_s = _STEPS_S[request.parameters["timeframe"]]
    inside = 4 if request.parameters.get("cf") == "MAX" else 1
    history = guests_of(ports).history
    last_s = int(ports.clock.wall()) // step_s * step_s
    rows = []
    for number in range(_POINTS):
        at_s = last_s - (_POINTS - 1 - number) * step_s
        seen = [history.at(kind, name, at_s - part * step_s // inside) for part in range(inside)]
        known = [values for values in seen if values is not None]
        names = list(known[0]) if known else []
        rows.append({"time": at_s, **{n: max(v[n] for v in known if n in v) for n in names}})
    return rows


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


_AVERAGE: Final = word("cf", "How several values become one.", "AVERAGE MAX")
_FRAME: Final = word("timeframe", "How far back.", "hour day week month year", required=True)
OPERATIONS: Final = (
    Operation("GET", "/nodes/{node}/rrddata", _node, "How busy the node was.",
        (NODE_OPTION, _AVERAGE,
         word("timeframe", "How far back.", " ".join(_STEPS_S), required=True)), NODE_AUDIT),
    *(
        Operation("GET", f"/nodes/{{node}}/{FOLDERS[kind]}/{{vmid}}/rrddata", _guest(kind),
            "How busy the guest was.", (*PLACE, _AVERAGE, _FRAME),
            perm("/vms/{vmid}", "VM.Audit"))
        for kind in KINDS
    ),
)  # fmt: skip
