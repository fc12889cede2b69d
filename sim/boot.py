"""One boot of a node with everything that lives only as long as it: ports, watchdog, daemons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from appliance.ports import topics
from appliance.ports.config_store import ConfigStore
from appliance.ports.entropy import Entropy
from appliance.ports.guests import GuestRuntime, Migration
from appliance.ports.membership import Membership, View
from appliance.ports.node import NodePorts
from appliance.ports.stats import Stats
from appliance.services.ha_store.config import StoreHaConfig
from appliance.services.ha_store.decoder import Decoder
from sim.clock import BootClock, WallClock
from sim.hardware.watchdog import SimWatchdog
from sim.journal import NodeJournal, WorldJournal
from sim.kernel import Kernel, loop_order
from sim.layout import NodeSpec
from sim.pace import Attach, SimPace, Wakeups
from sim.store.guests import GuestConfigs
from sim.store.replication import Replication
from sim.tasks import Boot

LOOPS = ("crm", "lrm")


class GuestPorts(Protocol):
    """Makes the guest ports of a boot."""

    def runtime(self, boot: Boot, configs: GuestConfigs) -> GuestRuntime: ...
    def migration(self, boot: Boot, configs: GuestConfigs) -> Migration: ...
    def stats(self, node: str, configs: GuestConfigs) -> Stats: ...


class Views(Protocol):
    """What is asked of the membership engine."""

    def view(self, node: str) -> View: ...
    def settled(self, node: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all boots of a world have in common. `decoder` has no state but what it has read.

    on_boot: told of every operating system that has started.
    """

    kernel: Kernel
    journal: WorldJournal
    entropy: Entropy
    views: Views
    store: Replication
    decoder: Decoder
    wakeups: Wakeups
    guests: GuestPorts
    on_failure: Callable[[str, Exception], None]
    on_boot: Callable[[NodeBoot], None]


@dataclass(frozen=True, slots=True)
class SimMembership:
    """Implements the `Membership` port."""

    node: str
    views: Views

    def view(self) -> View:
        return self.views.view(self.node)

    def refresh(self) -> bool:
        return True


class SimPaces:
    """Implements the `Paces` port: one pace a loop, known to the wakeups."""

    def __init__(self, around: Surroundings, boot: Boot, clock: BootClock, index: int) -> None:
        self._around, self._boot, self._clock, self._index = around, boot, clock, index
        self.attach: Attach | None = None

    def open(self, loop: str) -> SimPace:
        order = loop_order(self._index, LOOPS.index(loop))
        on_round = self._tell_master if loop == "lrm" and self.attach else _nothing
        pace = SimPace(
            self._boot,
            self._clock,
            self._around.wakeups,
            order,
            self.attach,
            on_round,
            lambda: self._around.views.settled(self._boot.node),
        )
        self._around.wakeups.add(self._boot.node, pace)
        return pace

    def _tell_master(self) -> None:
        """A local manager that runs real rounds may answer late: the master must look."""
        peers = self._around.store.peers(self._boot.node)
        self._around.wakeups.publish(peers, topics.LRM_STATUSES)


def _nothing() -> None:
    """Nobody depends on the rounds of this loop being skipped."""


@dataclass(frozen=True, slots=True)
class NodeBoot:
    """A running operating system: the scope of its tasks and what they see of the world."""

    boot: Boot
    clock: BootClock
    watchdog: SimWatchdog
    store: ConfigStore
    config: StoreHaConfig
    guests: GuestConfigs
    ports: NodePorts


def boot_node(
    around: Surroundings,
    spec: NodeSpec,
    index: int,
    number: int,
    wall: WallClock,
    reset: Callable[[str, float], None],
) -> NodeBoot:
    """Start an operating system; `reset(client, silent_s)` is what its watchdog does."""
    boot = Boot(around.kernel, spec.name, number, around.on_failure)
    clock = BootClock(boot, wall, spec.drift_ppm)
    watchdog = SimWatchdog(boot, spec.watchdog, reset)
    opened = around.store.boot(boot, clock, watchdog)
    config = StoreHaConfig(opened.store, around.decoder)
    guests = GuestConfigs(opened.store, config)
    paces = SimPaces(around, boot, clock, index)
    paces.attach = opened.attach
    membership: Membership = SimMembership(spec.name, around.views)
    ports = NodePorts(
        node=spec.name,
        clock=clock,
        paces=paces,
        tasks=boot,
        entropy=around.entropy,
        journal=NodeJournal(around.journal, spec.name),
        membership=membership,
        leases=opened.leases,
        ha_state=opened.state,
        ha_config=config,
        watchdog=watchdog,
        guests=around.guests.runtime(boot, guests),
        migration=around.guests.migration(boot, guests),
        stats=around.guests.stats(spec.name, guests),
    )
    return NodeBoot(boot, clock, watchdog, opened.store, config, guests, ports)
