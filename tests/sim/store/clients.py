"""Clients that read and write at random, and the history of what they saw."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.services.store.service import StoreService
from sim.entropy import Entropy
from sim.group.cluster import Daemon, StoreCluster
from sim.kernel import to_us
from tests.histories.recorder import Recorder


@dataclass
class Clients:
    """`per_node` clients on each daemon, each one operation at a time."""

    cluster: StoreCluster
    entropy: Entropy
    pause_s: float = 0.4
    per_node: int = 2
    stopped: bool = False
    _bursts: int = 0
    _quiet_s: float = 0.0

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.entropy, lambda: self.cluster.kernel.now_us / 1e6)

    def attend(self, node: str, daemon: Daemon) -> None:
        """A daemon was started."""
        for client in range(self.per_node):
            daemon.boot.spawn(self._run(node, daemon, client), f"client {client}")

    def burst(self, nodes: tuple[str, ...], count: int = 6) -> None:
        """So many changes at once on each of these nodes."""
        for node in nodes:
            daemon = self.cluster.machines[node].daemon
            for each in range(count if daemon is not None else 0):
                assert daemon is not None
                self._bursts += 1
                where = (node, daemon.boot.number, 2 + each, -self._bursts)
                daemon.boot.spawn(self._one(daemon.store, where), "burst")

    async def _run(self, node: str, daemon: Daemon, client: int) -> None:
        turn = 0
        while not self.stopped:
            turn += 1
            where = (node, daemon.boot.number, client, turn)
            await daemon.boot.sleep(
                to_us(self.entropy.between(0, 2 * self.pause_s, "pause", *where))
            )
            if self.cluster.kernel.now_s >= self._quiet_s:
                await self._one(daemon.store, where)

    def hush(self, until_s: float) -> None:
        """Ask for nothing before that, bursts aside."""
        self._quiet_s = until_s

    async def _one(self, store: StoreService, where: tuple[str | int, ...]) -> None:
        await self.recorder.one(store, client_of(where), where)


def client_of(where: tuple[str | int, ...]) -> int:
    """A number for a client: its node's and its own."""
    node, _, client, _ = where
    return int(str(node).removeprefix("n")) * 10 + int(client)
