"""What a simulated world needs of its store, whichever way it is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from appliance.model.store.changes import File
from appliance.ports.config_store import ConfigStore
from appliance.ports.membership import View
from appliance.services.ha_store.state import StoreHaState
from appliance.services.store.leases import StoreLeases
from sim.checkers.observed import StoreObserver
from sim.clock import BootClock
from sim.hardware.watchdog import SimWatchdog
from sim.pace import Attach
from sim.tasks import Boot


@dataclass(frozen=True, slots=True)
class StoreBoot:
    """The store as one boot of one node sees it. `attach` None: its loops do not coast."""

    store: ConfigStore
    leases: StoreLeases
    state: StoreHaState
    attach: Attach | None = None


class Replication(Protocol):
    @property
    def observers(self) -> list[StoreObserver]: ...

    def boot(self, boot: Boot, clock: BootClock, watchdog: SimWatchdog) -> StoreBoot:
        """An operating system starts."""
        ...

    def newest_files(self) -> Mapping[str, File]:
        """As the node has them that knows most; leases are not among them."""
        ...

    def peers(self, node: str) -> Iterable[str]:
        """The nodes that see what this one writes."""
        ...

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        """The ring of these nodes broke."""
        ...

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        """These nodes share a ring."""
        ...

    def settled(self, nodes: Iterable[str]) -> None:
        """What these nodes wait to send can go."""
        ...

    def stopped(self, node: str) -> None:
        """The node's cluster service was stopped; the node goes on for a while."""
        ...

    def lost(self, node: str) -> None:
        """The node lost its power."""
        ...
