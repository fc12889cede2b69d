"""Commands of a case: what they do and what they are refused for."""

from __future__ import annotations

import pytest

from tests.sim.lockstep.rig import ON, aborted, driver, play, times

REFUSED = [
    ("power node9 on", "no such node 'node9'"),
    ("power node1 dim", "unknown command"),
    ("network node1", "unknown command"),
    ("dance node1 wildly", "unknown command"),
    ("power", "names no node"),
    ("service vm:999 started", "no such service 'vm:999'"),
    ("service 100 started", "is no service id"),
    ("service vm:100 dance", "unknown command"),
    ("service vm:100 stop soon", "unknown command"),
    ("service vm:100 add node1", "exists already"),
    ("service vm:101 add node9", "no such node"),
    ("service xx:101 add node1", "no known type"),
    ("service vm:100 manual-migrate node2", "not moved by hand"),
    ("service vm:100 set-static-stats maxcpu", "unknown command"),
    ("service vm:100 set-static-stats cpu 4", "unknown command"),
    ("service vm:100 set-dynamic-stats cpu much", "unknown command"),
    ("crm node1 disarm-ha now", "unknown command"),
    ("cfs node1 rw maybe", "unknown command"),
    ("delay soon", "no such node"),
]


@pytest.mark.parametrize(("command", "reason"), REFUSED)
def test_what_makes_no_sense_ends_the_run(command: str, reason: str) -> None:
    assert reason in aborted(play([command]))


def test_a_command_is_told_as_it_was_given() -> None:
    events = play(["power  node1 on"])
    assert [event["command"] for event in events if event["kind"] == "command"] == [
        "power  node1 on"
    ]


def test_commands_of_the_manager_are_queued() -> None:
    run = driver(
        [
            "crm node1 enable-node-maintenance",
            "crm node2 disable-node-maintenance",
            "crm node1 disarm-ha freeze",
            "crm node1 arm-ha",
            "service vm:100 migrate node2",
            "service vm:100 relocate node3",
            "service vm:100 stop 5",
        ]
    )
    run.run()
    assert run.hardware.commands == [
        "enable-node-maintenance node1",
        "disable-node-maintenance node2",
        "disarm-ha freeze",
        "arm-ha",
        "migrate vm:100 node2",
        "relocate vm:100 node3",
        "stop vm:100 5",
    ]


def test_services_come_change_and_go() -> None:
    run = driver(
        ["service vm:101 add node2 stopped 1", "service vm:102 add node3", "service vm:100 delete"]
    )
    run.run()
    services = run.hardware.services
    assert [(s.sid, s.node, s.state) for s in services.values()] == [
        ("vm:101", "node2", "stopped"),
        ("vm:102", "node3", "started"),
    ]
    assert run.hardware.nodes["node2"].running == {"vm:101": True}
    assert "vm:100" not in run.hardware.static_stats


@pytest.mark.parametrize(
    ("commands", "lock"),
    [
        (["lock"], "backup"),
        (["lock snapshot"], "snapshot"),
        (["lock snapshot", "unlock"], None),
        (["lock snapshot", "unlock backup"], "snapshot"),
        (["lock", "unlock backup"], None),
    ],
)
def test_locks(commands: list[str], lock: str | None) -> None:
    run = driver([f"service vm:100 {command}" for command in commands])
    run.run()
    assert run.hardware.guest_locks.get("vm:100") == lock


def test_stats_are_given_in_mebibytes() -> None:
    run = driver(
        [
            "service vm:100 set-static-stats maxcpu 8 maxmem 1024",
            "service vm:100 set-dynamic-stats mem 512",
        ]
    )
    run.run()
    assert run.hardware.static_stats["vm:100"] == (8.0, 2.0**30)
    assert run.hardware.dynamic_stats["vm:100"] == (2.0, 2.0**29)


def test_an_ignored_service_may_be_moved_by_hand() -> None:
    run = driver(["service vm:100 ignored", "service vm:100 manual-migrate node2"])
    run.run()
    assert run.hardware.services["vm:100"].node == "node2"


def test_power_off_kills_daemons_guests_and_watchdogs() -> None:
    run = driver(ON, ["power node1 off", "power node1 off"])
    events = run.run()
    machine = run.hardware.nodes["node1"]
    assert (machine.running, machine.watchdogs, machine.power) == ({}, {}, False)
    assert [actor for _, actor, event in events if event.kind == "killed"] == [
        "node1/crm",
        "node1/lrm",
    ]


def test_power_on_mends_the_store() -> None:
    run = driver(ON, ["cfs node3 rw fail", "cfs node3 update fail"], ["power node3 on"])
    run.run()
    assert not run.hardware.nodes["node3"].store_works
    run = driver(ON, ["cfs node3 rw fail"], ["power node3 off", "power node3 on"])
    run.run()
    assert run.hardware.nodes["node3"].store_works


def test_a_store_that_fails_is_told_by_the_master_in_every_round() -> None:
    events = play(ON, ["cfs node1 rw fail"], ["cfs node1 rw work"])
    assert times(events, "error", actor="node1/crm") == [120, 140, 160, 180, 200]
