"""Software-defined networks: subnets, the lock, applying, and how it stands on a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.api.operations.configuration import sdn_objects
from appliance.api.operations.configuration.common import NODE_OPTION, may
from appliance.api.operations.configuration.firewall_rules import (
    Level,
    options_operations,
    rule_operations,
)
from appliance.api.operations.configuration.sdn_common import (
    VIEWS,
    need_lock,
    need_vnet,
    sdn_of,
    texts_of,
    viewed,
    viewed_one,
)
from appliance.api.operations.configuration.sdn_objects import VNET, ZONE
from appliance.api.permissions import perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.guest.identity import uuid_of
from appliance.core.sdn.checks import listed
from appliance.core.sdn.pending import Rows
from appliance.model.errors import MissingError
from appliance.model.formats.sdn import SUBNET, network_of, subnet_id
from appliance.model.option import Option
from appliance.model.options.firewall import VNET_OPTIONS
from appliance.model.options.make import flag, text, word
from appliance.model.options.sdn import LOCK_TOKEN, SUBNET_TYPES
from appliance.model.section_parameters import flat_create_options, flat_update_options
from appliance.services.config.firewall import Place
from appliance.services.config.sections import Row
from appliance.services.tasks.context import TaskContext

_SEES: Final = ("SDN.Audit", "SDN.Allocate")
_ALLOCATE: Final = perm("/sdn", "SDN.Allocate")
_TOKEN_BYTES: Final = 16

# subnets


def _subnet_row(row: Row) -> Row:
    """With what its id says."""
    network = network_of(str(row["subnet"]))
    zone = str(row["subnet"]).partition("-")[0]
    address = str(network.network_address)
    more = {"cidr": str(network), "network": address, "mask": str(network.prefixlen), "zone": zone}
    return {**row, "id": row["subnet"], **more}


async def _subnets(request: Request, ports: ApiPorts) -> list[Row]:
    vnet = str(request.parameters["vnet"])
    need_vnet(request, ports, vnet, *_SEES)
    rows = viewed("subnets", request, ports)
    return [_subnet_row(row) for row in rows if _vnet_of(row) == vnet]


def _vnet_of(row: Row) -> str:
    return str(row.get("vnet") or row.get("pending", {}).get("vnet"))


async def _subnet(request: Request, ports: ApiPorts) -> Row:
    need_vnet(request, ports, str(request.parameters["vnet"]), *_SEES)
    return _subnet_row(viewed_one("subnets", _id_of(request, ports), request, ports))


def _id_of(request: Request, ports: ApiPorts) -> str:
    """The id of a subnet of that network, given by the id or by the network's address."""
    given = str(request.parameters["subnet"])
    if "/" not in given:
        return given
    vnet = str(request.parameters["vnet"])
    return subnet_id(str(sdn_of(ports).row("vnets", vnet)["zone"]), given)


async def _create_subnet(request: Request, ports: ApiPorts) -> None:
    vnet = str(request.parameters["vnet"])
    need_vnet(request, ports, vnet, "SDN.Allocate")
    need_lock(request, ports)
    texts = {**texts_of(request, "subnet"), "vnet": vnet}
    await sdn_of(ports).create("subnets", "subnet", _id_of(request, ports), texts)


async def _update_subnet(request: Request, ports: ApiPorts) -> None:
    need_vnet(request, ports, str(request.parameters["vnet"]), "SDN.Allocate")
    need_lock(request, ports)
    name, given = _own_subnet(request, ports), request.parameters
    texts = texts_of(request, "subnet", "vnet")
    delete, digest = given.get("delete") or (), given.get("digest")
    await sdn_of(ports).update("subnets", name, texts, delete, digest)


async def _remove_subnet(request: Request, ports: ApiPorts) -> None:
    need_vnet(request, ports, str(request.parameters["vnet"]), "SDN.Allocate")
    need_lock(request, ports)
    await sdn_of(ports).remove("subnets", _own_subnet(request, ports))


def _own_subnet(request: Request, ports: ApiPorts) -> str:
    """Its id, if it is of the network that was named. MissingError."""
    name, vnet = _id_of(request, ports), request.parameters["vnet"]
    if sdn_of(ports).row("subnets", name)["vnet"] != vnet:
        raise MissingError(f"sdn subnet '{name}' does not exist in network '{vnet}'")
    return name


# applying


async def _apply(request: Request, ports: ApiPorts) -> str:
    need_lock(request, ports)
    token = request.parameters.get("lock-token")
    releases = bool(request.parameters.get("release-lock", True))

    async def work(context: TaskContext) -> None:
        version = await sdn_of(ports).apply()
        context.log(f"version {version} of the SDN configuration is what runs")
        if releases:
            await sdn_of(ports).unlock(token, force=False)

    return await ports.work.start("reloadnetworkall", "", request.user, work)


async def _rollback(request: Request, ports: ApiPorts) -> None:
    need_lock(request, ports)
    await sdn_of(ports).rollback()
    if request.parameters.get("release-lock", True):
        await sdn_of(ports).unlock(request.parameters.get("lock-token"), force=False)


async def _lock(request: Request, ports: ApiPorts) -> str:
    token = uuid_of(ports.entropy.token(_TOKEN_BYTES))
    waiting = bool(request.parameters.get("allow-pending", False))
    return await sdn_of(ports).lock(token, allow_pending=waiting)


