"""How long failed logins are made to wait."""

from __future__ import annotations

from appliance.core.access.attempts import FORGET_S, LONGEST_WAIT_S, MAX_KEYS, Attempts


def fail(attempts: Attempts, key: str, count: int, now_s: float = 0.0) -> None:
    for _ in range(count):
        attempts.failed(key, now_s)


def test_the_first_failures_cost_nothing() -> None:
    attempts = Attempts()
    fail(attempts, "root", 4)
    assert attempts.wait_s("root", 0.0) == 0
    fail(attempts, "root", 1)
    assert attempts.wait_s("root", 0.0) == 5
    assert attempts.wait_s("root", 4.0) == 1
    assert attempts.wait_s("root", 5.0) == 0
    assert attempts.wait_s("other", 0.0) == 0


def test_waits_double_up_to_a_bound() -> None:
    attempts = Attempts()
    fail(attempts, "root", 4)
    waits = []
    for _ in range(12):
        fail(attempts, "root", 1)
        waits.append(attempts.wait_s("root", 0.0))
    assert waits == [5, 10, 20, 40, 80, 160, *[LONGEST_WAIT_S] * 6]
    fail(attempts, "root", 5000)
    assert attempts.wait_s("root", 0.0) == LONGEST_WAIT_S


def test_a_success_and_a_long_silence_forget() -> None:
    attempts = Attempts()
    fail(attempts, "root", 10)
    attempts.succeeded("root")
    assert attempts.wait_s("root", 0.0) == 0
    fail(attempts, "root", 10)
    fail(attempts, "root", 1, FORGET_S + 1)
    assert attempts.wait_s("root", FORGET_S + 1) == 0


def test_memory_is_bounded() -> None:
    attempts = Attempts()
    fail(attempts, "first", 9)
    for number in range(MAX_KEYS):
        attempts.failed(str(number), 0.0)
    assert attempts.wait_s("first", 0.0) == 0
