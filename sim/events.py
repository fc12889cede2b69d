"""Facts of the simulated world itself, beside what the daemons tell; kinds do not clash.

Every record of a world's journal is (time, actor, event); actors here are `world`, a node's name,
`check` (the safety and liveness checkers) and `operator`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events import Event


@dataclass(frozen=True, slots=True)
class WorldBegins(Event):
    """The first record of every journal: what the cluster is made of.

    guests: a mapping with `sid` and `node` each.
    """

    kind: ClassVar[str] = "world"
    text: ClassVar[str] = "{name} begins with {nodes} (seed {seed})"
    name: str
    seed: int
    nodes: tuple[str, ...]
    guests: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class NodePower(Event):
    """state: on (booted, daemons start), off, booting, hung, paused, resumed, stopping."""

    kind: ClassVar[str] = "node_power"
    text: ClassVar[str] = "{node} is {state} ({why})"
    node: str
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class WatchdogReset(Event):
    """The watchdog of a node was not fed for too long by that client and resets the machine."""

    kind: ClassVar[str] = "watchdog_reset"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "the watchdog resets {node}: {client} gave no life sign for {silent_s} s"
    node: str
    client: str
    silent_s: float


@dataclass(frozen=True, slots=True)
class FaultBegins(Event):
    """`fault` numbers the faults of a run; `what` describes it; `heals_s`: after how long."""

    kind: ClassVar[str] = "fault"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "fault {fault}: {fault_kind} {what}"
    fault: int
    fault_kind: str
    what: str
    node: str | None = None
    heals_s: float | None = None


@dataclass(frozen=True, slots=True)
class FaultHeals(Event):
    kind: ClassVar[str] = "fault_healed"
    text: ClassVar[str] = "fault {fault} is healed: {fault_kind} {what}"
    fault: int
    fault_kind: str
    what: str


@dataclass(frozen=True, slots=True)
class ViewChange(Event):
    """One node's own view of membership changed."""

    kind: ClassVar[str] = "view"
    text: ClassVar[str] = "{node} sees {members}, quorate: {quorate}"
    node: str
    members: tuple[str, ...]
    quorate: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class GuestChange(Event):
    """A guest's process on one node: starting, running, stopping, stopped, crashed, failed,
    migrating (source side, with target), arriving (target side), frozen (I/O stopped), thawed.
    """

    kind: ClassVar[str] = "guest"
    text: ClassVar[str] = "{guest} on {node}: {state} {why}"
    guest: str
    node: str
    state: str
    why: str = ""
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Operator(Event):
    """What the scenario's operator asked for, in the words of the command line."""

    kind: ClassVar[str] = "operator"
    text: ClassVar[str] = "operator: {command}"
    command: str


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """An operator's request that could not be carried out."""

    kind: ClassVar[str] = "refused"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "refused: {command}: {why}"
    command: str
    why: str


@dataclass(frozen=True, slots=True)
class Violation(Event):
    """A promise that did not hold. `promise` names the check; `broke` the hardware promise at
    fault, if a fault declared one broken (such as a watchdog that does not fire).
    """

    kind: ClassVar[str] = "violation"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "VIOLATION of {promise}: {detail}"
    promise: str
    detail: str
    broke: str | None = None


@dataclass(frozen=True, slots=True)
class DaemonFailed(Event):
    """A loop died of an exception: always a defect of the appliance."""

    kind: ClassVar[str] = "daemon_failed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{task} failed: {error}"
    task: str
    error: str
