"""Listening: one application on some sockets, with TLS or without."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http import httptools_impl
from uvicorn.server import ServerState

STOP_S: Final = 5.0
GOODBYE_S: Final = 0.5
CONNECTIONS: Final = 1000
DROP: Final = "drop"  # the name in a scope's state of what breaks the connection off
_LOOK_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """certificate: PEM, with those of authorities between it and a known one."""

    certificate: Path
    key: Path


class _StatusLines(dict[int, bytes]):
    """Status lines with the text that a status brings along, see `asgi.Status`."""

    def __getitem__(self, status: int) -> bytes:
        reason = getattr(status, "reason", "")
        if reason:
            return b"HTTP/1.1 %d %s\r\n" % (status, reason.encode("ascii", "replace"))
        return super().__getitem__(status)


logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # a broken request is not news
httptools_impl.STATUS_LINE = _StatusLines(httptools_impl.STATUS_LINE)


class _Protocol(httptools_impl.HttpToolsProtocol):
    """Lets the application break the connection off, for which ASGI has no word."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][DROP] = self.transport.abort


class Listener:
    """One application on some sockets, which are its own from then on.

    A server of uvicorn's without its main loop: it can be closed and dropped at any moment, and any
    number of them run in one process.
    """

    def __init__(self, app: Any, sockets: Sequence[socket.socket], tls: TlsFiles | None) -> None:
        self.sockets = tuple(sockets)
        self._config = uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=30,
            ssl_certfile=str(tls.certificate) if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
        )
        self._state = ServerState()
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Returns when it takes connections."""
        config, loop = self._config, asyncio.get_running_loop()
        config.load()

        def protocol() -> asyncio.Protocol:
            return _Protocol(config, self._state, {})

        for one in self.sockets:
            server = await loop.create_server(
                protocol,
                sock=one,
                ssl=config.ssl,
                # A client that does not say goodbye is not waited for long.
                ssl_shutdown_timeout=GOODBYE_S if config.ssl else None,
            )
            self._servers.append(server)

    async def stop(self) -> None:
        """Take no more; give those under way a few seconds."""
        self.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        deadline_s = asyncio.get_running_loop().time() + STOP_S
        while (  # noqa: ASYNC110 - uvicorn tells nobody when a connection ends
            self._state.connections and asyncio.get_running_loop().time() < deadline_s
        ):
            await asyncio.sleep(_LOOK_S)
        self.drop()
        for _ in range(3):
            await asyncio.sleep(0)  # sockets are closed one step later

    def drop(self) -> None:
        """Take no more, and break off what there is."""
        self.close()
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()

    def close(self) -> None:
        """Take no more connections; those there are go on."""
        for server in self._servers:
            server.close()
        for one in self.sockets:
            one.close()
