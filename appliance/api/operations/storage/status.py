"""The storages as a node sees them: whether they answer and how full they are."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.past import AVERAGE, FRAME, points
from appliance.api.operations.storage.common import LOOK, NODE, STORAGE, rights, storages
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.errors import MissingError
from appliance.model.formats.names import NODE as NODE_FORM
from appliance.model.formats.names import STORAGE_ID
from appliance.model.formats.storage import CONTENT
from appliance.model.option import Option
from appliance.model.options.make import flag
from appliance.model.parameters import ParameterError
from appliance.model.storage.config import Storage
from appliance.services.storage.state import identity, state_of

Row = dict[str, Any]


async def _list(request: Request, ports: ApiPorts) -> list[Row]:
    given, seen, found = request.parameters, rights(request, ports), []
    pools = storages(ports).pools
    if given.get("storage") is not None:
        _find(request, ports)
    for name in sorted(pools.ids()):
        storage = pools.find(name)
        if given.get("storage") in (None, name) and seen.sees(name) and _wanted(storage, request):
            row = await state_of(pools, storage, ports.node)
            found.append({**row, **_formats(storage)} if given.get("format") else row)
    return found


def _wanted(storage: Storage, request: Request) -> bool:
    given, node = request.parameters, str(request.parameters["node"])
    content = given.get("content")
    if content and not any(kind in storage.content for kind in content):
        return False
    if given.get("enabled") and not storage.enabled:
        return False
    target = given.get("target")
    if target is None or target == node:
        return True
    return storage.shared and storage.used_on(node) and storage.used_on(str(target))


def _formats(storage: Storage) -> Row:
    if storage.formats:
        formats = {"supported": sorted(storage.formats), "default": storage.formats[0]}
        return {"formats": formats, "select_existing": int(storage.type.startswith("iscsi"))}
    return {}


def _find(request: Request, ports: ApiPorts) -> Storage:
    try:
        return storages(ports).pools.find(str(request.parameters["storage"]))
    except MissingError:
        raise ParameterError({"storage": "No such storage."}) from None


async def _status(request: Request, ports: ApiPorts) -> Row:
    storage = _find(request, ports)
    row = await state_of(storages(ports).pools, storage, ports.node)
    return {key: value for key, value in row.items() if key not in ("storage", "used_fraction")}


async def _identity(request: Request, ports: ApiPorts) -> Row:
    storage = _find(request, ports)
    return {"type": storage.type, "id": identity(storage, ports.node)}


async def _past(request: Request, ports: ApiPorts) -> list[Row]:
    storage = _find(request, ports)
    return points(request, ports, "storage", f"{ports.node}/{storage.id}")


OPERATIONS: Final = (
    Operation(
        "GET",
        "/nodes/{node}/storage",
        _list,
        "The storages, as the node sees them.",
        (
            NODE,
            Option("content", "Only those that keep one of these.", format=CONTENT, many=True),
            flag("enabled", "Only those in use.", False),
            flag("format", "With the formats of images.", False),
            Option("storage", "Only this one.", format=STORAGE_ID),
            Option("target", "Only those that this node shares.", format=NODE_FORM),
        ),
        ANY_USER,
        node="node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/storage/{storage}/status",
        _status,
        "Whether a storage answers, and how full it is.",
        (NODE, STORAGE),
        LOOK,
        node="node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/storage/{storage}/identity",
        _identity,
        "What tells a storage from every other, whatever it is called.",
        (NODE, STORAGE),
        LOOK,
        node="node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/storage/{storage}/rrddata",
        _past,
        "How full a storage was.",
        (NODE, STORAGE, AVERAGE, FRAME),
        LOOK,
        node="node",
    ),
)
