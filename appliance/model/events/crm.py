"""What the cluster manager tells: itself, nodes and fencing, commands, rules, disarming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from appliance.model.events.base import Event


@dataclass(frozen=True, slots=True)
class ShutdownReceived(Event):
    kind: ClassVar[str] = "shutdown_received"
    text: ClassVar[str] = "asked to shut down"


@dataclass(frozen=True, slots=True)
class CrmLockReleased(Event):
    kind: ClassVar[str] = "crm_lock_released"
    text: ClassVar[str] = "gave up the manager lock of its own accord"


@dataclass(frozen=True, slots=True)
class CrmLockNotReleased(Event):
    kind: ClassVar[str] = "crm_lock_not_released"
    level: ClassVar[str] = "notice"
    text: ClassVar[str] = "the manager lock could not be given up"


@dataclass(frozen=True, slots=True)
class CrmIdle(Event):
    kind: ClassVar[str] = "crm_idle"
    text: ClassVar[str] = "no service configured for {rounds} rounds, going idle"
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class CrmDisarmed(Event):
    kind: ClassVar[str] = "crm_disarmed"
    text: ClassVar[str] = "HA is disarmed everywhere: watchdog released"


@dataclass(frozen=True, slots=True)
class CrmRearmed(Event):
    kind: ClassVar[str] = "crm_rearmed"
    text: ClassVar[str] = "HA is armed again"


@dataclass(frozen=True, slots=True)
class TookOverDisarmed(Event):
    kind: ClassVar[str] = "took_over_disarmed"
    text: ClassVar[str] = "master of a disarmed cluster: no watchdog"


@dataclass(frozen=True, slots=True)
class MasterOffline(Event):
    kind: ClassVar[str] = "master_offline"
    text: ClassVar[str] = "this node is not online in its own view, no manager round"


@dataclass(frozen=True, slots=True)
class SchedulerMode(Event):
    kind: ClassVar[str] = "scheduler_mode"
    text: ClassVar[str] = "scheduling in mode {mode}"
    mode: str


@dataclass(frozen=True, slots=True)
class SchedulerModeChanged(Event):
    kind: ClassVar[str] = "scheduler_mode_changed"
    text: ClassVar[str] = "scheduling in mode {to}, was {from_}"
    from_: str
    to: str


@dataclass(frozen=True, slots=True)
class SchedulerWarning(Event):
    kind: ClassVar[str] = "scheduler_warning"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "scheduler: {message}"
    message: str


@dataclass(frozen=True, slots=True)
class NodeState(Event):
    kind: ClassVar[str] = "node_state"
    text: ClassVar[str] = "node {node} is {to}, was {from_}"
    node: str
    from_: str
    to: str


@dataclass(frozen=True, slots=True)
class NodeForgotten(Event):
    kind: ClassVar[str] = "node_forgotten"
    level: ClassVar[str] = "notice"
    text: ClassVar[str] = "node {node} has been gone for long and is forgotten"
    node: str


@dataclass(frozen=True, slots=True)
class CrmCommand(Event):
    kind: ClassVar[str] = "crm_command"
    text: ClassVar[str] = "got command: {command}"
    command: str


@dataclass(frozen=True, slots=True)
class CrmCommandComigrates(Event):
    kind: ClassVar[str] = "crm_command_comigrates"
    text: ClassVar[str] = "command {command}: {service} follows {leader} to {node} ({how})"
    command: str
    how: str
    service: str
    node: str
    leader: str


@dataclass(frozen=True, slots=True)
class CrmCommandRefused(Event):
    kind: ClassVar[str] = "crm_command_refused"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = (
        "command {command} refused: {service} must stay apart from {blocker} on {node}"
    )
    command: str
    service: str
    node: str
    blocker: str


@dataclass(frozen=True, slots=True)
class CrmCommandIgnored(Event):
    kind: ClassVar[str] = "crm_command_ignored"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "command {command} ignored: {reason}"
    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class AutoRebalance(Event):
    """Imbalances with two decimals."""

    kind: ClassVar[str] = "auto_rebalance"
    text: ClassVar[str] = "balancing: {how} {service} to {node}, imbalance {before} becomes {after}"
    how: str
    service: str
    node: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class FenceDone(Event):
    kind: ClassVar[str] = "fence_done"
    text: ClassVar[str] = "node {node} is fenced: its lock was obtained"
    node: str


@dataclass(frozen=True, slots=True)
class FenceTry(Event):
    kind: ClassVar[str] = "fence_try"
    text: ClassVar[str] = "node {node} is to be fenced"
    node: str


@dataclass(frozen=True, slots=True)
class FenceWithoutServices(Event):
    kind: ClassVar[str] = "fence_without_services"
    level: ClassVar[str] = "notice"
    text: ClassVar[str] = "node {node} is to be fenced although no service needs it"
    node: str


@dataclass(frozen=True, slots=True)
class MaintenanceRequest(Event):
    kind: ClassVar[str] = "maintenance_request"
    text: ClassVar[str] = "maintenance of {node}: {outcome}"
    node: str
    outcome: str


@dataclass(frozen=True, slots=True)
class DisarmSuspends(Event):
    kind: ClassVar[str] = "disarm_suspends"
    text: ClassVar[str] = "disarming: {service} is left to itself"
    service: str


@dataclass(frozen=True, slots=True)
class DisarmFreezes(Event):
    kind: ClassVar[str] = "disarm_freezes"
    text: ClassVar[str] = "disarming: {service} is frozen, was {was}"
    service: str
    was: str


@dataclass(frozen=True, slots=True)
class DisarmDeferred(Event):
    kind: ClassVar[str] = "disarm_deferred"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "disarming waits for {service} in state {state}"
    service: str
    state: str


@dataclass(frozen=True, slots=True)
class DisarmComplete(Event):
    kind: ClassVar[str] = "disarm_complete"
    text: ClassVar[str] = "every node is disarmed"


@dataclass(frozen=True, slots=True)
class DisarmIgnored(Event):
    kind: ClassVar[str] = "disarm_ignored"
    level: ClassVar[str] = "notice"
    text: ClassVar[str] = "command {command} ignored: {reason}"
    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class DisarmedNodeChanged(Event):
    kind: ClassVar[str] = "disarmed_node_changed"
    text: ClassVar[str] = "{service} moved from {from_} to {to} while HA was disarmed"
    service: str
    from_: str
    to: str


@dataclass(frozen=True, slots=True)
class RuleDropped(Event):
    kind: ClassVar[str] = "rule_dropped"
    text: ClassVar[str] = "rule {rule} is not followed: {reason}"
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class GroupsMigrated(Event):
    kind: ClassVar[str] = "groups_migrated"
    level: ClassVar[str] = "notice"
    text: ClassVar[str] = "legacy groups have become rules"


@dataclass(frozen=True, slots=True)
class GroupsMigrationFailed(Event):
    kind: ClassVar[str] = "groups_migration_failed"
    level: ClassVar[str] = "err"
    text: ClassVar[str] = "legacy groups cannot become rules yet: {reason}"
    reason: str
