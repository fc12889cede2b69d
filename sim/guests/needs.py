"""What guests need of the rest of the simulated world: chance, paths between nodes, configurations.

These are small on purpose: the network's fabric and the world's store have them as they are, and a
test writes its own in a few lines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from appliance.model.events import Event

Emit = Callable[[str, Event], None]
"""Tells the journal: actor, event."""


class Chance(Protocol):
    def unit(self, *key: str | int) -> float:
        """A number in [0, 1) that depends on the key and the world's seed alone."""
        ...


class Paths(Protocol):
    """Who physically reaches whom now. Between two nodes that both have power."""

    def mutual(self, a: str, b: str) -> bool: ...

    def bandwidth(self, a: str, b: str) -> float:
        """Bytes per second of one stream that has the path for itself."""
        ...

    def latency_s(self, a: str, b: str) -> float: ...


class Configs(Protocol):
    """Guests' configurations as one boot of one node sees them: its own replica of the store."""

    @property
    def version(self) -> int:
        """Changes whenever an answer of `node_of` or `lock_of` may have changed."""
        ...

    def node_of(self, sid: str) -> str | None:
        """Under which node the configuration lies; None: there is none."""
        ...

    def lock_of(self, sid: str) -> str | None:
        """The lock text in the configuration, such as `backup`."""
        ...

    async def rename(self, sid: str, source: str, target: str) -> None:
        """Move the configuration from node to node, atomically, if it still is at `source`.

        NotQuorateError, StaleError and UnavailableError say that nothing was written and never will
        be; OutcomeUnknownError (and any other QuorateError) that it may have been.
        """
        ...


def jitter(chance: Chance, *key: str | int, spread: float = 0.1) -> float:
    """A factor around 1: between 1 - spread and 1 + spread."""
    return 1.0 - spread + 2.0 * spread * chance.unit(*key)
