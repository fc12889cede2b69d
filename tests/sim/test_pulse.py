"""The grid of a coasting loop is exactly the grid it would have polled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.clock import BootClock, WallClock
from sim.kernel import US, Kernel
from sim.pulse import Pulse, Renewal
from sim.tasks import Boot

DRIFTS = st.integers(-500, 500)
INSTANTS = st.integers(0, 400_000 * US)


def clock_at(began_us: int, drift_ppm: int) -> BootClock:
    kernel = Kernel()
    kernel.run(began_us)
    return BootClock(Boot(kernel, "node1", 1, _fail), WallClock(0.0), drift_ppm)


def _fail(_task: str, error: Exception) -> None:
    raise error


@given(INSTANTS, DRIFTS, st.integers(0, 400_000 * US))
def test_world_time_is_the_first_instant_of_a_local_time(began: int, ppm: int, local: int) -> None:
    clock = clock_at(began, ppm)
    world = clock.world_us(local)
    assert clock.local_us(world) >= local
    assert clock.local_us(world - 1) < local


@given(DRIFTS, st.integers(0, 90 * US), st.integers(1, 20 * US), INSTANTS)
def test_first_tick_from_an_instant(ppm: int, anchor: int, period: int, at: int) -> None:
    pulse = Pulse(clock_at(7, ppm), anchor, period)
    number = pulse.first_tick_from(at)
    assert number >= 1
    assert pulse.tick_us(number) >= at or number == 1
    assert number == 1 or pulse.tick_us(number - 1) < at


@given(DRIFTS, st.integers(0, 30 * US), st.integers(0, 300 * US), st.none() | st.integers(0, 300))
def test_a_renewal_counts_what_polling_would_have_done(
    ppm: int, sent: int, asked: int, end_s: int | None
) -> None:
    done, period, anchor = sent + 4_000, 10 * US, 3 * US
    pulse = Pulse(clock_at(0, ppm), anchor, period)
    if end_s is not None:
        pulse.end(end_s * US)
    polled = 0
    for number in range(1, 40):
        tick = pulse.tick_us(number)
        alive = end_s is None or tick + sent < end_s * US
        if alive and tick + done <= asked:
            polled = number
    assert Renewal(pulse, sent, done).count(asked) == polled
