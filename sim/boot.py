"""One boot of a node with everything that lives only as long as it: ports, watchdog, daemons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from appliance.ports import topics
from appliance.ports.entropy import Entropy
from appliance.ports.guests import GuestRuntime, Migration
from appliance.ports.membership import Membership, View
from appliance.ports.node import NodePorts
from appliance.ports.stats import Stats
from sim.attach import Attachments
from sim.clock import BootClock, WallClock
from sim.hardware.watchdog import SimWatchdog
from sim.journal import NodeJournal, WorldJournal
from sim.kernel import Kernel, loop_order
from sim.layout import NodeSpec
from sim.pace import SimPace, Wakeups
from sim.store.ha_config import SimHaConfig
from sim.store.ha_state import SimHaState
from sim.store.leases import SimLeases
from sim.store.store import Store, Views
from sim.tasks import Boot

LOOPS = ("crm", "lrm")


class GuestPorts(Protocol):
    """Makes the guest ports of a boot."""

    def runtime(self, boot: Boot, config: SimHaConfig) -> GuestRuntime: ...
    def migration(self, boot: Boot, config: SimHaConfig) -> Migration: ...
    def stats(self, node: str, config: SimHaConfig) -> Stats: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all boots of a world have in common."""

    kernel: Kernel
    journal: WorldJournal
    entropy: Entropy
    views: Views
    store: Store
    wakeups: Wakeups
    guests: GuestPorts
    coasting: bool
    on_failure: Callable[[str, Exception], None]


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
        self.attach: Attachments | None = None

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
        members = self._around.store.replica(self._boot.node).members
        self._around.wakeups.publish(members, topics.LRM_STATUSES)


def _nothing() -> None:
    """Nobody depends on the rounds of this loop being skipped."""


@dataclass(frozen=True, slots=True)
class NodeBoot:
    """A running operating system: the scope of its tasks and what they see of the world."""

    boot: Boot
    clock: BootClock
    watchdog: SimWatchdog
    config: SimHaConfig
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
    config = SimHaConfig(boot, around.store, around.wakeups)
    paces = SimPaces(around, boot, clock, index)
    if around.coasting:
        paces.attach = Attachments(spec.name, around.store, watchdog, around.kernel, around.wakeups)
    membership: Membership = SimMembership(spec.name, around.views)
    ports = NodePorts(
        node=spec.name,
        clock=clock,
        paces=paces,
        tasks=boot,
        entropy=around.entropy,
        journal=NodeJournal(around.journal, spec.name),
        membership=membership,
        leases=SimLeases(boot, around.store, around.wakeups),
        ha_state=SimHaState(boot, around.store, around.wakeups),
        ha_config=config,
        watchdog=watchdog,
        guests=around.guests.runtime(boot, config),
        migration=around.guests.migration(boot, config),
        stats=around.guests.stats(spec.name, config),
    )
    return NodeBoot(boot, clock, watchdog, config, ports)
