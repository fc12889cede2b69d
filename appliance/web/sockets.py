"""Sockets to listen on: the local one, and those that anybody can reach."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

from appliance.model.errors import ConfigError, RefusedError

BACKLOG = 128


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
    listening.listen(BACKLOG)
    return listening


def tls_socket(address: str, port: int) -> socket.socket:
    """ConfigError if that cannot be listened on."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # By the protocol's name: else asyncio leaves Nagle's delay on, 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"cannot listen on {address} port {port}: {error.strerror}", field="listen"
        ) from error
    return listening
