"""Cluster locks with a life time: held while renewed, free for others when it ran out."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class LeaseAnswer(NamedTuple):
    """held: the caller holds it now. fresh: it did not a moment ago (or its own had run out).

    When not held, `free_in_s` is how long until it would run out if its holder fell silent now,
    or None if that is not known or nothing but a change of the lease can free it.
    """

    held: bool
    fresh: bool = False
    free_in_s: float | None = None


class Leases(Protocol):
    async def renew(self, name: str, life_s: float) -> LeaseAnswer:
        """Take or refresh it. Refused without quorum and while another holds it."""
        ...

    async def release(self, name: str) -> bool:
        """Give it up. False if it was not this node's to give, or there is no quorum."""
        ...
