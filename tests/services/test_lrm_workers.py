"""Orders that take time: workers, their number, and what a round waits for."""

from __future__ import annotations

from dataclasses import replace

from appliance.model.errors import UnavailableError
from tests.services.rig import World

SIDS = tuple(f"vm:{number}" for number in range(100, 110))


def ready(*sids: str) -> World:
    """An LRM in its loop, with these services ordered to be started."""
    world = World(*sids)
    world.order(**{sid.replace(":", "_"): "started" for sid in sids})
    return world


def test_at_most_four_guests_are_started_at_once() -> None:
    world = ready(*SIDS)
    world.guests.start_s = dict.fromkeys(SIDS, 1.5)
    world.start(world.lrm().run())
    world.run(9)
    assert world.guests.most_at_once == 4
    assert world.guests.up == set(SIDS)
    status = world.hardware.lrm_statuses["node1"]
    assert {result.exit_code for result in status.results.values()} == {0}
    assert len(status.results) == len(SIDS)


def test_a_round_waits_eight_seconds_and_collects_the_rest_later() -> None:
    world = ready("vm:100", "vm:101")
    world.guests.start_s = {"vm:100": 29.0, "vm:101": 1.0}
    world.start(world.lrm().run())
    world.run(9)
    assert list(world.hardware.lrm_statuses["node1"].results) == ["vm_101-started"]
    world.run(29.9)
    assert list(world.hardware.lrm_statuses["node1"].results) == ["vm_101-started"]
    world.run(31)
    assert set(world.hardware.lrm_statuses["node1"].results) == {
        "vm_101-started",
        "vm_100-started",
    }
    assert world.kinds("lrm").count("service_starting") == 2


def test_the_lock_is_kept_while_orders_take_long() -> None:
    world = ready("vm:100")
    world.guests.start_s = {"vm:100": 300.0}
    lrm = world.lrm()
    world.start(lrm.run())
    world.run(200)
    assert lrm.machine.state == "active"
    assert world.hardware.locks["ha_agent_node1_lock"][1] >= 190


def test_a_guest_passed_over_goes_first_in_the_next_round() -> None:
    world = ready(*SIDS[:6])
    world.guests.start_s = dict.fromkeys(SIDS, 9.0)
    world.start(world.lrm().run())
    world.run(9.5)
    assert world.guests.up == set(SIDS[:4])
    world.run(19.5)
    assert world.guests.up == set(SIDS[:6])


def test_the_restart_policy_needs_no_new_order() -> None:
    world = ready("vm:100")
    world.guests.fails = {"vm:100": 1}
    world.start(world.lrm().run())
    world.run(15)
    assert world.guests.up == {"vm:100"}
    assert world.kinds("lrm")[-5:] == [
        "service_starting",
        "service_start_failed",
        "service_start_retry",
        "service_starting",
        "service_status",
    ]


def test_a_node_that_stood_still_does_not_start_what_it_had_decided_to() -> None:
    world = ready("vm:100")
    lrm = world.lrm()
    world.start(lrm.iterate(world.paces.open("lrm").first()))
    # The round hands the order to a worker; the node stands still before that does a thing.
    world.kernel.call_soon(world.boot.pause)
    world.kernel.call_at(61_000_000, world.boot.resume)
    world.run(120)
    assert world.guests.up == set()
    assert "service_starting" not in world.kinds("lrm")


def test_what_happens_during_a_round_is_seen_by_the_next_one() -> None:
    """A round that is skipped in simulation sees nothing either: both must find it together."""
    world = ready("vm:100")
    world.guests.up = {"vm:100"}
    world.order(vm_100="started")
    status = world.manager.services["vm:100"]
    steady = {"vm:100": replace(status, steady=True, running=True)}
    world.hardware.manager_status = replace(world.manager, services=steady)
    world.leases.latency_s = 0.005
    world.start(world.lrm().run())
    world.run(15)
    world.hardware.manager_status = replace(world.manager, round=world.manager.round + 1)
    world.kernel.call_at(20_002_000, world.guests.up.clear)
    world.run(25)
    assert world.hardware.lrm_statuses["node1"].checked_round == world.manager.round
    world.hardware.manager_status = replace(world.manager, round=world.manager.round + 1)
    world.run(35)
    assert [at_s for at_s, _, e in world.told if e.kind == "service_starting"] == [30.005]


def test_a_crm_survives_a_lock_service_that_is_away() -> None:
    world = World("vm:100")
    crm = world.crm()
    loop = world.start(crm.run())
    world.run(15)
    assert crm.machine.state == "master"
    world.leases.fails = UnavailableError("gone")
    world.run(35)
    assert not loop.done()
    assert crm.machine.state == "master"
    assert world.kinds("crm").count("error") == 1


def test_stop_orders_at_shutdown_run_before_the_daemon_leaves() -> None:
    world = ready("vm:100", "vm:101")
    lrm = world.lrm()
    loop = world.start(lrm.run())
    world.run(5)
    assert world.guests.up == {"vm:100", "vm:101"}
    world.start(lrm.request_shutdown("shutdown"), "shutdown")
    world.run(25)
    assert world.paces.opened["lrm"].woken == 1
    assert loop.done()
    assert world.guests.up == set()
    assert world.kinds("lrm")[-1] == "exited"
    assert "ha_agent_node1_lock" not in world.hardware.locks
    assert world.hardware.nodes["node1"].watchdogs == {}


def test_a_loop_survives_a_store_that_is_away() -> None:
    world = ready()
    lrm = world.lrm()
    world.order(vm_100="started")
    world.hardware.nodes["node1"].power = True
    loop = world.start(lrm.run())
    world.run(12)
    assert lrm.machine.state == "active"
    world.order()
    world.hardware.nodes["node1"].store_works = False
    world.run(60)
    assert not loop.done()
    world.hardware.nodes["node1"].store_works = True
    world.run(100)
    assert lrm.machine.state == "active"
    assert world.hardware.lrm_statuses["node1"].timestamp_s > 0
