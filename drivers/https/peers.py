"""Another node's API: HTTP/1.1 over TLS, with the certificate that its fingerprint names."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import h11

from appliance.api.answers import error_told
from appliance.model.errors import (
    ConfigError,
    ForbiddenError,
    OutcomeUnknownError,
    UnauthenticatedError,
    UnavailableError,
)
from appliance.ports.peers import API_PORT, Credentials, Peer

CONNECT_S: Final = 10.0
ANSWER_S: Final = 120.0  # a join waits for corosync, twice
MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
_READ_BYTES: Final = 65536


class HttpsPeers:
    """Implements the `Peers` port."""

    async def login(self, address: str, credentials: Credentials) -> Peer:
        host, port = split_address(address)
        peer = HttpsPeer(host, port, credentials.fingerprint)
        given = {"username": credentials.username, "password": credentials.password}
        try:
            session = await peer.call("POST", "/access/ticket", given)
        except UnauthenticatedError as error:
            await peer.close()
            raise ForbiddenError(f"{address} refuses the login: {error}") from None
        except BaseException:
            await peer.close()
            raise
        peer.be(session)
        return peer


def split_address(address: str) -> tuple[str, int]:
    """`HOST`, `HOST:PORT`, `[IPv6]:PORT` or a bare IPv6 address. ConfigError."""
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")) or address.endswith("]"):
        host, port = address, str(API_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ConfigError(f"'{address}' is not HOST or HOST:PORT", field="address")
    return host, int(port)


class HttpsPeer:
    """Implements the `Peer` port. A connection for each call: they are rare."""

    def __init__(self, host: str, port: int, fingerprint: str) -> None:
        self._host, self._port = host, port
        self._fingerprint = fingerprint.upper()
        self._headers: list[tuple[str, str]] = []

    def be(self, session: Mapping[str, Any]) -> None:
        """Show this login with every call from now on."""
        self._headers = [
            ("Cookie", f"PVEAuthCookie={quote(session['ticket'], safe='')}"),
            ("CSRFPreventionToken", session["CSRFPreventionToken"]),
        ]

    async def call(self, verb: str, path: str, parameters: Mapping[str, Any]) -> Any:
        reader, writer = await self._connect()
        sent = False
        try:
            async with asyncio.timeout(ANSWER_S):
                connection = h11.Connection(h11.CLIENT)
                content = self._request(connection, verb, path, parameters)
                sent = True
                writer.write(content)
                await writer.drain()
                answer, body = await _response(connection, reader)
        except (OSError, h11.ProtocolError, ssl.SSLError) as error:
            text = f"{self._host} broke off: {error}"
            raise (OutcomeUnknownError if sent else UnavailableError)(text) from error
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await asyncio.wait_for(writer.wait_closed(), 1.0)
        return _data(self._host, answer, body)

    async def close(self) -> None:
        self._headers = []

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Nothing is sent before the certificate is known to be the right one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        connecting = asyncio.open_connection(self._host, self._port, ssl=context)
        try:
            reader, writer = await asyncio.wait_for(connecting, CONNECT_S)
        except (OSError, ssl.SSLError) as error:
            reason = str(error) or f"no answer for {CONNECT_S:.0f} s"
            raise UnavailableError(
                f"nobody answers at {self._host} port {self._port}: {reason}"
            ) from error
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        found = hashlib.sha256(shown).hexdigest().upper()
        if found != self._fingerprint.replace(":", ""):
            writer.close()
            pairs = ":".join(found[at : at + 2] for at in range(0, len(found), 2))
            raise ConfigError(
                f"{self._host} shows another certificate, its fingerprint is {pairs}",
                field="fingerprint",
            )
        return reader, writer

    def _request(
        self, connection: h11.Connection, verb: str, path: str, parameters: Mapping[str, Any]
    ) -> bytes:
        form = urlencode({name: _plain(value) for name, value in parameters.items()}, doseq=True)
        in_query = verb in ("GET", "DELETE") and form
        body = b"" if in_query else form.encode()
        target = f"/api2/json{path}?{form}" if in_query else f"/api2/json{path}"
        headers = [
            ("Host", self._host),
            ("Connection", "close"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body))),
            *self._headers,
        ]
        parts = [
            connection.send(h11.Request(method=verb, target=target, headers=headers)),
            connection.send(h11.Data(data=body)),
            connection.send(h11.EndOfMessage()),
        ]
        return b"".join(part for part in parts if part)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


async def _response(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> tuple[h11.Response, bytes]:
    answer: h11.Response | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_READ_BYTES))
        elif isinstance(event, h11.Response):
            answer = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_ANSWER_BYTES:
                raise h11.RemoteProtocolError("the answer is too large")
        elif isinstance(event, h11.EndOfMessage) and answer is not None:
            return answer, bytes(body)
        else:
            raise h11.RemoteProtocolError("no whole answer came")


def _data(host: str, answer: h11.Response, body: bytes) -> Any:
    """The data, or the error that it was there."""
    try:
        found = json.loads(body)
    except ValueError:
        raise UnavailableError(f"{host} answers {answer.status_code}, not as an API") from None
    if not isinstance(found, dict):
        raise UnavailableError(f"{host} answers {answer.status_code}, not as an API")
    if answer.status_code == 200:
        return found.get("data")
    raise error_told(found, answer.status_code, bytes(answer.reason).decode("latin-1"))
