"""Deliberate faults of the manager: placement, node and service states."""

from __future__ import annotations

from collections.abc import Container, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from appliance.core.ha import exit_codes, handlers, manager, nodes, placement
from appliance.core.ha.crm import CrmInputs, CrmMachine
from appliance.core.ha.draft import Draft
from appliance.core.ha.lrm import LrmMachine
from appliance.core.ha.rules import CompiledRules, resource_affinity
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.status import OrderResult, ServiceStatus
from appliance.services.ha.lrm import Lrm
from scenarios.explore.mutants import Mutant, Patch

Steps = Generator[Any, Any, Any]


def _anywhere(
    rules: CompiledRules, sid: str, online: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    return online, online


def _side_by_side(
    rules: CompiledRules,
    sid: str,
    services: Mapping[str, ServiceStatus],
    online: Container[str],
) -> tuple[Mapping[str, int], frozenset[str]]:
    together, _ = resource_affinity(rules, sid, services, online)
    return together, frozenset()


def _policy_swapped(machine: LrmMachine, policy: str, kind: str) -> tuple[bool, bool]:
    if policy == "conditional":
        return False, kind != "reboot"
    return policy == "migrate", policy == "failover"


def _never_lost(draft: Draft, node: str, delay_s: float = 0.0) -> bool:
    return False


def _choose_absent(
    draft: Draft,
    sid: str,
    status: ServiceStatus,
    config: ServiceConfig,
    preference: placement.Preference,
) -> str | None:
    away = [n for n in sorted(draft.nodes) if n != status.node and not draft.is_online(n)]
    if preference == "best" and away:
        return away[0]
    return placement.choose_node(draft, sid, status, config, preference)


_result = Draft.result


def _any_result(draft: Draft, sid: str, status: ServiceStatus) -> OrderResult | None:
    found = _result(draft, sid, status)
    if found is None and not status.steady:
        return next((old for old in draft.results.values() if old.sid == sid), None)
    return found


def _believe_failed_move(
    draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None
) -> None:
    if result is not None and result.exit_code == exit_codes.FAILED:
        result = replace(result, exit_code=exit_codes.DONE)
    handlers.next_state_move(draft, sid, config, result)


def _ignore(draft: Draft, sid: str, config: ServiceConfig, result: OrderResult | None) -> None:
    """The state is never left."""


def _maintenance_for_good(draft: Draft, node: str) -> None:
    if draft.node_state(node) != "maintenance":
        _look_at_online(draft, node)


_look_at_online = nodes._look_at_online


def _recover_without_config(draft: Draft, sid: str, config: ServiceConfig) -> Steps:
    yield from ()
    chosen = placement.choose_node(draft, sid, draft.services[sid], config, "best")
    if chosen is not None:
        draft.change(sid, handlers.wanted_state(config), node=chosen)


def _stay_slave(machine: CrmMachine, inputs: CrmInputs) -> Steps:
    yield from ()
    if not machine._can_become_active(inputs):
        machine.go("wait_for_quorum")


async def _all_is_well(service: Lrm, effect: object) -> bool:
    return True


def _handlers(**changed: Any) -> dict[str, Any]:
    return {**handlers.HANDLERS, **changed}


MUTANTS = (
    Mutant(
        "strict-rule-ignored",
        "Placement takes every online node for allowed, whatever a strict node-affinity rule says.",
        (Patch(placement, "node_affinity", _anywhere),),
    ),
    Mutant(
        "separation-ignored",
        "Placement does not look where the services are that must be kept apart.",
        (Patch(placement, "resource_affinity", _side_by_side),),
    ),
    Mutant(
        "shutdown-policy-swapped",
        "Reboot and shutdown, freeze and failover are mistaken for each other: a node that is shut "
        "down keeps its guests frozen while others could run them.",
        (Patch(LrmMachine, "_apply_policy", _policy_swapped),),
    ),
    Mutant(
        "node-never-lost",
        "However long a node is away, the manager waits for it to come back.",
        (Patch(Draft, "offline_for", _never_lost),),
    ),
    Mutant(
        "recovery-to-offline-node",
        "A node that is away has nothing to carry, so the scheduler takes it for the best one.",
        (Patch(handlers, "choose_node", _choose_absent),),
    ),
    Mutant(
        "old-result-accepted",
        "An answer to an earlier order of a service is taken for the answer to the present one.",
        (Patch(Draft, "result", _any_result),),
    ),
    Mutant(
        "failed-move-believed",
        "A move that failed is taken for done: the manager looks for the guest at its target.",
        (
            Patch(
                manager,
                "HANDLERS",
                _handlers(migrate=_believe_failed_move, relocate=_believe_failed_move),
            ),
        ),
    ),
    Mutant(
        "maintenance-not-left",
        "A node never comes back from maintenance.",
        (Patch(nodes, "_look_at_online", _maintenance_for_good),),
    ),
    Mutant(
        "freeze-not-left",
        "Frozen services stay frozen when their node is back.",
        (Patch(manager, "HANDLERS", _handlers(freeze=_ignore)),),
    ),
    Mutant(
        "recovery-without-config",
        "A guest is recovered without its configuration being moved to the new node.",
        (Patch(manager, "next_state_recovery", _recover_without_config),),
    ),
    Mutant(
        "slaves-never-take-over",
        "A CRM that is slave never tries to become master when the master is gone.",
        (Patch(CrmMachine, "_next_state_slave", _stay_slave),),
    ),
    Mutant(
        "crash-unnoticed",
        "A node reports its guests as running without looking.",
        (Patch(Lrm, "_check_steady", _all_is_well), Patch(Lrm, "_all_steady", lambda lrm: True)),
    ),
)
