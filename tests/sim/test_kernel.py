"""Simulated time."""

from __future__ import annotations

from sim.kernel import ORDER_FAULT, ORDER_LOOP, Kernel


def test_time_passes_up_to_an_instant_whose_events_wait() -> None:
    kernel, seen = Kernel(), list[str]()
    kernel.call_at(5, lambda: seen.append("before"))
    kernel.call_at(10, lambda: seen.append("at, loop"), ORDER_LOOP)
    kernel.call_at(10, lambda: seen.append("at, fault"), ORDER_FAULT)
    kernel.run(10)
    assert (kernel.now_us, seen) == (10, ["before"])
    kernel.run(11)
    assert seen == ["before", "at, fault", "at, loop"]


def test_nothing_is_to_come_after_the_last_event() -> None:
    kernel = Kernel()
    assert kernel.next_us() is None
    kernel.call_at(5, lambda: None)
    assert kernel.next_us() == 5
    kernel.run(7)
    assert (kernel.now_us, kernel.next_us(), kernel.events) == (7, None, 1)
