"""Rounds, clocks, and when steps are carried out."""

from __future__ import annotations

import pytest

from tests.sim.lockstep.rig import ON, aborted, driver, play, times


def test_steps_follow_every_five_rounds() -> None:
    events = play(ON, ["network node3 off"], ["network node3 on"])
    assert times(events, "command") == [20, 20, 20, 120, 220]


@pytest.mark.parametrize(("delay", "next_s"), [(0, 120), (20, 120), (90, 200), (300, 400)])
def test_a_delay_holds_the_next_step(delay: int, next_s: int) -> None:
    events = play([f"delay {delay}"], ["network node3 on"])
    assert times(events, "command") == [20, next_s]


def test_of_several_delays_the_last_one_holds() -> None:
    assert times(play(["delay 500", "delay 0"], ["delay 0"]), "command") == [20, 20, 120]


def test_an_empty_step_costs_its_time() -> None:
    assert times(play(["delay 0"], [], ["delay 0"]), "command") == [20, 220]


def test_a_run_ends_over_500_seconds_after_the_last_command() -> None:
    assert times(play(["delay 0"]), "run_ended") == [620]
    assert times(play(["delay 100"]), "run_ended") == [600]


def test_every_turn_moves_time_on_by_a_second() -> None:
    events = play(ON)
    slaves = times(events, "status", to="slave")
    assert slaves == [22, 24]
    assert times(events, "lock_acquired", lock="ha_agent_node1_lock") == [21]


@pytest.mark.parametrize(("nodes", "round_s"), [(3, 20), (10, 20), (12, 24), (29, 58)])
def test_more_nodes_need_longer_rounds(nodes: int, round_s: int) -> None:
    assert times(play(["delay 0"], nodes=nodes), "command") == [round_s]


def test_too_many_nodes_are_refused() -> None:
    assert "so many nodes" in aborted(play(["delay 0"], nodes=30))


def test_a_run_without_end_is_ended() -> None:
    events = play(*([["delay 0"]] * 120))
    assert "maximum time" in aborted(events)
    assert times(events, "run_aborted")[0] > 10000


# --- skipped rounds ---


def test_skipped_rounds_are_told_once_a_round() -> None:
    events = play(ON, ["skip-round crm 2", "skip-round lrm"])
    assert times(events, "round_skipped", what="CRM") == [120, 140]
    assert times(events, "round_skipped", what="LRM") == [120]


def test_a_watchdog_not_fed_in_skipped_rounds_resets_its_node() -> None:
    events = play(ON, ["skip-round lrm 4"])
    assert times(events, "watchdog_expired", node="node1") == [162]
    command = next(event for event in events if event["actor"] == "watchdog")
    assert command["command"] == "power node1 off"


def test_feeding_a_watchdog_that_has_run_out_ends_the_run() -> None:
    # The CRMs have no turn, so the LRM of node1 comes before the first look at the watchdogs.
    events = play(ON, ["skip-round lrm 3", "skip-round crm 4"])
    assert aborted(events) == "watchdog expired"


# --- daemons that leave ---


def test_at_shutdown_the_lrm_leaves_before_the_crm_and_then_the_power_goes() -> None:
    events = play(ON, ["shutdown node2"])
    (lrm,) = times(events, "exited", actor="node2/lrm")
    (crm,) = times(events, "exited", actor="node2/crm")
    assert lrm < crm
    commands = [event for event in events if event["actor"] == "shutdown"]
    assert [event["command"] for event in commands] == ["crm node2 stop", "power node2 off"]


def test_after_a_reboot_both_daemons_are_new() -> None:
    events = play(ON, ["reboot node2"])
    assert len(times(events, "status", actor="node2/lrm", **{"from": "startup"})) == 2
    assert len(times(events, "status", actor="node2/crm", **{"from": "startup"})) == 2


def test_a_restarted_lrm_comes_back_at_once() -> None:
    events = play(ON, ["restart-lrm node2"])
    started = times(events, "status", actor="node2/lrm", **{"from": "startup"})
    assert started == [20, *times(events, "exited", actor="node2/lrm")]


def test_a_restart_of_the_lrm_during_a_shutdown_ends_the_run() -> None:
    events = play(ON, ["restart-lrm node2", "shutdown node2"])
    assert aborted(events) == "lrm restart during shutdown - not implemented"


def test_a_daemon_that_leaves_unasked_ends_the_run() -> None:
    steps = (ON, ["crm node1 enable-node-maintenance"], ["cfs node1 rw fail"])
    rules = "node-affinity: rule\n\tresources vm:100\n\tnodes node1\n\tstrict 1\n"
    assert aborted(play(*steps, rules_config=rules)) == "unexpected LRM exit - not implemented"


def test_a_stopped_crm_can_be_started_again() -> None:
    events = play(ON, ["crm node1 stop"], ["crm node1 start"])
    assert len(times(events, "status", actor="node1/crm", **{"from": "startup"})) == 2
    assert times(events, "status", actor="node2/crm", to="master")


def test_nodes_on_from_the_start_have_no_daemons() -> None:
    run = driver(["power node1 on"], power="on")
    events = run.run()
    assert run.hardware.view("node1").quorate
    assert not [actor for _, actor, _ in events if actor.startswith("node1/")]
