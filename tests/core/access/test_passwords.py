"""Hashes of passwords and of API tokens' secrets."""

from __future__ import annotations

import re

import pytest

from appliance.core.access import token_secrets
from appliance.core.access.passwords import check_password, hash_password, is_outdated
from appliance.model.access.secret_files import (
    parse_shadow,
    parse_token_secrets,
    write_shadow,
    write_token_secrets,
)

SALT = b"0123456789abcdef"
SHA256_CRYPT = "$5$abcdefgh$sI6g8tHKrJ6RX7w.YoN9B7a/5wK5jYEOMmMnt3tPl0/"  # of "x"


def test_a_password_is_hashed_with_the_salt_given() -> None:
    kept = hash_password("correct horse", SALT)
    assert kept.startswith("$argon2id$")
    assert kept == hash_password("correct horse", SALT)
    assert kept != hash_password("correct horse", SALT[::-1])
    assert check_password("correct horse", kept)
    assert not check_password("correct horsE", kept)
    assert not is_outdated(kept)
    with pytest.raises(ValueError, match="salt"):
        hash_password("x", b"short")


def test_hashes_of_the_reference_are_checked_and_outdated() -> None:
    assert check_password("x", SHA256_CRYPT)
    assert not check_password("y", SHA256_CRYPT)
    assert is_outdated(SHA256_CRYPT)


@pytest.mark.parametrize("password", ["", "\0", "a\0b", "x" * 5000, "\ud800"])
def test_passwords_that_are_never_right(password: str) -> None:
    assert not check_password(password, hash_password("x", SALT))


@pytest.mark.parametrize(
    "kept", ["", "*", "!", "$5$", "plain", "$argon2id$v=19$broken", "$y$j9T$a$b"]
)
def test_hashes_that_nobody_can_read(kept: str) -> None:
    assert not check_password("plain", kept)
    assert is_outdated(kept)


def test_secrets_of_tokens() -> None:
    secret = token_secrets.new_secret(bytes(range(16)))
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", secret
    )
    kept = token_secrets.kept_form(secret)
    assert secret not in kept
    assert token_secrets.check_secret(secret, kept)
    assert token_secrets.check_secret(secret, secret)
    assert not token_secrets.check_secret(secret + "0", kept)
    assert not token_secrets.check_secret(kept, kept)
    with pytest.raises(ValueError, match="16 random"):
        token_secrets.new_secret(b"x")


def test_files_of_secrets_keep_what_they_cannot_read_and_tell_no_secret() -> None:
    shadow = parse_shadow("joe:$5$a$b:\nbroken secret\n\nmax:$5$c$d\n")
    assert shadow.by_name == {"joe": "$5$a$b", "max": "$5$c$d"}
    changed = shadow.with_secret("joe", None).with_secret("new", "$5$e$f")
    assert write_shadow(changed) == "max:$5$c$d:\nnew:$5$e$f:\nbroken secret\n"
    assert "secret" not in repr(shadow) + str(shadow.problems[0])
    tokens = parse_token_secrets("joe@pve!ci sha256:ab\nnonsense\n")
    assert write_token_secrets(tokens) == "joe@pve!ci sha256:ab\nnonsense\n"
    assert parse_token_secrets(write_token_secrets(tokens)) == tokens
