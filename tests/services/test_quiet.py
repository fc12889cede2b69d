"""What loops say about their rounds: quiet, for how long, until what changes."""

from __future__ import annotations

from dataclasses import replace

from appliance.ports import topics
from appliance.ports.clock import Rest, Tick
from sim.lockstep.ports import run_now
from tests.services.rig import World

MANAGER_LOCK = topics.lock("ha_manager_lock")
AGENT_LOCK = topics.lock("ha_agent_node1_lock")


def settled() -> tuple[World, Rest, Rest]:
    """A cluster at peace after some rounds: the last rest of its CRM and its LRM."""
    world = World("vm:100")
    world.guests.up = {"vm:100"}
    crm, lrm = world.crm(), world.lrm()
    rests = []
    for number in range(6):
        tick = Tick(10.0 * number)
        rests.append((run_now(crm.iterate(tick)), run_now(lrm.iterate(tick))))
    return world, *rests[-1]


def test_a_master_at_peace_is_quiet() -> None:
    world, rest, _ = settled()
    assert world.manager.services["vm:100"].steady
    assert (rest.quiet, rest.period_s, rest.wake_at_s) == (True, 10.0, None)
    assert set(rest.renews) == {MANAGER_LOCK, topics.watchdog("crm"), topics.MANAGER_ROUND}
    assert set(rest.reads) == {
        topics.MEMBERSHIP,
        topics.HA_CONFIG,
        topics.CRM_COMMANDS,
        topics.LRM_STATUSES,
        topics.CHECKED_ROUND,
        MANAGER_LOCK,
    }


def test_an_active_lrm_at_peace_is_quiet() -> None:
    _, _, rest = settled()
    assert (rest.quiet, rest.period_s, rest.wake_at_s) == (True, 10.0, None)
    assert set(rest.renews) == {AGENT_LOCK, topics.watchdog("lrm"), topics.CHECKED_ROUND}
    assert {topics.GUESTS, topics.HA_CONFIG, topics.manager_slice("node1")} <= set(rest.reads)


def test_a_slave_waits_for_the_lock() -> None:
    world = World("vm:100")
    world.hardware.locks["ha_manager_lock"] = ("node2", -20)
    crm = world.crm()
    assert not run_now(crm.iterate(Tick(0.0))).quiet
    rest = run_now(crm.iterate(Tick(10.0)))
    assert rest.quiet
    assert MANAGER_LOCK in rest.reads
    assert rest.renews == ()
    # The clock of this world stands still: 100 of the lock's 120 seconds are left.
    assert rest.wake_at_s is not None
    assert 109 < rest.wake_at_s <= 110


def test_without_services_more_topics_matter() -> None:
    crm = World().crm()
    rest = run_now(crm.iterate(Tick(0.0)))
    assert rest.quiet
    assert {topics.MANAGER_STATUS, topics.CRM_COMMANDS} <= set(rest.reads)


def test_an_lrm_without_work_waits_for_the_manager() -> None:
    lrm = World("vm:100").lrm()
    rest = run_now(lrm.iterate(Tick(0.0)))
    assert rest.quiet
    assert set(rest.reads) == {topics.MEMBERSHIP, topics.manager_slice("node1"), AGENT_LOCK}


def test_nothing_is_quiet_while_the_store_is_away() -> None:
    world = World("vm:100")
    crm, lrm = world.crm(), world.lrm()
    run_now(lrm.iterate(Tick(0.0)))
    world.hardware.nodes["node1"].store_works = False
    for second in (10.0, 20.0):
        assert not run_now(crm.iterate(Tick(second))).quiet
        assert not run_now(lrm.iterate(Tick(second))).quiet


def test_a_loop_that_was_asked_to_leave_is_not_quiet() -> None:
    world = World("vm:100")
    world.hardware.locks["ha_manager_lock"] = ("node2", 0)
    lrm = world.lrm()
    run_now(lrm.iterate(Tick(0.0)))
    run_now(lrm.request_shutdown("restart"))
    assert run_now(lrm.iterate(Tick(10.0))).exit


def test_skipped_rounds_are_caught_up_with_from_the_published_status() -> None:
    world, _, _ = settled()
    crm, lrm = world.crm(), world.lrm()
    # A new pair of daemons takes over; then the master skips rounds which the LRM has answered.
    for number in range(6, 10):
        run_now(crm.iterate(Tick(10.0 * number)))
        run_now(lrm.iterate(Tick(10.0 * number)))
    published = world.manager
    world.hardware.manager_status = replace(published, round=published.round + 4)
    answered = replace(world.hardware.lrm_statuses["node1"], checked_round=published.round + 4)
    world.hardware.lrm_statuses["node1"] = answered
    rest = run_now(crm.iterate(Tick(140.0, skipped=4, last_s=130.0)))
    assert rest.quiet
    assert world.manager.round == published.round + 5
    assert world.manager.services is published.services
    rest = run_now(lrm.iterate(Tick(140.0, skipped=4, last_s=130.0)))
    assert rest.quiet
    assert world.hardware.lrm_statuses["node1"].checked_round == published.round + 5
