"""Operations on the cluster itself: `/cluster/status` and what is below `/cluster/config`.

Names, parameters and answers are Proxmox VE's, except for what it has no API for: changing links,
expected votes and the quorum device, and the whole status in one object (`/cluster/config/status`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request
from appliance.model.cluster.join_info import (
    FINGERPRINT_HELP,
    check_fingerprint,
    totem_table,
)
from appliance.model.cluster.status import as_rows, as_table
from appliance.model.corosync_conf import ConfNode, CorosyncConf, Link, parse_link
from appliance.model.corosync_conf.check import ALGORITHMS, TLS, is_address
from appliance.model.corosync_conf.layout import MAX_LINK
from appliance.model.errors import ConfigError, RefusedError, UnavailableError
from appliance.model.formats import NODE
from appliance.model.option import Format, Option
from appliance.ports.peers import Credentials
from appliance.services.cluster import admit, create, join, leave, links, votes
from appliance.services.cluster.layout import current
from appliance.services.cluster.ports import ClusterPorts
from appliance.services.cluster.status import status

AUDIT: Final[Mapping[str, Any]] = {"check": ["perm", "/", ["Sys.Audit"]]}


def _fingerprint(text: str) -> str:
    try:
        return check_fingerprint(text)
    except ConfigError:
        raise ValueError(text) from None


FINGERPRINT: Final = Format("fingerprint", FINGERPRINT_HELP, _fingerprint)
_NODE: Final = Option("node", "Name of the node.", format=NODE, required=True)
_NODE_ID: Final = Option("nodeid", "Number of the node; free if not given.", "integer", minimum=1)
_VOTES: Final = Option("votes", "How many votes the node has.", "integer", minimum=0)
_LINK: Final = Option(
    "link", "Address of the node on that link: ADDRESS[,priority=N].", last=MAX_LINK
)
_FORCE: Final = Option("force", "Do it although a check advises against it.", "boolean", False)


def _cluster(ports: ApiPorts) -> ClusterPorts:
    if ports.cluster is None:
        raise UnavailableError("this node cannot be in a cluster")
    return ports.cluster


def _links(parameters: Mapping[str, Any]) -> dict[int, Link]:
    """`link0`, `link1`, ..."""
    found = {}
    for name, value in parameters.items():
        number = name.removeprefix("link")
        if name.startswith("link") and number.isdecimal():
            found[int(number)] = parse_link(str(value), int(number))
    return dict(sorted(found.items()))


# looking


async def _rows(_request: Request, ports: ApiPorts) -> Any:
    return as_rows(await status(_cluster(ports)))


async def _table(_request: Request, ports: ApiPorts) -> Any:
    return as_table(await status(_cluster(ports)))


async def _api_version(_request: Request, _ports: ApiPorts) -> Any:
    return join.API_VERSION


async def _totem(_request: Request, ports: ApiPorts) -> Any:
    return totem_table(current(_cluster(ports)))


async def _nodes(_request: Request, ports: ApiPorts) -> Any:
    return [{"node": node.name, **_node_row(node)} for node in current(_cluster(ports)).nodes()]


def _node_row(node: ConfNode) -> dict[str, Any]:
    rings = {f"ring{link}_addr": address for link, address in node.addresses.items()}
    return {"name": node.name, "nodeid": node.node_id, "quorum_votes": node.votes, **rings}


async def _device(_request: Request, ports: ApiPorts) -> Any:
    return as_table(await status(_cluster(ports)))["qdevice"] or {}


async def _join_offer(request: Request, ports: ApiPorts) -> Any:
    offer = admit.offer(_cluster(ports), request.parameters.get("node"))
    return {
        "config_digest": offer.digest,
        "nodelist": [
            {**_node_row(one.node), "pve_addr": one.address, "pve_fp": one.fingerprint}
            for one in offer.members
        ],
        "preferred_node": offer.preferred.node.name,
        "totem": totem_table(offer.conf),
    }


# changing


async def _create(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    conf = await create.create(
        _cluster(ports),
        given["clustername"],
        _links(given),
        node_id=given.get("nodeid", 1),
        votes=given.get("votes", 1),
        token_coefficient_ms=given.get("token-coefficient"),
    )
    return f"cluster '{conf.cluster_name}' is created, {ports.node} is its first node"


async def _join(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    wanted = join.JoinRequest(
        given["hostname"],
        Credentials(given["fingerprint"], given["password"]),
        _links(given),
        given.get("nodeid"),
        given.get("votes"),
        force=given["force"],
    )
    joined = await join.join(_cluster(ports), wanted)
    return (
        f"{ports.node} is in cluster '{joined.conf.cluster_name}' now; what its store contained "
        f"before is kept in {joined.backup}"
    )


async def _admit(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    version = given.get("apiversion", join.API_VERSION)
    if version != join.API_VERSION:
        raise RefusedError(
            f"{given['node']} joins by version {version}, this node knows {join.API_VERSION}: "
            "bring both to the same release"
        )
    newcomer = admit.Newcomer(
        given["node"],
        {number: link.address for number, link in _links(given).items()},
        given.get("nodeid"),
        given.get("votes"),
        given.get("new_node_ip"),
        given["force"],
    )
    admission = await admit.admit(_cluster(ports), newcomer)
    return {
        "corosync_conf": admission.conf.text(),
        "corosync_authkey": admission.key.hex(),
    }


async def _leave(request: Request, ports: ApiPorts) -> Any:
    name = request.parameters["node"]
    left = await leave.leave(_cluster(ports), name, force=request.parameters["force"])
    text = f"{name} is taken out of the cluster; do not start it again as it is"
    guests = ", ".join(str(guest) for guest in left.guests)
    return f"{text}; still configured on it: {guests}" if guests else text


async def _expect(request: Request, ports: ApiPorts) -> Any:
    told = await votes.expect(_cluster(ports), request.parameters["votes"])
    return f"{told.expected} votes are expected, {told.needed} make a quorum"


async def _add_device(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    conf = await votes.add_device(
        _cluster(ports),
        given["host"],
        algorithm=given.get("algorithm"),
        tls=given["tls"],
        force=given["force"],
    )
    device = conf.device()
    assert device is not None
    return f"the quorum device on {device.host} votes by {device.algorithm}"


async def _remove_device(_request: Request, ports: ApiPorts) -> Any:
    device = await votes.remove_the_device(_cluster(ports))
    return f"the quorum device on {device.host} votes no more"


async def _add_link(request: Request, ports: ApiPorts) -> Any:
    given = request.parameters
    addresses = dict(given["addresses"])
    if len(addresses) < len(given["addresses"]):
        raise ConfigError("names a node twice", field="addresses")
    conf = await links.add(
        _cluster(ports), given["link"], addresses, priority=given.get("priority", 0)
    )
    return _links_told(conf)


async def _remove_link(request: Request, ports: ApiPorts) -> Any:
    return _links_told(await links.remove(_cluster(ports), request.parameters["link"]))


def _links_told(conf: CorosyncConf) -> str:
    return f"the cluster has {', '.join(f'link{link}' for link in conf.links())}"


# the table


def _node_address(text: str) -> tuple[str, str]:
    node, equals, address = text.partition("=")
    if not equals or not node or not is_address(address):
        raise ValueError(text)
    return node, address


_ADDRESSES: Final = Option(
    "addresses",
    "Address of every node on the link.",
    format=Format("node-address", "NODE=ADDRESS for every node", _node_address),
    many=True,
    required=True,
)
_LINK_NUMBER: Final = Option(
    "link", "Number of the link.", "integer", required=True, minimum=0, maximum=MAX_LINK
)
_CREATE: Final = (
    Option("clustername", "Name of the cluster.", format=NODE, required=True, max_length=15),
    _NODE_ID,
    Option("votes", "How many votes the node has.", "integer", minimum=1),
    _LINK,
    Option("token-coefficient", "Milliseconds more for each node.", "integer", minimum=0),
)
_JOIN: Final = (
    Option("hostname", "Address of a node of the cluster.", required=True),
    Option("fingerprint", "Of that node's certificate.", format=FINGERPRINT, required=True),
    Option("password", "Of root on that node.", required=True, max_length=128, secret=True),
    _NODE_ID,
    _VOTES,
    _LINK,
    _FORCE,
)
_ADMIT: Final = (
    _NODE,
    Option("apiversion", "By which rules the node joins.", "integer"),
    Option("new_node_ip", "The node's address, for link 0 if no links are given."),
    _NODE_ID,
    _VOTES,
    _LINK,
    _FORCE,
)
_DEVICE: Final = (
    Option("host", "Where corosync-qnetd runs.", required=True),
    Option("algorithm", "Who gets the vote; by the number of nodes.", choices=ALGORITHMS),
    Option("tls", "Whether votes travel encrypted.", default="on", choices=TLS),
    _FORCE,
)
_EXPECTED: Final = Option("votes", "Votes to expect.", "integer", required=True, minimum=1)
_WHOM: Final = Option("node", "Whom a new node shall ask; this one.", format=NODE)

OPERATIONS: Final = (
    Operation("GET", "/cluster/status", _rows, "The cluster and its nodes.", permission=AUDIT),
    Operation("POST", "/cluster/config", _create, "Make a cluster of this node.", _CREATE),
    Operation(
        "GET", "/cluster/config/apiversion", _api_version, "Rules of joining.", permission=AUDIT
    ),
    Operation(
        "GET", "/cluster/config/status", _table, "All about cluster and quorum.", permission=AUDIT
    ),
    Operation(
        "GET", "/cluster/config/join", _join_offer, "For a new node.", (_WHOM,), permission=AUDIT
    ),
    Operation("POST", "/cluster/config/join", _join, "Bring this node into a cluster.", _JOIN),
    Operation("GET", "/cluster/config/nodes", _nodes, "All nodes.", permission=AUDIT),
    Operation("POST", "/cluster/config/nodes/{node}", _admit, "Let a new node in.", _ADMIT),
    Operation(
        "DELETE", "/cluster/config/nodes/{node}", _leave, "Take a node out.", (_NODE, _FORCE)
    ),
    Operation("GET", "/cluster/config/totem", _totem, "Totem settings.", permission=AUDIT),
    Operation("GET", "/cluster/config/qdevice", _device, "Quorum device.", permission=AUDIT),
    Operation("POST", "/cluster/config/qdevice", _add_device, "Add a quorum device.", _DEVICE),
    Operation("DELETE", "/cluster/config/qdevice", _remove_device, "Take it away."),
    Operation(
        "POST",
        "/cluster/config/links/{link}",
        _add_link,
        "Add a link to all nodes.",
        (_LINK_NUMBER, _ADDRESSES, Option("priority", "As `link[n]` has it.", "integer")),
    ),
    Operation(
        "DELETE", "/cluster/config/links/{link}", _remove_link, "Remove a link.", (_LINK_NUMBER,)
    ),
    Operation(
        "PUT", "/cluster/config/expected", _expect, "Votes that quorum counts with.", (_EXPECTED,)
    ),
)
