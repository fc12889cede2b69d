"""A short cut through the state machine for services that just go on running.

It decides nothing of its own: where it says yes, `next_state_started` would consume the answer
and change nothing else. A test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.model.ha.status import ServiceStatus

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft


def steady_nodes(draft: Draft) -> frozenset[str]:
    """Online nodes that found everything as it should be in the last published round."""
    return frozenset(
        node
        for node, lrm in draft.lrm.items()
        if lrm.checked_round == draft.round
        and lrm.mode != "restart"
        and draft.nodes.get(node) == "online"
        and node in draft.load.online_set
    )


def keeps_steady(draft: Draft, sid: str, status: ServiceStatus, nodes: frozenset[str]) -> bool:
    """Whether a steady service was answered well and nothing makes it move."""
    if status.node not in nodes or status.command is not None:
        return False
    if status.maintenance_node is not None or sid in draft.bound or sid in draft.consumed:
        return False
    config = draft.configs.get(sid)
    return config is not None and config.state == "started"
