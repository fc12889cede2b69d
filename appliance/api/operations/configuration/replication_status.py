"""How replication jobs of a node's guests stand."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION, may
from appliance.api.operations.configuration.replication import JOBS, job_shape
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.schedule.calendar import next_event, parse_calendar_event
from appliance.model.errors import MissingError
from appliance.model.formats.names import REPLICATION_JOB_ID
from appliance.model.option import Option
from appliance.model.options.make import whole
from appliance.services.config.sections import Row, Sections

_EVERY: Final = "*/15"
_ID: Final = Option(
    "id",
    "The job.",
    format=REPLICATION_JOB_ID,
    pattern=r"[1-9][0-9]{2,8}-\d{1,9}",
    required=True,
)


def _standing(row: Row, ports: ApiPorts) -> Row:
    """No job has run yet: the next time is what its schedule says."""
    event = parse_calendar_event(str(row.get("schedule", _EVERY)))
    at_s = None if row.get("disable") else next_event(event, int(ports.clock.wall()))
    path = ports.store.guests().get(int(row["guest"]), "")
    return {
        **{key: value for key, value in row.items() if key != "digest"},
        "vmtype": "lxc" if "/lxc/" in path else "qemu",
        "last_sync": 0,
        "last_try": 0,
        "fail_count": 0,
        "next_sync": at_s or 0,
    }


def _jobs(request: Request, ports: ApiPorts) -> list[Row]:
    """Of guests that lie on this node, as far as who asks may see them."""
    rows = [job_shape(row) for row in Sections(ports.store, JOBS).rows()]
    here = f"nodes/{request.parameters['node']}/"
    return [
        row
        for row in rows
        if ports.store.guests().get(row["guest"], "").startswith(here)
        and may(request, ports, f"/vms/{row['guest']}", "VM.Audit")
    ]


async def _list(request: Request, ports: ApiPorts) -> Any:
    guest = request.parameters.get("guest")
    return [_standing(row, ports) for row in _jobs(request, ports) if guest in (None, row["guest"])]


async def _one(request: Request, ports: ApiPorts) -> Any:
    name = request.parameters["id"]
    for row in _jobs(request, ports):
        if row["id"] == name:
            return _standing(row, ports)
    raise MissingError(f"replication job '{name}' does not exist on this node")


OPERATIONS: Final = (
    Operation(
        "GET",
        "/nodes/{node}/replication",
        _list,
        "How the replication jobs of the node's guests stand.",
        (NODE_OPTION, whole("guest", "Only of that guest.", 100, 999999999)),
        ANY_USER,
        "node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/replication/{id}/status",
        _one,
        "How one of them stands.",
        (NODE_OPTION, _ID),
        ANY_USER,
        "node",
    ),
)
