"""Where a node's daemon keeps things, and where it listens."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from appliance.model.errors import ConfigError

STATE_DIR: Final = Path("/var/lib/quorate")
RUN_DIR: Final = Path("/run/quorate")
COROSYNC_DIR: Final = Path("/etc/corosync")
LISTEN: Final = "127.0.0.1:8006"
DATABASE: Final = "store.db"
SOCKET: Final = "api.sock"
_NODE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Settings:
    """listen: address and port of each TLS listener. mount: where the configuration is files."""

    node: str
    state_dir: Path = STATE_DIR
    run_dir: Path = RUN_DIR
    corosync_dir: Path = COROSYNC_DIR
    listen: tuple[tuple[str, int], ...] = (("127.0.0.1", 8006),)
    mount: Path | None = None

    def __post_init__(self) -> None:
        if not _NODE.fullmatch(self.node):
            raise ConfigError(
                f"'{self.node}' is no node name: letters, digits and '-', 63 at most", field="node"
            )

    @property
    def database(self) -> Path:
        return self.state_dir / DATABASE

    @property
    def socket(self) -> Path:
        return self.run_dir / SOCKET

    @property
    def layout(self) -> Path:
        return self.corosync_dir / "corosync.conf"

    @property
    def authkey(self) -> Path:
        return self.corosync_dir / "authkey"


def parse_listen(text: str) -> tuple[str, int]:
    """`ADDRESS:PORT`, IPv6 in brackets. ConfigError."""
    address, _, port = text.rpartition(":")
    bare = address.removeprefix("[").removesuffix("]")
    try:
        ipaddress.ip_address(bare)
        number = int(port) if port.isascii() and port.isdigit() else -1
    except ValueError:
        number = -1
    if not 0 <= number < 65536 or (":" in bare) != address.startswith("["):
        raise ConfigError(f"'{text}' is not ADDRESS:PORT, such as {LISTEN}", field="listen")
    return bare, number
