"""What this node knows of its own network identity."""

from __future__ import annotations

from typing import Protocol


class ThisHost(Protocol):
    def addresses(self) -> tuple[str, ...]:
        """IP addresses of this node's interfaces that others can reach, the preferred one first."""
        ...

    async def resolve(self, name: str) -> tuple[str, ...]:
        """The IP addresses of a host name, or the address itself; none if it is unknown."""
        ...

    def certificate(self) -> bytes:
        """The certificate (PEM) that this node's API shows."""
        ...
