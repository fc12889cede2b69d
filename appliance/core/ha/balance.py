"""Automatic rebalancing: move one bundle of services when the load has been uneven for long."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from appliance.core.ha.commands import move_verb, queue_motion
from appliance.core.ha.crs import Usage, best_balancing_move, held_long_enough
from appliance.model.events import crm as events

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft

_MOVING = ("migrate", "relocate")


def rebalance(draft: Draft) -> None:
    """Queue the best move if it is time for one, and count the rounds of uneven load."""
    memory = draft.memory
    rounds, fruitless, every = memory.imbalance_rounds, None, memory.search_every
    usage = draft.load.usage() if is_balancing(draft) else None
    imbalance = None if usage is None else usage.imbalance()
    if usage is not None and imbalance is not None:
        looked_at = _looked_at(draft)
        if memory.fruitless == looked_at:
            fruitless = memory.fruitless
        rounds, go_on = held_long_enough(imbalance, rounds, draft.crs)
        if go_on:
            every = max(1, ceil(draft.crs.hold_duration))
            fruitless = None if _search(draft, usage) else fruitless or looked_at
    if (rounds, every) != (memory.imbalance_rounds, memory.search_every) or (
        fruitless is not memory.fruitless
    ):
        draft.memory = replace(
            memory, imbalance_rounds=rounds, fruitless=fruitless, search_every=every
        )


def _search(draft: Draft, usage: Usage) -> bool:
    """Queue the best move; False if there is none and nothing to tell either."""
    move, warning = best_balancing_move(usage, draft.services, draft.compiled, draft.crs)
    if warning is not None:
        draft.tell(events.SchedulerWarning(warning))
    if move is not None:
        how = move_verb(move.sid)
        before, after = f"{move.before:.2f}", f"{move.after:.2f}"
        draft.tell(events.AutoRebalance(how, move.sid, move.target, before, after))
        queue_motion(draft, f"{how} {move.sid} {move.target}", how, move.sid, move.target)
    return move is not None or warning is not None


def _looked_at(draft: Draft) -> tuple[object, ...]:
    """All that a search depends on; equal, a search finds what the last one found."""
    inputs = draft.inputs
    return (
        draft.share_services(),
        draft.compiled,
        draft.load.online,
        draft.crs,
        inputs.node_stats,
        inputs.service_stats,
        inputs.guests,
    )


def is_balancing(draft: Draft) -> bool:
    """Whether the load is looked at in this round: asked for, and nothing moves."""
    if not draft.crs.auto_rebalance or draft.crs.mode not in ("static", "dynamic"):
        return False
    return not any(
        status.state in _MOVING or (status.command is not None and status.command[0] in _MOVING)
        for status in draft.services.values()
    )
