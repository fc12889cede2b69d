"""Password hashes of the realm pve.

New ones are Argon2id. Older ones of the reference (SHA-256 and SHA-512 crypt) are checked too, and
replaced at the next good login. The salt comes from outside: nothing here draws anything.
"""

from __future__ import annotations

import hashlib
from typing import Any

from passlib.context import CryptContext
from passlib.exc import PasswordSizeError
from passlib.hash import argon2

SALT_BYTES = 16
MAX_BYTES = 1024

_COST: dict[str, Any] = {"time_cost": 2, "memory_cost": 19 * 1024, "parallelism": 1}
_CONTEXT = CryptContext(
    schemes=["argon2", "sha512_crypt", "sha256_crypt"],
    deprecated=["sha512_crypt", "sha256_crypt"],
    **{f"argon2__{name}": value for name, value in _COST.items()},
)


def hash_password(password: str, salt: bytes) -> str:
    """The hash to keep. ValueError for a salt of another length."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    hasher = argon2.using(salt=salt, **_COST)  # type: ignore[no-untyped-call]
    return str(hasher.hash(password))


def check_password(password: str, kept: str) -> bool:
    """Whether this is the password; False too for a hash that nobody can read."""
    if not password or "\0" in password or len(password.encode("utf-8", "replace")) > MAX_BYTES:
        return False
    if _CONTEXT.identify(kept) is None:
        return False
    try:
        return bool(_CONTEXT.verify(password, kept))
    except (ValueError, TypeError, PasswordSizeError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a good password should be hashed again."""
    try:
        return _CONTEXT.identify(kept) is None or bool(_CONTEXT.needs_update(kept))
    except ValueError:
        return True


def waste_the_time_of_a_check(password: str) -> None:
    """As long as a check takes: whether there is such a user shall not show in the time."""
    hash_password(password[:MAX_BYTES], hashlib.sha256(b"nobody").digest()[:SALT_BYTES])
