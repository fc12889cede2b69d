"""Requests carried to the API of another node as they are, and its answers back."""

from __future__ import annotations

from typing import Protocol

from appliance.ports.http import HttpAnswer, HttpRequest


class Courier(Protocol):
    async def carry(self, address: str, fingerprint: str, request: HttpRequest) -> HttpAnswer:
        """The answer of the node at `HOST` or `HOST:PORT`; its body may be a stream.

        Nothing is sent before the certificate was compared with the fingerprint, and it is sent
        once. UnreachableError: it did not get there. BrokenOffError: it may have, and no whole
        answer came (raised by the stream too).
        """
        ...
