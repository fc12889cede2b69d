"""The node state machine: online, maintenance, unknown, fence, gone.

Only fencing (`fence_node`) leads into `fence` and out of it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from appliance.core.ha.constants import FORGET_DELAY_S
from appliance.core.ha.effects import TryAgentLock
from appliance.model.errors import RoundError
from appliance.model.events import crm as events

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft


def update_nodes(draft: Draft) -> None:
    """Bring the node states in line with the membership and with the LRM modes."""
    view = draft.inputs.view
    draft.seen = draft.seen.look(view.online, draft.now_s)
    for node in view.online:
        _look_at_online(draft, node)
    if len(draft.nodes) == len(view.online):
        return
    online, members = frozenset(view.online), frozenset(view.members)
    for node in sorted(draft.nodes):
        if node not in online:
            _look_at_absent(draft, node, node in members)


def _look_at_online(draft: Draft, node: str) -> None:
    state = draft.node_state(node)
    if state == "online":
        if draft.mode(node) == "maintenance":
            draft.set_node(node, "maintenance")
    elif state in ("unknown", "gone"):
        draft.set_node(node, "online")
    elif state == "maintenance":
        if draft.mode(node) != "maintenance":
            draft.set_node(node, "online")
    elif state != "fence":
        raise RoundError(f"node '{node}' is in unknown state '{state}'")


def _look_at_absent(draft: Draft, node: str, member: bool) -> None:
    state = draft.nodes[node]
    if state == "online":
        draft.set_node(node, "unknown")
    elif state == "maintenance":
        # Its last word decides: a node shut down for maintenance is expected to be away.
        if draft.mode(node) != "maintenance":
            draft.set_node(node, "unknown")
    elif state == "unknown":
        if not member:
            draft.set_node(node, "gone")
    elif state == "gone":
        if draft.offline_for(node, FORGET_DELAY_S):
            draft.forget_node(node)
    elif state != "fence":
        raise RoundError(f"node '{node}' is in unknown state '{state}'")


def fence_node(draft: Draft, node: str) -> Generator[Any, Any, bool]:
    """Try to fence a node; True once that is certain.

    The node's lock can be obtained only when its LRM gave it up, or has not renewed it for the
    lock's life, which is longer than its watchdog waits: nothing it ran can run any more.
    """
    if draft.node_state(node) != "fence":
        draft.set_node(node, "fence")
        draft.tell(events.FenceTry(node))
    obtained: bool = yield TryAgentLock(node)
    if obtained:
        draft.set_node(node, "unknown")
        draft.tell(events.FenceDone(node))
    return obtained


def fence_pass(draft: Draft) -> Generator[Any, Any, bool]:
    """Fence what has to be, each node at most once; True if anything came of it."""
    fenced: dict[str, bool] = {}
    changed = False
    for sid, status in list(draft.services.items()):
        if status.state != "fence":
            continue
        if status.node not in fenced:
            fenced[status.node] = yield from fence_node(draft, status.node)
        if fenced[status.node]:
            draft.change(sid, "recovery")
            changed = True
    if "fence" not in draft.nodes.values():
        return changed
    for node in sorted(draft.nodes):
        if draft.nodes[node] == "fence" and node not in fenced:
            draft.tell(events.FenceWithoutServices(node))
            if (yield from fence_node(draft, node)):
                changed = True
    return changed
