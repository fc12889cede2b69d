"""Guests on this node: their life cycle and their moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended. `locked` names the configuration lock that forbade it."""

    ok: bool
    reason: str = ""
    locked: str | None = None


class GuestRuntime(Protocol):
    """Guests are named by service id (`vm:100`, `ct:101`)."""

    def running(self, sid: str) -> bool:
        """Whether it runs on this node, from local knowledge, at once."""
        ...

    async def start(self, sid: str) -> Outcome: ...

    async def stop(self, sid: str, timeout_s: int | None) -> Outcome:
        """Shut it down; 0 means at once and hard, None the guest kind's default patience."""
        ...


class Migration(Protocol):
    """Moves a guest of this node, configuration and volumes included, to another node."""

    async def check(self, sid: str, target: str) -> Outcome:
        """Whether a move can begin at all."""
        ...

    async def move(self, sid: str, target: str, online: bool) -> Outcome:
        """Move it, running if `online`. When it fails the guest is where and as it was."""
        ...
