"""Locks, quorum, watchdogs, guests that fail on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from sim.lockstep.guests import StepGuests, StepMigration, fails
from sim.lockstep.hardware import Hardware, SimulationAbort
from sim.lockstep.inputs import parse_case
from sim.lockstep.ports import StepClock, run_now
from tests.sim.lockstep.rig import files


def hardware(**more: Any) -> Hardware:
    return Hardware(parse_case(files(power="on", **more)))


def test_a_lock_is_held_for_120_seconds() -> None:
    machine = hardware()
    assert machine.acquire("node1", "lock", 0, 120).fresh
    refreshed = machine.acquire("node1", "lock", 50, 120)
    assert (refreshed.held, refreshed.fresh) == (True, False)
    refused = machine.acquire("node2", "lock", 170, 120)
    assert (refused.held, refused.free_in_s) == (False, 0)
    assert machine.acquire("node2", "lock", 171, 120).fresh


def test_ones_own_lock_that_ran_out_is_new() -> None:
    machine = hardware()
    machine.acquire("node1", "lock", 0, 120)
    assert machine.acquire("node1", "lock", 121, 120).fresh


def test_without_quorum_no_lock_moves() -> None:
    machine = hardware()
    machine.acquire("node1", "lock", 0, 120)
    for name in ("node2", "node3"):
        machine.nodes[name].network = False
    machine.topology_changed()
    assert not machine.acquire("node1", "lock", 1, 120).held
    assert not machine.release("node1", "lock", 1, 120)


@pytest.mark.parametrize(
    ("owner", "at_s", "released", "left"),
    [("node1", 10, True, False), ("node2", 10, False, True), ("node1", 200, True, True)],
)
def test_releasing(owner: str, at_s: int, released: bool, left: bool) -> None:
    machine = hardware()
    machine.acquire("node1", "lock", 0, 120)
    assert machine.release(owner, "lock", at_s, 120) == released
    assert ("lock" in machine.locks) == left


def test_an_isolated_node_sees_the_others() -> None:
    machine = hardware()
    machine.nodes["node3"].network = False
    machine.topology_changed()
    assert machine.view("node1").quorate
    assert not machine.view("node3").quorate
    assert machine.view("node3").online == ("node1", "node2")


def test_without_quorum_nobody_is_online() -> None:
    machine = hardware(nodes=4)
    for name in ("node3", "node4"):
        machine.nodes[name].power = False
    machine.topology_changed()
    assert machine.view("node1").online == ()


def test_a_watchdog_is_fed_in_time_or_not_at_all() -> None:
    machine = hardware()
    machine.nodes["node1"].watchdogs[1] = 0
    machine.now_s = 60
    machine.feed_watchdog("node1", 1)
    machine.now_s = 121
    with pytest.raises(SimulationAbort, match="watchdog expired"):
        machine.close_watchdog("node1", 1)


@pytest.mark.parametrize(
    ("sid", "expected"),
    [
        ("fa:1300", [True, True, True, False, True]),
        ("fa:1000", [False, False]),
        ("vm:300", [False, False]),
        ("fa:120001", [True, True, False, True]),
        ("fa:120002", [False, False]),
    ],
)
def test_starts_that_fail_are_counted(sid: str, expected: list[bool]) -> None:
    attempts: dict[str, int] = {}
    assert [fails(attempts, sid, "node1", digit=1) for _ in expected] == expected


def test_an_attempt_where_none_fails_starts_the_count_anew() -> None:
    attempts: dict[str, int] = {}
    sid = "fa:120001"
    nodes = ["node1", "node2", "node1", "node1", "node1"]
    assert [fails(attempts, sid, n, digit=1) for n in nodes] == [True, False, True, True, False]


def test_some_guests_cannot_be_shut_down() -> None:
    machine = hardware(service_config={"fa:1001": {"node": "node1", "state": "started"}})
    guests = StepGuests(machine, "node1", StepClock(machine.nodes["node1"], "lrm"))
    assert run_now(guests.start("fa:1001")).ok
    assert not run_now(guests.stop("fa:1001", None)).ok
    assert guests.running("fa:1001")


def test_a_lock_forbids_start_stop_and_move() -> None:
    machine = hardware()
    machine.guest_locks["vm:100"] = "backup"
    clock = StepClock(machine.nodes["node1"], "lrm")
    guests, migration = StepGuests(machine, "node1", clock), StepMigration(machine, "node1", clock)
    assert run_now(guests.start("vm:100")).locked == "backup"
    assert run_now(guests.stop("vm:100", 5)).locked == "backup"
    assert run_now(migration.check("vm:100", "node2")).locked == "backup"


def test_a_moved_guest_does_not_run_on_its_target_yet() -> None:
    machine = hardware()
    clock = StepClock(machine.nodes["node1"], "lrm")
    run_now(StepGuests(machine, "node1", clock).start("vm:100"))
    run_now(StepMigration(machine, "node1", clock).move("vm:100", "node2", online=True))
    assert machine.services["vm:100"].node == "node2"
    assert machine.nodes["node1"].running == machine.nodes["node2"].running == {}


def test_a_loop_may_take_300_seconds() -> None:
    clock = StepClock(hardware().nodes["node1"], "lrm")
    clock.spend(290)
    clock.end_loop(10)
    clock.spend(291)
    with pytest.raises(SimulationAbort, match="too long"):
        clock.end_loop(10)


def test_load_of_nodes_is_that_of_what_runs_there() -> None:
    machine = hardware(
        **{
            "datacenter.cfg": {"crs": {"ha": "dynamic"}},
            "dynamic_service_stats": {"vm:100": {"cpu": 1.5, "mem": 1000}},
        }
    )
    assert machine.node_stats()["node1"].cpu == 0
    machine.nodes["node1"].running["vm:100"] = True
    stats = machine.node_stats()["node1"]
    assert (stats.cpu, stats.mem, stats.maxcpu) == (1.5, 1000, 24)


def test_overcommitment_is_told_when_somebody_looks() -> None:
    machine = hardware(
        **{
            "datacenter.cfg": {"crs": {"ha": "dynamic"}},
            "static_service_stats": {"vm:100": {"maxcpu": 1, "maxmem": 100}},
            "dynamic_service_stats": {"vm:100": {"cpu": 2, "mem": 1000}},
        }
    )
    machine.service_stats()
    assert [event.kind for _, _, event in machine.journal] == ["overcommitted"] * 2
