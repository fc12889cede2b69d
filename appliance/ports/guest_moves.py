"""Running guests that go on on another node, and guests that are started there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

from appliance.model.guest.running import Launch

Commit: TypeAlias = Callable[[], Awaitable[None]]


class GuestMoves(Protocol):
    """Who calls holds the guest's lock. Errors: RefusedError, UnavailableError."""

    async def live(self, sid: str, target: str, disks: Mapping[str, str], commit: Commit) -> None:
        """Move a running VM, with all that it does meanwhile.

        disks     its volumes that the target cannot see -> the ids of the equal copies that are
                  made there; the originals are removed afterwards
        commit    makes the guest the target's. It is called while the guest stands still; if it
                  raises NotQuorateError or UnavailableError the guest goes on here.

        After an error before the commit the guest runs here as before and no copy is left.
        """
        ...

    async def start_there(self, node: str, launch: Launch) -> None:
        """Start a guest that belongs to that node by now."""
        ...
