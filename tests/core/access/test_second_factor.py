"""One-time passwords and recovery keys: good once, and locked after too many wrong ones."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from appliance.core.access import second_factor as tfa
from appliance.core.access.totp import Totp, parse_totp
from appliance.model.access.tfa_cfg import (
    Factors,
    TotpFactor,
    UserFactors,
    parse_factors,
    write_factors,
)
from appliance.model.errors import ConfigError

NOW = 1_700_000_000.0
SECRET = b"12345678901234567890"
BASE32 = base64.b32encode(SECRET).decode()
URI = f"otpauth://totp/Quorate:joe@pve?issuer=Quorate&secret={BASE32}"
TOTP = Totp(SECRET)


@pytest.mark.parametrize(
    ("algorithm", "size", "time_s", "expected"),
    [
        ("SHA1", 20, 59, "94287082"),
        ("SHA256", 32, 59, "46119246"),
        ("SHA512", 64, 59, "90693936"),
        ("SHA1", 20, 1111111109, "07081804"),
        ("SHA256", 32, 1234567890, "91819424"),
        ("SHA512", 64, 20000000000, "47863826"),
    ],
)
def test_the_values_of_the_standard(algorithm: str, size: int, time_s: int, expected: str) -> None:
    secret = (SECRET * 4)[:size]
    totp = Totp(secret, digits=8, algorithm=algorithm)
    assert totp.at(time_s // 30) == expected
    assert totp.matching(expected, time_s + 30) == time_s // 30
    assert totp.matching(expected, time_s + 61) is None


def test_uris_of_authenticator_apps() -> None:
    assert parse_totp(URI) == TOTP
    rich = f"{URI}&digits=8&period=60&algorithm=sha256"
    assert parse_totp(rich) == Totp(SECRET, 8, 60, "SHA256")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "otpauth://hotp/x?secret=" + BASE32,
        "otpauth://totp/x?secret=018",
        "otpauth://totp/x?secret=AAAA",
        URI + "&digits=5",
        URI + "&period=0",
        URI + "&period=99999999999999999999",
        URI + "&algorithm=MD5",
    ],
)
def test_bad_uris_are_told_without_the_secret(uri: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_totp(uri)
    assert BASE32 not in str(caught.value)


def a_user() -> UserFactors:
    recovery, _ = tfa.new_recovery(bytes(range(88)), NOW)
    return UserFactors((TotpFactor("t1", URI, "phone", int(NOW)),), recovery)


def test_a_one_time_password_is_good_once() -> None:
    code = TOTP.at(int(NOW) // 30)
    first = tfa.respond(a_user(), f"totp:{code}", tfa.Misses(), NOW)
    assert first.accepted
    again = tfa.respond(first.factors, f"totp:{code}", first.misses, NOW)
    assert not again.accepted
    later = tfa.respond(first.factors, f"totp:{TOTP.at(int(NOW) // 30 + 1)}", tfa.Misses(), NOW)
    assert later.accepted
    earlier = tfa.respond(later.factors, f"totp:{code}", tfa.Misses(), NOW)
    assert not earlier.accepted


def test_a_recovery_key_is_good_once_and_unlocks() -> None:
    _, keys = tfa.new_recovery(bytes(range(88)), NOW)
    assert len(keys) == 10
    locked = replace(a_user(), totp_locked=True)
    code = TOTP.at(int(NOW) // 30)
    assert not tfa.respond(locked, f"totp:{code}", tfa.Misses(), NOW).accepted
    outcome = tfa.respond(locked, f"recovery:{keys[3].upper()}", tfa.Misses(), NOW)
    assert outcome.accepted
    assert not outcome.factors.totp_locked
    assert json.loads(tfa.challenge(outcome.factors) or "")["recovery"] == [
        0, 1, 2, 4, 5, 6, 7, 8, 9,
    ]  # fmt: skip
    assert not tfa.respond(outcome.factors, f"recovery:{keys[3]}", tfa.Misses(), NOW).accepted
    assert tfa.respond(outcome.factors, f"recovery:{keys[4]}", tfa.Misses(), NOW).accepted


def test_eight_wrong_passwords_lock() -> None:
    factors, misses = a_user(), tfa.Misses()
    for _ in range(tfa.TOTP_LIMIT):
        assert not factors.totp_locked
        outcome = tfa.respond(factors, "totp:000000", misses, NOW)
        assert not outcome.accepted
        factors, misses = outcome.factors, outcome.misses
    assert factors.totp_locked
    good = tfa.respond(factors, f"totp:{TOTP.at(int(NOW) // 30)}", misses, NOW)
    assert not good.accepted
    assert tfa.unlocked(factors) == a_user()


def test_a_hundred_wrong_responses_lock_for_an_hour() -> None:
    factors, misses = a_user(), tfa.Misses()
    for _ in range(tfa.TFA_LIMIT):
        outcome = tfa.respond(factors, "recovery:no", misses, NOW)
        factors, misses = outcome.factors, outcome.misses
    _, keys = tfa.new_recovery(bytes(range(88)), NOW)
    assert not tfa.respond(factors, f"recovery:{keys[0]}", misses, NOW + 3599).accepted
    assert tfa.respond(factors, f"recovery:{keys[0]}", misses, NOW + 3601).accepted


@pytest.mark.parametrize("response", ["", "totp", "totp:", "webauthn:{}", "x:y", "recovery:"])
def test_other_responses(response: str) -> None:
    assert not tfa.respond(a_user(), response, tfa.Misses(), NOW).accepted


def test_what_is_asked_for() -> None:
    assert tfa.challenge(UserFactors()) is None
    disabled = UserFactors((TotpFactor("t", URI, enable=False),))
    assert tfa.challenge(disabled) is None
    assert not tfa.respond(disabled, f"totp:{TOTP.at(int(NOW) // 30)}", tfa.Misses(), NOW).accepted
    # What cannot be checked here must not be skipped either.
    other = UserFactors(others={"webauthn": ({"id": "w", "enable": True},)})
    assert tfa.challenge(other) == '{"webauthn": true}'


def test_a_new_factor_is_proven_and_its_proof_is_used_up() -> None:
    code = TOTP.at(int(NOW) // 30)
    factor = tfa.new_totp("id", URI, "phone", code, NOW)
    assert not tfa.respond(UserFactors((factor,)), f"totp:{code}", tfa.Misses(), NOW).accepted
    with pytest.raises(ConfigError, match="value"):
        tfa.new_totp("id", URI, "phone", "000000", NOW)


def test_the_file_is_read_as_written_and_shows_no_secrets() -> None:
    user = replace(a_user(), others={"webauthn": ({"id": "w", "entry": {"k": 1}},)})
    used = replace(user, totp=(replace(user.totp[0], last_count=5),), locked_until_s=9)
    factors = Factors({"joe@pve": user, "max@pve": used}, {"webauthn": {"rp": "x"}})
    assert parse_factors(write_factors(factors)) == factors
    assert BASE32 not in repr(factors)
    assert factors.with_user("joe@pve", UserFactors()).users.keys() == {"max@pve"}
    assert parse_factors("") == Factors()
    for text in ("{", "[]", '{"users": [1]}', '{"users": {"a@b": {"totp": [{}]}}}', "secret" * 9):
        with pytest.raises(ConfigError) as caught:
            parse_factors(text)
        assert "secretsecret" not in str(caught.value)
