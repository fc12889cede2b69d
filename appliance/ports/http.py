"""Requests and answers of the API as they travel, and files that come with a request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

LOCAL: Final = ""  # the address of whoever came through the local socket
JSON_TYPE: Final = "application/json;charset=UTF-8"


class Upload(Protocol):
    """A file that came with a request, put aside on this node's disk.

    It is removed when the request is answered; who needs it longer (a task) calls `keep` before
    that, and `close` when done.
    """

    @property
    def name(self) -> str:
        """As the client calls it: may be anything, also a path."""
        ...

    @property
    def size_bytes(self) -> int: ...

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Fewer bytes at the end, none after it. DiskError."""
        ...

    def keep(self) -> None:
        """It stays until `close`."""
        ...

    def close(self) -> None:
        """Nobody needs it any more. Harmless twice."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request with its whole body.

    path and query are still percent-encoded. headers: names in lower case. address: of the client,
    or LOCAL for the local socket, which only root can open. Of a multipart body there are `fields`
    and `upload`, and no `body`.
    """

    verb: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = LOCAL
    fields: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """stream: the body comes piece by piece, after `body`. reason: the status line's text."""

    status: int
    reason: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", JSON_TYPE),)
    stream: AsyncIterator[bytes] | None = None
