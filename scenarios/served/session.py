"""What a served cluster tells of itself, so that other commands of the same user find it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from appliance.model.errors import ConfigError, UnavailableError
from scenarios.served.client import Remote


@dataclass(frozen=True, slots=True)
class Session:
    """beside: the address from which time and faults are controlled. urls: by node."""

    port: int
    beside: str
    urls: Mapping[str, str]
    ca: str
    user: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    pid: int

    def remote(self, node: str | None = None) -> Remote:
        """A node, or the address beside them. ConfigError for an unknown node."""
        if node is not None and node not in self.urls:
            raise ConfigError(f"there is no '{node}', only {', '.join(self.urls)}", field="node")
        return Remote(self.beside if node is None else self.urls[node], Path(self.ca), self.token)


def folder() -> Path:
    """Of this user alone."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    found = Path(base) / "quorate" if base else _temporary()
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = found.stat()
    if info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise ConfigError(f"{found} must belong to you, and be open to nobody else", field="folder")
    return found


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"quorate-{os.getuid()}"


def write(session: Session) -> Path:
    """The file is the user's alone: there is a secret in it."""
    path = folder() / f"up-{session.port}.json"
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w") as file:
        json.dump(asdict(session), file)
    beside.replace(path)
    return path


def find(port: int | None = None) -> Session:
    """The cluster that is served on that port, or the one that was started last."""
    found = [one for one in map(_read, folder().glob("up-*.json")) if one is not None]
    alive = [one for one in found if one[1].port == port or port is None]
    if not alive:
        where = f" on port {port}" if port is not None else ""
        raise UnavailableError(f"no simulated cluster is served{where}: start one, quorate up")
    return max(alive, key=lambda one: one[0])[1]


def _read(path: Path) -> tuple[float, Session] | None:
    """None for what was left by a process that is gone."""
    try:
        session = Session(**json.loads(path.read_text("utf-8")))
        os.kill(session.pid, 0)
        return path.stat().st_mtime, session
    except (OSError, ValueError, TypeError):
        return None
