"""What an LRM makes of the manager's orders, and how it answers."""

from __future__ import annotations

import pytest

from appliance.core.ha.lrm_jobs import Job, JobQueue
from appliance.model.ha.status import OrderResult
from tests.core.ha.lrm_bench import Bench
from tests.core.ha.rig import SID, service


def test_an_order_is_carried_out_once_and_answered_under_its_name() -> None:
    bench = Bench(service("started"))
    bench.round()
    assert bench.executed == [(SID, "old", "started")]
    assert bench.machine.results == {"old": OrderResult(SID, "started", 0)}
    results = bench.machine.results
    bench.round()
    assert bench.executed == []
    assert bench.machine.results is results


def test_stopped_is_seen_to_in_every_round() -> None:
    bench = Bench(service("started"), service("stopped", uid="b"))
    bench.round()
    bench.round()
    assert bench.executed == [("vm:101", "b", "stopped")]


@pytest.mark.parametrize("state", ["recovery", "freeze", "request_start"])
def test_there_is_nothing_to_do_for_services_that_wait(state: str) -> None:
    bench = Bench(service("started"), service(state, uid="b"))
    bench.round()
    assert [sid for sid, _, _ in bench.executed] == [SID]


def test_services_of_other_nodes_are_left_alone() -> None:
    bench = Bench(service("started"), service("migrate", "node2", target="node1", uid="b"))
    bench.round()
    assert [sid for sid, _, _ in bench.executed] == [SID]


def test_an_order_without_a_name_is_left_out() -> None:
    bench = Bench(service("started", uid=""))
    bench.round()
    assert bench.executed == []


# --- restart policy ---


@pytest.mark.parametrize("max_restart", [0, 1, 3])
def test_a_failed_start_is_tried_again_some_times(max_restart: int) -> None:
    bench = Bench(service("started"))
    bench.codes[SID], bench.max_restart = 1, max_restart
    for number in range(1, max_restart + 1):
        bench.round()
        assert bench.machine.results == {}
        assert bench.fields("service_start_retry")[0]["retry"] == number
    bench.round()
    assert bench.fields("service_start_gave_up")[0]["retries"] == max_restart
    assert bench.machine.results["old"].exit_code == 1
    assert bench.machine.restarts == {}


def test_a_good_start_forgets_the_failures() -> None:
    bench = Bench(service("started"))
    bench.codes[SID], bench.max_restart = 1, 2
    bench.round()
    bench.codes[SID] = 0
    bench.round()
    assert bench.machine.restarts == {}


def test_the_failures_of_an_unknown_service_are_forgotten() -> None:
    bench = Bench(service("started"), service("started", uid="b"))
    bench.codes["vm:101"] = 1
    bench.round()
    assert bench.machine.restarts == {"vm:101": 1}
    bench.see(service("started"))
    bench.round()
    assert bench.machine.restarts == {}


@pytest.mark.parametrize(("code", "answered"), [(1, True), (-1, True), (2, False)])
def test_other_orders_are_answered_with_their_code(code: int, answered: bool) -> None:
    bench = Bench(service("request_stop"))
    bench.codes[SID] = code
    bench.round()
    assert ("old" in bench.machine.results) == answered


# --- steady services ---


def steady(**more: object) -> Bench:
    bench = Bench(
        service("started", steady=True, running=True),
        service("started", steady=True, running=True, uid="b"),
    )
    bench.round()
    return bench


def test_steady_services_are_answered_all_at_once() -> None:
    bench = steady()
    assert bench.machine.checked_round == bench.published.round
    assert bench.machine.results == {}
    assert bench.executed == []


def test_the_same_round_is_answered_once() -> None:
    bench = steady()
    bench.stopped = {SID}
    bench.round()
    assert bench.executed == []


def test_if_one_does_not_run_each_is_answered_for_itself() -> None:
    bench = steady()
    before = bench.machine.checked_round
    bench.stopped = {SID}
    bench.see(*bench.published.services.values())
    bench.round()
    name = f"{{}}.{bench.published.round}+node1"
    assert bench.executed == [
        (SID, name.format(SID), "started"),
        ("vm:101", name.format("vm:101"), "started"),
    ]
    assert set(bench.machine.results) == {name.format(SID), name.format("vm:101")}
    assert bench.machine.checked_round == before


def test_an_order_made_explicit_is_not_carried_out_again() -> None:
    bench = steady()
    name = f"{SID}.{bench.published.round}+node1"
    bench.see(service("started", uid=name), service("started", steady=True, uid="b"))
    bench.round()
    assert bench.executed == []
    # Answered in so many words, as the node has gone on to a later round.
    assert bench.machine.results == {name: OrderResult(SID, "started", 0)}
    assert bench.machine.checked_round == bench.published.round


def test_an_order_to_keep_it_started_takes_the_place_of_a_waiting_stop() -> None:
    bench = Bench(service("started", steady=True, running=True))
    bench.status(maintenance=frozenset({"node1"}))
    bench.round()
    bench.status(maintenance=frozenset({"node1"}))
    bench.round()
    assert bench.machine.state == "maintenance"
    bench.machine.request_shutdown("reboot", "failover")
    assert len(bench.machine.jobs) == 1
    bench.status(maintenance=frozenset({"node1"}))
    bench.round()
    assert bench.executed == []
    assert bench.machine.checked_round == bench.published.round


def test_a_service_being_worked_on_is_not_answered_for() -> None:
    bench = steady()
    before = bench.machine.checked_round
    bench.keep_busy()
    bench.see(*bench.published.services.values())
    bench.round()
    assert bench.machine.checked_round == before


def test_results_nobody_asks_for_are_dropped() -> None:
    bench = Bench(service("started"))
    bench.round()
    bench.see(service("started", uid="new"))
    bench.round()
    assert set(bench.machine.results) == {"new"}


# --- the queue ---


def test_a_newer_order_replaces_a_waiting_one_but_not_a_running_one() -> None:
    queue = JobQueue()
    first, second, third = (Job(SID, uid, "started") for uid in "abc")
    queue.put(first)
    queue.put(second)
    assert queue.waiting() == [second]
    second.running = True
    queue.put(third)
    assert queue.waiting() == []
    queue.remove(third)
    assert len(queue) == 1
    queue.remove(second)
    assert len(queue) == 0


def test_who_was_passed_over_longest_goes_first() -> None:
    queue = JobQueue()
    for sid, tries in (("vm:1", 0), ("vm:2", 2), ("vm:3", 2)):
        queue.put(Job(sid, sid, "started", tries=tries))
    assert [job.sid for job in queue.waiting()] == ["vm:2", "vm:3", "vm:1"]
    queue.put(Job("vm:3", "newer", "started"))
    assert [job.sid for job in queue.waiting()] == ["vm:2", "vm:3", "vm:1"]
