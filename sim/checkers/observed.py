"""What the checkers observe of a world: nothing of it is the core's opinion.

The store tells every write that took effect as a `Commit`, and its number again when the node that
sent it learnt so (`ack`). What a coasting loop renews is no commit; a lease tells when it was last
renewed when somebody else takes it.

Names of what is written (`Commit.what`), with the values before and after:

    manager_status      ManagerStatus
    lrm_status/NODE     LrmStatus or None
    crm_commands        tuple of command lines
    ha_config           HaConfig: services, rules, groups
    guest_node/SID      the node on which the guest's configuration lies, or None
    lease/NAME          Held or None

and why (`Commit.why`), where it matters: `recover` and `move` of guest_node; `take` and `release`
of a lease.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.model.events import Event
from sim.layout import ClusterLayout


@dataclass(frozen=True, slots=True)
class Held:
    """A lease: who holds it, when it was last renewed (simulated time), for how long."""

    holder: str
    renewed_us: int
    life_us: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A write that took effect in the partition of its sender.

    number grows with every commit of the world. parent is the number of the last commit that the
    replica had taken which this one was applied to (0: none), so that the commits of one history
    form a chain, and a commit that a merge dropped is in nobody's chain any more.
    """

    number: int
    parent: int
    node: str
    what: str
    why: str
    before: Any
    after: Any


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

    def volumes(self, sid: str) -> tuple[str, ...]:
        """The guest's volumes, wherever they are."""
        ...

    def writers(self, volume: str) -> tuple[str, ...]:
        """The nodes that have the volume open for writing."""
        ...


class Store(Protocol):
    def observe(self, on_commit: Callable[[Commit], None], on_ack: Callable[[int], None]) -> None:
        """Tell commits, and the numbers of those whose sender was told that they took effect."""
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

    def node_state(self, node: str) -> str | None: ...

    def guest_nodes(self, sid: str) -> tuple[str, ...]: ...

    def service_state(self, sid: str) -> str | None: ...

    def service_node(self, sid: str) -> str | None: ...

    def requested_states(self) -> Mapping[str, str]:
        """sid -> started, stopped, disabled or ignored, of every HA resource configured."""
        ...
