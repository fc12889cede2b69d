"""What every `GuestRuntime` and `Migration` must do, simulated or real.

A real implementation joins by another `GuestBench` in `benches`: two nodes, one virtual machine on
shared storage and one container on local storage, both on the first node and stopped. The rest of
this file does not know which world it runs in; it asserts nothing about how long things take.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

import pytest

from appliance.ports.guests import GuestRuntime, Migration, Outcome
from sim.layout import GIB, GuestSpec, NodeSpec
from tests.sim.guests.rig import Rig


class GuestBench(Protocol):
    """Two nodes and two guests to try an implementation on."""

    here: str
    there: str
    vm: str
    ct: str

    def runtime(self, node: str) -> GuestRuntime: ...

    def migration(self, node: str) -> Migration: ...

    def run(self, node: str, coro: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Run what one node does to its end."""
        ...

    def run_together(self, node: str, *coros: Coroutine[Any, Any, Outcome]) -> list[Outcome]:
        """Run several things that one node does at the same time."""
        ...

    def lock(self, sid: str, kind: str | None) -> None:
        """Put a lock into the guest's configuration, or take it out."""
        ...

    def config_node(self, sid: str) -> str: ...

    def lose(self, node: str) -> None:
        """The node is gone."""
        ...

    def kill(self, sid: str) -> None:
        """The guest's process dies."""
        ...


class SimBench:
    """The simulated one."""

    here, there, vm, ct = "n1", "n2", "vm:100", "ct:101"

    def __init__(self) -> None:
        self._rig = Rig(
            GuestSpec(self.vm, self.here),
            GuestSpec(self.ct, self.here, storage="local", disk_bytes=GIB),
            nodes=(NodeSpec(self.here), NodeSpec(self.there)),
        )

    def runtime(self, node: str) -> GuestRuntime:
        return self._rig.runtime(node)

    def migration(self, node: str) -> Migration:
        return self._rig.migration(node)

    def run(self, node: str, coro: Coroutine[Any, Any, Outcome]) -> Outcome:
        return self._rig.finish(self._rig.spawn(node, coro))

    def run_together(self, node: str, *coros: Coroutine[Any, Any, Outcome]) -> list[Outcome]:
        tasks = [self._rig.spawn(node, coro) for coro in coros]
        return [self._rig.finish(task) for task in tasks]

    def lock(self, sid: str, kind: str | None) -> None:
        self._rig.registry.locks.pop(sid, None)
        if kind is not None:
            self._rig.registry.locks[sid] = kind

    def config_node(self, sid: str) -> str:
        return self._rig.registry.nodes[sid]

    def lose(self, node: str) -> None:
        self._rig.power_off(node)

    def kill(self, sid: str) -> None:
        assert self._rig.host.crash(sid)


benches = [pytest.param(SimBench, id="sim")]


@pytest.fixture(params=benches)
def bench(request: pytest.FixtureRequest) -> GuestBench:
    made: GuestBench = request.param()
    return made


def start(bench: GuestBench, sid: str, node: str) -> Outcome:
    return bench.run(node, bench.runtime(node).start(sid))


def stop(bench: GuestBench, sid: str, node: str, timeout_s: int | None = None) -> Outcome:
    return bench.run(node, bench.runtime(node).stop(sid, timeout_s))


def move(bench: GuestBench, sid: str, *, online: bool) -> Outcome:
    return bench.run(bench.here, bench.migration(bench.here).move(sid, bench.there, online))


def check(bench: GuestBench, sid: str, target: str) -> Outcome:
    return bench.run(bench.here, bench.migration(bench.here).check(sid, target))


def runs(bench: GuestBench, sid: str) -> tuple[bool, bool]:
    """Here, there."""
    return bench.runtime(bench.here).running(sid), bench.runtime(bench.there).running(sid)


# GuestRuntime


@pytest.mark.parametrize("guest", ["vm", "ct"])
def test_a_guest_starts_and_stops(bench: GuestBench, guest: str) -> None:
    sid = getattr(bench, guest)
    assert runs(bench, sid) == (False, False)
    assert start(bench, sid, bench.here) == Outcome(ok=True)
    assert runs(bench, sid) == (True, False)
    assert stop(bench, sid, bench.here) == Outcome(ok=True)
    assert runs(bench, sid) == (False, False)


@pytest.mark.parametrize("timeout_s", [0, 30, None])
def test_a_stop_ends_it_with_any_patience(bench: GuestBench, timeout_s: int | None) -> None:
    assert start(bench, bench.vm, bench.here).ok
    assert stop(bench, bench.vm, bench.here, timeout_s).ok
    assert runs(bench, bench.vm) == (False, False)


def test_starting_what_runs_and_stopping_what_does_not_is_no_failure(bench: GuestBench) -> None:
    assert stop(bench, bench.vm, bench.here).ok
    assert start(bench, bench.vm, bench.here).ok
    assert start(bench, bench.vm, bench.here).ok
    assert runs(bench, bench.vm) == (True, False)


def test_two_starts_at_once_are_one(bench: GuestBench) -> None:
    runtime = bench.runtime(bench.here)
    outcomes = bench.run_together(bench.here, runtime.start(bench.vm), runtime.start(bench.vm))
    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert runs(bench, bench.vm) == (True, False)


