"""The dead man's switch of a node."""

from __future__ import annotations

from typing import Protocol


class Watchdog(Protocol):
    """Shared by clients named after their daemon. A client silent for 60 s resets the node."""

    def open(self, client: str) -> None:
        """Begin to promise life signs; the first counts as given now."""
        ...

    def pet(self, client: str) -> None: ...

    def close(self, client: str) -> None:
        """Withdraw the promise cleanly."""
        ...

    def is_open(self, client: str) -> bool: ...
