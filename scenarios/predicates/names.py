"""The names a predicate may use: the nodes, guests and steps of one scenario, and event kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Names:
    """wanted: the guests that should be running. kinds: event kind -> its fields."""

    nodes: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
