"""What a local resource manager tells: orders carried out, and its own going."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class ServiceStarting(Event):
    kind: ClassVar[str] = "service_starting"
    text: ClassVar[str] = "starting {service}"
    service: str


@dataclass(frozen=True, slots=True)
class ServiceStopping(Event):
    """timeout: seconds as text; absent if the guest kind decides."""

    kind: ClassVar[str] = "service_stopping"
    text: ClassVar[str] = "stopping {service}"
    service: str
    timeout: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceStoppingForRelocate(Event):
    kind: ClassVar[str] = "service_stopping_for_relocate"
    text: ClassVar[str] = "stopping {service}, which moves while it is off"
    service: str


@dataclass(frozen=True, slots=True)
class ServiceIs(Event):
    kind: ClassVar[str] = "service_status"
    text: ClassVar[str] = "{service} is {status}"
    service: str
    status: str


@dataclass(frozen=True, slots=True)
class ServiceStopFailed(Event):
    kind: ClassVar[str] = "service_stop_failed"
    text: ClassVar[str] = "{service} still runs after the stop"
    service: str


@dataclass(frozen=True, slots=True)
class ServiceStartFailed(Event):
    kind: ClassVar[str] = "service_start_failed"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "{service} does not run after the start"
    service: str


@dataclass(frozen=True, slots=True)
class ServiceStartRetry(Event):
    kind: ClassVar[str] = "service_start_retry"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "will try to start {service} again (retry {retry})"
    service: str
    retry: int


@dataclass(frozen=True, slots=True)
class ServiceStartGaveUp(Event):
    kind: ClassVar[str] = "service_start_gave_up"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service} did not start here after {retries} retries"
    service: str
    retries: int


@dataclass(frozen=True, slots=True)
class MoveBegin(Event):
    kind: ClassVar[str] = "move_begin"
    text: ClassVar[str] = "{how} of {service} to {node} begins"
    service: str
    how: str
    node: str


@dataclass(frozen=True, slots=True)
class MoveEnd(Event):
    kind: ClassVar[str] = "move_end"
    text: ClassVar[str] = "{how} of {service} to {node} is done"
    service: str
    how: str
    node: str


@dataclass(frozen=True, slots=True)
class MoveFailed(Event):
    kind: ClassVar[str] = "move_failed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service} was not moved"
    service: str


@dataclass(frozen=True, slots=True)
class LiveMigrationUnsupported(Event):
    kind: ClassVar[str] = "live_migration_unsupported"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = (
        "{service} is a running container and cannot move live, so it is stopped for the move"
    )
    service: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceLocked(Event):
    kind: ClassVar[str] = "service_locked"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "cannot {action} {service}: its configuration is locked ({lock})"
    service: str
    lock: str
    action: str


@dataclass(frozen=True, slots=True)
class ServiceNotHere(Event):
    kind: ClassVar[str] = "service_not_here"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service} is not on this node"
    service: str


@dataclass(frozen=True, slots=True)
class RebalanceStartIgnored(Event):
    kind: ClassVar[str] = "rebalance_start_ignored"
    text: ClassVar[str] = "{service} runs already and is not moved before its start"
    service: str


@dataclass(frozen=True, slots=True)
class ShutdownRequest(Event):
    kind: ClassVar[str] = "shutdown_request"
    text: ClassVar[str] = "the node goes down, policy {policy}"
    policy: str


@dataclass(frozen=True, slots=True)
class LrmShutdownMode(Event):
    """what: reboot, shutdown, restart. mode: maintenance, stop_and_freeze, stop, freeze, ignore."""

    kind: ClassVar[str] = "lrm_shutdown_mode"
    text: ClassVar[str] = "{what}: services are treated by mode {mode}"
    what: str
    mode: str


@dataclass(frozen=True, slots=True)
class FenceRequested(Event):
    kind: ClassVar[str] = "fence_requested"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "this node is to be fenced: its lock and watchdog are left to run out"


@dataclass(frozen=True, slots=True)
class LrmIdle(Event):
    kind: ClassVar[str] = "lrm_idle"
    text: ClassVar[str] = "no service here for {rounds} rounds, going idle"
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class LrmDisarmed(Event):
    kind: ClassVar[str] = "lrm_disarmed"
    text: ClassVar[str] = "HA is disarmed: lock and watchdog given up"


@dataclass(frozen=True, slots=True)
class ServiceUnknown(Event):
    kind: ClassVar[str] = "service_unknown"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service} is not configured"
    service: str


@dataclass(frozen=True, slots=True)
class OrderUnknown(Event):
    kind: ClassVar[str] = "order_unknown"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service}: no way to carry out {order}"
    service: str
    order: str


@dataclass(frozen=True, slots=True)
class OrderCrashed(Event):
    kind: ClassVar[str] = "order_crashed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service}: {order} could not be carried out: {reason}"
    service: str
    order: str
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceInError(Event):
    kind: ClassVar[str] = "service_in_error"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "{service} is in state error and left alone"
    service: str


@dataclass(frozen=True, slots=True)
class ShutdownPolicyUnknown(Event):
    kind: ClassVar[str] = "shutdown_policy_unknown"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "shutdown policy {policy} is unknown, taken as conditional"
    policy: str


@dataclass(frozen=True, slots=True)
class ShutdownWithServices(Event):
    kind: ClassVar[str] = "shutdown_with_services"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "cannot leave without the lock while {count} services are active"
    count: int


@dataclass(frozen=True, slots=True)
class ShutdownGivesUp(Event):
    kind: ClassVar[str] = "shutdown_gives_up"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "restart asked for and no lock for over 90 s: leaving"
