"""A few nodes with guests, storage and a network, without daemons: tests are the operators.

Every change of a process is looked at: what must never be true is collected in `broken`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from appliance.model.errors import NotQuorateError, QuorateError, StaleError
from appliance.model.events import Event, as_text
from appliance.ports.guests import GuestRuntime, Migration, Outcome
from sim.entropy import Entropy
from sim.events import GuestChange
from sim.guests.catalog import Catalog
from sim.guests.migration import Mover
from sim.guests.ports import SimGuestRuntime, SimMigration
from sim.guests.precopy import MoveLimits
from sim.guests.processes import GuestHost
from sim.guests.stats import LoadBoard, SimStats
from sim.guests.storage import Storage
from sim.kernel import ORDER_COMMIT, Kernel, to_us
from sim.layout import ClusterLayout, GuestSpec, LinkSpec, NodeSpec, StorageSpec
from sim.network.fabric import Fabric
from sim.tasks import Boot, Signal, SimTask

POOLS = (StorageSpec("shared"), StorageSpec("local", shared=False))
COMMIT_US = 8_000


class Registry:
    """Where configurations lie: one table, renamed after a delay, refused while `error` is set.

    With `lost_answers` the rename is written and the answer says that nobody knows.
    """

    def __init__(self, kernel: Kernel, delay_us: int = COMMIT_US) -> None:
        self.kernel, self.delay_us = kernel, delay_us
        self.nodes: dict[str, str] = {}
        self.locks: dict[str, str] = {}
        self.error: QuorateError | None = None
        self.lost_answers: QuorateError | None = None
        self.version = 0

    def put(self, sid: str, node: str) -> None:
        self.nodes[sid] = node
        self.version += 1

    def commit(self, sid: str, source: str, target: str) -> QuorateError | None:
        if self.error is not None:
            return self.error
        if self.nodes.get(sid) != source:
            return StaleError(f"{sid} is not on {source}")
        self.put(sid, target)
        return self.lost_answers


class NodeConfigs:
    """The registry as one boot sees it."""

    def __init__(self, registry: Registry, boot: Boot) -> None:
        self._registry, self._boot = registry, boot

    @property
    def version(self) -> int:
        return self._registry.version

    def node_of(self, sid: str) -> str | None:
        return self._registry.nodes.get(sid)

    def lock_of(self, sid: str) -> str | None:
        return self._registry.locks.get(sid)

    async def rename(self, sid: str, source: str, target: str) -> None:
        answer: Signal[None] = Signal(self._boot)

        def commit() -> None:
            error = self._registry.commit(sid, source, target)
            if error is None:
                answer.fire(None)
            else:
                answer.fail(error)

        self._registry.kernel.call_in(self._registry.delay_us, commit, ORDER_COMMIT)
        await answer


class Rig:
    """Nodes n1 to n3 (or more), all up, and the guests given, on their nodes and stopped."""

    def __init__(
        self,
        *guests: GuestSpec,
        nodes: Sequence[NodeSpec] = (NodeSpec("n1"), NodeSpec("n2"), NodeSpec("n3")),
        storages: Sequence[StorageSpec] = POOLS,
        links: Sequence[LinkSpec] = (LinkSpec("link0"),),
        limits: MoveLimits | None = None,
        seed: int = 1,
    ) -> None:
        self.kernel = Kernel()
        self.layout = ClusterLayout(tuple(nodes), tuple(links), storages=tuple(storages))
        self.fabric = Fabric(self.layout)
        self.log: list[tuple[int, str, Event]] = []
        self.broken: list[str] = []
        self.failures: list[str] = []
        names, chance = self.layout.node_names(), Entropy(seed)
        self.storage, self.catalog = Storage(storages, names), Catalog()
        self.host = GuestHost(self.kernel, nodes, self.storage, self.catalog, chance, self._emit)
        self.mover = Mover(self.host, self.fabric, chance, limits)
        self.board = LoadBoard(self.host)
        self.registry = Registry(self.kernel)
        self.boots: dict[str, Boot] = {}
        self.host.listen(lambda node, sid: self.look())
        for name in names:
            self.power_on(name)
        for spec in guests:
            self.catalog.add(spec)
            assert self.host.create_volume(spec.sid, spec.node) is None
            self.registry.put(spec.sid, spec.node)

    def _emit(self, actor: str, event: Event) -> None:
        self.log.append((self.kernel.now_us, actor, event))

    def look(self) -> None:
        """What must never be: a guest on two nodes, a volume with two writers."""
        for sid in self.catalog.sids():
            nodes = self.host.runs_on(sid)
            if len(nodes) > 1:
                self.broken.append(f"{self.kernel.now_s} {sid} runs on {nodes}")
        for volume, writers in self.storage.shared_writers():
            self.broken.append(f"{self.kernel.now_s} {volume} is written by {writers}")

    # ports

    def configs(self, node: str) -> NodeConfigs:
        return NodeConfigs(self.registry, self.boots[node])

    def runtime(self, node: str) -> GuestRuntime:
        return SimGuestRuntime(self.boots[node], self.mover, self.configs(node))

    def migration(self, node: str) -> Migration:
        return SimMigration(self.boots[node], self.mover, self.configs(node))

    def stats(self, node: str) -> SimStats:
        return SimStats(node, self.board, self.configs(node))

    def fresh_stats(self, node: str) -> SimStats:
        """The same port, of which nobody asked anything yet."""
        return SimStats(node, LoadBoard(self.host), self.configs(node))

    # doing

    def spawn(self, node: str, coro: Coroutine[Any, Any, Outcome]) -> SimTask[Outcome]:
        return self.boots[node].spawn(coro, "test")

    def start(self, sid: str, node: str) -> SimTask[Outcome]:
        return self.spawn(node, self.runtime(node).start(sid))

    def stop(self, sid: str, node: str, timeout_s: int | None = None) -> SimTask[Outcome]:
        return self.spawn(node, self.runtime(node).stop(sid, timeout_s))

    def move(self, sid: str, source: str, target: str, *, online: bool = True) -> SimTask[Outcome]:
        return self.spawn(source, self.migration(source).move(sid, target, online))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        self.kernel.run(self.kernel.now_us + to_us(seconds))
        assert not self.failures, self.failures

    def finish(self, task: SimTask[Outcome], within_s: float = 600.0) -> Outcome:
        """Let time pass until the task is done."""
        until_us = self.kernel.now_us + to_us(within_s)
        while not task.done():
            due_us = self.kernel.next_us()
            assert due_us is not None, "it will never end: nothing is to come"
            assert due_us <= until_us, f"it has not ended in {within_s} s"
            self.kernel.run(due_us + 1)
        assert not self.failures, self.failures
        return task.result()

    def started(self, sid: str, node: str) -> None:
        """Start it and wait until it runs."""
        assert self.finish(self.start(sid, node)).ok

    def at(self, t_us: int, act: Callable[[], None], order: int) -> None:
        self.kernel.call_at(t_us, act, order)

    # faults

    def power_off(self, node: str) -> None:
        self.boots[node].cut()
        self.host.node_lost(node)

    def power_on(self, node: str) -> None:
        number = self.boots[node].number + 1 if node in self.boots else 1
        self.boots[node] = Boot(
            self.kernel, node, number, lambda name, error: self.failures.append(f"{name}: {error}")
        )
        self.host.node_up(node)

    def pause(self, node: str) -> None:
        self.boots[node].pause()
        self.host.node_paused(node)

    def resume(self, node: str) -> None:
        self.boots[node].resume()
        self.host.node_resumed(node)

    def cut_link(self, node: str) -> None:
        self.fabric.set_nic(node, "link0", up=False)
        self.mover.fabric_changed()

    def heal_link(self, node: str) -> None:
        self.fabric.set_nic(node, "link0", up=True)
        self.mover.fabric_changed()

    def no_quorum(self) -> None:
        self.registry.error = NotQuorateError("no quorum")

    # looking back

    def states(self, sid: str, node: str) -> list[str]:
        """The states its process on the node went through."""
        return [
            event.state
            for _, _, event in self.log
            if isinstance(event, GuestChange) and (event.guest, event.node) == (sid, node)
        ]

    def story(self) -> list[str]:
        return [f"{t_us} {actor}: {as_text(event)}" for t_us, actor, event in self.log]
