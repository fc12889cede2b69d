"""Starting, stopping, dying and standing still."""

from __future__ import annotations

import pytest

from sim.guests.process import Process
from sim.layout import GIB, GuestSpec, NodeSpec
from tests.sim.guests.rig import Rig

VM = GuestSpec("vm:100", "n1")


def test_start_takes_about_its_time() -> None:
    rig = Rig(VM)
    task = rig.start("vm:100", "n1")
    rig.run(3.0)
    assert not task.done()
    assert rig.host.state("vm:100", "n1") == "starting"
    assert not rig.runtime("n1").running("vm:100")
    assert rig.host.runs_on("vm:100") == ()
    rig.run(2.0)
    assert task.result().ok
    assert rig.host.runs_on("vm:100") == ("n1",)
    assert rig.runtime("n1").running("vm:100")
    assert rig.storage.writers(rig.host.volume("vm:100", "n2")) == ("n1",)
    assert rig.states("vm:100", "n1") == ["starting", "running"]


def test_two_starts_are_one() -> None:
    rig = Rig(VM)
    first, second = rig.start("vm:100", "n1"), rig.start("vm:100", "n1")
    assert rig.finish(first).ok
    assert rig.finish(second).ok
    assert rig.states("vm:100", "n1") == ["starting", "running"]


def test_graceful_stop_closes_the_volume() -> None:
    rig = Rig(VM)
    rig.started("vm:100", "n1")
    task = rig.stop("vm:100", "n1")
    rig.run(1.0)
    assert rig.host.runs_on("vm:100") == ("n1",), "it executes until it is down"
    assert rig.finish(task).ok
    assert rig.kernel.now_s < 20
    assert rig.host.runs_on("vm:100") == ()
    assert rig.storage.writers(rig.host.volume("vm:100", "n1")) == ()
    assert rig.states("vm:100", "n1")[-2:] == ["stopping", "stopped"]


@pytest.mark.parametrize(("timeout_s", "took_s"), [(3, 3.0), (0, 0.0), (None, 60.0)])
def test_a_stop_that_takes_too_long_ends_in_a_kill(timeout_s: int | None, took_s: float) -> None:
    rig = Rig(GuestSpec("vm:100", "n1", stop_s=1000.0))
    rig.started("vm:100", "n1")
    began_s = rig.kernel.now_s
    assert rig.finish(rig.stop("vm:100", "n1", timeout_s)).ok
    assert rig.kernel.now_s - began_s == pytest.approx(took_s, abs=0.001)
    assert rig.host.runs_on("vm:100") == ()


def test_a_second_stop_can_be_more_impatient() -> None:
    rig = Rig(GuestSpec("vm:100", "n1", stop_s=1000.0))
    rig.started("vm:100", "n1")
    patient, impatient = rig.stop("vm:100", "n1", 500), rig.stop("vm:100", "n1", 2)
    assert rig.finish(impatient).ok
    assert rig.finish(patient).ok
    assert rig.kernel.now_s < 20


def test_stopping_what_does_not_run_is_done() -> None:
    rig = Rig(VM)
    assert rig.finish(rig.stop("vm:100", "n1")).ok
    assert rig.log == []


def test_a_stop_calls_a_start_off() -> None:
    rig = Rig(VM)
    start = rig.start("vm:100", "n1")
    rig.run(1.0)
    assert rig.finish(rig.stop("vm:100", "n1")).ok
    assert not rig.finish(start).ok
    assert rig.host.state("vm:100", "n1") is None


def test_a_start_during_a_stop_is_refused() -> None:
    rig = Rig(VM)
    rig.started("vm:100", "n1")
    stop = rig.stop("vm:100", "n1")
    rig.run(0.1)
    assert rig.finish(rig.start("vm:100", "n1")).reason == "vm:100 is stopping on n1"
    assert rig.finish(stop).ok


def test_a_lock_forbids_start_and_stop() -> None:
    rig = Rig(VM)
    rig.registry.locks["vm:100"] = "backup"
    outcome = rig.finish(rig.start("vm:100", "n1"))
    assert (outcome.ok, outcome.locked) == (False, "backup")
    assert rig.finish(rig.stop("vm:100", "n1")).locked == "backup"


