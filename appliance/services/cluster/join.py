"""Bring this node into a cluster that runs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from appliance.model.cluster.join_info import host_of
from appliance.model.corosync_conf import CorosyncConf, Link, parse_corosync_conf
from appliance.model.errors import (
    ConfigError,
    OutcomeUnknownError,
    QuorateError,
    RefusedError,
    UnavailableError,
)
from appliance.ports.peers import Credentials, Peer
from appliance.services.cluster.layout import guests_of, refuse_problems, settle, told
from appliance.services.cluster.links import local_links, nearest
from appliance.services.cluster.ports import ClusterPorts

API_VERSION: Final = 1
CONFIG: Final = "/cluster/config"


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """address: of a member's API, `HOST` or `HOST:PORT`. links: this node's; none: link 0 is the
    address that is nearest to the member's.

    force: join although this node has guests, or is in a cluster (perhaps the same, that has taken
    it out), or the cluster knows a node of this name. What its store contains is put aside.
    """

    address: str
    credentials: Credentials = field(repr=False)
    links: Mapping[int, Link] = field(default_factory=dict)
    node_id: int | None = None
    votes: int | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """backup: the name of what this node's store contained before."""

    conf: CorosyncConf
    backup: str


async def join(ports: ClusterPorts, request: JoinRequest) -> Joined:
    """Become a member; returns when the store here has all that the others have, and works.

    An error before the member was asked to add this node leaves everything as it was. An error
    after it takes the node out of the cluster's layout again if that can be done, and says so if
    it cannot. Interrupted at any point, it is run again.
    """
    _refuse_if_not_free(ports, force=request.force)
    links = await local_links(ports, request.links)
    peer = await ports.peers.login(request.address, request.credentials)
    try:
        offer = await peer.call("GET", f"{CONFIG}/join", {})
        _refuse_by_offer(ports, offer, links, force=request.force)
        own = nearest(ports.host.addresses(), _near(offer) or host_of(request.address))
        admission = await _ask(ports, peer, replace(request, links=links), own)
        try:
            conf, key = _checked(ports, admission)
            backup = await ports.service.enter(conf, key)
        except QuorateError as error:
            raise await _undone(ports, peer, error) from error
    finally:
        with contextlib.suppress(QuorateError):
            await peer.close()
    try:
        await settle(ports)
    except UnavailableError as error:
        raise UnavailableError(
            f"{ports.node} is in cluster '{conf.cluster_name}' now, but does not work yet: "
            f"{told(error)}; 'quorate cluster status' shows who is there"
        ) from error
    return Joined(conf, backup)


def _refuse_if_not_free(ports: ClusterPorts, *, force: bool) -> None:
    present = ports.service.layout()
    if force:
        return
    if present is not None:
        raise RefusedError(
            f"{ports.node} is in cluster '{present.cluster_name}' already; with --force it leaves "
            "that one, and what its store contains is put aside"
        )
    guests = guests_of(ports)
    if guests:
        listed = ", ".join(str(number) for number in guests[:5])
        more = ", ..." if len(guests) > 5 else ""
        raise RefusedError(
            f"{ports.node} has guests ({listed}{more}): their numbers could be taken in the "
            "cluster; move them away or back them up and remove them first"
        )


def _refuse_by_offer(
    ports: ClusterPorts, offer: Any, links: Mapping[int, Link], *, force: bool
) -> None:
    """What can be known before anything is changed. The member checks again."""
    nodes = offer.get("nodelist", []) if isinstance(offer, dict) else []
    if not nodes:
        raise UnavailableError("the other node did not tell what cluster it is in")
    wanted = _links_of(nodes)
    given = tuple(links) or (wanted if wanted == (0,) else ())
    missing = [link for link in wanted if link not in given]
    extra = [link for link in given if link not in wanted]
    if missing:
        raise ConfigError(
            f"the cluster has this link, give an address of {ports.node}",
            field=f"link{missing[0]}",
        )
    if extra:
        have = ", ".join(f"link{link}" for link in wanted)
        raise ConfigError(
            f"the cluster does not have this link, only {have}", field=f"link{extra[0]}"
        )


def _links_of(nodes: Any) -> tuple[int, ...]:
    numbers = range(8)
    return tuple(
        number for number in numbers if any(f"ring{number}_addr" in node for node in nodes)
    )


def _near(offer: Any) -> str | None:
    """Link 0 of the member that was asked."""
    name = offer.get("preferred_node")
    for node in offer["nodelist"]:
        if node.get("name") == name:
            address = node.get("ring0_addr")
            return str(address) if address else None
    return None


async def _ask(ports: ClusterPorts, peer: Peer, request: JoinRequest, own: str | None) -> Any:
    """Ask to be added. If no answer came, ask again: the same again gives the same."""
    parameters: dict[str, Any] = {"apiversion": API_VERSION}
    for number, link in request.links.items():
        parameters[f"link{number}"] = link.address
    if own is not None:
        parameters["new_node_ip"] = own
    numbers = {"nodeid": request.node_id, "votes": request.votes}
    parameters |= {name: value for name, value in numbers.items() if value is not None}
    if request.force:
        parameters["force"] = 1
    path = f"{CONFIG}/nodes/{ports.node}"
    try:
        return await peer.call("POST", path, parameters)
    except OutcomeUnknownError:
        return await peer.call("POST", path, parameters)


def _checked(ports: ClusterPorts, admission: Any) -> tuple[CorosyncConf, bytes]:
    """The answer as what it has to be. UnavailableError if it is not."""
    text = admission.get("corosync_conf") if isinstance(admission, dict) else None
    key = admission.get("corosync_authkey") if isinstance(admission, dict) else None
    if not isinstance(text, str) or not isinstance(key, str) or not key:
        raise UnavailableError("the other node answered without layout or key")
    conf = parse_corosync_conf(text)
    refuse_problems(conf)
    if conf.node(ports.node) is None:
        raise UnavailableError("the layout that the other node gave does not have this node")
    try:
        return conf, bytes.fromhex(key)
    except ValueError:
        raise UnavailableError("the key that the other node gave is none") from None


async def _undone(ports: ClusterPorts, peer: Peer, error: QuorateError) -> QuorateError:
    """Take this node out of the layout again; the error, with what became of that."""
    try:
        await peer.call("DELETE", f"{CONFIG}/nodes/{ports.node}", {})
    except QuorateError as second:
        return UnavailableError(
            f"{told(error)}; the cluster still expects {ports.node} ({told(second)}): join again, "
            f"or there: 'quorate cluster expected 1' if it has no quorum, then 'quorate cluster "
            f"leave {ports.node}'"
        )
    return UnavailableError(f"{told(error)}; nothing was changed")
