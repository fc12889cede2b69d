"""Work whose rate changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.guests.work import Work
from sim.kernel import Kernel, to_us


def begin(amount: float) -> tuple[Kernel, Work, list[float]]:
    kernel, ended = Kernel(), list[float]()
    return kernel, Work(kernel, amount, lambda: ended.append(kernel.now_s)), ended


def test_it_stands_still_without_a_rate() -> None:
    kernel, work, ended = begin(10.0)
    kernel.run(to_us(100))
    assert (work.left(), ended, kernel.next_us()) == (10.0, [], None)


def test_it_is_done_when_the_amount_is() -> None:
    kernel, work, ended = begin(10.0)
    work.set_rate(2.0)
    kernel.run(to_us(100))
    assert ended == [5.0]
    assert work.over


def test_a_change_of_rate_counts_from_then_on() -> None:
    kernel, work, ended = begin(10.0)
    work.set_rate(2.0)
    kernel.run(to_us(2))
    assert work.left() == pytest.approx(6.0)
    work.set_rate(0.0)
    kernel.run(to_us(50))
    assert work.left() == pytest.approx(6.0)
    work.set_rate(3.0)
    kernel.run(to_us(100))
    assert ended == [52.0]


def test_the_same_rate_again_leaves_the_timer_alone() -> None:
    kernel, work, _ = begin(10.0)
    work.set_rate(3.0)
    kernel.run(to_us(1))
    events = kernel.events
    work.set_rate(3.0)
    assert kernel.events == events


def test_what_is_called_off_does_not_end() -> None:
    kernel, work, ended = begin(1.0)
    work.set_rate(1.0)
    work.cancel()
    work.set_rate(2.0)
    kernel.run(to_us(10))
    assert ended == []


@given(st.lists(st.tuples(st.floats(0.01, 5.0), st.floats(0.0, 10.0)), max_size=8))
def test_nothing_is_lost_and_nothing_gained(steps: list[tuple[float, float]]) -> None:
    """However often the rate changes, what was done is the sum of time by rate."""
    kernel, work, ended = begin(1000.0)
    done = 0.0
    for seconds, rate in steps:
        work.set_rate(rate)
        begin_us = kernel.now_us
        kernel.run(kernel.now_us + to_us(seconds))
        done += rate * (kernel.now_us - begin_us) / 1e6
    assert ended == []
    assert work.left() == pytest.approx(1000.0 - done, abs=1e-6)
