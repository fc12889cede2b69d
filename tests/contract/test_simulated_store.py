"""The contracts of store and leases, on a simulated cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from appliance.model.store.changes import File, Step
from sim.group.cluster import Daemon, StoreCluster
from sim.kernel import to_us
from tests.contract.leases import LeasesContract
from tests.contract.store import StoreContract
from tests.contract.store_worlds import Seen
from tests.contract.test_simulated import PATIENCE_S, SimCall
from tests.sim.network.lab import cluster


def _seen(file: File) -> Seen:
    return Seen(file.content, file.version, file.writer)


class SimStoreDaemon:
    """Implements `StoreDaemon`."""

    def __init__(self, node: str, daemon: Daemon) -> None:
        self.node, self._boot = node, daemon.boot
        self._store, self._leases = daemon.store, daemon.leases
        self.changed: list[tuple[str, ...]] = []

    def change(self, *steps: Step, timeout_s: float = 15.0) -> SimCall:
        return SimCall(self._boot, self._store.change(*steps, timeout_s=timeout_s))

    def read(self, path: str, *, privileged: bool = False) -> SimCall:
        async def read() -> Seen:
            return _seen(self._store.read(path, privileged=privileged))

        return SimCall(self._boot, read())

    def latest(self, path: str) -> SimCall:
        async def latest() -> Seen:
            return _seen(await self._store.read_latest(path))

        return SimCall(self._boot, latest())

    def paths(self, prefix: str = "", *, privileged: bool = False) -> SimCall:
        async def paths() -> Sequence[str]:
            return self._store.paths(prefix, privileged=privileged)

        return SimCall(self._boot, paths())

    def watch(self, prefix: str = "") -> SimCall:
        watch = self._store.watch(prefix)

        async def listen() -> None:
            while True:
                self.changed.append(await watch.next())

        return SimCall(self._boot, listen())

    def renew(self, name: str, life_s: float) -> SimCall:
        return SimCall(self._boot, self._leases.renew(name, life_s))

    def release(self, name: str) -> SimCall:
        return SimCall(self._boot, self._leases.release(name))

    def held(self, name: str) -> SimCall:
        async def held() -> bool:
            return self._leases.held(name)

        return SimCall(self._boot, held())

    def stands(self, members: Sequence[str]) -> object | None:
        """Where it stands if it serves in this view, else None."""
        if not self._store.running:
            return None
        replica = self._store.replica
        if not replica.serving or not replica.trusted or sorted(replica.members) != members:
            return None
        if replica.log.committed != replica.log.last.version:
            return None
        return replica.log.last, replica.tree.committed


class SimStoreWorld:
    """Implements `StoreWorld`."""

    def __init__(self, seed: int) -> None:
        layout = cluster(3, token_s=1.0, token_coefficient_s=0.0)
        self.names = layout.node_names()
        self._cluster = StoreCluster(layout, seed)
        self._daemons: dict[str, SimStoreDaemon] = {}
        self._cluster.on_daemon = self._started
        for name in self.names:
            self._started(name, self._cluster.daemon(name))
        self._cuts: list[int] = []

    def _started(self, node: str, daemon: Daemon) -> None:
        self._daemons[node] = SimStoreDaemon(node, daemon)

    def daemon(self, node: str) -> SimStoreDaemon:
        return self._daemons[node]

    def until(self, condition: Callable[[], bool], what: str) -> None:
        kernel = self._cluster.kernel
        end_us = kernel.now_us + to_us(PATIENCE_S)
        while not condition():
            assert kernel.now_us < end_us, f"waited in vain for {what}"
            self._cluster.run(0.002)

    def sleep(self, seconds: float) -> None:
        self._cluster.run(seconds)

    def serve(self, *nodes: str) -> None:
        expected = sorted(nodes or self.names)

        def alike() -> bool:
            stands = [self.daemon(node).stands(expected) for node in expected]
            return stands[0] is not None and all(one == stands[0] for one in stands)

        self.until(alike, f"{expected} to serve alike")

    def power_off(self, node: str) -> None:
        self._cluster.power_off(node)

    def power_on(self, node: str) -> None:
        self._cluster.power_on(node)

    def end_daemon(self, node: str) -> None:
        self._cluster.kill_daemon(node)

    def start_daemon(self, node: str) -> None:
        self._cluster.start_daemon(node)

    def pause(self, node: str) -> None:
        self._cluster.pause(node)

    def resume(self, node: str) -> None:
        self._cluster.resume(node)

    def partition(self, *groups: Iterable[str]) -> None:
        self._cuts.append(self._cluster.cut(*(tuple(group) for group in groups)))

    def heal(self) -> None:
        while self._cuts:
            self._cluster.heal(self._cuts.pop())


@pytest.fixture(params=range(3))
def store_world(request: pytest.FixtureRequest) -> SimStoreWorld:
    return SimStoreWorld(request.param)


class TestSimulatedStore(StoreContract):
    """Inherits all tests; each is another history for another seed."""


class TestSimulatedLeases(LeasesContract):
    """Inherits all tests."""
