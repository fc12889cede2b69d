"""One round of the manager: look at nodes, services, rules and answers; decide; publish.

`manage` is a generator of effects (`effects.py`) and ends with an `Outcome`. A round that cannot
go on (an unreadable store, a refused write, a picture that makes no sense) publishes nothing. What
it decided until then is kept in the memory and published by the next round that succeeds, exactly
as if that round had decided it.

Proxmox VE HA manager 5.2 behaviour.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from appliance.core.ha.balance import rebalance
from appliance.core.ha.commands import process_commands
from appliance.core.ha.constants import ACTIVE_PERIOD_S
from appliance.core.ha.disarm import handle_disarm
from appliance.core.ha.draft import Draft
from appliance.core.ha.effects import TakeCommands
from appliance.core.ha.groups import try_migration
from appliance.core.ha.handlers import HANDLERS, next_state_recovery
from appliance.core.ha.memory import (
    ManagerInputs,
    ManagerMemory,
    Outcome,
    RulesMemory,
    count_on,
)
from appliance.core.ha.nodes import fence_pass, update_nodes
from appliance.core.ha.order import fresh_uid, order_id
from appliance.core.ha.rules import apply_group_failback, build_rules
from appliance.core.ha.steady import keeps_steady, steady_nodes
from appliance.model.errors import QuorateError, RoundError
from appliance.model.events import Event
from appliance.model.events import crm as events
from appliance.model.events import crm_services as service_events
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.status import LrmStatus, ManagerStatus, OrderResult, ServiceStatus
from appliance.ports.ha_store import HaConfig

Round = Generator[Any, Any, Outcome]

_FROZEN_BY_RESTART = frozenset({"started", "stopped", "request_stop"})


def manage(inputs: ManagerInputs, memory: ManagerMemory, told: list[Event]) -> Round:
    """The round. `told` takes the events, in step with the effects that are yielded."""
    draft = Draft(inputs, memory, told)
    try:
        finished = yield from _round(draft)
    except QuorateError as error:
        return _put_off(draft, str(error))
    return _finish(draft, finished) if finished is not None else _put_off(draft, None)


def unpublished(memory: ManagerMemory) -> ManagerMemory:
    """The memory after a round whose status could not be written, or perhaps was.

    Every steady order gets its name of that round explicitly. If the nodes did read the status,
    their answers count under these names; if not, the names are new to them.
    """
    status = memory.status
    services = {
        sid: replace(st, uid=order_id(sid, st, status.round), steady=False) if st.steady else st
        for sid, st in status.services.items()
    }
    return replace(memory, status=replace(status, services=services))


def _round(draft: Draft) -> Generator[Any, Any, bool | None]:
    """All steps in order: whether HA is disarmed now; None if nothing is to be published."""
    regrouped = _members_differ(draft)
    _read_answers(draft)
    update_nodes(draft)
    if draft.nodes.get(draft.node) not in ("online", "maintenance"):
        draft.tell(events.MasterOffline())
        return None
    _note_mode(draft)
    config = _read(draft.inputs.config)
    if config.groups:
        wait = draft.memory.groups_wait
        config, wait = yield from try_migration(draft, config, wait)
        draft.memory = replace(draft.memory, groups_wait=wait)
        draft.due(draft.now_s + (wait - 0.5) * ACTIVE_PERIOD_S)
    _take_config(draft, config)
    if draft.disarm is None:
        _add_services(draft)
        _drop_services(draft)
    draft.load.rebuild()
    _refresh_rules(draft, config, regrouped)
    if _read(draft.inputs.has_commands):
        process_commands(draft, (yield TakeCommands()))
    only: tuple[str, ...] | None = None
    if draft.disarm is not None:
        only = handle_disarm(draft, draft.disarm)
        if not only:
            return draft.disarm.state == "disarmed"
    elif draft.crs.auto_rebalance:
        rebalance(draft)
    yield from _run_state_machine(draft, only)
    return False


def _members_differ(draft: Draft) -> bool:
    """Whether the cluster has other members than the nodes known so far."""
    members = draft.inputs.view.members
    return len(members) != len(draft.nodes) or any(node not in draft.nodes for node in members)


def _read_answers(draft: Draft) -> None:
    """What the LRMs of the nodes known so far report; of two answers to an order the first."""
    if not draft.nodes:
        return
    statuses: Mapping[str, LrmStatus] = _read(draft.inputs.lrm)
    results: dict[str, OrderResult] = {}
    lrm: dict[str, LrmStatus] = {}
    for node in sorted(draft.nodes):
        status = statuses.get(node)
        if status is not None:
            lrm[node] = status
            if status.results:
                results = {**status.results, **results}
    draft.lrm, draft.results = lrm, results


def _note_mode(draft: Draft) -> None:
    mode = draft.crs.mode
    if mode != draft.memory.mode:
        draft.tell(events.SchedulerModeChanged(draft.memory.mode, mode))
        draft.memory = replace(draft.memory, mode=mode)


def _take_config(draft: Draft, config: HaConfig) -> None:
    cached = draft.memory.config
    if cached is None or cached[0] is not config:
        services: Mapping[str, ServiceConfig] = config.services
        if config.groups:
            services = apply_group_failback(config.groups, services)
        cached = (config, services)
        draft.memory = replace(draft.memory, config=cached)
    draft.configs = cached[1]


def _add_services(draft: Draft) -> None:
    services = draft.services
    if len(services) == len(draft.configs) and services.keys() == draft.configs.keys():
        return
    for sid in sorted(draft.configs.keys() - services.keys()):
        config = draft.configs[sid]
        if config.state == "ignored":
            continue
        draft.tell(service_events.ServiceAdded(sid, config.node))
        state = "request_start" if config.state == "started" else "request_stop"
        draft.put(sid, ServiceStatus(state, config.node, fresh_uid(sid, draft.next_round)))


def _drop_services(draft: Draft) -> None:
    for sid in list(draft.services):
        config = draft.configs.get(sid)
        if config is None:
            draft.drop(sid)
            draft.tell(service_events.ServiceRemoved(sid, "no_config"))
        elif config.state == "ignored":
            draft.drop(sid)
            draft.tell(service_events.ServiceRemoved(sid, "ignored"))


def _refresh_rules(draft: Draft, config: HaConfig, regrouped: bool) -> None:
    """Compile the rules when something they depend on has changed.

    A node that is a member and was never online makes the two differ in every round: the rules are
    then compiled, and what was dropped is told, every time.
    """
    old = draft.memory.rules
    membership = _groups_used(config)
    digests = (config.rules_digest, config.groups_digest)
    same = old is not None and (old.rules_digest, old.groups_digest) == digests
    if old is not None and same and not regrouped and old.membership == membership:
        return
    compiled, dropped, _ = build_rules(
        config.rules, config.groups, config.services, sorted(draft.nodes)
    )
    bound = frozenset((*compiled.node_affinity, *compiled.positive, *compiled.negative))
    draft.compiled, draft.bound = compiled, bound
    rules = RulesMemory(compiled, bound, *digests, membership=membership)
    draft.memory = replace(draft.memory, rules=rules)
    if regrouped or not same:
        for rule in dropped:
            draft.tell(events.RuleDropped(rule.rule, rule.sentence))


def _groups_used(config: HaConfig) -> tuple[tuple[str, str], ...]:
    if not config.groups:
        return ()
    return tuple((s.sid, s.group) for s in config.services.values() if s.group is not None)


def _run_state_machine(draft: Draft, only: tuple[str, ...] | None) -> Generator[Any, Any, None]:
    """Passes over the services, and fencing after each, until one changes nothing."""
    while True:
        changed = yield from _handle_services(draft, only)
        fenced = yield from fence_pass(draft)
        if not changed and not fenced:
            return


def _handle_services(draft: Draft, only: tuple[str, ...] | None) -> Generator[Any, Any, bool]:
    changed = False
    steady = steady_nodes(draft)
    for sid in list(draft.services) if only is None else only:
        status = draft.services[sid]
        if status.steady and keeps_steady(draft, sid, status, steady):
            draft.consumed.add(sid)
            continue
        yield from _handle(draft, sid, status)
        after = draft.services[sid]
        if after.state in _FROZEN_BY_RESTART and draft.mode(after.node) == "restart":
            draft.change(sid, "freeze")
        if draft.services[sid].state != status.state:
            changed = True
    return changed


def _handle(draft: Draft, sid: str, status: ServiceStatus) -> Generator[Any, Any, None]:
    config = draft.config(sid)
    if status.state == "recovery":
        yield from next_state_recovery(draft, sid, config)
        return
    handler = HANDLERS.get(status.state)
    if handler is None:
        raise RoundError(f"service '{sid}' is in unknown state '{status.state}'")
    handler(draft, sid, config, draft.result(sid, status))
    while draft.pending:
        yield draft.pending.pop(0)


def _finish(draft: Draft, disarmed: bool) -> Outcome:
    """The round is complete: what it has not consumed keeps its name, see `order.py`."""
    for sid, st in list(draft.services.items()):
        if st.steady and sid not in draft.consumed:
            draft.put(sid, replace(st, uid=draft.plain_uid(sid, st), steady=False))
    before = draft.memory.status
    status = ManagerStatus(
        draft.node,
        draft.inputs.wall_s,
        draft.next_round,
        draft.nodes,
        draft.services,
        draft.maintenance,
        draft.disarm,
    )
    memory = replace(draft.memory, status=status, attempt=draft.next_round, seen=draft.seen)
    quiet = not draft.told and before.master == draft.node and _is_same(draft, memory)
    return Outcome(memory, status, None, disarmed, quiet, draft.wake_at_s)


def _is_same(draft: Draft, memory: ManagerMemory) -> bool:
    """Whether the round left everything as it was, but for what `fast_forward` knows."""
    start, old, new = draft.start, draft.start.status, memory.status
    return (
        new.nodes is old.nodes
        and new.services is old.services
        and new.maintenance == old.maintenance
        and new.disarm is old.disarm
        and memory.seen.before is start.seen.before
        and memory.seen.online == start.seen.online
        and memory.rules is start.rules
        and memory.config is start.config
        and memory.fruitless is start.fruitless
        and memory.imbalance_rounds == count_on(start, 1)
    )


def _put_off(draft: Draft, error: str | None) -> Outcome:
    """Nothing is published: every order that was consumed gets an explicit new name."""
    for sid, st in list(draft.services.items()):
        if st.steady:
            consumed = sid in draft.consumed
            uid = fresh_uid(sid, draft.next_round) if consumed else draft.plain_uid(sid, st)
            draft.put(sid, replace(st, uid=uid, steady=False))
    status = replace(
        draft.memory.status,
        nodes=draft.nodes,
        services=draft.services,
        maintenance=draft.maintenance,
        disarm=draft.disarm,
    )
    memory = replace(draft.memory, status=status, attempt=draft.next_round, seen=draft.seen)
    return Outcome(memory, error=error)


def _read(value: Any) -> Any:
    if isinstance(value, QuorateError):
        raise value
    return value
