"""The service state machine: one function per state, `next_state_<state>`.

Each looks at one service, with its configuration and the node's answer to its last order, and
changes the draft. Only `recovery` needs answers from the world in between and is a generator.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from appliance.core.ha.commands import move_verb
from appliance.core.ha.effects import RemoveLock, SetRequestedState, StealService
from appliance.core.ha.exit_codes import DONE, FAILED, NOT_NEEDED, WRONG_NODE
from appliance.core.ha.order import fresh_uid
from appliance.core.ha.placement import Preference, choose_node
from appliance.model.events import crm as events
from appliance.model.events import crm_services as service_events
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.status import OrderResult, ServiceStatus

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft

# Locks that an operation leaves behind when its node dies under it.
LEFTOVER_LOCKS = (
    "backup",
    "mounted",
    "migrate",
    "clone",
    "rollback",
    "snapshot",
    "snapshot-delete",
    "suspending",
    "suspended",
)

Handler = Callable[["Draft", str, ServiceConfig, OrderResult | None], None]


def wanted_state(config: ServiceConfig) -> str:
    """Where a service goes once it is settled on a node."""
    return "started" if config.state == "started" else "request_stop"


def next_state_request_stop(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    if result is None:
        _fence_if_lost(draft, sid)
    elif result.exit_code == DONE:
        draft.change(sid, "stopped")
    else:
        draft.tell(service_events.StopFailed(sid, result.exit_code))
        draft.change(sid, "error")


def next_state_move(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    """migrate, relocate and request_start_balance."""
    status = draft.services[sid]
    code = None if result is None else result.exit_code
    if code == DONE:
        draft.change(sid, wanted_state(config), node=status.target)
        return
    if code == WRONG_NODE:
        draft.tell(service_events.MigrationFailed(sid))
        draft.change(sid, "error")
    elif code == NOT_NEEDED:
        draft.tell(service_events.MigrationIgnored(sid))
        draft.change(sid, wanted_state(config), node=status.node)
    elif code is not None:
        draft.tell(service_events.MigrationFailed(sid, code))
        draft.change(sid, wanted_state(config), node=status.node)
        return
    _fence_if_lost(draft, sid)


def next_state_stopped(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    status = draft.services[sid]
    if status.node != config.node:
        draft.tell(service_events.LocationFixed(sid, status.node, config.node))
        status = replace(status, node=config.node)
        draft.put(sid, status)
    if status.command is not None:
        draft.put(sid, replace(status, command=None))
        if _move_by_command(draft, sid, status):
            return
    if config.state == "disabled":
        return
    if draft.offline_for(status.node) and draft.node_state(status.node) != "maintenance":
        draft.change(sid, "fence")
    elif config.state == "started":
        draft.change(sid, "request_start", node=status.node)
    elif config.state != "stopped":
        draft.tell(service_events.RequestUnknown(sid, config.state))


def next_state_request_start(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    status = draft.services[sid]
    if draft.crs.rebalance_on_start:
        # No node at all counts as a new one without a name; the node's LRM refuses that move and
        # the service starts where it is.
        chosen = choose_node(draft, sid, status, config, "best") or ""
        which = "current" if chosen == status.node else "new"
        draft.tell(service_events.RebalanceOnStart(sid, which, chosen))
        if which == "new":
            draft.change(sid, "request_start_balance", node=status.node, target=chosen)
            return
    draft.change(sid, "started", node=status.node)


def next_state_started(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    status = draft.services[sid]
    if not draft.is_online(status.node):
        if draft.offline_for(status.node):
            draft.change(sid, "fence")
        if draft.node_state(status.node) != "maintenance":
            return
        # Whatever moves it away from here shall bring it back after the maintenance.
        if draft.services[sid].maintenance_node != status.node:
            draft.put(sid, replace(draft.services[sid], maintenance_node=status.node))
    if config.state in ("disabled", "stopped"):
        draft.change(sid, "request_stop")
    elif config.state != "started":
        draft.tell(service_events.RequestUnknown(sid, config.state))
    elif draft.services[sid].command is not None:
        _started_by_command(draft, sid)
    else:
        _keep_started(draft, sid, config, result)


def next_state_error(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    if config.state == "disabled":
        _switch_off(draft, sid)


def next_state_freeze(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    """Nothing but an active LRM on its node thaws a service: no fencing, no recovery."""
    if draft.mode(draft.services[sid].node) == "active":
        draft.change(sid, wanted_state(config))


def next_state_fence(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    """Waits for its node to be fenced; see `appliance.core.ha.nodes.fence_pass`."""


def next_state_recovery(draft: Draft, sid: str, config: ServiceConfig) -> Generator[Any, Any, None]:
    """Take the service away from its fenced node. Safe only because that node has been fenced."""
    status = draft.services[sid]
    chosen = choose_node(draft, sid, status, config, "best")
    if chosen is None:
        draft.tell(service_events.RecoveryNoNode(sid, status.node))
        if config.state == "disabled":
            _switch_off(draft, sid)
        return
    if chosen == status.node:
        draft.tell(service_events.RecoveredSameNode(sid, chosen))
    else:
        draft.tell(service_events.Recovered(sid, status.node, chosen))
    lock = yield RemoveLock(sid, LEFTOVER_LOCKS)
    if lock is not None:
        draft.tell(service_events.RecoveredLockRemoved(sid, lock))
    lies_at: str = yield StealService(sid, status.node, chosen)
    if lies_at != chosen:
        # A move had ended, but its source did not live to tell. The target has the guest.
        draft.tell(service_events.LocationFixed(sid, status.node, lies_at))
    if sid in draft.configs:
        draft.set_config(replace(draft.configs[sid], node=lies_at))
    draft.change(sid, wanted_state(config), node=lies_at)


HANDLERS: dict[str, Handler] = {
    "stopped": next_state_stopped,
    "request_stop": next_state_request_stop,
    "request_start": next_state_request_start,
    "request_start_balance": next_state_move,
    "started": next_state_started,
    "fence": next_state_fence,
    "migrate": next_state_move,
    "relocate": next_state_move,
    "freeze": next_state_freeze,
    "error": next_state_error,
}


def _fence_if_lost(draft: Draft, sid: str) -> None:
    if draft.offline_for(draft.services[sid].node):
        draft.change(sid, "fence")


def _switch_off(draft: Draft, sid: str) -> None:
    draft.put(sid, replace(draft.services[sid], failed_nodes=()))
    draft.change(sid, "stopped")


def _move_by_command(draft: Draft, sid: str, status: ServiceStatus) -> bool:
    """Start the move that a queued command asks for; False if it is pointless or impossible."""
    assert status.command is not None
    verb, argument = status.command
    if verb not in ("migrate", "relocate"):
        draft.tell(events.CrmCommandIgnored(f"{verb} {sid} {argument}", "it is stopped already"))
        return False
    if not draft.is_online(argument):
        draft.tell(service_events.MoveCommandIgnored(verb, sid, argument, "the node is not online"))
        return False
    if status.node == argument:
        draft.tell(service_events.MoveCommandIgnored(verb, sid, argument, "it is there already"))
        return False
    if status.state == "started":
        draft.tell(service_events.CommandMoves(verb, sid, argument))
    draft.change(sid, verb, node=status.node, target=argument)
    return True


def _started_by_command(draft: Draft, sid: str) -> None:
    status = draft.services[sid]
    assert status.command is not None
    verb, argument = status.command
    draft.put(sid, replace(status, command=None))
    if verb == "stop":
        draft.tell(service_events.StopCommand(sid, argument))
        draft.change(sid, "request_stop", timeout_s=int(argument))
        draft.pending.append(SetRequestedState(sid, "stopped"))
    elif verb in ("migrate", "relocate"):
        _move_by_command(draft, sid, status)
    else:
        draft.tell(events.CrmCommandIgnored(f"{verb} {sid} {argument}", "unknown verb"))


def _keep_started(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    """No command: judge the answer, then see whether there is a better node."""
    preference: Preference = "stay"
    if result is not None:
        judged = _judge_start(draft, sid, config, result)
        if judged is None:
            return
        preference = judged
    status = draft.services[sid]
    chosen = choose_node(draft, sid, status, config, preference)
    if chosen is not None and chosen != status.node:
        _move_away(draft, sid, chosen)
        return
    if preference == "next" and chosen is None:
        draft.tell(service_events.StartTriedEverywhere(sid, status.failed_nodes))
    if status.maintenance_node == status.node and draft.is_online(status.node):
        draft.tell(service_events.MaintenanceNodeCleared(sid, status.node))
        status = replace(status, maintenance_node=None)
        draft.put(sid, status)
    if result is not None:
        _ask_again(draft, sid, status, good=result.exit_code == DONE)


def _judge_start(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult
) -> Preference | None:
    """How to go on after an answer: stay, try the next node, or None if it is given up."""
    status = draft.services[sid]
    if result.exit_code == DONE:
        if status.failed_nodes:
            draft.tell(service_events.RelocationSucceeded(sid, status.node, status.failed_nodes))
        if status.failed_nodes or not status.running:
            draft.put(sid, replace(status, failed_nodes=(), running=True))
        return "stay"
    failed = (*status.failed_nodes, status.node)
    if result.exit_code not in (FAILED, WRONG_NODE):
        draft.put(sid, replace(status, failed_nodes=failed))
        draft.tell(service_events.UnrecoverableError(sid, result.exit_code))
        draft.change(sid, "error")
        return None
    draft.put(sid, replace(status, failed_nodes=failed, running=False, steady=False))
    if len(failed) <= config.max_relocate:
        draft.tell(service_events.StartFailedRelocating(sid, status.node))
        return "next"
    draft.tell(service_events.RecoveryGaveUp(sid, failed))
    draft.change(sid, "error")
    return None


def _move_away(draft: Draft, sid: str, chosen: str) -> None:
    status = draft.services[sid]
    home = status.maintenance_node
    if home is not None and home == chosen:
        draft.tell(service_events.MovingBack(sid, chosen))
        draft.put(sid, replace(status, maintenance_node=None))
    elif home is not None and home != status.node:
        draft.tell(service_events.MaintenanceFallbackDropped(sid, home))
        draft.put(sid, replace(status, maintenance_node=None))
    how = move_verb(sid)
    draft.tell(service_events.CommandMoves(how, sid, chosen, True if how == "migrate" else None))
    draft.change(sid, how, node=status.node, target=chosen)


def _ask_again(draft: Draft, sid: str, status: ServiceStatus, *, good: bool) -> None:
    """The answer is consumed. A good one makes or keeps the service steady (`order.py`)."""
    if not good or status.state != "started":
        draft.renew_order(sid)
        return
    draft.consumed.add(sid)
    if not status.steady:
        uid = fresh_uid(sid, draft.next_round)
        draft.put(sid, replace(status, uid=uid, steady=True))