def test_only_the_node_with_the_configuration_starts_it() -> None:
    rig = Rig(VM)
    outcome = rig.finish(rig.start("vm:100", "n2"))
    assert (outcome.ok, outcome.reason) == (False, "the configuration of vm:100 is on n1")
    assert not rig.finish(rig.start("vm:999", "n1")).ok


def test_nothing_but_the_configuration_prevents_a_second_copy() -> None:
    """What the cluster must prevent can happen here, and is seen."""
    rig = Rig(VM)
    rig.started("vm:100", "n1")
    rig.registry.put("vm:100", "n2")
    rig.started("vm:100", "n2")
    assert rig.host.runs_on("vm:100") == ("n1", "n2")
    assert [writers for _, writers in rig.storage.shared_writers()] == [("n1", "n2")]
    assert any("runs on" in text for text in rig.broken)
    assert any("written by" in text for text in rig.broken)


@pytest.mark.parametrize("where", ["n1", "*"])
def test_starts_that_fail_do_so_a_number_of_times(where: str) -> None:
    rig = Rig(GuestSpec("vm:100", "n1", start_fails={where: 2}))
    results = [rig.finish(rig.start("vm:100", "n1")).ok for _ in range(4)]
    assert results == [False, False, True, True]
    assert rig.states("vm:100", "n1")[:4] == ["starting", "failed", "starting", "failed"]


def test_starts_that_always_fail() -> None:
    rig = Rig(GuestSpec("vm:100", "n1", start_fails={"n1": -1}))
    assert not any(rig.finish(rig.start("vm:100", "n1")).ok for _ in range(5))


def test_a_node_has_only_so_much_memory() -> None:
    node = NodeSpec("n1", memory_bytes=10 * GIB)
    guests = [GuestSpec(f"vm:{n}", "n1", memory_bytes=4 * GIB) for n in (1, 2, 3)]
    rig = Rig(*guests, nodes=(node, NodeSpec("n2")))
    rig.started("vm:1", "n1")
    rig.started("vm:2", "n1")
    assert rig.finish(rig.start("vm:3", "n1")).reason == "n1 has not enough free memory"
    assert rig.states("vm:3", "n1") == ["failed"]
    rig.finish(rig.stop("vm:1", "n1"))
    rig.started("vm:3", "n1")


def test_a_local_disk_is_not_elsewhere() -> None:
    rig = Rig(GuestSpec("vm:100", "n1", storage="local"))
    rig.registry.put("vm:100", "n2")
    outcome = rig.finish(rig.start("vm:100", "n2"))
    assert outcome.reason == "its volume local@n2:vm-100-disk-0 does not exist"


def test_a_crash_ends_the_process() -> None:
    rig = Rig(VM)
    assert not rig.host.crash("vm:100")
    rig.started("vm:100", "n1")
    assert rig.host.crash("vm:100")
    assert rig.host.runs_on("vm:100") == ()
    assert rig.states("vm:100", "n1")[-1] == "crashed"
    rig.started("vm:100", "n1")


def test_a_power_cut_ends_everything_there_at_once() -> None:
    other = GuestSpec("vm:101", "n2")
    rig = Rig(VM, other, GuestSpec("vm:102", "n1"))
    rig.started("vm:100", "n1")
    rig.started("vm:101", "n2")
    starting = rig.start("vm:102", "n1")
    rig.run(1.0)
    rig.power_off("n1")
    assert rig.host.processes("n1") == ()
    assert rig.storage.writers(rig.host.volume("vm:100", "n1")) == ()
    assert rig.host.runs_on("vm:101") == ("n2",)
    assert rig.host.used_memory_bytes("n1") == 0
    rig.run(60.0)
    assert not starting.done(), "who asked is gone"
    assert rig.host.lacks("vm:100", "n1") == "n1 is not running"
    rig.power_on("n1")
    rig.started("vm:100", "n1")


def test_a_paused_node_holds_its_guests_and_does_nothing() -> None:
    rig = Rig(VM, GuestSpec("vm:101", "n1"), GuestSpec("vm:102", "n1", stop_s=1000.0))
    rig.started("vm:100", "n1")
    rig.started("vm:102", "n1")
    starting, stopping = rig.start("vm:101", "n1"), rig.stop("vm:102", "n1", 5)
    rig.run(1.0)
    rig.pause("n1")
    rig.run(500.0)
    assert not starting.done()
    assert not stopping.done(), "its time limit stands still as well"
    assert rig.host.runs_on("vm:100") == ("n1",)
    assert rig.storage.writers(rig.host.volume("vm:100", "n1")) == ("n1",)
    rig.resume("n1")
    rig.run(1.0)
    assert not starting.done()
    rig.run(5.0)
    assert starting.result().ok
    assert stopping.result().ok


