"""What every clock, every set of tasks and every signal promises."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pytest

from appliance.ports.clock import Clock, Paces, Rest
from appliance.ports.entropy import Entropy
from appliance.ports.signals import Signals
from appliance.ports.tasks import Tasks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Boot:
    """The ports under test. `failures` grows as tasks fail: (name, text of the error)."""

    clock: Clock
    tasks: Tasks
    signals: Signals
    entropy: Entropy
    paces: Paces | None
    failures: list[tuple[str, str]] = field(default_factory=list)


class TimingWorld(Protocol):
    """Makes a boot and runs one coroutine to its end on it."""

    def run(self, make: Callable[[Boot], Coroutine[Any, Any, T]]) -> T: ...


class Broken(Exception):
    """What a task of a test dies of."""


async def fails() -> None:
    raise Broken("on purpose")


async def notes(log: list[str], name: str, awaited: Awaitable[Any]) -> None:
    """Wait for it and write down how that ended."""
    try:
        log.append(f"{name} {await awaited}")
    except CancelledError:
        log.append(f"{name} cancelled")
        raise
    except Broken as error:
        log.append(f"{name} {error}")


class TimingContract:
    """Needs a fixture `world`, a `TimingWorld`."""

    # clock

    def test_a_sleep_is_not_shorter_than_asked(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[float]:
            slept = []
            for seconds in (0.0, 0.001, 0.02):
                before_s = boot.clock.monotonic()
                await boot.clock.sleep(seconds)
                slept.append(boot.clock.monotonic() - before_s - seconds)
            return slept

        assert min(world.run(work)) > -1e-6

    def test_sleepers_wake_in_the_order_of_their_times(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[str]:
            log: list[str] = []
            tasks = [
                boot.tasks.spawn(notes(log, str(at), boot.clock.sleep(at)), "sleeper")
                for at in (0.3, 0.1, 0.2)
            ]
            await boot.tasks.settle(tasks, 30)
            return log

        assert world.run(work) == ["0.1 None", "0.2 None", "0.3 None"]

    def test_the_wall_clock_goes_on_with_the_other(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> float:
            before_s = boot.clock.wall()
            await boot.clock.sleep(0.05)
            return boot.clock.wall() - before_s

        assert world.run(work) > 0

    # tasks

    def test_a_task_begins_after_what_is_running_now(self, world: TimingWorld) -> None:
        async def note(log: list[str]) -> str:
            log.append("task")
            return "done"

        async def work(boot: Boot) -> list[str]:
            log: list[str] = []
            task = boot.tasks.spawn(note(log), "note")
            log.append(f"caller {task.done()}")
            log.append(await task.wait())
            log.append(f"{task.done()} {task.result()} {await task.wait()}")
            return log

        assert world.run(work) == ["caller False", "task", "done", "True done done"]

    def test_a_failure_is_told_and_raised_where_it_is_awaited(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[tuple[str, str]]:
            task = boot.tasks.spawn(fails(), "breaks")
            with pytest.raises(Broken):
                await task.wait()
            with pytest.raises(Broken):
                task.result()
            await boot.clock.sleep(0)
            return boot.failures

        failures = world.run(work)
        assert len(failures) == 1
        assert failures[0][0].endswith("breaks")
        assert failures[0][1] == "on purpose"

    def test_cancelling_runs_the_cleanup(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[str]:
            log: list[str] = []
            task = boot.tasks.spawn(notes(log, "sleeper", boot.clock.sleep(1000)), "sleeper")
            await boot.clock.sleep(0.01)
            task.cancel()
            task.cancel()
            with pytest.raises(CancelledError):
                await task.wait()
            assert task.done()
            task.cancel()
            return [*log, str(len(boot.failures))]

        assert world.run(work) == ["sleeper cancelled", "0"]

    def test_who_gives_up_waiting_does_not_end_the_task(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[str]:
            log: list[str] = []
            slow = boot.tasks.spawn(boot.clock.sleep(0.1), "slow")
            waiter = boot.tasks.spawn(notes(log, "waiter", slow.wait()), "waiter")
            await boot.clock.sleep(0.01)
            waiter.cancel()
            await boot.tasks.settle([waiter], 30)
            assert not slow.done()
            await slow.wait()
            return log

        assert world.run(work) == ["waiter cancelled"]

    def test_settle_waits_for_all_and_raises_nothing(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[bool]:
            quick = boot.tasks.spawn(boot.clock.sleep(0.01), "quick")
            broken = boot.tasks.spawn(fails(), "breaks")
            ended = boot.tasks.spawn(boot.clock.sleep(1000), "ended")
            await boot.clock.sleep(0)
            ended.cancel()
            await boot.tasks.settle([], 30)
            await boot.tasks.settle([quick, broken, ended], 30)
            return [task.done() for task in (quick, broken, ended)]

        assert world.run(work) == [True, True, True]

    def test_settle_gives_up_in_time_and_cancels_nothing(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> None:
            event = boot.signals.new()
            log: list[str] = []
            stuck = boot.tasks.spawn(notes(log, "stuck", event), "stuck")
            await boot.tasks.settle([stuck], 0.01)
            assert not stuck.done()
            event.fire("free")
            await stuck.wait()
            assert log == ["stuck free"]

        world.run(work)

    # signals

    def test_a_signal_reaches_all_who_wait_in_their_order(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[str]:
            log: list[str] = []
            event = boot.signals.new()
            tasks = [boot.tasks.spawn(notes(log, name, event), name) for name in "abc"]
            await boot.clock.sleep(0.01)
            assert (event.fired, log) == (False, [])
            event.fire(7)
            assert (event.fired, log) == (True, [])
            await boot.tasks.settle(tasks, 30)
            return [*log, f"late {await event}"]

        assert world.run(work) == ["a 7", "b 7", "c 7", "late 7"]

    def test_a_signal_happens_once(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> Any:
            event = boot.signals.new()
            event.fire(1)
            event.fire(2)
            event.fail(Broken("too late"))
            return await event

        assert world.run(work) == 1

    def test_a_failed_signal_raises_for_all(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[str]:
            log: list[str] = []
            event = boot.signals.new()
            tasks = [boot.tasks.spawn(notes(log, name, event), name) for name in "ab"]
            await boot.clock.sleep(0)
            event.fail(Broken("gone"))
            await boot.tasks.settle(tasks, 30)
            return log

        assert world.run(work) == ["a gone", "b gone"]

    def test_a_waiter_that_is_cancelled_leaves_the_others_alone(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> list[str]:
            log: list[str] = []
            event = boot.signals.new()
            first = boot.tasks.spawn(notes(log, "first", event), "first")
            second = boot.tasks.spawn(notes(log, "second", event), "second")
            await boot.clock.sleep(0.01)
            first.cancel()
            await boot.tasks.settle([first], 30)
            event.fire("on")
            await second.wait()
            return log

        assert world.run(work) == ["first cancelled", "second on"]

    # entropy

    def test_numbers_depend_on_the_key_alone(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> None:
            unit = boot.entropy.unit
            drawn = [unit("ha", node, tick) for node in ("n1", "n2") for tick in range(500)]
            assert drawn == [unit("ha", node, tick) for node in ("n1", "n2") for tick in range(500)]
            assert all(0 <= number < 1 for number in drawn)
            assert len(set(drawn)) == len(drawn)
            assert 0.4 < sum(drawn) / len(drawn) < 0.6
            assert unit("1") != unit(1)
            assert unit("ab") != unit("a", "b")

        world.run(work)

    def test_tokens_are_fresh_hexadecimal(self, world: TimingWorld) -> None:
        async def work(boot: Boot) -> None:
            tokens = [boot.entropy.token(16) for _ in range(100)]
            assert len(set(tokens)) == 100
            assert all(len(bytes.fromhex(token)) == 16 for token in tokens)

        world.run(work)

    # pace

    def test_rounds_keep_to_their_grid(self, world: TimingWorld) -> None:
        """Also when one of them takes longer than the period: what it missed is not made up for."""

        async def work(boot: Boot) -> list[int] | None:
            if boot.paces is None:
                return None
            pace = boot.paces.open("crm")
            first = tick = pace.first()
            assert (tick.skipped, tick.last_s) == (0, None)
            begun = []
            for spent_s in (0.0, 0.0, 0.5, 0.0):
                await boot.clock.sleep(spent_s)
                last_s = tick.now_s
                tick = await pace.next_tick(Rest(period_s=0.2))
                assert (tick.skipped, tick.last_s) == (0, last_s)
                begun.append(int((tick.now_s - first.now_s + 1e-6) / 0.2))
            return begun

        begun = world.run(work)
        if begun is None:
            pytest.skip("this world's paces need more than a boot: tests/sim/test_pace.py")
        assert begun == sorted(set(begun))
        assert begun[2] >= begun[1] + 3
