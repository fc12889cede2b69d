"""What keeps the store's durable copy on this node."""

from __future__ import annotations

from typing import Protocol


class Keeper(Protocol):
    async def verify(self) -> tuple[str, ...]:
        """Read the whole database; the names of damaged records, sorted."""
        ...

    async def backup(self, file: str) -> None:
        """Write what is durable into a new database file at that absolute path.

        ExistsError if there is one; DiskError.
        """
        ...

    def found_damaged(self) -> str:
        """What was found wrong when this node started, and where it was put; empty if nothing."""
        ...
