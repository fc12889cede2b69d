"""What is known of guests that run: their state and what they use."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.model.guest.config import Settings
from appliance.model.guest.document import GuestKind

RUNNING = "running"
PAUSED = "paused"
LABELS = {"vm": "VM", "ct": "CT"}


@dataclass(frozen=True, slots=True)
class GuestState:
    """Of a guest with a process on this node.

    qmp     what its machine does, in QEMU's words: running, paused, prelaunch, inmigrate, io-error;
            of a container running, paused or starting
    """

    pid: int
    qmp: str = RUNNING
    uptime_s: float = 0.0
    machine: str = ""

    @property
    def paused(self) -> bool:
        return self.qmp == PAUSED


@dataclass(frozen=True, slots=True)
class GuestLoad:
    """What it uses now. cpu: share (0 to 1) of its CPUs. The last four: bytes since it started."""

    cpu: float
    cpus: float
    memory_bytes: int
    memory_max_bytes: int
    disk_bytes: int = 0
    net_in_bytes: int = 0
    net_out_bytes: int = 0
    read_bytes: int = 0
    written_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Launch:
    """What a guest is started with.

    settings      its configuration without pending changes
    state_volume  the volume id of a memory image to go on from
    paused        start it without letting it execute
    """

    sid: str
    settings: Settings
    state_volume: str | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class GuestInterface:
    """A network interface as seen inside a guest. addresses: with prefix length."""

    name: str
    mac: str
    addresses: tuple[str, ...] = field(default=())


def sid_of(kind: GuestKind, vmid: int) -> str:
    """The name of a guest among all: `vm:100`, `ct:101`."""
    return f"{kind}:{vmid}"


def guest_label(sid: str) -> str:
    """How people call it: `VM 100`, `CT 101`."""
    kind, _, number = sid.partition(":")
    return f"{LABELS.get(kind, kind)} {number}"