def test_a_node_starts_only_its_own_guests(bench: GuestBench) -> None:
    outcome = start(bench, bench.vm, bench.there)
    assert not outcome.ok
    assert outcome.reason
    assert runs(bench, bench.vm) == (False, False)


def test_there_is_no_starting_what_does_not_exist(bench: GuestBench) -> None:
    assert not start(bench, "vm:999", bench.here).ok
    assert not bench.runtime(bench.here).running("vm:999")


def test_a_lock_forbids_and_is_named(bench: GuestBench) -> None:
    bench.lock(bench.vm, "backup")
    refused = start(bench, bench.vm, bench.here)
    assert (refused.ok, refused.locked) == (False, "backup")
    bench.lock(bench.vm, None)
    assert start(bench, bench.vm, bench.here).ok
    bench.lock(bench.vm, "backup")
    assert stop(bench, bench.vm, bench.here).locked == "backup"
    assert runs(bench, bench.vm) == (True, False)


def test_a_guest_that_died_does_not_run_and_starts_again(bench: GuestBench) -> None:
    assert start(bench, bench.vm, bench.here).ok
    bench.kill(bench.vm)
    assert runs(bench, bench.vm) == (False, False)
    assert start(bench, bench.vm, bench.here).ok


# Migration


def test_a_live_move_takes_the_running_guest_along(bench: GuestBench) -> None:
    assert start(bench, bench.vm, bench.here).ok
    assert check(bench, bench.vm, bench.there) == Outcome(ok=True)
    assert move(bench, bench.vm, online=True) == Outcome(ok=True)
    assert runs(bench, bench.vm) == (False, True)
    assert bench.config_node(bench.vm) == bench.there


@pytest.mark.parametrize("guest", ["vm", "ct"])
def test_an_offline_move_leaves_it_stopped_at_the_target(bench: GuestBench, guest: str) -> None:
    sid = getattr(bench, guest)
    assert move(bench, sid, online=False).ok
    assert runs(bench, sid) == (False, False)
    assert bench.config_node(sid) == bench.there
    assert not start(bench, sid, bench.here).ok
    assert start(bench, sid, bench.there).ok


def test_a_guest_moves_there_and_back(bench: GuestBench) -> None:
    assert start(bench, bench.vm, bench.here).ok
    assert move(bench, bench.vm, online=True).ok
    back = bench.migration(bench.there).move(bench.vm, bench.here, True)
    assert bench.run(bench.there, back).ok
    assert runs(bench, bench.vm) == (True, False)


def unharmed(bench: GuestBench, sid: str) -> None:
    """Where and as it was: running, here."""
    assert runs(bench, sid) == (True, False)
    assert bench.config_node(sid) == bench.here


def test_a_running_guest_is_not_moved_offline(bench: GuestBench) -> None:
    assert start(bench, bench.vm, bench.here).ok
    assert not move(bench, bench.vm, online=False).ok
    unharmed(bench, bench.vm)


def test_a_running_container_is_not_moved_live(bench: GuestBench) -> None:
    assert start(bench, bench.ct, bench.here).ok
    assert not move(bench, bench.ct, online=True).ok
    unharmed(bench, bench.ct)


def test_a_locked_guest_is_not_moved(bench: GuestBench) -> None:
    assert start(bench, bench.vm, bench.here).ok
    bench.lock(bench.vm, "backup")
    assert check(bench, bench.vm, bench.there).locked == "backup"
    assert move(bench, bench.vm, online=True).locked == "backup"
    unharmed(bench, bench.vm)


@pytest.mark.parametrize("target", ["here", "nowhere"])
def test_no_move_to_itself_or_to_nowhere(bench: GuestBench, target: str) -> None:
    assert start(bench, bench.vm, bench.here).ok
    name = bench.here if target == "here" else "no-such-node"
    assert not check(bench, bench.vm, name).ok
    outcome = bench.run(bench.here, bench.migration(bench.here).move(bench.vm, name, True))
    assert not outcome.ok
    assert outcome.reason
    unharmed(bench, bench.vm)


def test_no_move_to_a_node_that_is_gone(bench: GuestBench) -> None:
    assert start(bench, bench.vm, bench.here).ok
    bench.lose(bench.there)
    assert not check(bench, bench.vm, bench.there).ok
    assert not move(bench, bench.vm, online=True).ok
    unharmed(bench, bench.vm)


def test_only_one_move_of_a_guest_at_a_time(bench: GuestBench) -> None:
    assert start(bench, bench.vm, bench.here).ok
    migration = bench.migration(bench.here)
    outcomes = bench.run_together(
        bench.here,
        migration.move(bench.vm, bench.there, True),
        migration.move(bench.vm, bench.there, True),
    )
    assert sorted(outcome.ok for outcome in outcomes) == [False, True]
    assert runs(bench, bench.vm) == (False, True)


def test_no_stop_while_it_is_being_moved(bench: GuestBench) -> None:
    assert start(bench, bench.vm, bench.here).ok
    moved, stopped = bench.run_together(
        bench.here,
        bench.migration(bench.here).move(bench.vm, bench.there, True),
        bench.runtime(bench.here).stop(bench.vm, 0),
    )
    assert moved.ok
    assert (stopped.ok, stopped.locked) == (False, "migrate")
    assert runs(bench, bench.vm) == (False, True)
