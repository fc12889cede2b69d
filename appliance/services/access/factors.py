"""Second factors: looked at, added, changed, removed, unlocked. Secrets are shown once or never."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.core.access.second_factor import (
    RECOVERY_RANDOM_BYTES,
    new_recovery,
    new_totp,
    unlocked,
)
from appliance.model.access.tfa_cfg import TotpFactor, UserFactors
from appliance.model.errors import ConfigError, ExistsError, MissingError, RefusedError
from appliance.services.access.accounts import Accounts
from appliance.services.access.files import FACTORS, USERS, Draft
from appliance.services.access.users import existing

RECOVERY = "recovery"
MAX_TOTP = 32
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A factor without its secret. created_s: seconds since 1970."""

    id: str
    kind: str
    description: str
    created_s: int
    enable: bool = True


@dataclass(frozen=True, slots=True)
class Added:
    """`recovery` are the keys, which nobody here keeps."""

    id: str
    recovery: tuple[str, ...] = field(default=(), repr=False)


def entries(factors: UserFactors) -> list[Entry]:
    """All factors of a user, those that are only kept too."""
    found = [
        Entry(one.id, "totp", one.description, one.created_s, one.enable) for one in factors.totp
    ]
    if factors.recovery is not None:
        found.append(Entry(RECOVERY, RECOVERY, "", factors.recovery.created_s))
    for kind, others in sorted(factors.others.items()):
        found += [_other(kind, one) for one in others]
    return found


def _other(kind: str, one: Mapping[str, Any]) -> Entry:
    text = str(one.get("description", ""))
    return Entry(
        str(one.get("id", "")),
        kind,
        text,
        int(one.get("created") or 0),
        bool(one.get("enable", True)),
    )


def find_entry(factors: UserFactors, entry_id: str) -> Entry:
    """MissingError."""
    for entry in entries(factors):
        if entry.id == entry_id:
            return entry
    raise MissingError(f"no such second factor '{entry_id}'")


async def add_totp(
    accounts: Accounts, by: str, userid: str, uri: str, value: str, description: str
) -> Added:
    """`value` is the present password, which proves that the app has the secret. ConfigError."""
    factor = new_totp(
        accounts.ports.entropy.token(_ID_BYTES), uri, description, value, accounts.now_s()
    )

    def add(factors: UserFactors) -> UserFactors:
        if len(factors.totp) >= MAX_TOTP:
            raise RefusedError(f"a user has at most {MAX_TOTP} factors of this kind")
        return replace(factors, totp=(*factors.totp, factor))

    await _change(accounts, userid, add)
    accounts.tell(by, f"one-time passwords of {userid} added")
    return Added(factor.id)


async def add_recovery(accounts: Accounts, by: str, userid: str) -> Added:
    """Ten keys, each good once. ExistsError: remove those that are there first."""
    random = bytes.fromhex(accounts.ports.entropy.token(RECOVERY_RANDOM_BYTES))
    kept, keys = new_recovery(random, accounts.now_s())

    def add(factors: UserFactors) -> UserFactors:
        if factors.recovery is not None:
            raise ExistsError(f"user '{userid}' has recovery keys already")
        return replace(factors, recovery=kept)

    await _change(accounts, userid, add)
    accounts.tell(by, f"recovery keys of {userid} made")
    return Added(RECOVERY, keys)


async def update_entry(
    accounts: Accounts, by: str, userid: str, entry_id: str, given: Mapping[str, Any]
) -> None:
    """`given`: description, enable. MissingError; RefusedError for recovery keys."""

    def change(factors: UserFactors) -> UserFactors:
        entry = find_entry(factors, entry_id)
        if entry.kind == RECOVERY:
            raise RefusedError("recovery keys have nothing that can be changed")
        if entry.kind != "totp":
            return replace(factors, others=_with_other(factors.others, entry, given))
        return replace(factors, totp=tuple(_updated(one, entry_id, given) for one in factors.totp))

    await _change(accounts, userid, change)
    accounts.tell(by, f"second factor of {userid} changed")


def _updated(factor: TotpFactor, entry_id: str, given: Mapping[str, Any]) -> TotpFactor:
    if factor.id != entry_id:
        return factor
    names = ("description", "enable")
    return replace(factor, **{name: given[name] for name in names if given.get(name) is not None})


def _with_other(
    others: Mapping[str, tuple[Mapping[str, Any], ...]], entry: Entry, given: Mapping[str, Any]
) -> dict[str, tuple[Mapping[str, Any], ...]]:
    known = {name: given[name] for name in ("description", "enable") if given.get(name) is not None}
    changed = tuple(
        {**one, **known} if str(one.get("id", "")) == entry.id else one
        for one in others[entry.kind]
    )
    return {**others, entry.kind: changed}


async def delete_entry(accounts: Accounts, by: str, userid: str, entry_id: str) -> None:
    """MissingError."""

    def remove(factors: UserFactors) -> UserFactors:
        find_entry(factors, entry_id)
        return replace(
            factors,
            totp=tuple(one for one in factors.totp if one.id != entry_id),
            recovery=None if entry_id == RECOVERY else factors.recovery,
            others={
                kind: tuple(one for one in listed if str(one.get("id", "")) != entry_id)
                for kind, listed in factors.others.items()
            },
        )

    await _change(accounts, userid, remove)
    accounts.tell(by, f"second factor of {userid} removed")


async def unlock(accounts: Accounts, by: str, userid: str) -> bool:
    """Whether there was a lock."""

    def edit(draft: Draft) -> bool:
        existing(draft.read(USERS), userid)
        factors = draft.read(FACTORS)
        own = factors.of(userid)
        if unlocked(own) == own:
            return False
        draft.write(FACTORS, factors.with_user(userid, unlocked(own)))
        return True

    was = await accounts.files.change(edit)
    if was:
        accounts.tell(by, f"second factors of {userid} unlocked")
    return was


async def _change(
    accounts: Accounts, userid: str, change: Callable[[UserFactors], UserFactors]
) -> None:
    def edit(draft: Draft) -> None:
        existing(draft.read(USERS), userid)
        factors = draft.read(FACTORS)
        draft.write(FACTORS, factors.with_user(userid, change(factors.of(userid))))

    await accounts.files.change(edit)


def need(given: Mapping[str, Any], name: str, kind: str) -> str:
    """A parameter that this kind of factor needs. ConfigError."""
    if not given.get(name):
        raise ConfigError(f"is missing, {kind} needs it", field=name)
    return str(given[name])
