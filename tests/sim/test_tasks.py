"""Coroutines in simulated time, and the boot that scopes them."""

from __future__ import annotations

import gc
import warnings
from asyncio import CancelledError

import pytest

from sim.kernel import US, Kernel
from sim.tasks import Boot, Signal


class Bench:
    """A kernel, a boot, and what tasks wrote down."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.failures: list[str] = []
        self.boot = Boot(self.kernel, "node1", 1, lambda task, _: self.failures.append(task))
        self.notes: list[tuple[int, str]] = []

    def note(self, text: str) -> None:
        self.notes.append((self.kernel.now_us // US, text))

    async def sleeper(self, seconds: int, name: str) -> str:
        try:
            await self.boot.sleep(seconds * US)
            self.note(name)
            return name
        finally:
            self.note(f"{name} cleaned up")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_sleep_and_wait(bench: Bench) -> None:
    async def parent() -> None:
        child = bench.boot.spawn(bench.sleeper(5, "child"), "child")
        assert not child.done()
        bench.note(await child.wait())

    bench.boot.spawn(parent(), "parent")
    bench.kernel.run(10 * US)
    assert bench.notes == [(5, "child"), (5, "child cleaned up"), (5, "child")]


def test_cancel_runs_cleanup(bench: Bench) -> None:
    task = bench.boot.spawn(bench.sleeper(5, "child"), "child")
    bench.kernel.call_at(2 * US, task.cancel)
    bench.kernel.run(10 * US)
    assert bench.notes == [(2, "child cleaned up")]
    with pytest.raises(CancelledError):
        task.result()
    assert bench.failures == []


def test_a_power_cut_runs_no_cleanup(bench: Bench) -> None:
    bench.boot.spawn(bench.sleeper(5, "child"), "child")
    bench.kernel.call_at(2 * US, bench.boot.cut)
    bench.kernel.run(10 * US)
    assert bench.notes == []


def test_a_paused_node_notices_late_and_in_order(bench: Bench) -> None:
    for seconds in (3, 2, 4):
        bench.boot.spawn(bench.sleeper(seconds, str(seconds)), "task")
    bench.kernel.call_at(1 * US, bench.boot.pause)
    bench.kernel.call_at(9 * US, bench.boot.resume)
    bench.kernel.run(20 * US)
    assert [note for note in bench.notes if "cleaned" not in note[1]] == [
        (9, "2"),
        (9, "3"),
        (9, "4"),
    ]


def test_settle_waits_no_longer_than_allowed(bench: Bench) -> None:
    async def parent() -> None:
        tasks = [bench.boot.spawn(bench.sleeper(s, f"s{s}"), "child") for s in (1, 2, 30)]
        await bench.boot.settle(tasks[:2], 8)
        bench.note("two are done")
        await bench.boot.settle(tasks, 8)
        bench.note(f"done: {[task.done() for task in tasks]}")

    bench.boot.spawn(parent(), "parent")
    bench.kernel.run(20 * US)
    assert (2, "two are done") in bench.notes
    assert (10, "done: [True, True, False]") in bench.notes


def test_settle_takes_time_however_short(bench: Bench) -> None:
    async def parent() -> None:
        child = bench.boot.spawn(bench.sleeper(1, "child"), "child")
        before_us = bench.kernel.now_us
        await bench.boot.settle([child], 1e-9)
        assert bench.kernel.now_us > before_us
        bench.note("over")

    bench.boot.spawn(parent(), "parent")
    bench.kernel.run(1)
    bench.kernel.run(10)
    assert bench.notes == [(0, "over")]


def test_an_error_is_told_once_and_raised_where_awaited(bench: Bench) -> None:
    async def fails() -> None:
        await bench.boot.sleep(US)
        raise ValueError("broken")

    async def parent() -> None:
        with pytest.raises(ValueError, match="broken"):
            await bench.boot.spawn(fails(), "fails").wait()
        bench.note("caught")

    bench.boot.spawn(parent(), "parent")
    bench.kernel.run(5 * US)
    assert bench.notes == [(1, "caught")]
    assert bench.failures == ["node1: task fails"]


def test_a_signal_fires_once(bench: Bench) -> None:
    signal: Signal[int] = Signal(bench.boot)
    signal.fire(1)
    signal.fire(2)
    assert signal.result() == 1


def test_a_request_of_the_last_instant_leaves_nothing_behind() -> None:
    def world_that_ends() -> None:
        bench = Bench()
        bench.boot.begin(lambda: bench.sleeper(5, "child"), "child")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        world_that_ends()
        gc.collect()


def test_a_request_begins_when_time_goes_on(bench: Bench) -> None:
    bench.boot.begin(lambda: bench.sleeper(5, "child"), "child")
    bench.kernel.run(6 * US)
    assert bench.notes == [(5, "child"), (5, "child cleaned up")]
