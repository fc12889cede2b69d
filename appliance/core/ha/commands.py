"""The CRM command queue: what people ask the manager for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.model.events import crm as events
from appliance.model.ha.status import Disarm, ServiceStatus

if TYPE_CHECKING:
    from appliance.core.ha.draft import Draft


def process_commands(draft: Draft, commands: tuple[str, ...]) -> None:
    """Carry out the queued commands in their order; what makes no sense is told and left out."""
    for command in commands:
        words = command.split()
        if words:
            _process(draft, command, words)


def move_verb(sid: str) -> str:
    """How the manager moves a service unasked: only virtual machines move while they run."""
    return "migrate" if sid.startswith("vm:") else "relocate"


def queue_motion(draft: Draft, command: str, verb: str, sid: str, target: str) -> bool:
    """Have a service and its positive partners move; False if a negative partner is in the way."""
    for other in draft.compiled.negative.get(sid, ()):
        if _is_tracked(draft, other) and not _is_clear_of(draft.services[other], target):
            draft.tell(events.CrmCommandRefused(command, sid, target, other))
            return False
    draft.tell(events.CrmCommand(command))
    _queue(draft, sid, verb, target)
    for other in draft.compiled.positive.get(sid, ()):
        if not _is_tracked(draft, other):
            continue
        status = draft.services[other]
        if target not in (status.node, status.target):
            draft.tell(events.CrmCommandComigrates(command, verb, other, target, sid))
            _queue(draft, other, verb, target)
    return True


def _process(draft: Draft, command: str, words: list[str]) -> None:
    verb, arguments = words[0], words[1:]
    if verb in ("migrate", "relocate") and len(arguments) == 2:
        _move(draft, command, verb, arguments[0], arguments[1])
    elif verb == "stop" and len(arguments) == 2 and arguments[1].isdecimal():
        _stop(draft, command, arguments[0], arguments[1])
    elif verb in ("enable-node-maintenance", "disable-node-maintenance") and len(arguments) == 1:
        _maintain(draft, command, arguments[0], enable=verb.startswith("enable"))
    elif verb == "disarm-ha" and arguments in (["freeze"], ["ignore"]):
        _disarm(draft, command, arguments[0])
    elif verb == "arm-ha" and not arguments:
        _arm(draft, command)
    else:
        _ignore(draft, command, "it makes no sense")


def _ignore(draft: Draft, command: str, reason: str) -> None:
    draft.tell(events.CrmCommandIgnored(command, reason))


def _move(draft: Draft, command: str, verb: str, sid: str, target: str) -> None:
    status = draft.services.get(sid)
    if status is None:
        _ignore(draft, command, f"no service '{sid}' is managed")
    elif not draft.is_online(target):
        _ignore(draft, command, f"node '{target}' is not online")
    elif status.node == target:
        _ignore(draft, command, f"'{sid}' is on '{target}' already")
    else:
        queue_motion(draft, command, verb, sid, target)


def _stop(draft: Draft, command: str, sid: str, timeout: str) -> None:
    if sid not in draft.services:
        _ignore(draft, command, f"no service '{sid}' is managed")
        return
    draft.tell(events.CrmCommand(command))
    _queue(draft, sid, "stop", timeout)


def _maintain(draft: Draft, command: str, node: str, *, enable: bool) -> None:
    state = draft.node_state(node)
    if not enable:
        if state != "maintenance":
            draft.tell(events.MaintenanceRequest(node, "not in maintenance, request withdrawn"))
        draft.maintenance = draft.maintenance - {node}
    elif draft.disarm is not None:
        _ignore(draft, command, "HA is disarmed")
    elif state == "online":
        draft.maintenance = draft.maintenance | {node}
    elif state == "maintenance":
        draft.tell(events.MaintenanceRequest(node, "is in maintenance already"))
    else:
        _ignore(draft, command, f"node '{node}' is not online")


def _disarm(draft: Draft, command: str, mode: str) -> None:
    if draft.disarm is not None:
        draft.tell(events.DisarmIgnored(command, f"HA is {draft.disarm.state} already"))
        return
    draft.tell(events.CrmCommand(command))
    if mode == "ignore":
        for sid in draft.services:
            draft.tell(events.DisarmSuspends(sid))
    draft.disarm = Disarm(mode, "disarming")


def _arm(draft: Draft, command: str) -> None:
    if draft.disarm is None:
        draft.tell(events.DisarmIgnored(command, "HA is armed"))
        return
    draft.tell(events.CrmCommand(command))
    if draft.disarm.mode == "ignore":
        _take_over_places(draft)
    draft.disarm = None


def _take_over_places(draft: Draft) -> None:
    """Guests could be moved by hand while nobody tracked them."""
    for sid in list(draft.services):
        status, config = draft.services[sid], draft.configs.get(sid)
        if config is not None and config.node != status.node:
            draft.tell(events.DisarmedNodeChanged(sid, status.node, config.node))
            draft.put(sid, replace(status, node=config.node))


def _queue(draft: Draft, sid: str, verb: str, argument: str) -> None:
    draft.put(sid, replace(draft.services[sid], command=(verb, argument)))


def _is_tracked(draft: Draft, sid: str) -> bool:
    return sid in draft.services and draft.config(sid).state != "ignored"


def _is_clear_of(status: ServiceStatus, target: str) -> bool:
    """Whether a service is elsewhere, or on its way elsewhere."""
    if status.node and status.node != target:
        return True
    return bool(status.target) and status.target != target
