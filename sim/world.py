"""A simulated cluster: everything in it, wired together, and time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from appliance.model.store.changes import File
from appliance.ports import topics
from appliance.ports.guests import GuestRuntime, Migration
from appliance.ports.membership import View
from appliance.ports.stats import Stats
from appliance.services.ha_store.decoder import Decoder
from sim.boot import NodeBoot, Surroundings
from sim.checkers.checkers import Checkers
from sim.entropy import Entropy
from sim.events import DaemonFailed, ViewChange, WorldBegins
from sim.facts import Facts
from sim.faults import Fault
from sim.genesis import first_files, place_guests
from sim.guests.catalog import Catalog
from sim.guests.migration import Mover
from sim.guests.ports import SimGuestRuntime, SimMigration
from sim.guests.processes import GuestHost
from sim.guests.specs import Specs
from sim.guests.stats import LoadBoard, SimStats
from sim.guests.storage import Storage
from sim.hardware.machine import Machine
from sim.injector import Injector, Targets
from sim.journal import WorldJournal
from sim.kernel import ORDER_FAULT, Kernel, to_us
from sim.layout import ClusterLayout
from sim.network.fabric import Fabric
from sim.network.injector import Wiring
from sim.network.membership import MembershipEngine
from sim.operator import Console
from sim.pace import Wakeups
from sim.storage.world import StorageWorld
from sim.store.guests import GuestConfigs
from sim.store.replication import Replication
from sim.store.shared import LAST_TOKEN_US
from sim.store.worlds import SharedWorld, StoreSurroundings
from sim.tasks import Boot

COMMIT_US: Final = 4_000  # ordering and a durable write, on top of two trips to the farthest member


class World:
    """A cluster of that layout. Nothing happens but in `run`.

    The same layout, seed, and calls give the same journal, coasting or not.
    """

    def __init__(
        self,
        layout: ClusterLayout,
        *,
        seed: int = 0,
        coasting: bool = True,
        files: Mapping[str, File] | None = None,
        began_us: int = 0,
    ) -> None:
        """files: what the store begins with, instead of what the layout alone says.

        began_us: when it begins, for a world that goes on with what another one has left.
        """
        self.layout, self.seed = layout, seed
        self._files = first_files(layout) if files is None else files
        self._boot_listeners: list[Callable[[NodeBoot], None]] = []
        self._view_listeners: list[Callable[[str], None]] = []
        self.kernel = Kernel(began_us)
        self.journal = WorldJournal(self.kernel)
        self.entropy = Entropy(seed)
        self.fabric = Fabric(layout)
        self.wakeups = Wakeups()
        self.engine = MembershipEngine(self.kernel, self.fabric, layout, self.entropy, self)
        self.decoder = Decoder()
        self.store = self._build_store(coasting)
        self.storage = Storage(layout.storages, layout.node_names())
        emit = self.journal.emit
        self.guests = GuestHost(
            self.kernel, layout.nodes, self.storage, Catalog(), self.entropy, emit
        )
        self.mover = Mover(self.guests, self.fabric, self.entropy)
        self.volumes = StorageWorld(self.guests, self.fabric)
        self._board = LoadBoard(self.guests)
        self._delays_us: dict[str, int] = {}
        self._views: dict[str, tuple[tuple[str, ...], bool]] = {}
        self.machines = self._build_machines()
        self.facts = Facts(self.machines, self.engine, self.guests)
        self._injector = Injector(
            Targets(
                Wiring(self.kernel, self.journal, layout, self.fabric, self),
                self.machines,
                self.storage,
                self.guests,
            )
        )
        self._console = Console(self.journal, self.facts, self.machines, self.guests)
        self._begin()

    def _build_store(self, coasting: bool) -> Replication:
        around = StoreSurroundings(self.kernel, self.engine, self.layout, self._files, self.decoder)
        return SharedWorld(around, self._delay_us, self.wakeups if coasting else None)

    def _build_machines(self) -> Mapping[str, Machine]:
        around = Surroundings(
            kernel=self.kernel,
            journal=self.journal,
            entropy=self.entropy,
            views=self.engine,
            store=self.store,
            decoder=self.decoder,
            wakeups=self.wakeups,
            guests=self,
            on_failure=self._daemon_failed,
            on_boot=self._booted,
        )
        specs = sorted(self.layout.nodes, key=lambda node: node.name)
        return {
            spec.name: Machine(around, spec, index, self.engine, self.guests)
            for index, spec in enumerate(specs)
        }

    def _begin(self) -> None:
        summary = tuple({"sid": one.sid, "node": one.node} for one in self.layout.guests)
        names = self.layout.node_names()
        self.journal.emit("world", WorldBegins(self.layout.name, self.seed, names, summary))
        self.checkers = Checkers(self)
        self.checkers.attach()
        running = [one for one in self.machines.values() if one.spec.initially_on]
        self.engine.begin(machine.name for machine in running)
        for machine in running:
            machine.begin_on()
        place_guests(self.layout, self.guests)
        self.guests.listen(self._guest_changed)
        self.guests.catalog.listen(self._load_changed)

    # time

    @property
    def now_s(self) -> float:
        return self.kernel.now_s

    def now_us(self) -> int:
        return self.kernel.now_us

    def run(self, until_s: float) -> None:
        """Let time pass up to that second; events of that very instant are still to come."""
        self.kernel.run(to_us(until_s))

    # what people and fate do

    def inject(self, fault: Fault) -> int:
        """Begin a fault now. Returns its number; it heals by itself after `heal_after_s`."""
        return self._injector.begin(fault)

    def faults(self) -> dict[int, Fault]:
        """What has begun and not healed, by number."""
        return self._injector.active()

    def heal(self, number: int) -> None:
        self._injector.heal(number)

    def heal_all(self) -> None:
        """End all faults. Machines that lost power boot."""
        self._injector.heal_all()

    def operate(self, command: str) -> None:
        """Ask for something in the words of the command line (see `sim.operator.USAGE`)."""
        self._console.operate(command)

    # the network changed (called by the injector)

    def fabric_changed(self) -> None:
        self.engine.fabric_changed()
        self.mover.fabric_changed()
        self.volumes.flows.retune()
        for node in self.machines:
            delay_us = self._measured_us(node)
            if delay_us != self._delay_us(node):
                self._slow_down(node, delay_us)

    def _slow_down(self, node: str, delay_us: int) -> None:
        """Writes take another time from now on; a round under way still ends in the old one."""

        def apply() -> None:
            self._delays_us[node] = delay_us

        self.wakeups.wake((node,))
        self.kernel.call_in(LAST_TOKEN_US, apply, ORDER_FAULT)

    def _delay_us(self, node: str) -> int:
        """How long a write of this node takes; constant between changes around it."""
        return self._delays_us.get(node, COMMIT_US)

    def _measured_us(self, node: str) -> int:
        even_s = self.fabric.even_latency_s()
        if even_s is not None:
            return COMMIT_US + 2 * to_us(even_s)
        members = self.engine.group(node)
        ways = [self.fabric.latency_s(node, other) for other in members if other != node]
        reached = [way for way in ways if way != math.inf]
        return COMMIT_US + 2 * to_us(max(reached, default=0.0))

    # membership (called by the engine)

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        """These nodes' ring is broken: rounds from here on wait for the next one."""
        self.store.unsettled(nodes)
        self.wakeups.wake(nodes)

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        """These nodes are a ring now."""
        for node in group:
            self._tell_view(node, views[node])
        self.store.installed(group, views)
        for node in group:
            self._delays_us[node] = self._measured_us(node)
        self.wakeups.wake(group)
        self.wakeups.publish(group, topics.MEMBERSHIP)
        self.store.settled(node for node in group if self.engine.settled(node))
        for listener in self._view_listeners:
            for node in group:
                listener(node)

    def _tell_view(self, node: str, view: View) -> None:
        seen = (view.online, view.quorate)
        if self._views.get(node) != seen:
            self._views[node] = seen
            self.journal.emit(node, ViewChange(node, view.online, view.quorate, view.epoch))

    # guests

    def _guest_changed(self, node: str, _sid: str) -> None:
        self.wakeups.publish((node,), topics.GUESTS)
        self.wakeups.publish(self.machines, topics.STATS)

    def _load_changed(self, _sid: str) -> None:
        self.wakeups.publish(self.machines, topics.STATS)

    def runtime(self, boot: Boot, configs: GuestConfigs) -> GuestRuntime:
        return SimGuestRuntime(boot, self.mover, configs, self.specs(configs))

    def migration(self, boot: Boot, configs: GuestConfigs) -> Migration:
        return SimMigration(boot, self.mover, configs, self.specs(configs))

    def specs(self, configs: GuestConfigs) -> Specs:
        """What guests need, as a boot reads it."""
        return Specs(self.guests.catalog, self.entropy, configs.text_of)

    def stats(self, node: str, configs: GuestConfigs) -> Stats:
        return SimStats(node, self._board, configs)

    def newest_files(self) -> Mapping[str, File]:
        """What the node has in its store that knows most, be it on or off."""
        return self.store.newest_files()

    # for what runs beside HA on the nodes

    def on_boot(self, listener: Callable[[NodeBoot], None]) -> None:
        """Call it with every boot: with those that are there now, then as they come."""
        self._boot_listeners.append(listener)
        for machine in self.machines.values():
            if machine.boot is not None:
                listener(machine.boot)

    def _booted(self, boot: NodeBoot) -> None:
        for listener in self._boot_listeners:
            listener(boot)

    def on_view(self, listener: Callable[[str], None]) -> None:
        """Call it with the node whenever its membership has changed."""
        self._view_listeners.append(listener)

    # defects

    def _daemon_failed(self, task: str, error: Exception) -> None:
        self.journal.emit("check", DaemonFailed(task, f"{type(error).__name__}: {error}"))
