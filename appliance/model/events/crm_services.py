"""What the cluster manager tells of services: their states, moves, recovery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class ServiceAdded(Event):
    kind: ClassVar[str] = "service_added"
    text: ClassVar[str] = "{service} on {node} is managed from now on"
    service: str
    node: str


@dataclass(frozen=True, slots=True)
class ServiceRemoved(Event):
    """why: no_config or ignored."""

    kind: ClassVar[str] = "service_removed"
    text: ClassVar[str] = "{service} is not managed any more ({why})"
    service: str
    why: str


@dataclass(frozen=True, slots=True)
class ServiceState(Event):
    """A step of the service state machine; node, target, timeout (s, as text) if given anew."""

    kind: ClassVar[str] = "service_state"
    text: ClassVar[str] = "{service} is {to}, was {from_}"
    service: str
    from_: str
    to: str
    node: str | None = None
    target: str | None = None
    timeout: str | None = None


@dataclass(frozen=True, slots=True)
class CommandMoves(Event):
    """automatic: the manager itself decided; absent for commands and relocations."""

    kind: ClassVar[str] = "command_moves"
    text: ClassVar[str] = "{service} moves to {node} ({how})"
    how: str
    service: str
    node: str
    automatic: bool | None = None


@dataclass(frozen=True, slots=True)
class StopCommand(Event):
    kind: ClassVar[str] = "stop_command"
    text: ClassVar[str] = "{service} is stopped by command, timeout {timeout} s"
    service: str
    timeout: str


@dataclass(frozen=True, slots=True)
class MoveCommandIgnored(Event):
    kind: ClassVar[str] = "move_command_ignored"
    text: ClassVar[str] = "{how} of {service} to {node} ignored: {reason}"
    how: str
    service: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class RequestUnknown(Event):
    kind: ClassVar[str] = "request_unknown"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service}: its requested state {state} is unknown"
    service: str
    state: str


@dataclass(frozen=True, slots=True)
class RebalanceOnStart(Event):
    kind: ClassVar[str] = "rebalance_on_start"
    text: ClassVar[str] = "{service} starts on the {which} node {node}"
    service: str
    which: str
    node: str


@dataclass(frozen=True, slots=True)
class StartFailedRelocating(Event):
    kind: ClassVar[str] = "start_failed_relocating"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "{service} does not start on {node}, trying another node"
    service: str
    node: str


@dataclass(frozen=True, slots=True)
class StartTriedEverywhere(Event):
    kind: ClassVar[str] = "start_tried_everywhere"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "{service} does not start and no node is left to try (tried {nodes})"
    service: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelocationSucceeded(Event):
    kind: ClassVar[str] = "relocation_succeeded"
    text: ClassVar[str] = "{service} started on {node} after failures on {failed}"
    service: str
    node: str
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecoveryGaveUp(Event):
    kind: ClassVar[str] = "recovery_gave_up"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service} is in error: all allowed relocations failed ({failed})"
    service: str
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnrecoverableError(Event):
    kind: ClassVar[str] = "unrecoverable_error"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service} is in error: its start ended with code {code}"
    service: str
    code: int


@dataclass(frozen=True, slots=True)
class StopFailed(Event):
    kind: ClassVar[str] = "stop_failed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "stop of {service} failed with code {code}"
    service: str
    code: int


@dataclass(frozen=True, slots=True)
class MigrationFailed(Event):
    """code: absent when the service was not where it should have been."""

    kind: ClassVar[str] = "migration_failed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "move of {service} failed"
    service: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class MigrationIgnored(Event):
    kind: ClassVar[str] = "migration_ignored"
    text: ClassVar[str] = "move of {service} was not needed"
    service: str


@dataclass(frozen=True, slots=True)
class LocationFixed(Event):
    kind: ClassVar[str] = "location_fixed"
    text: ClassVar[str] = "{service} lies on {to}, not on {from_}"
    service: str
    from_: str
    to: str


@dataclass(frozen=True, slots=True)
class MovingBack(Event):
    kind: ClassVar[str] = "moving_back"
    text: ClassVar[str] = "{service} returns to {node} after maintenance"
    service: str
    node: str


@dataclass(frozen=True, slots=True)
class MaintenanceFallbackDropped(Event):
    kind: ClassVar[str] = "maintenance_fallback_dropped"
    text: ClassVar[str] = "{service} will not return to {node} after maintenance"
    service: str
    node: str


@dataclass(frozen=True, slots=True)
class MaintenanceNodeCleared(Event):
    kind: ClassVar[str] = "maintenance_node_cleared"
    text: ClassVar[str] = "{service} is back on {node} already"
    service: str
    node: str


@dataclass(frozen=True, slots=True)
class Recovered(Event):
    kind: ClassVar[str] = "recovered"
    text: ClassVar[str] = "{service} is recovered from {from_} to {to}"
    service: str
    from_: str
    to: str


@dataclass(frozen=True, slots=True)
class RecoveredSameNode(Event):
    kind: ClassVar[str] = "recovered_same_node"
    text: ClassVar[str] = "{service} is recovered on {node}, the node that failed"
    service: str
    node: str


@dataclass(frozen=True, slots=True)
class RecoveryNoNode(Event):
    kind: ClassVar[str] = "recovery_no_node"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service} cannot be recovered from {node}: no node fits"
    service: str
    node: str


@dataclass(frozen=True, slots=True)
class RecoveredLockRemoved(Event):
    kind: ClassVar[str] = "recovered_lock_removed"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "{service}: leftover lock {lock} removed"
    service: str
    lock: str
