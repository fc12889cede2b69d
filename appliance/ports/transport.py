"""HTTPS to another node, whose certificate is known by its fingerprint and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


class Line(Protocol):
    """A connection. Requests follow one another."""

    async def send(self, verb: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """UnavailableError if it did not get through, OutcomeUnknownError if no answer came."""
        ...

    async def close(self) -> None: ...


class Transport(Protocol):
    async def connect(self, address: str, fingerprint: str) -> Line:
        """To `HOST` or `HOST:PORT` (8006). Nothing is sent before the certificate was compared.

        UnavailableError if nobody answers, ConfigError (field `fingerprint`) for another
        certificate.
        """
        ...
