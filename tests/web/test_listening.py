"""Listening sockets: what clients and waiting answers depend on."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.api.answers import error_answer, value_answer
from appliance.api.http import HttpAnswer, HttpRequest
from appliance.model.errors import ConfigError, ForbiddenError
from appliance.model.multipart import composed
from appliance.web.asgi import AsgiApp, DroppedError
from appliance.web.listener import Listener
from appliance.web.sockets import local_socket, tls_socket


class Echo:
    """Answers with what came. Implements `Answers`."""

    def __init__(self) -> None:
        self.admits = 0

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        if request.path == "/gone":
            raise DroppedError
        upload = request.upload
        told: dict[str, Any] = {"fields": dict(request.fields), "body": len(request.body)}
        if upload is not None:
            content = upload.read(0, upload.size_bytes)
            told |= {"name": upload.name, "size": upload.size_bytes, "ends": content[-3:].decode()}
        return value_answer(told, "json")

    def admit(self, head: HttpRequest) -> HttpAnswer | None:
        self.admits += 1
        return error_answer(ForbiddenError("not you"), "json") if head.path == "/no" else None


class _Silent:
    def emit(self, source: str, event: object) -> None:
        raise AssertionError((source, event))


def ask(
    tmp_path: Path, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]
) -> Any:
    """Let a client talk to a listener."""

    async def run() -> Any:
        path = tmp_path / "socket"
        listener = Listener(AsgiApp(Echo(), _Silent(), local=True), [local_socket(path)], None)
        await listener.start()
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            async with asyncio.timeout(20):
                return await talk(reader, writer)
        finally:
            writer.close()
            await listener.stop()

    return asyncio.run(run())


async def _answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(
        int(line[15:]) for line in head.splitlines() if line.startswith("content-length:")
    )
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


def test_answers_are_not_held_back_on_the_wire() -> None:
    """asyncio turns Nagle's delay off only for sockets that name their protocol."""
    listening = tls_socket("127.0.0.1", 0)
    assert listening.proto == socket.IPPROTO_TCP
    listening.close()


def test_an_address_that_is_taken_is_named() -> None:
    with tls_socket("127.0.0.1", 0) as first, pytest.raises(ConfigError, match="cannot listen"):
        tls_socket("127.0.0.1", first.getsockname()[1])


def test_a_file_of_any_size_goes_to_the_disk_with_the_fields_before_it(tmp_path: Path) -> None:
    size = 6 * 1024 * 1024  # more than a body may have
    head, tail = composed("mark", {"content": "iso"}, "filename", "a b.iso")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        length = len(head) + size + len(tail)
        writer.write(
            b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=mark"
            b"\r\nContent-Length: %d\r\n\r\n" % length
        )
        writer.write(head)
        for _ in range(size // 65536):
            writer.write(b"x" * 65533 + b"end")
            await writer.drain()
        writer.write(tail)
        return await _answer(reader)

    status, found = ask(tmp_path, talk)
    assert status == 200
    assert found["data"] == {
        "fields": {"content": "iso"},
        "body": 0,
        "name": "a b.iso",
        "size": size,
        "ends": "end",
    }


def test_who_may_not_is_told_before_the_file_comes(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(
            b"POST /no HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=mark\r\n"
            b"Content-Length: 1000000000\r\n\r\n"
        )
        return await _answer(reader)

    assert ask(tmp_path, talk)[0] == 403


def test_more_than_a_disk_has_is_refused_by_its_length_alone(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(
            b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=m\r\n"
            b"Content-Length: 99999999999999999\r\n\r\n"
        )
        return await _answer(reader)

    status, found = ask(tmp_path, talk)
    assert (status, found["code"]) == (400, "too_large")


def test_without_an_answer_the_connection_is_broken_off(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        writer.write(b"GET /gone HTTP/1.1\r\nHost: x\r\n\r\n")
        return await reader.read()

    assert ask(tmp_path, talk) == b""
