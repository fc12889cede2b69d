"""Who waits after failed logins, and who does not."""

from __future__ import annotations

import pytest

from appliance.core.access.attempts import (
    FORGET_S,
    FREE,
    FREE_OF_ADDRESS,
    LONGEST_WAIT_S,
    MAX_KEYS,
    TRUST_S,
    Attempts,
)

HERE, THERE = "192.0.2.1", "192.0.2.2"


def fail(
    attempts: Attempts, count: int, user: str = "root", where: str = HERE, now_s: float = 0.0
) -> None:
    for _ in range(count):
        attempts.failed(user, where, now_s)


def test_the_wait_doubles_up_to_a_limit() -> None:
    attempts = Attempts()
    fail(attempts, FREE)
    assert attempts.wait_s("root", HERE, 0.0) == 0
    waits = []
    for _ in range(9):
        fail(attempts, 1)
        waits.append(attempts.wait_s("root", HERE, 0.0))
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert attempts.wait_s("root", HERE, 299.0) == 1
    assert attempts.wait_s("root", HERE, LONGEST_WAIT_S) == 0


def test_failing_in_somebody_s_name_delays_nobody_elsewhere() -> None:
    attempts = Attempts()
    fail(attempts, 1000)
    assert attempts.wait_s("root", HERE, 0.0) > 0
    assert attempts.wait_s("root", THERE, 0.0) == 0


def test_many_users_at_one_address() -> None:
    attempts = Attempts()
    for number in range(FREE_OF_ADDRESS):
        attempts.failed(f"user{number}", HERE, 0.0)
    assert attempts.wait_s("fresh", HERE, 0.0) == 0
    attempts.failed("one more", HERE, 0.0)
    assert attempts.wait_s("fresh", HERE, 0.0) == 5
    assert attempts.wait_s("fresh", THERE, 0.0) == 0


def test_who_is_known_at_an_address_does_not_wait_for_others_there() -> None:
    attempts = Attempts()
    attempts.succeeded("ann", HERE, 0.0)
    fail(attempts, 100, "root")
    assert attempts.wait_s("ann", HERE, 0.0) == 0
    fail(attempts, FREE + 1, "ann")
    assert attempts.wait_s("ann", HERE, 0.0) == 5, "but for the own failures"
    late_s = TRUST_S + 1
    fail(attempts, 100, "root", now_s=late_s)
    assert attempts.wait_s("ann", HERE, late_s) > 0


def test_a_good_login_does_not_pardon_the_guesses_at_others() -> None:
    attempts = Attempts()
    fail(attempts, FREE_OF_ADDRESS + 1, "root")
    attempts.succeeded("mallory", HERE, 0.0)
    assert attempts.wait_s("root", HERE, 0.0) > 0
    assert attempts.wait_s("fresh", HERE, 0.0) > 0


def test_success_and_time_forget() -> None:
    attempts = Attempts()
    fail(attempts, FREE + 1)
    attempts.succeeded("root", HERE, 0.0)
    assert attempts.wait_s("root", HERE, 0.0) == 0
    fail(attempts, 50)
    assert attempts.wait_s("root", HERE, FORGET_S + 1) == 0
    fail(attempts, 1, now_s=FORGET_S + 1)
    assert attempts.wait_s("root", HERE, FORGET_S + 1) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "192.0.2.2", False),
        ("no address", "no address", True),
    ],
)
def test_what_is_one_place(one: str, other: str, same: bool) -> None:
    attempts = Attempts()
    fail(attempts, FREE + 1, where=one)
    assert (attempts.wait_s("root", other, 0.0) > 0) is same


def test_memory_is_bounded() -> None:
    attempts = Attempts()
    for number in range(2 * MAX_KEYS):
        attempts.failed("root", f"address {number}", 0.0)
        attempts.succeeded("ann", f"address {number}", 0.0)
    assert len(attempts._failures) == len(attempts._good) == MAX_KEYS
