"""The LRM daemon: its states, what it does before it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.ha.effects import (
    CloseWatchdog,
    KeepLock,
    OpenWatchdog,
    PetWatchdog,
    ReleaseLock,
    RunWorkers,
    WriteLrmStatus,
)
from appliance.core.ha.lrm import ShutdownKind
from appliance.model.errors import UnavailableError
from appliance.model.ha.status import Disarm, ServiceStatus
from tests.core.ha.lrm_bench import LOCK, Bench
from tests.core.ha.rig import SID, service

GONE = UnavailableError("gone")
DISARM = Disarm("freeze", "disarming")


def active(*services: ServiceStatus, **changes: Any) -> Bench:
    """An active LRM on node1 with these services."""
    bench = Bench(service("started"))
    assert bench.round() == "active"
    bench.see(*(services or (service("started"),)))
    for name, value in changes.items():
        setattr(bench, name, value)
    return bench


def in_maintenance(*services: ServiceStatus) -> Bench:
    bench = active(*services)
    bench.status(maintenance=frozenset({"node1"}))
    assert bench.round() == "maintenance"
    return bench


# --- waiting for work ---


@pytest.mark.parametrize(
    ("services", "after"),
    [
        ((service("started"),), "active"),
        ((service("request_start_balance", "node2", target="node1"),), "active"),
        ((service("migrate", "node2", target="node1"),), "active"),
        ((service("stopped"), service("freeze"), service("error")), "wait_for_agent_lock"),
        ((service("request_start"),), "wait_for_agent_lock"),
        ((service("started", "node2"),), "wait_for_agent_lock"),
        ((service("fence"), service("started")), "wait_for_agent_lock"),
        ((), "wait_for_agent_lock"),
    ],
)
def test_it_becomes_active_for_services_that_need_it(
    services: tuple[ServiceStatus, ...], after: str
) -> None:
    assert Bench(*services).round() == after


@pytest.mark.parametrize(
    "changes",
    [{"lock": False}, {"quorate": False}, {"node_state": "fence"}, {"disarm": DISARM}],
)
def test_what_keeps_it_waiting(changes: dict[str, Any]) -> None:
    bench = Bench(service("started"))
    for name in ("node_state", "disarm"):
        if name in changes:
            value = changes.pop(name)
            bench.status(**({"disarm": value} if name == "disarm" else {"nodes": {"node1": value}}))
    for name, value in changes.items():
        setattr(bench, name, value)
    assert bench.round() == "wait_for_agent_lock"


def test_nothing_is_done_before_the_status_was_written_once() -> None:
    bench = Bench(service("started"), writable=False)
    assert bench.round() == "wait_for_agent_lock"
    assert bench.effects == [WriteLrmStatus()]
    bench.writable = True
    assert bench.round() == "active"


def test_before_that_it_leaves_when_asked_to() -> None:
    bench = Bench(writable=False)
    bench.machine.request_shutdown("restart", "conditional")
    bench.round()
    assert bench.machine.exit


# --- active ---


def test_active_it_keeps_lock_and_watchdog_before_anything_else() -> None:
    bench = active()
    bench.round()
    assert bench.effects[:2] == [KeepLock(LOCK, holding=True), PetWatchdog()]


def test_without_the_lock_the_watchdog_is_left_to_run_out() -> None:
    bench = active(lock=False)
    assert bench.round() == "lost_agent_lock"
    assert bench.effects == [KeepLock(LOCK, holding=True)]
    bench.round()
    assert not any(isinstance(effect, CloseWatchdog | RunWorkers) for effect in bench.effects)
    bench.lock = True
    assert bench.round() == "active"
    assert PetWatchdog() in bench.effects


@pytest.mark.parametrize("request_", [{"nodes": {"node1": "fence"}}, {}])
def test_to_be_fenced_it_does_not_even_try_to_keep_the_lock(request_: dict[str, Any]) -> None:
    bench = active(service("started"), service("started" if request_ else "fence"))
    bench.status(**request_)
    assert bench.round() == "lost_agent_lock"
    assert bench.effects == []
    assert bench.kinds() == ["fence_requested", "status"]
    bench.round()
    assert bench.effects == []


def test_an_inconsistent_view_skips_the_orders() -> None:
    bench = active(updated=False)
    bench.round()
    assert bench.kinds() == ["inconsistent_state"]
    assert RunWorkers() not in bench.effects


def test_with_an_unreadable_status_it_goes_on_with_what_it_knew() -> None:
    bench = active(unreadable=GONE)
    assert bench.round() == "active"
    assert bench.kinds() == ["store_unreadable"]
    assert RunWorkers() not in bench.effects


def test_an_unreadable_configuration_is_told() -> None:
    bench = active(workers=GONE)
    assert bench.round() == "active"
    assert bench.kinds() == ["error"]
    assert bench.effects[-1] == WriteLrmStatus()


def test_without_a_service_it_rests_after_sixty_rounds() -> None:
    bench = active(service("started", "node2"))
    for number in range(1, 61):
        assert bench.round() == "active"
        assert bench.machine.idle_rounds == number
    assert bench.machine.wake_at_s == bench.now_s - 10 + 5
    assert bench.round() == "wait_for_agent_lock"
    assert bench.kinds() == ["lrm_idle", "status"]
    assert [ReleaseLock(LOCK), CloseWatchdog()] == bench.effects[-3:-1]


def test_skipped_idle_rounds_count() -> None:
    bench = active(service("started", "node2"))
    bench.round()
    bench.machine.fast_forward(59, None)
    assert bench.machine.idle_rounds == 60
    assert bench.round() == "wait_for_agent_lock"


def test_a_stopped_service_is_reason_enough_to_stay() -> None:
    bench = active(service("stopped"))
    bench.round()
    assert bench.machine.idle_rounds == 0


@pytest.mark.parametrize(("busy", "after"), [(False, "wait_for_agent_lock"), (True, "active")])
def test_disarmed_it_gives_up_lock_and_watchdog_after_its_orders(busy: bool, after: str) -> None:
    bench = active(service("freeze"))
    bench.status(disarm=DISARM)
    if busy:
        bench.keep_busy()
    assert bench.round() == after
    assert (CloseWatchdog() in bench.effects) != busy


# --- maintenance ---


def test_in_maintenance_it_keeps_the_lock_while_services_are_here() -> None:
    bench = in_maintenance()
    bench.round()
    assert bench.effects[:2] == [KeepLock(LOCK, holding=True), PetWatchdog()]
    assert bench.machine.period_s == 5


def test_empty_in_maintenance_it_gives_up_the_lock() -> None:
    bench = in_maintenance(service("stopped"))
    assert CloseWatchdog() in bench.effects
    assert ReleaseLock(LOCK) in bench.effects
    bench.round()
    assert ReleaseLock(LOCK) not in bench.effects


@pytest.mark.parametrize(("lock", "after"), [(True, "active"), (False, "lost_agent_lock")])
def test_empty_it_leaves_maintenance_with_the_lock_only(lock: bool, after: str) -> None:
    bench = in_maintenance(service("stopped"))
    bench.status()
    bench.lock = lock
    assert bench.round() == after


def test_not_empty_it_stays_in_maintenance_although_the_request_is_gone() -> None:
    bench = in_maintenance()
    bench.status()
    assert bench.round() == "maintenance"


def test_in_maintenance_it_can_lose_the_lock_and_be_fenced() -> None:
    bench = in_maintenance()
    bench.lock = False
    assert bench.round() == "lost_agent_lock"
    bench = in_maintenance()
    bench.status(nodes={"node1": "fence"}, maintenance=frozenset({"node1"}))
    assert bench.round() == "lost_agent_lock"


def test_disarmed_in_maintenance() -> None:
    bench = in_maintenance(service("freeze"))
    bench.status(disarm=DISARM)
    assert bench.round() == "wait_for_agent_lock"
    assert bench.kinds() == ["lrm_disarmed", "status"]


def test_a_maintenance_request_goes_before_disarming() -> None:
    bench = in_maintenance(service("freeze"))
    bench.status(disarm=DISARM, maintenance=frozenset({"node1"}))
    bench.round()
    assert bench.machine.mode == "maintenance"


# --- leaving ---

POLICIES: list[tuple[ShutdownKind, str, str, str, bool]] = [
    ("shutdown", "conditional", "shutdown", "stop", True),
    ("reboot", "conditional", "restart", "stop_and_freeze", True),
    ("shutdown", "freeze", "restart", "stop_and_freeze", True),
    ("reboot", "failover", "shutdown", "stop", True),
    ("shutdown", "migrate", "maintenance", "maintenance", False),
    ("reboot", "migrate", "maintenance", "maintenance", False),
    ("shutdown", "odd", "shutdown", "stop", True),
    ("reboot", "odd", "restart", "stop_and_freeze", True),
    ("restart", "migrate", "restart", "freeze", False),
]


@pytest.mark.parametrize(("kind", "policy", "mode", "told", "stops"), POLICIES)
def test_shutdown_policies(
    kind: ShutdownKind, policy: str, mode: str, told: str, stops: bool
) -> None:
    bench = active(service("started"), service("error"))
    bench.round()
    bench.told.clear()
    assert bench.machine.request_shutdown(kind, policy)
    assert not bench.machine.request_shutdown(kind, policy)
    assert bench.machine.mode == mode
    assert bench.fields("lrm_shutdown_mode")[0]["mode"] == told
    assert ("shutdown_policy_unknown" in bench.kinds()) == (policy == "odd")
    jobs = [(job.uid, job.order) for job in bench.machine.jobs.waiting()]
    assert jobs == [(None, "request_stop")] * (2 if stops else 0)


@pytest.mark.parametrize(("kind", "stops"), [("shutdown", 1), ("restart", 0)])
def test_maintenance_by_hand_goes_before_a_policy(kind: ShutdownKind, stops: int) -> None:
    bench = in_maintenance()
    bench.machine.request_shutdown(kind, "failover")
    assert bench.machine.mode == "maintenance"
    assert bench.fields("lrm_shutdown_mode")[0]["mode"] == "ignore"
    assert len(bench.machine.jobs) == stops


@pytest.mark.parametrize("kind", ["shutdown", "reboot"])
def test_it_leaves_when_its_services_are_stopped(kind: ShutdownKind) -> None:
    bench = active()
    bench.round()
    bench.machine.request_shutdown(kind, "failover")
    bench.round()
    assert bench.machine.exit
    assert [CloseWatchdog(), ReleaseLock(LOCK)] == bench.effects[-3:-1]


def test_with_a_stop_that_failed_it_leaves_the_watchdog_to_run_out() -> None:
    bench = active()
    bench.round()
    bench.codes[SID] = 1
    bench.machine.request_shutdown("shutdown", "failover")
    bench.round()
    assert bench.machine.exit
    assert not any(isinstance(e, CloseWatchdog | ReleaseLock) for e in bench.effects)


def test_the_mode_of_a_leaving_lrm_does_not_follow_the_manager() -> None:
    bench = active()
    bench.keep_busy()
    bench.machine.request_shutdown("shutdown", "failover")
    bench.status(maintenance=frozenset({"node1"}))
    bench.round()
    assert bench.machine.mode == "shutdown"
    assert not bench.machine.exit


@pytest.mark.parametrize(("state", "leaves"), [("started", False), ("freeze", True)])
def test_a_restart_waits_until_the_manager_has_frozen_the_services(
    state: str, leaves: bool
) -> None:
    bench = active()
    bench.machine.request_shutdown("restart", "conditional")
    bench.see(service(state))
    bench.round()
    assert bench.machine.exit == leaves
    assert (CloseWatchdog() in bench.effects) == leaves


def test_moved_away_it_leaves_from_maintenance() -> None:
    bench = active()
    bench.machine.request_shutdown("reboot", "migrate")
    assert bench.round() == "maintenance"
    assert not bench.has_left()
    bench.see(service("started", "node2"))
    bench.round()
    assert bench.has_left()
    assert CloseWatchdog() in bench.effects


def test_in_maintenance_an_unreadable_status_ends_the_round_as_an_exit() -> None:
    bench = in_maintenance()
    bench.unreadable = GONE
    bench.round()
    assert bench.machine.exit


@pytest.mark.parametrize(("state", "leaves"), [("started", False), ("stopped", True)])
def test_without_the_lock_it_leaves_only_when_nothing_runs(state: str, leaves: bool) -> None:
    bench = active(service(state))
    bench.lock = False
    bench.round()
    bench.machine.request_shutdown("shutdown", "failover")
    bench.round()
    assert bench.machine.exit == leaves
    assert (CloseWatchdog() in bench.effects) == leaves
    assert ("shutdown_with_services" in bench.kinds()) != leaves


def test_a_restart_without_the_lock_gives_up_after_ninety_seconds() -> None:
    bench = active(lock=False)
    bench.round()
    bench.machine.request_shutdown("restart", "conditional")
    for _ in range(9):
        bench.round()
        assert not bench.machine.exit
    bench.round()
    assert bench.machine.exit
    assert bench.kinds() == ["shutdown_with_services", "shutdown_gives_up"]
    assert CloseWatchdog() not in bench.effects


def test_waiting_it_leaves_at_once() -> None:
    bench = Bench()
    bench.round()
    bench.machine.request_shutdown("shutdown", "conditional")
    bench.round()
    assert bench.machine.exit
    assert OpenWatchdog() not in bench.effects
