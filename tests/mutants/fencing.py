"""Deliberate faults of fencing: locks, watchdogs, and what must be waited for."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from appliance.core.ha import constants as const
from appliance.core.ha import lrm, manager, nodes
from appliance.core.ha.draft import Draft
from appliance.core.ha.effects import CloseWatchdog, KeepLock, PetWatchdog
from appliance.core.ha.lrm import LrmInputs, LrmMachine
from appliance.core.ha.lrm_view import LrmView
from appliance.model.events import crm as events
from appliance.ports import topics
from appliance.ports.clock import Rest
from appliance.ports.leases import LeaseAnswer
from appliance.ports.node import NodePorts
from appliance.services.ha import driving
from appliance.services.ha import lrm as lrm_service
from appliance.services.ha.crm import Crm
from appliance.services.ha.driving import Teller
from appliance.services.ha.lrm import Lrm
from scenarios.explore.mutants import Mutant, Patch

Steps = Generator[Any, Any, Any]


def _fence_at_once(draft: Draft, node: str) -> Steps:
    yield from ()
    if draft.node_state(node) != "fence":
        draft.set_node(node, "fence")
        draft.tell(events.FenceTry(node))
    draft.set_node(node, "unknown")
    draft.tell(events.FenceDone(node))
    return True


def _recover_unacknowledged(draft: Draft) -> Steps:
    waiting = [sid for sid, status in draft.services.items() if status.state == "fence"]
    changed: bool = yield from nodes.fence_pass(draft)
    for sid in waiting:
        if draft.services[sid].state == "fence":
            draft.change(sid, "recovery")
            changed = True
    return changed


async def _keep_lock_anyway(ports: NodePorts, wanted: KeepLock, teller: Teller) -> LeaseAnswer:
    answer = await driving.keep_lock(ports, wanted, teller)
    if not answer.held and wanted.holding and not ports.membership.view().quorate:
        return LeaseAnswer(held=True)
    return answer


def _feed_while_lost(machine: LrmMachine, inputs: LrmInputs, seen: bool) -> Steps:
    if machine.watchdog:
        yield PetWatchdog()
    yield from machine.work_lost_agent_lock(inputs, seen)


def _close_while_lost(machine: LrmMachine, inputs: LrmInputs, seen: bool) -> Steps:
    if machine.watchdog:
        yield CloseWatchdog()
        machine.watchdog = False
    yield from machine.work_lost_agent_lock(inputs, seen)


async def _no_watchdog(service: Lrm, effect: object) -> None:
    return None


_quiet_rest = Lrm._quiet_rest


def _rest_without_watchdog(service: Lrm) -> Rest:
    rest = _quiet_rest(service)
    renews = tuple(topic for topic in rest.renews if topic != topics.watchdog("lrm"))
    return rest._replace(renews=renews)


async def _lock_of_everybody(service: Crm, effect: KeepLock) -> bool:
    await driving.keep_lock(service._ports, effect, service._teller)
    return service._ports.membership.view().quorate


async def _write_with_own_lock(service: Crm, effect: Any) -> None:
    ports = service._ports
    await ports.ha_state.write_manager_status(effect.status, const.agent_lock(ports.node))


async def _steal_with_own_lock(service: Crm, effect: Any) -> None:
    ports = service._ports
    lock = const.agent_lock(ports.node)
    await ports.ha_config.steal_service(effect.sid, effect.from_node, effect.to_node, lock)


def _lost(work: Any) -> dict[str, Any]:
    return {**lrm._WORK, "lost_agent_lock": work}


MUTANTS = (
    Mutant(
        "fence-wait-skipped",
        "A node counts as fenced as soon as it has been away for a minute: nobody waits for its "
        "lock, so its watchdog may not have fired yet.",
        (Patch(nodes, "fence_node", _fence_at_once),),
    ),
    Mutant(
        "lock-life-ignored",
        "Locks run out after 45 s, less than a watchdog waits: the lock of a node that is cut off "
        "is free while its guests still run.",
        (Patch(driving, "LOCK_LIFE_S", 45.0),),
    ),
    Mutant(
        "recovery-before-acknowledgement",
        "The manager tries to fence a node and recovers its guests whether that worked or not.",
        (Patch(manager, "fence_pass", _recover_unacknowledged),),
    ),
    Mutant(
        "lease-without-quorum",
        "A node without quorum takes its agent lock for renewed, goes on and feeds its watchdog, "
        "while the lock runs out for all others.",
        (Patch(lrm_service, "keep_lock", _keep_lock_anyway),),
    ),
    Mutant(
        "watchdog-fed-without-lock",
        "A node that lost its agent lock keeps feeding its watchdog, so it is never reset.",
        (Patch(lrm, "_WORK", _lost(_feed_while_lost)),),
    ),
    Mutant(
        "watchdog-closed-without-lock",
        "A node that loses its agent lock gives its watchdog up cleanly and keeps its guests.",
        (Patch(lrm, "_WORK", _lost(_close_while_lost)),),
    ),
    Mutant(
        "watchdog-never-opened",
        "The local resource manager runs guests without a watchdog.",
        (
            Patch(Lrm, "_open_watchdog", _no_watchdog),
            Patch(Lrm, "_pet_watchdog", _no_watchdog),
            Patch(Lrm, "_close_watchdog", _no_watchdog),
            Patch(Lrm, "_quiet_rest", _rest_without_watchdog),
        ),
    ),
    Mutant(
        "manager-without-lock",
        "Every quorate CRM manages, and guards its writes with a lock of its own instead of the "
        "manager's: nobody notices that another one is at work.",
        (
            Patch(Crm, "_keep_lock", _lock_of_everybody),
            Patch(Crm, "_write_status", _write_with_own_lock),
            Patch(Crm, "_steal_service", _steal_with_own_lock),
        ),
    ),
    Mutant(
        "fence-request-ignored",
        "A node that is to be fenced goes on renewing its lock, so the fencing never ends.",
        (Patch(LrmView, "fence_requested", property(lambda view: False)),),
    ),
)
