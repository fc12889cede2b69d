"""How commands reach a node: its daemon over the local socket, or a simulated one."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from appliance.api.client import FORM, data_of, target
from appliance.model.errors import ConfigError, OutcomeUnknownError, UnavailableError

SOCKET = Path("/run/quorate/api.sock")
WORLDS = "quorate.worlds"
ANSWER_S = 180.0


@dataclass(frozen=True, slots=True)
class Known:
    """How another node's API is reached, where nobody has to be asked for it."""

    fingerprint: str
    password: str = field(repr=False)


class Connection(Protocol):
    """To the API of one node, as root. notes: what people should know of it."""

    notes: tuple[str, ...]

    def call(self, verb: str, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The data of the answer; its error raised as what it was there."""
        ...

    def stream(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """The values of a GET that does not end by itself."""
        ...

    def known_of(self, address: str) -> Known | None:
        """What is known of the node there; None on real nodes, where people have to say."""
        ...

    def outcome(self, path: str) -> Any:
        """What a GET says after what was done has taken effect; None where it lasts anyway."""
        ...

    def close(self) -> None: ...


class LocalConnection:
    """To this machine's daemon."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = path
        self.notes: tuple[str, ...] = ()

    def known_of(self, address: str) -> Known | None:
        return None

    def outcome(self, path: str) -> Any:
        return None

    def call(self, verb: str, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        with contextlib.closing(self._open(ANSWER_S)) as line:
            answer = self._ask(line, verb, path, parameters or {})
            return data_of(answer.status, answer.read(), where=str(self._path))

    def stream(self, path: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Any]:
        with contextlib.closing(self._open(None)) as line:
            answer = self._ask(line, "GET", path, parameters or {})
            if answer.status != 200:
                data_of(answer.status, answer.read(), where=str(self._path))
            for text in answer:
                value = json.loads(text)
                yield value["data"] if "code" not in value else data_of(500, text, where="")

    def close(self) -> None:
        """Each call has a connection of its own."""

    def _open(self, timeout_s: float | None) -> _UnixHttp:
        line = _UnixHttp(self._path, timeout_s)
        try:
            line.connect()
        except PermissionError:
            raise UnavailableError(f"only root may use {self._path}") from None
        except OSError:
            raise UnavailableError(
                f"no daemon answers at {self._path}: start it with 'systemctl start quorated' "
                "or 'quorate daemon', or name its socket with --socket"
            ) from None
        return line

    def _ask(
        self, line: _UnixHttp, verb: str, path: str, parameters: Mapping[str, Any]
    ) -> http.client.HTTPResponse:
        where, body = target(verb, path, parameters)
        try:
            line.request(verb, where, body, {"content-type": FORM} if body else {})
            return line.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise OutcomeUnknownError(f"the daemon broke off: {error}") from error


class _UnixHttp(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float | None) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._unix = path

    def connect(self) -> None:
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(self.timeout)
        try:
            line.connect(str(self._unix))
        except OSError:
            line.close()
            raise
        self.sock = line


def connect(
    path: Path = SOCKET,
    sim: str | None = None,
    at_s: float | None = None,
    node: str | None = None,
    *,
    new: bool = False,
) -> Connection:
    """To the daemon, or with `sim` to a node of that scenario's simulated cluster.

    at_s: simulated seconds after its beginning. node: by default the first. new: a name of no node
    is that of a machine beside the cluster. Who makes simulated clusters is installed beside the
    appliance, entry point group `quorate.worlds`.
    """
    if sim is None:
        if at_s is not None or node is not None:
            raise ConfigError("is for simulated clusters, with --sim", field="--at, --node")
        return LocalConnection(path)
    for entry in entry_points(group=WORLDS):
        made: Connection = entry.load()(sim, at_s, node, new=new)
        return made
    raise UnavailableError("no simulation is installed beside this appliance")
