"""The processes of all guests on all nodes: what really runs, whatever anybody believes.

A guest may be started on two nodes here: physics does not prevent it. What prevents it is for the
cluster to do and for the checkers to see (`runs_on`, `Storage.writers`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from appliance.ports.guests import Outcome
from sim.events import GuestChange
from sim.guests.catalog import Catalog
from sim.guests.needs import Chance, Emit, jitter
from sim.guests.process import (
    ARRIVING,
    EXECUTING,
    RUNNING,
    STARTING,
    STOPPING,
    Done,
    Process,
)
from sim.guests.storage import Storage, Volume
from sim.guests.work import FOREVER_S, Work
from sim.kernel import Kernel
from sim.layout import NodeSpec

OK: Final = Outcome(ok=True)
START_PATIENCE_S: Final = 30.0  # on top of twice the time that a start takes when all is well
STOP_PATIENCE_S: Final = 60.0  # a shutdown without a timeout of its own, then it is killed


class NodeWatcher(Protocol):
    """Hears what happens to nodes."""

    def node_lost(self, node: str) -> None:
        """It went down; its processes are about to end."""
        ...

    def node_paced(self, node: str) -> None:
        """It was paused, or goes on."""
        ...


class GuestHost:
    """The guests' processes on every node.

    `emit` gets a GuestChange for each fact. `listen` calls back with (node, sid) after every change
    of a process; `version` grows with each of them. Starts and stops take their time and then call
    `done`, possibly at once.
    """

    def __init__(
        self,
        kernel: Kernel,
        nodes: Sequence[NodeSpec],
        storage: Storage,
        catalog: Catalog,
        chance: Chance,
        emit: Emit,
    ) -> None:
        self.kernel, self.storage, self.catalog = kernel, storage, catalog
        self.nodes = {spec.name: spec for spec in nodes}
        self._chance, self._emit = chance, emit
        self._by_sid: dict[str, dict[str, Process]] = {}
        self._by_node: dict[str, dict[str, Process]] = {name: {} for name in self.nodes}
        self._up: dict[str, bool] = dict.fromkeys(self.nodes, False)
        self._paused: dict[str, bool] = dict.fromkeys(self.nodes, False)
        self._listeners: list[Callable[[str, str], None]] = []
        self._watchers: list[NodeWatcher] = []
        self.version = self._count = 0
        storage.listen(self._storage_changed)

    def listen(self, listener: Callable[[str, str], None]) -> None:
        self._listeners.append(listener)

    def watch_nodes(self, watcher: NodeWatcher) -> None:
        self._watchers.append(watcher)

    # what is there

    def process(self, sid: str, node: str) -> Process | None:
        return self._by_node[node].get(sid)

    def present(self, sid: str, node: str) -> bool:
        """Whether a management tool on the node finds it running: a process that is not starting.

        The arriving half of a migration counts, as it does for `qm status`.
        """
        process = self._by_node[node].get(sid)
        return process is not None and process.phase != STARTING

    def state(self, sid: str, node: str) -> str | None:
        """starting, running, stopping, migrating, arriving, frozen; None: no process."""
        process = self._by_node[node].get(sid)
        return process.state if process else None

    def processes(self, node: str) -> tuple[Process, ...]:
        """All processes of a node, by sid."""
        found = self._by_node[node]
        return tuple(found[sid] for sid in sorted(found))

    def runs_on(self, sid: str) -> tuple[str, ...]:
        """The nodes that execute the guest: more than one is the disaster that HA must prevent.

        Also while its storage or its node stands still, for it would go on. During a live
        migration that is the source, then nobody for the time of the switch-over, then the target.
        """
        found = self._by_sid.get(sid, {})
        return tuple(sorted(node for node, process in found.items() if process.executing))

    def loads(self, sid: str) -> bool:
        """Whether it makes load somewhere. The blink of a switch-over does not count."""
        found = self._by_sid.get(sid, {})
        return any(p.phase in EXECUTING and not p.halted for p in found.values())

    def volumes(self, sid: str, node: str) -> tuple[Volume, ...]:
        """The guest's disks as that node means them; none of a guest that was never started."""
        disks = self.catalog.disks(sid) if self.catalog.known(sid) else ()
        return tuple(self.storage.volume(pool, node, name) for pool, name in disks)

    def volume(self, sid: str, node: str) -> Volume:
        """The only disk of a guest of the layout."""
        (volume,) = self.volumes(sid, node)
        return volume

    def used_memory_bytes(self, node: str) -> int:
        return sum(self.catalog.spec(sid).memory_bytes for sid in self._by_node[node])

    def is_up(self, node: str) -> bool:
        """Whether an operating system runs there (perhaps paused)."""
        return self._up.get(node, False)

    def is_paused(self, node: str) -> bool:
        return self._paused.get(node, False)

    def lacks(self, sid: str, node: str) -> str | None:
        """Why a process of the guest cannot begin there at all, or None."""
        if not self.is_up(node):
            return f"{node} is not running"
        spec = self.catalog.spec(sid)
        for volume in self.volumes(sid, node):
            if not self.storage.exists(volume):
                return f"its volume {volume} does not exist"
            if not self.storage.meant(volume.pool, node):
                return f"storage {volume.pool} is not available on {node}"
        free = self.nodes[node].memory_bytes - self.used_memory_bytes(node)
        return None if spec.memory_bytes <= free else f"{node} has not enough free memory"

    # beginning of the world

    def create_volume(self, sid: str, node: str) -> str | None:
        """Give a new guest its disk; why that is not possible, or None."""
        return self.storage.create(self.volume(sid, node), self.catalog.spec(sid).disk_bytes, node)

    def adopt(self, sid: str, node: str) -> None:
        """The world begins with this guest running there."""
        process = self._begin(sid, node, RUNNING)
        self._open(process)
        self._changed(process, "running")

    # starting

    def start(self, sid: str, node: str, done: Done) -> None:
        """Begin to start it; an attempt under way is joined. The node must be up."""
        process = self.process(sid, node)
        if process is None:
            self._start_new(sid, node, done)
        elif process.phase == STARTING:
            process.waiters.append(done)
        elif process.phase == RUNNING:
            done(OK)
        else:
            done(Outcome(ok=False, reason=f"{sid} is {process.state} on {node}"))

    def _start_new(self, sid: str, node: str, done: Done) -> None:
        reason = self.lacks(sid, node)
        if reason is not None:
            self.tell(sid, node, "failed", reason)
            done(Outcome(ok=False, reason=reason))
            return
        spec = self.catalog.spec(sid)
        process = self._begin(sid, node, STARTING)
        process.fails = self.catalog.count_start(sid, node)
        process.waiters.append(done)
        start_s = spec.start_s * self._jitter("start", process)
        process.work = Work(self.kernel, start_s, lambda: self._started(process))
        process.patience = Work(
            self.kernel,
            START_PATIENCE_S + 2 * spec.start_s,
            lambda: self.end(process, "failed", "the start took too long"),
        )
        self._changed(process, STARTING)
        self._pace(process)

    def _started(self, process: Process) -> None:
        if process.fails:
            self.end(process, "failed", "it cannot start here")
            return
        process.drop_work()
        process.phase, process.since_us = RUNNING, self.kernel.now_us
        self._changed(process, RUNNING)
        process.tell(OK)
        self._pace(process)

    # stopping

    def stop(self, sid: str, node: str, timeout_s: float | None, done: Done) -> None:
        """Shut it down and kill it after the timeout; 0 kills at once, None is the usual patience.

        A start under way is called off. A guest that is being migrated away is left alone.
        """
        process = self.process(sid, node)
        if process is None:
            done(OK)
        elif process.target is not None:
            reason = f"{sid} is being migrated to {process.target}"
            done(Outcome(ok=False, reason=reason, locked="migrate"))
        elif timeout_s == 0 or process.phase in (STARTING, ARRIVING):
            self.end(process, "stopped", "killed")
            done(OK)
        else:
            process.waiters.append(done)
            self._shut_down(process, STOP_PATIENCE_S if timeout_s is None else timeout_s)

    def _shut_down(self, process: Process, timeout_s: float) -> None:
        def killed() -> None:
            self.end(process, "stopped", f"killed after {timeout_s:g} s")

        if process.phase != STOPPING:
            process.phase = STOPPING
            stop_s = self.catalog.spec(process.sid).stop_s * self._jitter("stop", process)
            process.work = Work(
                self.kernel, stop_s, lambda: self.end(process, "stopped", "shut down")
            )
            self._changed(process, STOPPING)
        if process.patience is None or timeout_s < process.patience.left():
            if process.patience is not None:
                process.patience.cancel()
            process.patience = Work(self.kernel, timeout_s, killed)
        self._pace(process)

    def shut_down(self, sid: str, node: str, done: Done) -> None:
        """Ask it to; it takes as long as it takes, and `done` hears of it."""
        process = self.process(sid, node)
        if process is None:
            done(OK)
        else:
            process.waiters.append(done)
            self._shut_down(process, FOREVER_S)

    def halt(self, process: Process, *, halted: bool) -> None:
        """Let it stand still, or go on."""
        if process.halted != halted:
            process.halted = halted
            self._changed(process, "paused" if halted else "resumed")
            self._pace(process)

    def exchange(self, process: Process, old: Volume, new: Volume) -> None:
        """It uses another volume in place of one from now on."""
        self.storage.close(old, process.node)
        self.replug(process, tuple(new if v == old else v for v in process.volumes))

    def replug(self, process: Process, volumes: tuple[Volume, ...]) -> None:
        """It uses these volumes from now on."""
        for volume in process.volumes:
            if volume not in volumes:
                self.storage.close(volume, process.node)
        process.volumes = volumes
        self._open(process)
        self._pace(process)

    def crash(self, sid: str) -> bool:
        """Its process dies wherever it executes; False if it executes nowhere."""
        found = self._by_sid.get(sid, {})
        victims = [found[node] for node in sorted(found) if found[node].phase in EXECUTING]
        for process in victims:
            self.end(process, "crashed", "the process died")
        return bool(victims)

    # migration (see `migration.py`)

    def begin_arrival(
        self, sid: str, node: str, source: str, volumes: tuple[Volume, ...]
    ) -> Process:
        """The target's half of a live migration: a process that does not execute."""
        process = self._begin(sid, node, ARRIVING)
        process.volumes = volumes
        for volume in process.volumes:
            if volume.home:  # a copy of its own, written by the migration
                self.storage.open(volume, node)
        self._changed(process, ARRIVING, f"from {source}")
        return process

    def let_go(self, process: Process) -> None:
        """Suspended for the switch-over, all is written: it lets go of its volumes."""
        self._close(process)

    def go_on(self, process: Process, why: str) -> None:
        """The move failed: the source's process executes on as if there had been none."""
        process.suspended = False
        self._open(process)
        self._pace(process)
        self._changed(process, process.state, why)

    def hand_over(self, source: Process | None, half: Process, why: str) -> None:
        """End the source's process and let the target's execute, as one instant."""
        if source is not None:
            source.on_end = None
            self.end(source, "stopped", f"moved to {half.node}")
        half.phase, half.on_end, half.since_us = RUNNING, None, self.kernel.now_us
        self._open(half)
        self._changed(half, RUNNING, why)
        self._pace(half)

    # nodes

    def node_up(self, node: str) -> None:
        """Its operating system runs: guests can."""
        self._up[node] = True

    def node_lost(self, node: str) -> None:
        """Power is gone (or its system went down): its processes end, its volumes are closed."""
        self._up[node] = self._paused[node] = False
        for watcher in self._watchers:
            watcher.node_lost(node)
        for process in self.processes(node):
            self.end(process, "stopped", f"{node} went down")

    def node_paused(self, node: str) -> None:
        """Everything there stands still and keeps what it holds."""
        self._set_paused(node, paused=True)

    def node_resumed(self, node: str) -> None:
        self._set_paused(node, paused=False)

    def _set_paused(self, node: str, *, paused: bool) -> None:
        if self._paused[node] != paused:
            self._paused[node] = paused
            for process in self.processes(node):
                self._pace(process)
            for watcher in self._watchers:
                watcher.node_paced(node)

    # common parts

    def end(self, process: Process, state: str, why: str) -> None:
        """The process is gone: memory freed, volume closed, waiters told."""
        process.drop_work()
        del self._by_node[process.node][process.sid]
        del self._by_sid[process.sid][process.node]
        self._close(process)
        stopped = process.phase == STOPPING
        process.phase = "ended"
        self._changed(process, state, why)
        process.tell(OK if stopped else Outcome(ok=False, reason=why))
        if process.on_end is not None:
            on_end, process.on_end = process.on_end, None
            on_end()

    def tell(
        self, sid: str, node: str, state: str, why: str = "", target: str | None = None
    ) -> None:
        """Put a fact about a guest into the journal."""
        self._emit(node, GuestChange(sid, node, state, why, target))

    def announce(self, process: Process, state: str, why: str = "") -> None:
        """Its circumstances changed without the process being another."""
        self._changed(process, state, why)

    def _begin(self, sid: str, node: str, phase: str) -> Process:
        self._count += 1
        volumes, now_us = self.volumes(sid, node), self.kernel.now_us
        process = Process(sid, node, phase, volumes, self._count, now_us)
        self._by_node[node][sid] = process
        self._by_sid.setdefault(sid, {})[node] = process
        return process

    def _open(self, process: Process) -> None:
        for volume in process.volumes:
            self.storage.open(volume, process.node)

    def _close(self, process: Process) -> None:
        for volume in process.volumes:
            self.storage.close(volume, process.node)

    def _changed(self, process: Process, state: str, why: str = "") -> None:
        self.version += 1
        self.tell(process.sid, process.node, state, why, process.target)
        for listener in self._listeners:
            listener(process.node, process.sid)

    def _jitter(self, what: str, process: Process) -> float:
        return jitter(self._chance, "guest", what, process.sid, process.node, self.kernel.now_us)

    def _storage_changed(self, pool: str, node: str | None) -> None:
        for name in self.nodes if node is None else (node,):
            for process in self.processes(name):
                if any(volume.pool == pool for volume in process.volumes):
                    self._pace(process)

    def _pace(self, process: Process) -> None:
        """Let its work go as fast as its node and its storage allow now."""
        pools = [volume.pool for volume in process.volumes]
        away = [pool for pool in pools if not self.storage.reachable(pool, process.node)]
        paused = self._paused[process.node]
        if process.phase == STARTING and not away:
            self._open(process)
        if process.executing and process.frozen != bool(away):
            process.frozen = bool(away)
            word = "frozen" if process.frozen else "thawed"
            self._changed(process, word, f"storage {(away or pools)[0]}")
        if process.work is not None:
            slow = [self.storage.slowness(pool) for pool in pools] or [1.0]
            slowness = max(slow) if process.phase == STARTING else 1.0
            still = paused or away or process.halted
            process.work.set_rate(0.0 if still else 1.0 / slowness)
        if process.patience is not None:
            process.patience.set_rate(0.0 if paused else 1.0)
