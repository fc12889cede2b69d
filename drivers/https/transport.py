"""HTTP/1.1 over TLS to a node whose certificate has a known fingerprint."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import Mapping
from typing import Final

import h11

from appliance.model.errors import ConfigError, OutcomeUnknownError, UnavailableError
from appliance.ports.peers import API_PORT
from appliance.ports.transport import Reply

CONNECT_S: Final = 10.0
ANSWER_S: Final = 120.0  # a join waits for corosync, twice
CLOSE_S: Final = 1.0
MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
_READ_BYTES: Final = 65536
BROKEN: Final = (OSError, h11.ProtocolError, ssl.SSLError)


class HttpsTransport:
    """Implements the `Transport` port."""

    async def connect(self, address: str, fingerprint: str) -> HttpsLine:
        host, port = split_address(address)
        line = HttpsLine(host, port, fingerprint)
        await line.open()
        return line


class HttpsLine:
    """Implements the `Line` port. Opened again when the other end has closed it meanwhile."""

    def __init__(self, host: str, port: int, fingerprint: str) -> None:
        self._host, self._port = host, port
        self._fingerprint = fingerprint
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._http = h11.Connection(h11.CLIENT)

    async def open(self) -> None:
        self._reader, self._writer = await connected(self._host, self._port, self._fingerprint)
        self._http = h11.Connection(h11.CLIENT)

    async def send(self, verb: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if self._writer is None or self._writer.is_closing():
            await self.open()
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._write(verb, path, headers, body)
                return await self._read()
        except BROKEN as error:
            await self.close()
            reason = str(error) or f"no answer within {ANSWER_S:.0f} s"
            # From the first byte on nobody knows what the other end has understood.
            raise OutcomeUnknownError(f"{self._host} broke off: {reason}") from error
        except asyncio.CancelledError:
            await self.close()
            raise

    async def _write(self, verb: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        host = f"[{self._host}]" if ":" in self._host else self._host
        whole = [
            ("host", f"{host}:{self._port}"),
            ("content-length", str(len(body))),
            *headers.items(),
        ]
        http, writer = self._http, self._writer
        assert writer is not None
        request = h11.Request(method=verb, target=path, headers=whole)
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(http.send(event) or b"")
        await writer.drain()

    async def _read(self) -> Reply:
        http, reader = self._http, self._reader
        assert reader is not None
        status, body = 0, bytearray()
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await reader.read(_READ_BYTES))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_ANSWER_BYTES:
                    raise h11.RemoteProtocolError("the answer is too large")
            elif isinstance(event, h11.EndOfMessage):
                break
            elif isinstance(event, h11.ConnectionClosed):
                raise h11.RemoteProtocolError("it was closed without an answer")
        if http.our_state is h11.DONE and http.their_state is h11.DONE:
            http.start_next_cycle()
        else:
            await self.close()
        return Reply(status, bytes(body))

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await hang_up(writer)


async def connected(
    host: str, port: int, fingerprint: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to whoever shows the certificate with that fingerprint.

    The certificate is compared as a whole: no authority has to vouch for it. UnavailableError if
    nobody answers, ConfigError (field `fingerprint`) for another certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
    except OSError as error:
        reason = str(error) or f"no answer within {CONNECT_S:.0f} s"
        raise UnavailableError(f"nobody answers at {host} port {port}: {reason}") from error
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    found = hashlib.sha256(shown).hexdigest().upper()
    if found != fingerprint.replace(":", "").upper():
        await hang_up(writer)
        pairs = ":".join(found[at : at + 2] for at in range(0, len(found), 2))
        raise ConfigError(
            f"{host} shows another certificate, with the fingerprint {pairs}", field="fingerprint"
        )
    return reader, writer


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(*BROKEN):
        await asyncio.wait_for(writer.wait_closed(), CLOSE_S)


def split_address(address: str) -> tuple[str, int]:
    """`HOST`, `HOST:PORT`, `[IPv6]:PORT` or a bare IPv6 address. ConfigError."""
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")) or address.endswith("]"):
        host, port = address, str(API_PORT)
    host = host.removeprefix("[").removesuffix("]")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
    if not host or not 0 < number < 65536:
        raise ConfigError(f"'{address}' is not HOST or HOST:PORT", field="address")
    return host, number
