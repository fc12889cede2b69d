"""Replication jobs: copies of guests' disks on other nodes."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.configuration.common import may
from appliance.api.operations.sections import Crud, Rights, Texts, crud_operations
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.errors import ConfigError, ForbiddenError, MissingError
from appliance.model.formats.names import REPLICATION_JOB_ID
from appliance.model.option import Option
from appliance.model.options.cluster import REPLICATION_FILE, REPLICATION_TYPES
from appliance.model.options.make import flag
from appliance.services.config.nodes import known_node
from appliance.services.config.sections import Row, SectionFile, Sections

JOBS: Final = SectionFile(REPLICATION_FILE, REPLICATION_TYPES, "id", "replication job")
_ID: Final = Option(
    "id",
    "Number of the guest and number of the job.",
    format=REPLICATION_JOB_ID,
    pattern=r"[1-9][0-9]{2,8}-\d{1,9}",
    required=True,
)


def _shape(row: Row, _request: Request, _ports: ApiPorts) -> Row:
    return job_shape(row)


def job_shape(row: Row) -> Row:
    """With what the id says."""
    guest, _, number = str(row["id"]).partition("-")
    return {**row, "guest": int(guest), "jobnum": int(number)}


def visible(row: Row, request: Request, ports: ApiPorts) -> bool:
    return may(request, ports, f"/vms/{str(row['id']).partition('-')[0]}", "VM.Audit")


async def _before(request: Request, ports: ApiPorts, texts: Texts) -> None:
    """The guest must be there and the copy must go to another node of the cluster."""
    guest = str(request.parameters["id"]).partition("-")[0]
    _replicates(request, ports, guest)
    path = ports.store.guests().get(int(guest))
    if path is None:
        raise MissingError(f"guest '{guest}' does not exist")
    target = texts.get("target")
    if target is None:
        return
    known_node(ports.store, ports.node, str(target), "target")
    if path.split("/")[1] == target:
        raise ConfigError("the guest itself is on this node", field="target")
    texts.setdefault("source", path.split("/")[1])


def _replicates(request: Request, ports: ApiPorts, guest: str) -> None:
    if not may(request, ports, f"/vms/{guest}", "VM.Replicate"):
        raise ForbiddenError(f"Permission check failed (/vms/{guest}, VM.Replicate)")


async def _remove(request: Request, ports: ApiPorts) -> None:
    """No job has copied anything yet, so none has copies that must be taken away first."""
    name = str(request.parameters["id"])
    _replicates(request, ports, name.partition("-")[0])
    await Sections(ports.store, JOBS).remove(name)


_CRUD: Final = Crud(
    "/cluster/replication",
    JOBS,
    _ID,
    ("replication job", "replication jobs"),
    Rights(ANY_USER, ANY_USER, ANY_USER, ANY_USER, ANY_USER),
    calls=("list", "create", "read", "update"),
    shape=_shape,
    visible=visible,
    before=_before,
)
OPERATIONS: Final = (
    *crud_operations(_CRUD),
    Operation(
        "DELETE",
        "/cluster/replication/{id}",
        _remove,
        "Remove a job, after its copies if it has some.",
        (
            _ID,
            flag("keep", "Whether the copies stay.", False),
            flag("force", "Whether the job goes at once and the copies stay.", False),
        ),
        ANY_USER,
    ),
)
