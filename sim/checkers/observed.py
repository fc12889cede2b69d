"""What the checkers observe of a world: nothing of it is the core's opinion.

Of the store they are told every change that took effect: which cells it set, whose it was, and what
the copy says after it. What a coasting loop renews is no write; a lease knows when it was last
renewed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from appliance.model.events import Event
from appliance.model.store.changes import Cell, Cells, Point
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


class Commit(NamedTuple):
    """A change that took effect on a copy of the store.

    at: where that was seen first. writer: whose change it is. cells: what it set; cells that are
    None are gone. copy: everything there, after it. leases: by name, who holds them.
    """

    at: str
    writer: str
    cells: Cells
    copy: Mapping[str, Cell]
    leases: Mapping[str, Lease]


class History(Protocol):
    """What a copy of the store went through."""

    @property
    def last(self) -> Point: ...

    def holds(self, point: Point) -> bool:
        """Whether it went through that point. No, if it has forgotten so old ones."""
        ...


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

    def volumes(self, sid: str, node: str) -> Sequence[Any]:
        """The guest's volumes as that node means them."""
        ...

    @property
    def storage(self) -> Writers: ...


class Writers(Protocol):
    def writers(self, volume: Any) -> tuple[str, ...]:
        """The nodes that have the volume open for writing."""
        ...


class Store(Protocol):
    """Calls its observers."""

    @property
    def observers(self) -> list[StoreObserver]: ...


class StoreObserver(Protocol):
    def on_commit(self, commit: Commit) -> None:
        """A change took effect."""
        ...

    def on_acknowledged(self, point: Point) -> None:
        """A writer was told that its change is safe; this point of the history contains it."""
        ...

    def on_opened(self, members: tuple[str, ...], history: History) -> None:
        """These nodes share a view, may act, and go on from here."""
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
