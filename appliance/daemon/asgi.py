"""The API as an ASGI application: nothing is decided here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Self, TypeAlias

from appliance.api.answers import error_answer
from appliance.api.api import Api
from appliance.api.http import LOCAL, MAX_BODY_BYTES, HttpAnswer, HttpRequest
from appliance.model.errors import QuorateError, TooLargeError
from appliance.model.events.node import RequestFailed
from appliance.ports.journal import Journal

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


class AsgiApp:
    """local: whoever connects is root of this machine, because nobody else can."""

    def __init__(self, api: Api, journal: Journal, *, local: bool) -> None:
        self._api, self._journal, self._local = api, journal, local

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here")
        try:
            answer = await self._api.handle(await self._request(scope, receive))
        except TooLargeError as error:
            answer = error_answer(error, "json")
        except Exception as error:  # noqa: BLE001 - a defect must not take the connection with it
            place = f"{scope['method']} {scope['path']}"
            self._journal.emit("api", RequestFailed(place, f"{type(error).__name__}: {error}"))
            answer = error_answer(QuorateError("internal error, see the node's journal"), "json")
        await _answer(answer, receive, send)

    async def _request(self, scope: Message, receive: Receive) -> HttpRequest:
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            if len(body) > MAX_BODY_BYTES:
                raise TooLargeError(f"a body has at most {MAX_BODY_BYTES} bytes")
            more = message.get("more_body", False)
        client = scope.get("client")
        return HttpRequest(
            scope["method"],
            scope["raw_path"].decode("ascii", "replace"),
            scope["query_string"].decode("ascii", "replace"),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            bytes(body),
            LOCAL if self._local else str(client[0] if client else "unknown"),
        )


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
