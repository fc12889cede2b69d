"""How busy guests, nodes and storages were in the past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

Kind = Literal["guest", "node", "storage"]


class LoadHistory(Protocol):
    def at(self, kind: Kind, name: str, wall_s: int) -> Mapping[str, float] | None:
        """Values by name, in the units of status calls, of counters the rate in bytes per second.

        name: a service id, a node, or `NODE/STORAGE`. wall_s: since 1970. None: nothing is known
        of that time, because it was off, is not over, or is long ago.
        """
        ...
