"""Things that several faults may take down at once: up again when the last of them is healed."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class DownCount(Generic[K]):
    """How many faults hold each thing down."""

    __slots__ = ("_what", "counts")

    def __init__(self, what: str) -> None:
        self._what = what
        self.counts: dict[K, int] = {}

    def set(self, key: K, up: bool) -> bool:
        """One fault more (up False) or less (up True). Whether the thing changed by that.

        Raises ValueError when a fault is healed that never began: that would heal another's.
        """
        held = self.counts.get(key, 0)
        if up and not held:
            raise ValueError(f"{self._what} {key} is not down")
        held += -1 if up else 1
        if held:
            self.counts[key] = held
        else:
            del self.counts[key]
        return held == (0 if up else 1)

    def up(self, key: K) -> bool:
        return key not in self.counts
