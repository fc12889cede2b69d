"""Listening: the local socket, and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http import httptools_impl

from appliance.model.errors import ConfigError, RefusedError
from drivers.tls.certificate import Identity

STOP_S: Final = 5
CONNECTIONS: Final = 1000
_PATIENCE_S: Final = 10.0


class _StatusLines(dict[int, bytes]):
    """Status lines with the text that a status brings along, see `asgi.Status`."""

    def __getitem__(self, status: int) -> bytes:
        reason = getattr(status, "reason", "")
        if reason:
            return b"HTTP/1.1 %d %s\r\n" % (status, reason.encode("ascii", "replace"))
        return super().__getitem__(status)


httptools_impl.STATUS_LINE = _StatusLines(httptools_impl.STATUS_LINE)


class _Server(uvicorn.Server):
    """Leaves signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Listener:
    """One application on some sockets."""

    def __init__(self, app: Any, sockets: Sequence[socket.socket], tls: Identity | None) -> None:
        self.sockets = tuple(sockets)
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=STOP_S,
            ssl_certfile=str(tls.certificate) if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it takes connections."""
        self._task = asyncio.create_task(self._server.serve(sockets=list(self.sockets)))
        async with asyncio.timeout(_PATIENCE_S):
            while not (self._server.started or self._task.done()):  # noqa: ASYNC110 - it has none
                await asyncio.sleep(0.005)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        """Take no more; give those under way a few seconds."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task
        for one in self.sockets:
            one.close()


def local_socket(path: Path) -> socket.socket:
    """A socket file that root alone can open. RefusedError if somebody answers there."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)  # left by a daemon that was killed
        else:
            raise RefusedError(f"another daemon answers at {path}")
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    listening.listen(128)
    return listening


def tls_socket(address: str, port: int) -> socket.socket:
    """ConfigError if that cannot be listened on."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"cannot listen on {address} port {port}: {error.strerror}", field="listen"
        ) from error
    return listening
