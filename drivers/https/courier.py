"""Requests carried to other nodes over HTTPS, streaming in both directions."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Final
from uuid import uuid4

import h11

from appliance.model.errors import BrokenOffError, ConfigError, UnavailableError, UnreachableError
from appliance.model.multipart import TYPE, composed
from appliance.ports.http import HttpAnswer, HttpRequest
from drivers.https.transport import (
    ANSWER_S,
    BROKEN,
    MAX_ANSWER_BYTES,
    connected,
    hang_up,
    split_address,
)

CHUNK_BYTES: Final = 65536
# Of this connection alone, or made anew by whoever answers the client.
_OWN: Final = frozenset(
    {
        "cache-control",
        "connection",
        "content-length",
        "date",
        "expect",
        "host",
        "keep-alive",
        "server",
        "transfer-encoding",
        "upgrade",
        "x-content-type-options",
    }
)
_ALIVE: Final = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))


class HttpsCourier:
    """Implements the `Courier` port."""

    async def carry(self, address: str, fingerprint: str, request: HttpRequest) -> HttpAnswer:
        host, port = split_address(address)
        try:
            reader, writer = await connected(host, port, fingerprint)
        except (UnavailableError, ConfigError) as error:
            raise UnreachableError(str(error)) from error
        _keep_alive(writer)
        journey = _Journey(f"{host}:{port}", reader, writer)
        try:
            async with asyncio.timeout(ANSWER_S):
                await journey.send(request)
                answer = await journey.receive()
        except BROKEN as error:
            await hang_up(writer)
            reason = str(error) or f"no answer within {ANSWER_S:.0f} s"
            raise BrokenOffError(f"{host} broke off: {reason}") from error
        except BaseException:
            await hang_up(writer)
            raise
        if answer.stream is None:
            await hang_up(writer)
        return answer


class _Journey:
    """One request on a connection of its own."""

    def __init__(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._host, self._reader, self._writer = host, reader, writer
        self._http = h11.Connection(h11.CLIENT)

    async def send(self, request: HttpRequest) -> None:
        kind, head, tail = _wrapped(request)
        size = len(head) + len(tail)
        if request.upload is not None:
            size += request.upload.size_bytes
        headers = [(name, value) for name, value in request.headers.items() if name not in _OWN]
        if kind:
            headers = [
                *(one for one in headers if one[0] != "content-type"),
                ("content-type", kind),
            ]
        headers += [("host", self._host), ("content-length", str(size)), ("connection", "close")]
        where = f"{request.path}?{request.query}" if request.query else request.path
        await self._write(h11.Request(method=request.verb, target=where, headers=headers))
        for piece in _pieces(request, head, tail):
            await self._write(h11.Data(data=piece))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    async def _next(self) -> h11.Event:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                assert not isinstance(event, type)
                return event
            self._http.receive_data(await self._reader.read(CHUNK_BYTES))

    async def receive(self) -> HttpAnswer:
        """With its body, if that says how long it is; else the body is a stream."""
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if not isinstance(event, h11.Response):
            raise h11.RemoteProtocolError("it was closed without an answer")
        found = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers]
        headers = tuple(one for one in found if one[0] not in _OWN)
        reason = event.reason.decode("latin-1")
        if "content-length" not in dict(found):
            return HttpAnswer(event.status_code, reason, b"", headers, self._stream())
        body = bytearray()
        async for piece in self._data():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise h11.RemoteProtocolError("the answer is too large")
        return HttpAnswer(event.status_code, reason, bytes(body), headers)

    async def _data(self) -> AsyncIterator[bytes]:
        while not isinstance(event := await self._next(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise h11.RemoteProtocolError("it was closed in the middle of an answer")
            yield bytes(event.data)

    async def _stream(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._data():
                yield piece
        except BROKEN as error:
            raise BrokenOffError(f"{self._host} broke off: {error}") from error
        finally:
            await hang_up(self._writer)


def _wrapped(request: HttpRequest) -> tuple[str, bytes, bytes]:
    """The body's type where it is made anew; what comes before a file in it, and after."""
    if request.upload is None:
        return "", request.body, b""
    boundary = uuid4().hex
    head, tail = composed(boundary, request.fields, "filename", request.upload.name)
    return f"{TYPE}; boundary={boundary}", head, tail


def _pieces(request: HttpRequest, head: bytes, tail: bytes) -> Iterator[bytes]:
    if head:
        yield head
    offset = 0
    while request.upload is not None and (piece := request.upload.read(offset, CHUNK_BYTES)):
        offset += len(piece)
        yield piece
    if tail:
        yield tail


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """A peer that has died is noticed, however long its answer may take."""
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _ALIVE:
        line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
