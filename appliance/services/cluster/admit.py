"""The side of a member when a node wants to join: what it tells, and the node's entry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.model.corosync_conf import ConfNode, CorosyncConf, add_node, remove_node
from appliance.model.errors import ConfigError, MissingError, RefusedError, UnavailableError
from appliance.services.cluster.layout import KEY, change_layout, current, known_node, need_quorum
from appliance.services.cluster.links import refuse_taken
from appliance.services.cluster.ports import ClusterPorts


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a node that wants to join says of itself.

    address: where link 0 is when no links are given and the cluster has no other. None: what the
    cluster chooses.
    """

    name: str
    links: Mapping[int, str] = field(default_factory=dict)
    node_id: int | None = None
    votes: int | None = None
    address: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """What a node needs to come into the cluster. The key is a secret."""

    conf: CorosyncConf
    key: bytes = field(repr=False)


async def admit(ports: ClusterPorts, newcomer: Newcomer) -> Admission:
    """Add the node to the layout, in one change, and hand over what it needs.

    The same again gives the same: a join that was interrupted is run again. From here on the
    newcomer's votes count, so a cluster of one has no quorum until it has come.
    """
    conf, newcomer = current(ports), _with_link(current(ports), newcomer)
    key = _key(ports)
    if _has_it(conf.node(newcomer.name), newcomer):
        _refuse_online(ports, newcomer.name)
        return Admission(conf, key)
    need_quorum(ports)
    await refuse_taken(ports, conf, newcomer.links, newcomer.name)

    def change(conf: CorosyncConf) -> CorosyncConf:
        node = conf.node(newcomer.name)
        if _has_it(node, newcomer):
            return conf
        if node is not None and newcomer.force:
            _refuse_online(ports, newcomer.name)
            return _replaced(conf, node, newcomer)
        votes = 1 if newcomer.votes is None else newcomer.votes
        return add_node(conf, newcomer.name, newcomer.links, node_id=newcomer.node_id, votes=votes)

    return Admission(await change_layout(ports, change), key)


def _with_link(conf: CorosyncConf, newcomer: Newcomer) -> Newcomer:
    """With the address as link 0, if that is all that the cluster asks for."""
    if newcomer.links:
        return newcomer
    if newcomer.address is None:
        raise ConfigError("give this node's address on the link", field="link0")
    if conf.links() != (0,):
        first = next((link for link in conf.links() if link), 0)
        raise ConfigError("the cluster has this link, give an address", field=f"link{first}")
    return replace(newcomer, links={0: newcomer.address})


def _key(ports: ClusterPorts) -> bytes:
    try:
        return ports.store.read(KEY, privileged=True).content
    except MissingError:
        raise UnavailableError(f"the store has no {KEY}, which a new node needs") from None


def _has_it(node: ConfNode | None, newcomer: Newcomer) -> bool:
    """Whether the layout has the node just as it wants to come."""
    return (
        node is not None
        and dict(node.addresses) == dict(newcomer.links)
        and newcomer.node_id in (None, node.node_id)
        and newcomer.votes in (None, node.votes)
    )


def _refuse_online(ports: ClusterPorts, name: str) -> None:
    if name in ports.membership.view().online:
        raise RefusedError(f"a node '{name}' is in the cluster, and online")


def _replaced(conf: CorosyncConf, node: ConfNode, newcomer: Newcomer) -> CorosyncConf:
    """The node's entry made anew, in one version; id and votes stay unless others are wanted."""
    node_id = node.node_id if newcomer.node_id is None else newcomer.node_id
    votes = node.votes if newcomer.votes is None else newcomer.votes
    without = remove_node(conf, node.name)
    changed = add_node(without, node.name, newcomer.links, node_id=node_id, votes=votes)
    totem = changed.totem.with_value("config_version", str(conf.version + 1))
    return changed.with_section(totem)


# what a newcomer is told before


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """A node that a newcomer may ask. fingerprint is empty while it has not told it."""

    node: ConfNode
    address: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class JoinOffer:
    """Everything about the cluster that is no secret. `preferred`: the node to ask."""

    conf: CorosyncConf
    digest: str
    members: tuple[MemberInfo, ...]
    preferred: MemberInfo


def offer(ports: ClusterPorts, node: str | None = None) -> JoinOffer:
    """What a newcomer has to know; `node`: whom it shall ask, this node unless told."""
    conf = current(ports)
    known_node(conf, node or ports.node)
    members = tuple(_member(ports, one) for one in conf.nodes())
    preferred = next(one for one in members if one.node.name == (node or ports.node))
    if not preferred.fingerprint:
        raise UnavailableError(f"{preferred.node.name} has not published its certificate yet")
    digest = hashlib.sha1(conf.text().encode(), usedforsecurity=False).hexdigest()
    return JoinOffer(conf, digest, members, preferred)


def _member(ports: ClusterPorts, node: ConfNode) -> MemberInfo:
    address = next(iter(node.addresses.values()), "")
    if node.name == ports.node:
        return MemberInfo(node, address, fingerprint_of_pem(ports.host.certificate()))
    try:
        pem = ports.store.read(certificate_path(node.name)).content
    except MissingError:
        return MemberInfo(node, address, "")
    return MemberInfo(node, address, fingerprint_of_pem(pem))


def certificate_path(node: str) -> str:
    """Where a node publishes the certificate of its API."""
    return f"nodes/{node}/pve-ssl.pem"
