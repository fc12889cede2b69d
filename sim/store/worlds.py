"""The shared store as a simulated world has it: HA's adapters on it, coasting or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from appliance.model.store.changes import File
from appliance.ports.membership import View
from appliance.services.ha_store.decoder import Decoder
from appliance.services.ha_store.state import StoreHaState
from appliance.services.store.leases import StoreLeases
from sim.attach import Attachments
from sim.checkers.observed import StoreObserver
from sim.clock import BootClock
from sim.hardware.watchdog import SimWatchdog
from sim.kernel import Kernel
from sim.layout import ClusterLayout
from sim.network.membership import MembershipEngine
from sim.pace import Wakeups
from sim.store.coasting import CoastingHaState, CoastingLeases
from sim.store.port import SharedPort
from sim.store.replication import StoreBoot
from sim.store.shared import SharedStore
from sim.store.touched import TopicPublisher
from sim.tasks import Boot


@dataclass(frozen=True, slots=True)
class StoreSurroundings:
    """What a store is built into. files: what all nodes begin with."""

    kernel: Kernel
    engine: MembershipEngine
    layout: ClusterLayout
    files: Mapping[str, File]
    decoder: Decoder

    def shares(self) -> dict[str, int]:
        """Votes of each configured node."""
        return {spec.name: spec.votes for spec in self.layout.nodes}


class SharedWorld:
    """Implements `Replication` with one copy for all that are in step.

    `wakeups`: of loops that coast; None: they do not.
    """

    def __init__(
        self,
        around: StoreSurroundings,
        delay_us: Callable[[str], int],
        wakeups: Wakeups | None,
    ) -> None:
        self._around, self._wakeups = around, wakeups
        self.shared = SharedStore(
            around.kernel, around.engine, around.shares(), around.files, delay_us
        )
        if wakeups is not None:
            self.shared.publisher = TopicPublisher(wakeups, around.decoder)

    @property
    def observers(self) -> list[StoreObserver]:
        return self.shared.observers

    def boot(self, boot: Boot, clock: BootClock, watchdog: SimWatchdog) -> StoreBoot:
        port = SharedPort(boot, clock, self.shared)
        decoder, wakeups = self._around.decoder, self._wakeups
        if wakeups is None:
            leases = StoreLeases(boot.node, port, clock)
            return StoreBoot(port, leases, StoreHaState(boot.node, port, decoder))
        coasting = CoastingLeases(boot, port, clock)
        attach = Attachments(boot.node, self.shared, coasting, watchdog, boot.kernel, wakeups)
        return StoreBoot(port, coasting, CoastingHaState(boot, port, decoder), attach)

    def newest_files(self) -> Mapping[str, File]:
        newest = max(
            (self.shared.copy(node) for node in self.shared.nodes),
            key=lambda copy: copy.log.last.version,
        )
        cells = newest.tree.committed
        return {path: cell for path, cell in sorted(cells.items()) if isinstance(cell, File)}

    def peers(self, node: str) -> Iterable[str]:
        return self.shared.copy(node).nodes

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        self.shared.unsettled(nodes)

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        self.shared.installed(group)

    def settled(self, nodes: Iterable[str]) -> None:
        self.shared.settled(nodes)

    def stopped(self, node: str) -> None:
        """Its membership says so."""

    def lost(self, node: str) -> None:
        self.shared.lost(node)