def test_an_outage_freezes_guests_and_healing_thaws_them() -> None:
    rig = Rig(VM, GuestSpec("vm:101", "n2"), GuestSpec("vm:102", "n1", storage="local"))
    for sid, node in (("vm:100", "n1"), ("vm:101", "n2"), ("vm:102", "n1")):
        rig.started(sid, node)
    rig.storage.begin_outage("shared", "n1")
    assert [rig.host.state(sid, "n1") for sid in ("vm:100", "vm:102")] == ["frozen", "running"]
    assert rig.host.runs_on("vm:100") == ("n1",), "it would go on"
    assert rig.host.state("vm:101", "n2") == "running"
    rig.storage.begin_outage("shared")
    rig.storage.end_outage("shared", "n1")
    assert rig.host.state("vm:100", "n1") == "frozen"
    rig.storage.end_outage("shared")
    assert rig.host.state("vm:100", "n1") == "running"
    assert rig.states("vm:100", "n1")[-2:] == ["frozen", "thawed"]


def test_a_start_without_storage_fails_after_a_time() -> None:
    rig = Rig(VM)
    rig.storage.begin_outage("shared")
    task = rig.start("vm:100", "n1")
    rig.run(30.0)
    assert not task.done()
    assert rig.storage.writers(rig.host.volume("vm:100", "n1")) == ()
    assert rig.finish(task).reason == "the start took too long"
    assert rig.kernel.now_s == pytest.approx(38.0)


def test_a_start_goes_on_when_the_storage_is_back() -> None:
    rig = Rig(VM)
    task = rig.start("vm:100", "n1")
    rig.run(1.0)
    rig.storage.begin_outage("shared")
    rig.run(20.0)
    assert not task.done()
    rig.storage.end_outage("shared")
    assert rig.finish(task).ok
    assert 23 < rig.kernel.now_s < 25


def test_a_frozen_guest_cannot_shut_down_but_be_killed() -> None:
    rig = Rig(VM)
    rig.started("vm:100", "n1")
    rig.storage.begin_outage("shared")
    task = rig.stop("vm:100", "n1", 30)
    rig.run(29.0)
    assert not task.done()
    assert rig.finish(task).ok
    assert rig.states("vm:100", "n1")[-1] == "stopped"


def test_slow_storage_slows_starts() -> None:
    rig = Rig(VM, GuestSpec("vm:101", "n1"))
    rig.storage.begin_slow("shared", 5.0)
    rig.started("vm:100", "n1")
    assert 17 < rig.kernel.now_s < 23
    rig.storage.end_slow("shared", 5.0)
    began_s = rig.kernel.now_s
    rig.started("vm:101", "n1")
    assert rig.kernel.now_s - began_s < 5


def test_idle_guests_cost_nothing() -> None:
    guests = [GuestSpec(f"vm:{100 + n}", f"n{1 + n % 3}", memory_bytes=GIB) for n in range(320)]
    rig = Rig(*guests)
    for spec in guests:
        rig.host.adopt(spec.sid, spec.node)
    assert rig.kernel.next_us() is None
    events = rig.kernel.events
    rig.run(365 * 86400.0)
    assert rig.kernel.events == events


def test_the_same_seed_gives_the_same_story() -> None:
    def story(seed: int) -> list[str]:
        rig = Rig(VM, GuestSpec("vm:101", "n2", storage="local"), seed=seed)
        rig.started("vm:100", "n1")
        rig.started("vm:101", "n2")
        rig.finish(rig.move("vm:100", "n1", "n3"))
        rig.finish(rig.move("vm:101", "n2", "n3"))
        rig.finish(rig.stop("vm:100", "n3"))
        return rig.story()

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_a_process_has_one_word_for_its_state() -> None:
    volume = Rig(VM).host.volume("vm:100", "n1")
    process = Process("vm:100", "n1", "running", (volume,))
    assert (process.state, process.executing) == ("running", True)
    process.target = "n2"
    assert process.state == "migrating"
    process.frozen = True
    assert process.state == "frozen"
    process.suspended = True
    assert not process.executing
