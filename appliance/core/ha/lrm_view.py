"""What a node sees of the manager's status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from appliance.core.ha.places import active_on
from appliance.model.ha.status import EMPTY, Disarm, ManagerStatus, ServiceStatus


class LrmView(NamedTuple):
    """The services of one node and what the manager says about the node itself.

    all      every service of the cluster, as published
    own      services whose place is this node, sorted by id
    steady   those of them that are steady
    active   how many services on the node, or on their way to it, need its LRM
    fenced   how many wait for the node to be fenced
    """

    round: int = 0
    all: Mapping[str, ServiceStatus] = EMPTY
    own: Mapping[str, ServiceStatus] = EMPTY
    steady: tuple[str, ...] = ()
    active: int = 0
    fenced: int = 0
    node_state: str = "unknown"
    maintenance: bool = False
    disarm: Disarm | None = None

    @property
    def fence_requested(self) -> bool:
        return self.fenced > 0 or self.node_state == "fence"


def look(old: LrmView, status: ManagerStatus, node: str) -> LrmView:
    """The view of that status; services that have not changed are not looked through again."""
    state = status.nodes.get(node, "unknown")
    maintenance = node in status.maintenance
    if status.services is old.all:
        return LrmView(
            status.round,
            old.all,
            old.own,
            old.steady,
            old.active,
            old.fenced,
            state,
            maintenance,
            status.disarm,
        )
    here = {sid: st for sid, st in status.services.items() if node in (st.node, st.target)}
    own = {sid: here[sid] for sid in sorted(here) if here[sid].node == node}
    return LrmView(
        status.round,
        status.services,
        own,
        tuple(sid for sid, st in own.items() if st.steady),
        active_on(node, here.values()),
        sum(1 for st in own.values() if st.state == "fence"),
        state,
        maintenance,
        status.disarm,
    )
