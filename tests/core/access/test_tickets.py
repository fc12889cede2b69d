"""Tickets: good ones are read, and everything else is not."""

from __future__ import annotations

import re

import pytest

from appliance.core.access import tickets
from appliance.model.access.auth_keys import AuthKeys, parse_auth_keys, write_auth_keys
from appliance.model.errors import ConfigError, UnauthenticatedError

NOW = 1_700_000_000.5
KEYS = tickets.new_keys(b"k" * 32, NOW - 100)
USER = "joe@pve"


def test_a_ticket_has_the_form_that_clients_take_apart() -> None:
    ticket = tickets.issue_ticket(KEYS, USER, NOW)
    assert re.fullmatch(r"PVE:joe@pve:6553F100::[A-Za-z0-9+/]+=*", ticket)
    assert tickets.read_ticket(KEYS, ticket, NOW) == tickets.Ticket(USER, 1_700_000_000)
    assert tickets.is_ticket(ticket)
    assert not tickets.is_ticket("PVE:is my password")


@pytest.mark.parametrize(("age_s", "good"), [(0, 1), (7199, 1), (7202, 0), (-299, 1), (-302, 0)])
def test_two_hours_and_a_little_of_the_future(age_s: int, good: int) -> None:
    ticket = tickets.issue_ticket(KEYS, USER, NOW)
    csrf = tickets.issue_csrf_token(KEYS, USER, NOW)
    if good:
        assert tickets.read_ticket(KEYS, ticket, NOW + age_s).user == USER
        tickets.check_csrf_token(KEYS, USER, csrf, NOW + age_s)
        return
    with pytest.raises(UnauthenticatedError, match=r"expired|future"):
        tickets.read_ticket(KEYS, ticket, NOW + age_s)
    with pytest.raises(UnauthenticatedError, match=r"expired|future"):
        tickets.check_csrf_token(KEYS, USER, csrf, NOW + age_s)


def test_any_changed_character_is_a_forgery() -> None:
    ticket = tickets.issue_ticket(KEYS, USER, NOW)
    for place in range(len(ticket)):
        for other in ("A", "7", "!", ":"):
            forged = ticket[:place] + other + ticket[place + 1 :]
            if forged != ticket:
                with pytest.raises(UnauthenticatedError):
                    tickets.read_ticket(KEYS, forged, NOW)


@pytest.mark.parametrize(
    "text",
    ["", "PVE", "PVE:", "PVE:root@pam:6553F100::", "x" * 100_000, "PVE:root@pam:6553F100::é", "\0"],
)
def test_what_is_no_ticket(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        tickets.read_ticket(KEYS, text, NOW)
    with pytest.raises(UnauthenticatedError):
        tickets.read_partial_ticket(KEYS, USER, text, NOW)
    with pytest.raises(UnauthenticatedError):
        tickets.check_csrf_token(KEYS, USER, text, NOW)
    with pytest.raises(UnauthenticatedError):
        tickets.check_console_ticket(KEYS, text, USER, "/vms/100", NOW)


def test_a_partial_ticket_is_good_for_the_second_factor_of_its_user_alone() -> None:
    challenge = '{"totp": true, "a": "b:c%d"}'
    partial = tickets.issue_partial_ticket(KEYS, USER, challenge, NOW)
    assert partial.startswith("PVE:!tfa!")
    assert tickets.read_partial_ticket(KEYS, USER, partial, NOW) == challenge
    with pytest.raises(UnauthenticatedError):
        tickets.read_ticket(KEYS, partial, NOW)
    with pytest.raises(UnauthenticatedError):
        tickets.read_partial_ticket(KEYS, "max@pve", partial, NOW)
    with pytest.raises(UnauthenticatedError):
        tickets.read_partial_ticket(KEYS, USER, tickets.issue_ticket(KEYS, USER, NOW), NOW)


def test_csrf_tokens_are_of_one_user_and_no_tickets() -> None:
    csrf = tickets.issue_csrf_token(KEYS, USER, NOW)
    assert re.fullmatch(r"6553F100:[A-Za-z0-9+/]{43}=", csrf)
    tickets.check_csrf_token(KEYS, USER, csrf, NOW)
    with pytest.raises(UnauthenticatedError):
        tickets.check_csrf_token(KEYS, "max@pve", csrf, NOW)
    signature = tickets.issue_ticket(KEYS, USER, NOW).partition("::")[2]
    with pytest.raises(UnauthenticatedError):
        tickets.check_csrf_token(KEYS, USER, f"6553F100:{signature}", NOW)


def test_a_console_ticket_opens_one_console_for_forty_seconds() -> None:
    text = tickets.issue_console_ticket(KEYS, USER, "/vms/100", NOW)
    assert text.startswith("PVEVNC:6553F100::")
    tickets.check_console_ticket(KEYS, text, USER, "/vms/100", NOW + 39)
    for user, path, later_s in (
        ("max@pve", "/vms/100", 0),
        (USER, "/vms/101", 0),
        (USER, "/vms/100", 42),
    ):
        with pytest.raises(UnauthenticatedError):
            tickets.check_console_ticket(KEYS, text, user, path, NOW + later_s)


def test_after_a_rotation_old_tickets_live_on_until_they_are_over() -> None:
    ticket = tickets.issue_ticket(KEYS, USER, NOW)
    rotated = tickets.rotate(KEYS, b"n" * 32, NOW + 10)
    assert tickets.read_ticket(rotated, ticket, NOW + 7000).user == USER
    assert not tickets.rotation_due(rotated, NOW + 11)
    assert tickets.rotation_due(rotated, NOW + 11 + 24 * 3600)
    fresh = tickets.issue_ticket(rotated, USER, NOW + 20)
    assert tickets.read_ticket(rotated, fresh, NOW + 20).user == USER
    with pytest.raises(UnauthenticatedError):
        tickets.read_ticket(KEYS, fresh, NOW + 20)
    twice = tickets.rotate(rotated, b"m" * 32, NOW + 30)
    with pytest.raises(UnauthenticatedError):
        tickets.read_ticket(twice, ticket, NOW + 40)


def test_a_previous_key_that_is_known_to_a_thief_ends() -> None:
    """Only the age of the rotation counts: a thief can write any time into a ticket."""
    rotated = tickets.rotate(KEYS, b"n" * 32, NOW)
    forged_now_s = NOW + 7200 + 301
    forged = tickets.issue_ticket(KEYS, "root@pam", forged_now_s)
    with pytest.raises(UnauthenticatedError, match="signature"):
        tickets.read_ticket(rotated, forged, forged_now_s)


def test_the_file_of_keys_is_read_as_written_and_never_shown() -> None:
    rotated = tickets.rotate(KEYS, b"n" * 32, NOW)
    assert parse_auth_keys(write_auth_keys(rotated)) == rotated
    assert parse_auth_keys(write_auth_keys(KEYS)) == KEYS
    assert "nnn" not in repr(rotated)
    secret = "ab" * 31
    for text in ("", f"key 1 {secret}", f"nonsense {secret}", write_auth_keys(rotated) * 2):
        with pytest.raises(ConfigError) as caught:
            parse_auth_keys(text)
        assert secret not in str(caught.value)
    with pytest.raises(ValueError, match="32 bytes"):
        tickets.new_keys(b"short", NOW)


def test_two_keys_are_two_clusters() -> None:
    other = AuthKeys(tickets.new_keys(b"o" * 32, NOW).current)
    with pytest.raises(UnauthenticatedError):
        tickets.read_ticket(other, tickets.issue_ticket(KEYS, USER, NOW), NOW)
