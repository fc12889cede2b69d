"""Simulated time beside the machine's own: requests go in, answers come out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest

from appliance.model.errors import ConfigError
from sim.kernel import US, Kernel
from sim.stage.bridge import LENT_US, Bridge, LostError, read_speed
from sim.tasks import Boot, Signal

T = TypeVar("T")


class Rig:
    def __init__(self, speed: float = 1.0) -> None:
        self.kernel = Kernel()
        self.boot = Boot(self.kernel, "n1", 1, self._failed)
        self.bridge = Bridge(self.kernel, speed)

    def _failed(self, task: str, error: Exception) -> None:
        raise AssertionError(task) from error

    async def value(self) -> str:
        return "read"

    async def write(self, seconds: float = 0.004) -> str:
        await self.boot.sleep(round(seconds * US))
        return "written"


def live(rig: Rig, body: Callable[[], Awaitable[T]]) -> T:
    """Run it while time passes."""

    async def run() -> T:
        pump = asyncio.create_task(rig.bridge.run())
        try:
            async with asyncio.timeout(20):
                return await body()
        finally:
            pump.cancel()

    return asyncio.run(run())


def test_what_waits_for_nothing_is_answered_in_the_same_instant() -> None:
    rig = Rig()

    async def body() -> str:
        return await rig.bridge.ask(rig.boot, rig.value())

    assert asyncio.run(body()) == "read"  # no pump runs at all


@pytest.mark.parametrize("speed", [1.0, 60.0, 3600.0])
def test_what_waits_is_answered_when_its_time_has_come(speed: float) -> None:
    rig = Rig(speed)
    assert live(rig, lambda: rig.bridge.ask(rig.boot, rig.write())) == "written"
    assert rig.kernel.now_us >= 4_000


def test_an_error_is_raised_where_the_answer_is_awaited() -> None:
    rig = Rig()

    async def bad() -> None:
        await rig.boot.sleep(10)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        live(rig, lambda: rig.bridge.ask(rig.boot, bad()))


def test_time_that_stands_still_goes_on_for_who_waits_and_no_further() -> None:
    rig = Rig()
    rig.bridge.pause()

    async def body() -> tuple[str, int, int]:
        found = await rig.bridge.ask(rig.boot, rig.write())
        then = rig.kernel.now_us
        await asyncio.sleep(0.1)
        return found, then, rig.kernel.now_us

    found, then, later = live(rig, body)
    assert (found, then, later) == ("written", 4_000, 4_000)


def test_a_request_lends_only_so_much() -> None:
    rig = Rig()
    rig.bridge.pause()

    async def body() -> None:
        await asyncio.wait_for(rig.bridge.ask(rig.boot, rig.write(3600.0)), 0.1)

    with pytest.raises(TimeoutError):
        live(rig, body)
    assert rig.kernel.now_us <= LENT_US


def test_a_power_cut_takes_requests_with_it() -> None:
    rig = Rig(3600.0)
    rig.kernel.call_in(US, rig.boot.cut)
    with pytest.raises(LostError):
        live(rig, lambda: rig.bridge.ask(rig.boot, rig.write(3600.0)))
    with pytest.raises(LostError):
        live(rig, lambda: rig.bridge.ask(rig.boot, rig.value()))


def test_a_machine_that_stands_still_answers_when_it_goes_on() -> None:
    rig = Rig(60.0)
    rig.boot.pause()
    rig.kernel.call_in(5 * US, rig.boot.resume)
    assert live(rig, lambda: rig.bridge.ask(rig.boot, rig.value())) == "read"
    assert rig.kernel.now_us >= 5 * US


def test_steps_pass_as_fast_as_possible_also_while_time_stands_still() -> None:
    rig = Rig()
    rig.bridge.pause()

    async def body() -> None:
        assert rig.bridge.step(86_400.0) == 86_400.0
        while rig.bridge.stepping_s:  # noqa: ASYNC110 - as its clients look
            await asyncio.sleep(0.001)

    live(rig, body)
    assert rig.kernel.now_us == 86_400 * US


async def _counted(rig: Rig, ended: list[str]) -> AsyncIterator[int]:
    try:
        for number in range(3):
            await rig.boot.sleep(1000)
            yield number
        await Signal[None](rig.boot)  # for ever
    finally:
        ended.append("closed")


def test_a_stream_brings_its_values_and_is_closed_when_nobody_listens() -> None:
    rig, ended = Rig(), list[str]()

    async def body() -> list[int]:
        stream = rig.bridge.stream(rig.boot, _counted(rig, ended))
        found = [await anext(stream) for _ in range(3)]
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.wait((waiting,))
        return found

    assert live(rig, body) == [0, 1, 2]
    assert ended == ["closed"]


def test_a_stream_ends_with_its_boot() -> None:
    rig, ended = Rig(), list[str]()
    rig.kernel.call_in(2_500, rig.boot.cut)

    async def body() -> list[int]:
        stream = rig.bridge.stream(rig.boot, _counted(rig, ended))
        return [number async for number in stream]

    with pytest.raises(LostError):
        live(rig, body)
    assert ended == []  # as on a machine that lost its power


@pytest.mark.parametrize("text", ["0", "-1", "fast", "4000", "nan"])
def test_a_speed_is_a_number_within_reason(text: str) -> None:
    with pytest.raises(ConfigError, match="speed"):
        read_speed(text)
    assert read_speed("max") == 3600
