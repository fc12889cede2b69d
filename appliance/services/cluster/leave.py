"""Take a node out of the cluster."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.model.corosync_conf import CorosyncConf, remove_node
from appliance.model.errors import RefusedError
from appliance.services.cluster.layout import (
    change_layout,
    current,
    guests_of,
    known_node,
    need_quorum,
)
from appliance.services.cluster.ports import ClusterPorts


@dataclass(frozen=True, slots=True)
class Left:
    """guests: what is still configured on the node that left."""

    conf: CorosyncConf
    guests: tuple[int, ...]


async def leave(ports: ClusterPorts, name: str, *, force: bool = False) -> Left:
    """Remove a node that is off for good. It must not come back as it is; it can join anew.

    force: also if the nodes that are here have no quorum afterwards.
    """
    conf = current(ports)
    node = known_node(conf, name)
    if name == ports.node:
        raise RefusedError(
            f"{name} cannot remove itself: shut it down, and do this on another node"
        )
    if name in ports.membership.view().online:
        raise RefusedError(
            f"{name} is online: shut it down first, and do not start it again as it is"
        )
    need_quorum(ports)

    def change(conf: CorosyncConf) -> CorosyncConf:
        if not force:
            _refuse_loss_of_quorum(ports, conf, name)
        return remove_node(conf, name)

    changed = await change_layout(ports, change)
    return Left(changed, guests_of(ports, f"nodes/{node.name}/"))


def _refuse_loss_of_quorum(ports: ClusterPorts, conf: CorosyncConf, name: str) -> None:
    """With the layout's own votes, which count again once it is applied."""
    online = ports.membership.view().online
    kept = [node for node in conf.nodes() if node.name != name]
    total = sum(node.votes for node in kept)
    here = sum(node.votes for node in kept if node.name in online)
    needed = 1 if conf.flag("two_node") and len(kept) == 2 else total // 2 + 1
    if here < needed:
        raise RefusedError(
            f"without {name} {needed} of {total} votes make a quorum, and {here} are here: bring "
            "more nodes up, or use --force and then 'quorate cluster expected'"
        )