async def _unlock(request: Request, ports: ApiPorts) -> None:
    given = request.parameters
    await sdn_of(ports).unlock(given.get("lock-token"), force=bool(given.get("force", False)))


# on a node


def _is_on(zone: Mapping[str, Any], node: str) -> bool:
    nodes = listed(zone.get("nodes"))
    return not nodes or node in nodes


def _status(name: str, running: Rows, configured: Rows) -> str:
    """`available` if it runs here as it is configured, `pending` if something waits."""
    return "available" if running.get(name) == configured.get(name) else "pending"


async def _node_zones(request: Request, ports: ApiPorts) -> list[Row]:
    node, sdn = str(request.parameters["node"]), sdn_of(ports)
    running, configured = sdn.running()["zones"], sdn.configured("zones")
    return [
        {"zone": name, "status": _status(name, running, configured)}
        for name in sorted(running)
        if _is_on(running[name], node) and may(request, ports, f"/sdn/zones/{name}", *_SEES)
    ]


async def _node_content(request: Request, ports: ApiPorts) -> list[Row]:
    zone = _running_zone(request, ports)
    sdn = sdn_of(ports)
    running, configured = sdn.running()["vnets"], sdn.configured("vnets")
    return [
        {
            "vnet": name,
            "status": _status(name, running, configured),
            **({"statusmsg": running[name]["alias"]} if "alias" in running[name] else {}),
        }
        for name in sorted(running)
        if running[name].get("zone") == zone
    ]


def _running_zone(request: Request, ports: ApiPorts) -> str:
    """MissingError unless that zone runs on this node."""
    zone = str(request.parameters["zone"])
    running = sdn_of(ports).running()["zones"]
    if zone not in running or not _is_on(running[zone], ports.node):
        raise MissingError(f"sdn zone '{zone}' does not exist on {ports.node}")
    return zone


# the firewall of a network


def _place(given: Any) -> Place:
    return Place(f"sdn/firewall/{given['vnet']}.fw", "vnet", VNET_OPTIONS)


async def _guard(request: Request, ports: ApiPorts, write: bool) -> None:
    vnet = str(request.parameters["vnet"])
    need_vnet(request, ports, vnet, *(("SDN.Allocate",) if write else _SEES))


_FIREWALL: Final = Level(
    "/cluster/sdn/vnets/{vnet}/firewall",
    "a network",
    (VNET,),
    _place,
    ANY_USER,
    ANY_USER,
    guard=_guard,
)

_SUBNET: Final = text("subnet", "The subnet.", SUBNET, required=True)
_ANY_VNET: Final = text("vnet", "The network.", required=True)
_MADE: Final = tuple(o for o in flat_create_options(SUBNET_TYPES).values() if o.name != "vnet")
_CHANGED: Final = tuple(o for o in flat_update_options(SUBNET_TYPES).values() if o.name != "vnet")
_RELEASE: Final = flag("release-lock", "Whether the lock ends with it.", True)
_PATH: Final = "/cluster/sdn/vnets/{vnet}/subnets"


def _on_subnet(verb: str, handler: Any, sentence: str, *options: Option) -> Operation:
    return Operation(verb, f"{_PATH}/{{subnet}}", handler, sentence, options, ANY_USER)


OPERATIONS: Final = (
    *sdn_objects.OPERATIONS,
    Operation("GET", _PATH, _subnets, "The subnets of a network.", (VNET, *VIEWS), ANY_USER),
    Operation(
        "POST",
        _PATH,
        _create_subnet,
        "Make a subnet.",
        (
            _ANY_VNET,
            _SUBNET,
            word("type", "The type.", "subnet", required=True),
            LOCK_TOKEN,
            *_MADE,
        ),
        ANY_USER,
    ),
    _on_subnet("GET", _subnet, "One subnet.", VNET, _SUBNET, *VIEWS),
    _on_subnet(
        "PUT", _update_subnet, "Change a subnet.", _ANY_VNET, _SUBNET, LOCK_TOKEN, *_CHANGED
    ),
    _on_subnet("DELETE", _remove_subnet, "Remove a subnet.", VNET, _SUBNET, LOCK_TOKEN),
    Operation(
        "PUT", "/cluster/sdn", _apply, "Let what is configured run.", (LOCK_TOKEN, _RELEASE),
        _ALLOCATE,
    ),
    Operation(
        "POST", "/cluster/sdn/rollback", _rollback, "Take back what waits.",
        (LOCK_TOKEN, _RELEASE), _ALLOCATE,
    ),
    Operation(
        "POST",
        "/cluster/sdn/lock",
        _lock,
        "Keep others from changing it; the token that changes need now.",
        (flag("allow-pending", "Also while changes wait.", False),),
        _ALLOCATE,
    ),
    Operation(
        "DELETE",
        "/cluster/sdn/lock",
        _unlock,
        "Let others change it again.",
        (LOCK_TOKEN, flag("force", "Without the token.", False)),
        _ALLOCATE,
    ),
    *options_operations(_FIREWALL),
    *rule_operations(_FIREWALL),
    Operation(
        "GET", "/nodes/{node}/sdn/zones", _node_zones, "The zones of a node.", (NODE_OPTION,),
        ANY_USER, "node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/sdn/zones/{zone}/content",
        _node_content,
        "The networks of a zone on a node.",
        (NODE_OPTION, ZONE),
        perm("/sdn/zones/{zone}", "SDN.Audit"),
        "node",
    ),
)  # fmt: skip
