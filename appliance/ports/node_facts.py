"""The machine that a node is: what it has and how busy it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """cpu, iowait: shares (0 to 1) of all CPUs. load: averages over 1, 5 and 15 minutes."""

    uptime_s: float
    cpu: float
    cpus: int
    memory_bytes: int
    memory_used_bytes: int
    swap_bytes: int = 0
    swap_used_bytes: int = 0
    root_bytes: int = 0
    root_used_bytes: int = 0
    iowait: float = 0.0
    load: tuple[float, float, float] = (0.0, 0.0, 0.0)
    net_in_bytes_s: float = 0.0
    net_out_bytes_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NodeHardware:
    """What does not change while the node runs."""

    cpu_model: str
    cpu_mhz: float
    sockets: int
    cores: int
    flags: str
    kernel: str
    release: str
    machine: str
    kernel_version: str
    boot_mode: str = "efi"
    secure_boot: bool = False
    virtualization: bool = True


class NodePower(Protocol):
    """The node's own switch. RefusedError while it goes down already."""

    async def shut_down(self) -> None:
        """Stop what runs on it in good order, then power off. Returns when that has begun."""
        ...

    async def reboot(self) -> None:
        """The same, and begin again."""
        ...


class NodeFacts(Protocol):
    def status(self) -> NodeStatus:
        """As of now, from local knowledge."""
        ...

    def hardware(self) -> NodeHardware: ...
