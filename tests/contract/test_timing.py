"""The contracts of clock, tasks, signals, entropy and pace: simulated time and asyncio."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import pytest

from appliance.model.events import Event
from drivers.system.clock import SystemClock, SystemPaces
from drivers.system.entropy import SystemEntropy
from drivers.system.journal import SystemJournal
from drivers.system.tasks import SystemSignals, SystemTasks
from sim.clock import BootClock, WallClock
from sim.entropy import Entropy
from sim.group.signals import SimSignals
from sim.kernel import Kernel, to_us
from sim.pace import SimPace, Wakeups
from sim.tasks import Boot as SimBoot
from tests.contract.timing import Boot, TimingContract

T = TypeVar("T")
PATIENCE_S = 3600


@dataclass(frozen=True, slots=True)
class PolledPaces:
    """Simulated paces that skip nothing."""

    boot: SimBoot
    clock: BootClock

    def open(self, loop: str) -> SimPace:
        return SimPace(self.boot, self.clock, Wakeups(), 1000, None, lambda: None, lambda: True)


class SimWorld:
    def __init__(self, drift_ppm: int) -> None:
        self._drift_ppm = drift_ppm

    def run(self, make: Callable[[Boot], Coroutine[Any, Any, T]]) -> T:
        kernel, failures = Kernel(), list[tuple[str, str]]()
        boot = SimBoot(kernel, "n1", 1, lambda who, error: failures.append((who, str(error))))
        clock = BootClock(boot, WallClock(0.0), self._drift_ppm)
        ports = Boot(clock, boot, SimSignals(boot), Entropy(1), PolledPaces(boot, clock), failures)
        task = boot.spawn(make(ports), "test")
        while not task.done() and kernel.now_us < to_us(PATIENCE_S):
            kernel.run(kernel.now_us + to_us(0.1))
        return task.result()


class TestSimulated(TimingContract):
    @pytest.fixture(params=[0, 300, -300])
    def world(self, request: pytest.FixtureRequest) -> SimWorld:
        return SimWorld(request.param)


class RealWorld:
    def run(self, make: Callable[[Boot], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run(self._run(make))

    async def _run(self, make: Callable[[Boot], Coroutine[Any, Any, T]]) -> T:
        clock, failures = SystemClock(), list[tuple[str, str]]()
        tasks = SystemTasks(lambda name, error: failures.append((name, str(error))))
        ports = Boot(clock, tasks, SystemSignals(), SystemEntropy(), SystemPaces(clock), failures)
        try:
            return await make(ports)
        finally:
            await tasks.close()


class TestSystem(TimingContract):
    @pytest.fixture
    def world(self) -> RealWorld:
        return RealWorld()


def test_closing_the_tasks_of_a_process_lets_them_clean_up() -> None:
    log: list[str] = []

    async def sleeper(tasks: SystemTasks) -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            tasks.spawn(last(), "last")
            log.append("cleaned up")

    async def last() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            log.append("the last too")

    async def main() -> None:
        tasks = SystemTasks(lambda name, error: log.append(f"{name} failed: {error}"))
        tasks.spawn(sleeper(tasks), "sleeper")
        await asyncio.sleep(0)
        await tasks.close()

    asyncio.run(main())
    assert log[0] == "cleaned up"
    assert len(log) <= 2


def test_two_boots_draw_different_numbers() -> None:
    assert SystemEntropy().unit("ha", 1) != SystemEntropy().unit("ha", 1)


@dataclass(frozen=True, slots=True)
class LoginFailed(Event):
    kind: ClassVar[str] = "login_failed"
    level: ClassVar[str] = "warn"
    text: ClassVar[str] = "{user} gave the password {password}"
    user: str
    password: str
    groups: tuple[str, ...] = ()


def test_the_journal_is_json_lines_without_secrets() -> None:
    output = io.StringIO()
    SystemJournal("n1", output).emit("api", LoginFailed("root@pam", "s3cret", ("a", "b")))
    text = output.getvalue()
    assert text.endswith("}\n")
    assert "s3cret" not in text
    line = json.loads(text)
    assert line["t"].endswith("+00:00")
    assert line | {"t": ""} == {
        "t": "",
        "actor": "n1/api",
        "level": "warn",
        "text": "login_failed",
        "kind": "login_failed",
        "user": "root@pam",
        "password": "***",
        "groups": ["a", "b"],
    }
