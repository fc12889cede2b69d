"""How the cluster is, seen from this node. Works without quorum and without corosync."""

from __future__ import annotations

from appliance.model.cluster.status import ClusterStatus, NodeStatus
from appliance.model.corosync_conf import CorosyncConf
from appliance.model.errors import ConfigError, UnavailableError
from appliance.ports.membership import View, Votes
from appliance.services.cluster.layout import layout_of, stored_file
from appliance.services.cluster.ports import ClusterPorts


async def status(ports: ClusterPorts) -> ClusterStatus:
    """Of a node alone too: it has no cluster's name then."""
    in_place = ports.service.layout()
    if in_place is None:
        own = dict(enumerate(ports.host.addresses()[:1]))
        return ClusterStatus(ports.node, nodes=(NodeStatus(ports.node, 0, 1, True, True, own),))
    view, votes = ports.membership.view(), await _votes(ports)
    conf = _stored(ports)
    shown = conf or in_place
    return ClusterStatus(
        node=ports.node,
        name=shown.cluster_name,
        config_version=conf.version if conf else None,
        in_place=in_place.version,
        transport=shown.transport,
        encrypted=_encrypted(shown),
        quorate=view.quorate,
        expected=votes.expected if votes else None,
        present=votes.present if votes else None,
        needed=votes.needed if votes else None,
        flags=votes.flags if votes else (),
        nodes=_nodes(ports.node, shown, view, running=votes is not None),
        device=shown.device(),
    )


async def _votes(ports: ClusterPorts) -> Votes | None:
    try:
        return await ports.membership.votes()
    except UnavailableError:
        return None


def _stored(ports: ClusterPorts) -> CorosyncConf | None:
    try:
        file = stored_file(ports)
        return layout_of(file) if file else None
    except (UnavailableError, ConfigError):
        return None


def _encrypted(conf: CorosyncConf) -> bool:
    """`secauth` or a cipher of its own."""
    totem = conf.totem
    return totem.get("secauth") == "on" or (totem.get("crypto_cipher") or "none") != "none"


def _nodes(me: str, conf: CorosyncConf, view: View, *, running: bool) -> tuple[NodeStatus, ...]:
    """Without quorum nobody is online to this node but itself, if its corosync runs."""

    def online(name: str) -> bool:
        return name in view.online or (name == me and running)

    return tuple(
        NodeStatus(
            node.name, node.node_id, node.votes, online(node.name), node.name == me, node.addresses
        )
        for node in conf.nodes()
    )
