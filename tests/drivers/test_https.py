"""Calls to another node over TLS: real sockets, a peer that answers well, badly or not at all."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.model.errors import ConfigError, OutcomeUnknownError, UnavailableError
from appliance.ports.transport import Reply
from drivers.https import transport
from drivers.https.transport import HttpsTransport, split_address
from drivers.tls.certificate import Identity, own_identity

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data": 1}'
LAST = b"HTTP/1.1 500 no\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Peer:
    """answers: what it says to each request, on whatever connection; None hangs up."""

    identity: Identity
    answers: list[bytes | None]
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while self.answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, OSError):
                break
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(length))
            answer = self.answers.pop(0)
            if answer is None:
                break
            writer.write(answer)
            if b"Connection: close" in answer:
                break
        writer.close()


Ask = Callable[[str], Awaitable[None]]


def with_peer(folder: Path, answers: list[bytes | None], ask: Ask) -> Peer:
    """`ask` gets the address of a peer that lives as long as it runs."""
    peer = Peer(own_identity(folder, "n1", ["127.0.0.1"]), answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(peer.identity.certificate, peer.identity.key)

    async def run() -> None:
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=context)
        try:
            await ask(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        finally:
            server.close()

    asyncio.run(run())
    return peer


def test_requests_follow_one_another_on_one_connection(tmp_path: Path) -> None:
    seen: list[Reply] = []

    async def ask(address: str) -> None:
        fingerprint = own_identity(tmp_path, "n1", []).fingerprint
        line = await HttpsTransport().connect(address, fingerprint)
        first = await line.send("POST", "/api2/json/x", {"cookie": "c"}, b"a=1")
        seen.extend((first, await line.send("POST", "/api2/json/x", {}, b"")))
        await line.close()

    peer = with_peer(tmp_path, [GOOD, GOOD], ask)
    assert [(one.status, one.body) for one in seen] == [(200, b'{"data": 1}')] * 2
    assert peer.bodies == [b"a=1", b""]
    assert peer.connections == 1
    assert b"cookie: c\r\n" in peer.heads[0].lower()


def test_a_closed_connection_is_opened_again_for_the_next_request(tmp_path: Path) -> None:
    seen: list[int] = []

    async def ask(address: str) -> None:
        fingerprint = own_identity(tmp_path, "n1", []).fingerprint
        line = await HttpsTransport().connect(address, fingerprint.lower().replace(":", ""))
        first = await line.send("GET", "/", {}, b"")
        seen.extend((first.status, (await line.send("GET", "/", {}, b"")).status))
        await line.close()

    peer = with_peer(tmp_path, [LAST, GOOD], ask)
    assert seen == [500, 200]
    assert peer.connections == 2


def test_another_certificate_gets_nothing_to_read(tmp_path: Path) -> None:
    async def ask(address: str) -> None:
        with pytest.raises(ConfigError, match="another certificate, with the fingerprint"):
            await HttpsTransport().connect(address, ":".join(["AB"] * 32))

    assert with_peer(tmp_path, [GOOD], ask).heads == []


def test_nobody_there() -> None:
    async def ask() -> None:
        server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(UnavailableError, match=f"nobody answers at 127.0.0.1 port {port}"):
            await HttpsTransport().connect(f"127.0.0.1:{port}", "")

    asyncio.run(ask())


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"what?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{",
    ],
)
def test_without_a_whole_answer_nobody_knows_what_was_done(
    tmp_path: Path, answer: bytes | None
) -> None:
    async def ask(address: str) -> None:
        line = await HttpsTransport().connect(address, own_identity(tmp_path, "n1", []).fingerprint)
        with pytest.raises(OutcomeUnknownError, match=r"127\.0\.0\.1 broke off"):
            await line.send("POST", "/", {}, b"x")

    with_peer(tmp_path, [answer], ask)


def test_an_answer_without_end_is_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 10)

    async def ask(address: str) -> None:
        line = await HttpsTransport().connect(address, own_identity(tmp_path, "n1", []).fingerprint)
        with pytest.raises(OutcomeUnknownError, match="the answer is too large"):
            await line.send("GET", "/", {}, b"")

    with_peer(tmp_path, [GOOD], ask)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("n1", ("n1", 8006)),
        ("10.0.0.1:443", ("10.0.0.1", 443)),
        ("[fe80::1]:443", ("fe80::1", 443)),
        ("[fe80::1]", ("fe80::1", 8006)),
        ("fe80::1", ("fe80::1", 8006)),
    ],
)
def test_addresses(text: str, parts: tuple[str, int]) -> None:
    assert split_address(text) == parts


@pytest.mark.parametrize("text", ["", ":8006", "n1:", "n1:0", "n1:65536", "n1:http", "n1:٣"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError, match="is not HOST or HOST:PORT"):
        split_address(text)
