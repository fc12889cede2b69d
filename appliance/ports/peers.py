"""Calls to the API of another node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

API_PORT: Final = 8006


@dataclass(frozen=True, slots=True)
class Credentials:
    """As whom to log in. The certificate must have this fingerprint (`AB:CD:...`), trusted or not.

    The password is sent only after that was seen.
    """

    fingerprint: str
    password: str = field(repr=False)
    username: str = "root@pam"


class Peer(Protocol):
    """A node that this one is logged in to."""

    async def call(self, verb: str, path: str, parameters: Mapping[str, Any]) -> Any:
        """The `data` of the answer.

        What the other refuses is raised as the error that it was there. UnavailableError if the
        call did not get through; OutcomeUnknownError if it did and no answer came.
        """
        ...

    async def close(self) -> None: ...


class Peers(Protocol):
    async def login(self, address: str, credentials: Credentials) -> Peer:
        """Connect to the API at `HOST` or `HOST:PORT` and log in.

        UnavailableError if nobody answers, ConfigError (field `fingerprint`) for another
        certificate, UnauthenticatedError if name and password are not accepted.
        """
        ...
