"""priv/quorate-auth.key: the secrets that tickets are signed with, newest first.

One line a key: `key <created, seconds since 1970> <secret, hexadecimal>`. There are one or two: the
one that signs, and the one before it, whose tickets stay valid until they have run out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from appliance.model.errors import ConfigError

FILE = "priv/quorate-auth.key"
SECRET_BYTES = 32

_LINE = re.compile(r"key ([0-9]{1,12}) ([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class AuthKey:
    """A secret of 32 bytes and the time of its making in seconds since 1970."""

    created_s: int
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthKeys:
    """`current` signs; `previous` is still believed for a while."""

    current: AuthKey
    previous: AuthKey | None = None


def parse_auth_keys(text: str, *, file: str = FILE) -> AuthKeys:
    """Read the file. ConfigError names the line and never repeats what stands there."""
    keys: list[AuthKey] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise ConfigError("expected 'key <seconds> <64 hex digits>'", file=file, line=number)
        keys.append(AuthKey(int(match[1]), bytes.fromhex(match[2])))
    if not 1 <= len(keys) <= 2:
        raise ConfigError(f"expected one or two keys, there are {len(keys)}", file=file)
    return AuthKeys(keys[0], keys[1] if len(keys) > 1 else None)


def write_auth_keys(keys: AuthKeys) -> str:
    """The text; it holds secrets and belongs under `priv/` only."""
    both = [keys.current, *([keys.previous] if keys.previous else [])]
    return "".join(f"key {key.created_s} {key.secret.hex()}\n" for key in both)
