"""The API as an ASGI application: nothing is decided here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any, Protocol, Self, TypeAlias

from appliance.api.answers import error_answer
from appliance.api.http import LOCAL, MAX_BODY_BYTES, HttpAnswer, HttpRequest
from appliance.model.errors import QuorateError, TooLargeError
from appliance.model.events.node import RequestFailed
from appliance.model.multipart import boundary_of
from appliance.ports.journal import Journal
from appliance.web.listener import DROP
from appliance.web.uploads import DiskUpload, take_in

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
SECURE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)


class Status(int):
    """A status code with the text of its status line, for which ASGI has no place."""

    reason: str

    def __new__(cls, code: int, reason: str) -> Self:
        status = super().__new__(cls, code)
        status.reason = reason
        return status


class Answers(Protocol):
    """What requests go to: the API, or a way to it."""

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        """The answer. DroppedError if there will be none."""
        ...

    def admit(self, head: HttpRequest) -> HttpAnswer | None:
        """Before a body in parts is taken in: None if a file may come, else the error."""
        ...


class DroppedError(Exception):
    """Who was asked is not there any more: the connection is broken off."""


class AsgiApp:
    """local: whoever connects is root of this machine, because nobody else can."""

    def __init__(self, api: Answers, journal: Journal, *, local: bool) -> None:
        self._api, self._journal, self._local = api, journal, local

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here")
        upload: DiskUpload | None = None
        try:
            head = self._head(scope)
            boundary = boundary_of(head.headers.get("content-type", ""))
            refused = None if boundary is None else self._api.admit(head)
            if refused is not None:
                return await _answer(refused, receive, send)
            if boundary is None:
                request = replace(head, body=await _whole(receive))
            else:
                length = head.headers.get("content-length", "")
                known = int(length) if length.isdecimal() else 0
                fields, upload = await take_in(_pieces(receive), boundary, known)
                request = replace(head, fields=fields, upload=upload)
            await self._answered(request, scope, receive, send)
        except QuorateError as error:
            await _answer(error_answer(error, "json"), receive, send)
        except DroppedError:
            await _drop(scope, receive)
        finally:
            if upload is not None:
                upload.answered()

    async def _answered(
        self, request: HttpRequest, scope: Message, receive: Receive, send: Send
    ) -> None:
        try:
            answer = await self._api.handle(request)
        except DroppedError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect must not take the connection with it
            place = f"{scope['method']} {scope['path']}"
            self._journal.emit("api", RequestFailed(place, f"{type(error).__name__}: {error}"))
            answer = error_answer(QuorateError("internal error, see the node's journal"), "json")
        await _answer(answer, receive, send)

    def _head(self, scope: Message) -> HttpRequest:
        client = scope.get("client")
        return HttpRequest(
            scope["method"],
            scope["raw_path"].decode("ascii", "replace"),
            scope["query_string"].decode("ascii", "replace"),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            b"",
            LOCAL if self._local else str(client[0] if client else "unknown"),
        )


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Of a body; DroppedError if the client goes before its end."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DroppedError
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _whole(receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
        return body
    whole = bytearray(message["body"])
    async for piece in _pieces(receive):
        whole += piece
        if len(whole) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(whole)


def _too_large() -> TooLargeError:
    return TooLargeError(f"a body has at most {MAX_BODY_BYTES} bytes")


async def _drop(scope: Message, receive: Receive) -> None:
    """Break the connection off, and wait until it is: uvicorn would answer for us."""
    drop = scope.get("state", {}).get(DROP)
    if drop is not None:
        drop()
        await _gone(receive)


async def _answer(answer: HttpAnswer, receive: Receive, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    if answer.stream is None:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send(
        {
            "type": "http.response.start",
            "status": Status(answer.status, answer.reason),
            "headers": [*headers, *SECURE_HEADERS],
        }
    )
    if answer.stream is None:
        await send({"type": "http.response.body", "body": answer.body})
    else:
        await _stream(answer, receive, send)


async def _stream(answer: HttpAnswer, receive: Receive, send: Send) -> None:
    """Piece by piece, until it ends or the client has gone."""
    assert answer.stream is not None
    pieces = answer.stream
    gone = asyncio.ensure_future(_gone(receive))
    try:
        while True:
            piece = asyncio.ensure_future(anext(pieces, None))
            await asyncio.wait((piece, gone), return_when=asyncio.FIRST_COMPLETED)
            if not piece.done():
                piece.cancel()
                await asyncio.wait((piece,))
                return
            content = piece.result()
            if content is None:
                await send({"type": "http.response.body", "body": b""})
                return
            await send({"type": "http.response.body", "body": content, "more_body": True})
    finally:
        gone.cancel()
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
