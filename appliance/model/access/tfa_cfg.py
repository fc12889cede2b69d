"""priv/tfa.cfg: second factors of users, one JSON object.

    {"users": {USER: {"totp": [{"id", "description", "created", "enable", "entry": URI}, ...],
                      "recovery": {"secret", "entries": [HASH or null, ...], "created"},
                      "totp-locked": true, "tfa-locked-until": SECONDS}}}

A TOTP entry may also be an object `{"totp": URI, "last-count": N}`, which is how entries that have
been used are written: a one-time password is good once. Factors of other kinds (webauthn, u2f,
yubico) are kept as they stand and cannot be used for a login here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.model.errors import ConfigError

FILE = "priv/tfa.cfg"
KEPT_KINDS = ("u2f", "webauthn", "yubico")


@dataclass(frozen=True, slots=True)
class TotpFactor:
    """`uri` holds the secret. `last_count` is the time step of the last password that was taken."""

    id: str
    uri: str = field(repr=False)
    description: str = ""
    created_s: int = 0
    enable: bool = True
    last_count: int = 0


@dataclass(frozen=True, slots=True)
class Recovery:
    """Hashed recovery keys; one that was used is None."""

    secret: str = field(repr=False)
    entries: tuple[str | None, ...] = field(repr=False)
    created_s: int = 0

    @property
    def left(self) -> tuple[int, ...]:
        """The numbers of the keys that are still good."""
        return tuple(number for number, entry in enumerate(self.entries) if entry is not None)


@dataclass(frozen=True, slots=True)
class UserFactors:
    """`others`: entries of kinds that are only kept, by kind."""

    totp: tuple[TotpFactor, ...] = ()
    recovery: Recovery | None = None
    totp_locked: bool = False
    locked_until_s: int = 0
    others: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict, repr=False)

    @property
    def any(self) -> bool:
        """Whether there is a factor, enabled or not."""
        return bool(self.totp or self.recovery or any(self.others.values()))


@dataclass(frozen=True, slots=True)
class Factors:
    """The file. `rest`: what else stands in it."""

    users: Mapping[str, UserFactors] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def of(self, userid: str) -> UserFactors:
        return self.users.get(userid) or UserFactors()

    def with_user(self, userid: str, factors: UserFactors | None) -> Factors:
        """With this user's factors changed, or (None, or none left) gone."""
        users = {name: value for name, value in self.users.items() if name != userid}
        if factors is not None and factors.any:
            users[userid] = factors
        return replace(self, users=users)


def parse_factors(text: str, *, file: str = FILE) -> Factors:
    """Read the file. ConfigError without its content: a login must not pass because of damage."""
    if not text.strip():
        return Factors()
    try:
        found = json.loads(text)
        users = found.pop("users", {})
        return Factors({name: _user(entry) for name, entry in users.items()}, found)
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError):
        raise ConfigError("cannot be read as second factors of users", file=file) from None


def write_factors(factors: Factors) -> str:
    users = {name: _written(user) for name, user in sorted(factors.users.items())}
    return json.dumps({**factors.rest, "users": users}, sort_keys=True) + "\n"


def _user(entry: dict[str, Any]) -> UserFactors:
    recovery = entry.get("recovery")
    return UserFactors(
        tuple(_totp(item) for item in entry.get("totp", ())),
        _recovery(recovery) if recovery else None,
        bool(entry.get("totp-locked", False)),
        int(entry.get("tfa-locked-until") or 0),
        {kind: tuple(entry[kind]) for kind in KEPT_KINDS if entry.get(kind)},
    )


def _totp(item: dict[str, Any]) -> TotpFactor:
    entry = item["entry"]
    uri, count = (entry, 0) if isinstance(entry, str) else (entry["totp"], entry["last-count"])
    text = str(item.get("description", ""))
    enable = bool(item.get("enable", True))
    return TotpFactor(item["id"], uri, text, int(item.get("created", 0)), enable, int(count))


def _recovery(item: dict[str, Any]) -> Recovery:
    return Recovery(item["secret"], tuple(item["entries"]), int(item.get("created", 0)))


def _written(user: UserFactors) -> dict[str, Any]:
    found: dict[str, Any] = {kind: list(items) for kind, items in user.others.items()}
    if user.totp:
        found["totp"] = [_written_totp(factor) for factor in user.totp]
    if user.recovery is not None:
        found["recovery"] = {
            "secret": user.recovery.secret,
            "entries": list(user.recovery.entries),
            "created": user.recovery.created_s,
        }
    if user.totp_locked:
        found["totp-locked"] = True
    if user.locked_until_s:
        found["tfa-locked-until"] = user.locked_until_s
    return found


def _written_totp(factor: TotpFactor) -> dict[str, Any]:
    entry = {"totp": factor.uri, "last-count": factor.last_count}
    return {
        "id": factor.id,
        "description": factor.description,
        "created": factor.created_s,
        "enable": factor.enable,
        "entry": entry if factor.last_count else factor.uri,
    }
