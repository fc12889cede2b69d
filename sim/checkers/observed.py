"""What the checkers observe of a world: nothing of it is the core's opinion.

Of the store they are told every write that took effect, with the replica as it is after it and
the words in which the store names the write:

    manager_status            the manager's published status
    steal SID, rename SID     a guest's configuration moved: by recovery, by a migration
    lease NAME, release NAME  a lease was taken or renewed, given up
    anything else             HA configuration, LRM status, commands

What a coasting loop renews is no write; a lease knows when it was last renewed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from appliance.model.events import Event
from appliance.model.ha.status import ManagerStatus
from appliance.ports.ha_store import HaConfig
from sim.layout import ClusterLayout


class Lease(Protocol):
    @property
    def owner(self) -> str: ...

    @property
    def taken_us(self) -> int:
        """When its owner took it, in simulated time; a renewal does not change that."""
        ...

    def renewed_us(self, now_us: int) -> int:
        """When its owner last renewed it, in simulated time."""
        ...


class Replica(Protocol):
    """A copy of the store."""

    @property
    def config(self) -> HaConfig: ...

    @property
    def guest_nodes(self) -> Mapping[str, str]:
        """sid -> the node on which the guest's configuration lies."""
        ...

    @property
    def leases(self) -> Mapping[str, Lease]: ...

    @property
    def written(self) -> Mapping[str, int]:
        """node -> how many of its writes this copy contains."""
        ...

    def manager_status(self, now_us: int) -> ManagerStatus: ...


class Record(Protocol):
    """A fact of the journal, with its time."""

    @property
    def t_us(self) -> int: ...

    @property
    def event(self) -> Event: ...


class Journal(Protocol):
    def emit(self, actor: str, event: Event) -> None: ...

    def subscribe(self, listener: Callable[[Record], None]) -> None: ...


class Guests(Protocol):
    def runs_on(self, sid: str) -> tuple[str, ...]:
        """The nodes on which a process of the guest executes."""
        ...

    def volume(self, sid: str, node: str) -> Any:
        """The guest's volume as that node means it."""
        ...

    @property
    def storage(self) -> Writers: ...


class Writers(Protocol):
    def writers(self, volume: Any) -> tuple[str, ...]:
        """The nodes that have the volume open for writing."""
        ...


class Store(Protocol):
    """Calls its observers (see `Checkers`): on_commit, on_acknowledged, on_installed."""

    @property
    def observers(self) -> list[StoreObserver]: ...


class StoreObserver(Protocol):
    def on_commit(self, node: str, replica: Replica, what: str) -> None:
        """A write of that node took effect."""
        ...

    def on_acknowledged(self, node: str, writes: int) -> None:
        """The node was told so; the copy it was told from has so many of its writes."""
        ...

    def on_installed(self, group: tuple[str, ...], replica: Replica, quorate: bool) -> None:
        """These nodes share a view and this copy from now on."""
        ...


class Observed(Protocol):
    """A world as the safety checkers see it."""

    @property
    def layout(self) -> ClusterLayout: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def guests(self) -> Guests: ...

    @property
    def store(self) -> Store: ...

    def now_us(self) -> int: ...


class Outside(Protocol):
    """A cluster as an operator can see it, for the liveness check."""

    def node_power(self, node: str) -> str: ...

    def online(self, node: str) -> bool: ...

    def master(self) -> str | None: ...

    def disarmed(self) -> str | None:
        """disarming or disarmed while HA is switched off, else None."""
        ...

    def node_state(self, node: str) -> str | None: ...

    def guest_nodes(self, sid: str) -> tuple[str, ...]: ...

    def service_state(self, sid: str) -> str | None: ...

    def service_node(self, sid: str) -> str | None: ...

    def requested_states(self) -> Mapping[str, str]:
        """sid -> started, stopped, disabled or ignored, of every HA resource configured."""
        ...
