"""Automatic rebalancing: move one bundle of services when the load has been uneven for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.core.ha.commands import queue_motion
from appliance.core.ha.crs import best_balancing_move, held_long_enough
from appliance.model.events import crm as events

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft

_MOVING = ("migrate", "relocate")


def rebalance(draft: Draft, rounds: int) -> int:
    """Queue the best move if it is time for one; for how many rounds the load is uneven now."""
    if not is_balancing(draft):
        return rounds
    usage = draft.load.usage()
    imbalance = usage.imbalance()
    if imbalance is None:
        return rounds
    rounds, go_on = held_long_enough(imbalance, rounds, draft.crs)
    if not go_on:
        return rounds
    move, warning = best_balancing_move(usage, draft.services, draft.compiled, draft.crs)
    if warning is not None:
        draft.tell(events.SchedulerWarning(warning))
    if move is not None:
        how = "migrate" if move.sid.startswith("vm:") else "relocate"
        before, after = f"{move.before:.2f}", f"{move.after:.2f}"
        draft.tell(events.AutoRebalance(how, move.sid, move.target, before, after))
        queue_motion(draft, f"{how} {move.sid} {move.target}", how, move.sid, move.target)
    return rounds


def is_balancing(draft: Draft) -> bool:
    """Whether the load is looked at in this round: asked for, and nothing moves."""
    if not draft.crs.auto_rebalance or draft.crs.mode not in ("static", "dynamic"):
        return False
    return not any(
        status.state in _MOVING or (status.command is not None and status.command[0] in _MOVING)
        for status in draft.services.values()
    )
