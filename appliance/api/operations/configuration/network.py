"""A node's network interfaces: changes wait until they are put in force or taken back."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.configuration.common import NODE_OPTION
from appliance.api.operations.configuration.node import system_of
from appliance.api.permissions import NODE_AUDIT, NODE_MODIFY
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.formats.names import CONFIG_ID
from appliance.model.option import Option
from appliance.model.options.make import flag, word
from appliance.model.options.network import KINDS, NAME, OPTIONS
from appliance.model.section_edit import one_line
from appliance.services.config.node_files import Network
from appliance.services.tasks.context import TaskContext

_PATH: Final = "/nodes/{node}/network"
_APART: Final = ("node", "iface", "delete")


def _network(ports: ApiPorts) -> Network:
    return Network(system_of(ports))


async def _rows(request: Request, ports: ApiPorts) -> Any:
    rows, changes = await _network(ports).rows(request.parameters.get("type"))
    del changes  # has no place in a list; clients read it beside the data
    return rows


async def _row(request: Request, ports: ApiPorts) -> Any:
    return await _network(ports).row(str(request.parameters["iface"]))


def _given(request: Request) -> dict[str, Any]:
    """Attributes as the file has them."""
    found: dict[str, Any] = {}
    for name, value in request.texts.items():
        option = OPTIONS.find(name)
        if option is None or name in _APART:
            continue
        text = str(value)
        if option.kind == "boolean":
            found[name] = int(bool(option.decode(text)))
        elif name.startswith("comments"):
            found[name] = text if text.endswith("\n") else f"{text}\n"
        elif option.many:
            found[name] = " ".join(text.replace(";", " ").replace(",", " ").split())
        else:
            found[name] = one_line(name, text)
    return found


async def _create(request: Request, ports: ApiPorts) -> None:
    await _network(ports).create(str(request.parameters["iface"]), _given(request))


async def _update(request: Request, ports: ApiPorts) -> None:
    given = request.parameters
    delete = given.get("delete") or ()
    await _network(ports).update(str(given["iface"]), _given(request), delete)


async def _remove(request: Request, ports: ApiPorts) -> None:
    await _network(ports).remove(str(request.parameters["iface"]))


async def _revert(_request: Request, ports: ApiPorts) -> None:
    await _network(ports).revert()


async def _apply(request: Request, ports: ApiPorts) -> str:
    network = _network(ports)

    async def work(context: TaskContext) -> None:
        _rows, changes = await network.rows(None)
        for line in changes.splitlines():
            context.log(line)
        await network.apply()

    return await ports.work.start("srvreload", "networking", request.user, work)


OPERATIONS: Final = (
    Operation(
        "GET",
        _PATH,
        _rows,
        "The interfaces, as they shall be.",
        (NODE_OPTION, word("type", "Only such ones.", KINDS)),
        ANY_USER,
        "node",
    ),
    Operation(
        "POST",
        _PATH,
        _create,
        "Make an interface.",
        (NODE_OPTION, NAME, *OPTIONS),
        NODE_MODIFY,
        "node",
    ),
    Operation(
        "PUT",
        _PATH,
        _apply,
        "Put the changes in force, as a task.",
        (NODE_OPTION, flag("regenerate-frr", "Whether routing is written anew.", False)),
        NODE_MODIFY,
        "node",
    ),
    Operation(
        "DELETE", _PATH, _revert, "Take the changes back.", (NODE_OPTION,), NODE_MODIFY, "node"
    ),
    Operation(
        "GET", f"{_PATH}/{{iface}}", _row, "One interface.", (NODE_OPTION, NAME), NODE_AUDIT, "node"
    ),
    Operation(
        "PUT",
        f"{_PATH}/{{iface}}",
        _update,
        "Change an interface.",
        (
            NODE_OPTION,
            NAME,
            *OPTIONS,
            Option("delete", "Options to take out.", format=CONFIG_ID, many=True),
        ),
        NODE_MODIFY,
        "node",
    ),
    Operation(
        "DELETE",
        f"{_PATH}/{{iface}}",
        _remove,
        "Remove an interface.",
        (NODE_OPTION, NAME),
        NODE_MODIFY,
        "node",
    ),
)
