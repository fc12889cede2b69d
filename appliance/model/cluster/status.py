"""What a cluster says of itself, from the point of view of one node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.model.corosync_conf import QuorumDevice


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A configured node. addresses: by link number. online: this node sees it."""

    name: str
    node_id: int
    votes: int
    online: bool
    local: bool
    addresses: Mapping[int, str] = field(default_factory=dict)

    def address(self) -> str:
        """On the lowest link."""
        return next(iter(self.addresses.values()), "")


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """`name` is empty for a node that is in no cluster.

    expected, present, needed, flags: of quorum, see `Votes`; None and () where the cluster service
    does not answer. in_place: version of the corosync.conf on this node. config_version: of the one
    in the store, which the nodes follow; None when it cannot be read.
    """

    node: str
    name: str = ""
    config_version: int | None = None
    in_place: int = 0
    transport: str = "knet"
    encrypted: bool = False
    quorate: bool = False
    expected: int | None = None
    present: int | None = None
    needed: int | None = None
    flags: tuple[str, ...] = ()
    nodes: tuple[NodeStatus, ...] = ()
    device: QuorumDevice | None = None

    @property
    def device_votes(self) -> int:
        """What of the present votes is the quorum device's."""
        if self.device is None or self.present is None:
            return 0
        return max(0, self.present - sum(node.votes for node in self.nodes if node.online))


def as_rows(status: ClusterStatus) -> list[dict[str, Any]]:
    """In the form of the API's `GET /cluster/status`."""
    rows: list[dict[str, Any]] = []
    if status.name:
        about = {"type": "cluster", "id": "cluster", "name": status.name}
        counts = {"nodes": len(status.nodes), "version": status.config_version or status.in_place}
        rows.append({**about, **counts, "quorate": int(status.quorate)})
    for node in status.nodes:
        about = {"type": "node", "id": f"node/{node.name}", "name": node.name}
        state = {"online": int(node.online), "local": int(node.local), "level": ""}
        number = {"nodeid": node.node_id, "ip": node.address()}
        rows.append({**about, **number, **state})
    return rows


def as_table(status: ClusterStatus) -> dict[str, Any]:
    """Everything, for machines."""
    device = status.device
    nodes = [
        {
            "name": node.name,
            "nodeid": node.node_id,
            "votes": node.votes,
            "online": node.online,
            "local": node.local,
            "links": {str(link): address for link, address in node.addresses.items()},
        }
        for node in status.nodes
    ]
    return {
        "node": status.node,
        "cluster": status.name or None,
        "config_version": status.config_version,
        "config_version_in_place": status.in_place,
        "transport": status.transport,
        "encrypted": status.encrypted,
        "quorate": status.quorate,
        "expected_votes": status.expected,
        "total_votes": status.present,
        "quorum": status.needed,
        "flags": list(status.flags),
        "nodes": nodes,
        "qdevice": None
        if device is None
        else {
            "host": device.host,
            "algorithm": device.algorithm,
            "tls": device.tls,
            "votes": device.votes,
            "present_votes": status.device_votes,
        },
    }
