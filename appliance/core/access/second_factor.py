"""The second factor of a login: which there are, and what a response to the challenge changes.

Too many wrong responses lock: after 8 in a row one-time passwords are not taken any more until a
recovery key was used or somebody with the right unlocks them; after 100 of any kind nothing is
taken for an hour. Numbers as in the reference.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, replace

from appliance.core.access.totp import parse_totp
from appliance.model.access.tfa_cfg import Recovery, TotpFactor, UserFactors
from appliance.model.errors import ConfigError

TOTP_LIMIT = 8
TFA_LIMIT = 100
LOCK_S = 3600
RECOVERY_KEYS = 10
RECOVERY_RANDOM_BYTES = 8 * (RECOVERY_KEYS + 1)


@dataclass(frozen=True, slots=True)
class Misses:
    """Wrong responses in a row; kept in memory by each node."""

    totp: int = 0
    all: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`factors` is what must be written before anything else happens, if it has changed."""

    accepted: bool
    factors: UserFactors
    misses: Misses
    why: str = ""


def challenge(factors: UserFactors) -> str | None:
    """What the user may answer with, as JSON for the client; None if nothing is asked."""
    found: dict[str, object] = {}
    if any(factor.enable for factor in factors.totp):
        found["totp"] = True
    if factors.recovery is not None:
        found["recovery"] = list(factors.recovery.left)
    for kind, entries in sorted(factors.others.items()):
        if any(entry.get("enable", True) for entry in entries):
            # Asked for and never accepted: a factor that cannot be checked must not be skipped.
            found[kind] = True
    return json.dumps(found, sort_keys=True) if found else None


def respond(factors: UserFactors, response: str, misses: Misses, now_s: float) -> Outcome:
    """Check `totp:123456` or `recovery:aaaa-bbbb-cccc-dddd`."""
    if factors.locked_until_s > now_s:
        return Outcome(False, factors, misses, "second factors are locked for a while")
    kind, _, value = response.partition(":")
    if kind == "totp":
        return _totp(factors, value.strip(), misses, now_s)
    if kind == "recovery":
        return _recovery(factors, value.strip(), misses, now_s)
    return _missed(factors, misses, now_s, "a response of this kind is not accepted")


def new_recovery(random: bytes, now_s: float) -> tuple[Recovery, tuple[str, ...]]:
    """A set of recovery keys: what is kept, and the keys themselves, which are shown once."""
    if len(random) != RECOVERY_RANDOM_BYTES:
        raise ValueError(f"recovery keys need {RECOVERY_RANDOM_BYTES} random bytes")
    parts = [random[start : start + 8].hex() for start in range(0, len(random), 8)]
    secret = parts[0]
    keys = tuple("-".join((p[:4], p[4:8], p[8:12], p[12:])) for p in parts[1:])
    return Recovery(secret, tuple(_hashed(secret, key) for key in keys), int(now_s)), keys


def new_totp(entry_id: str, uri: str, description: str, value: str, now_s: float) -> TotpFactor:
    """A factor whose present password was shown, which proves that the app has it. ConfigError."""
    count = parse_totp(uri).matching(value, now_s)
    if count is None:
        raise ConfigError("is not the present one-time password of that secret", field="value")
    # Taken: the password that proved the factor is not also good for a login.
    return TotpFactor(entry_id, uri, description, int(now_s), last_count=count)


def unlocked(factors: UserFactors) -> UserFactors:
    """Without any lock."""
    return replace(factors, totp_locked=False, locked_until_s=0)


def _totp(factors: UserFactors, value: str, misses: Misses, now_s: float) -> Outcome:
    if factors.totp_locked:
        return _missed(factors, misses, now_s, "one-time passwords are locked, use a recovery key")
    for place, factor in enumerate(factors.totp):
        count = parse_totp(factor.uri).matching(value, now_s) if factor.enable else None
        if count is None:
            continue
        if count <= factor.last_count:
            return _missed(factors, _more_totp(misses), now_s, "that one-time password was used")
        used = replace(factor, last_count=count)
        totp = (*factors.totp[:place], used, *factors.totp[place + 1 :])
        return Outcome(True, replace(factors, totp=totp, locked_until_s=0), Misses())
    return _missed(factors, _more_totp(misses), now_s, "wrong one-time password")


def _recovery(factors: UserFactors, key: str, misses: Misses, now_s: float) -> Outcome:
    kept = factors.recovery
    shown = _hashed(kept.secret, key) if kept is not None else ""
    for place, entry in enumerate(kept.entries if kept is not None else ()):
        if kept is not None and entry is not None and hmac.compare_digest(entry, shown):
            entries = (*kept.entries[:place], None, *kept.entries[place + 1 :])
            left = replace(factors, recovery=replace(kept, entries=entries))
            return Outcome(True, unlocked(left), Misses())
    return _missed(factors, misses, now_s, "wrong recovery key")


def _more_totp(misses: Misses) -> Misses:
    return replace(misses, totp=misses.totp + 1)


def _missed(factors: UserFactors, misses: Misses, now_s: float, why: str) -> Outcome:
    """Count, and lock where the limit is reached."""
    counted = replace(misses, all=misses.all + 1)
    if counted.totp >= TOTP_LIMIT:
        factors = replace(factors, totp_locked=True)
        counted = replace(counted, totp=0)
    if counted.all >= TFA_LIMIT:
        factors = replace(factors, locked_until_s=int(now_s) + LOCK_S)
        counted = Misses()
    return Outcome(False, factors, counted, why)


def _hashed(secret: str, key: str) -> str:
    return hmac.digest(secret.encode(), key.lower().encode("utf-8", "replace"), "sha256").hex()
