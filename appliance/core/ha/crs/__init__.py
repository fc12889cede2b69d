"""The cluster resource scheduler: how nodes compare, and which move would even out their load."""

from __future__ import annotations

from appliance.core.ha.crs.balance import Move, best_balancing_move, bundles, held_long_enough
from appliance.core.ha.crs.usage import (
    BasicUsage,
    DynamicUsage,
    MeasuredUsage,
    StaticUsage,
    Usage,
    make_usage,
)
from appliance.core.ha.places import used_nodes

__all__ = [
    "BasicUsage",
    "DynamicUsage",
    "MeasuredUsage",
    "Move",
    "StaticUsage",
    "Usage",
    "best_balancing_move",
    "bundles",
    "held_long_enough",
    "make_usage",
    "used_nodes",
]
