"""The simulated machine that a node is, as the `NodeFacts` port tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from appliance.model.errors import RefusedError
from appliance.ports.node_facts import NodeHardware, NodeStatus
from sim.clock import BootClock
from sim.guests.needs import Chance
from sim.guests.process import EXECUTING
from sim.guests.processes import GuestHost
from sim.guests.usage import usage
from sim.layout import GIB

Kind: TypeAlias = Literal["shutdown", "reboot"]
_SYSTEM_BYTES: Final = 2 * GIB
_ROOT_BYTES: Final = 94 * GIB
_ROOT_USED_BYTES: Final = 7 * GIB
_SWAP_BYTES: Final = 8 * GIB


class SimNodePower:
    """Implements the `NodePower` port. down(kind): `shutdown` or `reboot`; False: not running."""

    def __init__(self, node: str, down: Callable[[Kind], bool]) -> None:
        self._node, self._down = node, down

    async def shut_down(self) -> None:
        self._begin("shutdown")

    async def reboot(self) -> None:
        self._begin("reboot")

    def _begin(self, kind: Kind) -> None:
        if not self._down(kind):
            raise RefusedError(f"{self._node} goes down already")


class SimNodeFacts:
    """Implements the `NodeFacts` port for one boot."""

    def __init__(self, node: str, host: GuestHost, clock: BootClock, chance: Chance) -> None:
        self._spec, self._host, self._clock = host.nodes[node], host, clock
        self._chance = chance

    def status(self) -> NodeStatus:
        host, spec = self._host, self._spec
        busy, memory, read, sent = 0.05, _SYSTEM_BYTES, 0.0, 0.0
        for process in host.processes(spec.name):
            if process.phase not in EXECUTING or process.halted or process.frozen:
                continue
            guest, load = host.catalog.spec(process.sid), host.catalog.load(process.sid)
            now = usage(self._chance, guest, load, host.kernel.now_s)
            busy += now.cpu * guest.cpus
            memory += now.memory_bytes
            read, sent = read + now.net_in, sent + now.net_out
        return NodeStatus(
            self._clock.monotonic(),
            min(busy / spec.cpus, 1.0),
            spec.cpus,
            spec.memory_bytes,
            min(memory, spec.memory_bytes),
            _SWAP_BYTES,
            0,
            _ROOT_BYTES,
            _ROOT_USED_BYTES,
            0.001,
            (busy, busy, busy),
            read,
            sent,
        )

    def hardware(self) -> NodeHardware:
        cores = max(1, self._spec.cpus // 2)
        return NodeHardware(
            cpu_model="Simulated CPU @ 2.50GHz",
            cpu_mhz=2500.0,
            sockets=1,
            cores=cores,
            flags="fpu vmx sse2 aes avx avx2",
            kernel="Linux",
            release="6.17.2-1-pve",
            machine="x86_64",
            kernel_version="Linux 6.17.2-1-pve #1 SMP PREEMPT_DYNAMIC (simulated)",
        )
