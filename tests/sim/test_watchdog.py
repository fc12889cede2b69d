"""Who resets a silent machine, and when."""

from __future__ import annotations

import pytest

from sim.clock import BootClock, WallClock
from sim.hardware.watchdog import SimWatchdog
from sim.kernel import US, Kernel
from sim.pulse import Pulse
from sim.tasks import Boot


class Bench:
    """A watchdog of some kind and the resets that it made: (second, client)."""

    def __init__(self, kind: str) -> None:
        self.kernel = Kernel()
        self.boot = Boot(self.kernel, "node1", 1, lambda _task, _error: None)
        self.resets: list[tuple[int, str]] = []
        self.watchdog = SimWatchdog(self.boot, kind, self._reset)

    def _reset(self, client: str, _silent_s: float) -> None:
        self.resets.append((self.kernel.now_us // US, client))
        self.boot.cut()

    def at(self, second: int) -> None:
        self.kernel.run(second * US)


def test_a_silent_client_costs_the_machine() -> None:
    bench = Bench("hardware")
    bench.watchdog.open("lrm")
    bench.watchdog.open("crm")
    for second in range(10, 200, 10):
        bench.at(second)
        bench.watchdog.pet("crm")
        if second <= 40:
            bench.watchdog.pet("lrm")
    assert bench.resets == [(40 + 60 + 10, "lrm")]


def test_a_closed_client_may_be_silent() -> None:
    bench = Bench("hardware")
    bench.watchdog.open("lrm")
    bench.at(30)
    bench.watchdog.close("lrm")
    assert not bench.watchdog.is_open("lrm")
    bench.at(1000)
    assert bench.resets == []


@pytest.mark.parametrize(
    ("kind", "pause_s", "expected"),
    [
        ("hardware", 9, []),
        ("hardware", 11, [(110, "kernel")]),
        ("softdog", 9, []),
        ("softdog", 300, [(400, "kernel")]),
        ("broken", 300, []),
    ],
)
def test_a_machine_that_stands_still(
    kind: str, pause_s: int, expected: list[tuple[int, str]]
) -> None:
    bench = Bench(kind)
    bench.at(100)
    bench.boot.pause()
    bench.watchdog.machine_stopped()
    bench.at(100 + pause_s)
    if bench.boot.alive:
        bench.boot.resume()
        bench.watchdog.machine_continues()
    bench.at(1000)
    assert bench.resets == expected


def test_a_pulse_pets_until_it_ends() -> None:
    bench = Bench("hardware")
    clock = BootClock(bench.boot, WallClock(0.0), 0)
    bench.watchdog.open("lrm")
    pulse = Pulse(clock, 0, 10 * US)
    assert bench.watchdog.attach("lrm", 0, pulse)
    bench.at(5000)
    assert bench.resets == []
    pulse.end(5005 * US)
    bench.at(9000)
    assert bench.resets == [(5000 + 60 + 10, "lrm")]


def test_only_what_was_fed_in_the_round_goes_on() -> None:
    bench = Bench("hardware")
    clock = BootClock(bench.boot, WallClock(0.0), 0)
    bench.watchdog.open("lrm")
    bench.at(30)
    assert not bench.watchdog.attach("lrm", 20 * US, Pulse(clock, 20 * US, 10 * US))
    assert not bench.watchdog.attach("crm", 20 * US, Pulse(clock, 20 * US, 10 * US))


def test_broken_and_repaired() -> None:
    bench = Bench("hardware")
    bench.watchdog.open("lrm")
    bench.watchdog.break_down()
    bench.at(500)
    assert bench.resets == []
    bench.watchdog.repair("hardware")
    bench.at(600)
    assert bench.resets == [(500, "lrm")]
