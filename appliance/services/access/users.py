"""Creating, changing and deleting users, and their passwords.

Each change is one step of the store: all files of it or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.model.access.ids import ROOT, split_user
from appliance.model.access.users import User, UserConfig
from appliance.model.errors import (
    ConfigError,
    ExistsError,
    ForbiddenError,
    MissingError,
    RefusedError,
)
from appliance.services.access.accounts import Accounts
from appliance.services.access.files import (
    FACTORS,
    REALMS,
    SHADOW,
    TOKENS,
    USERS,
    Draft,
    Sheet,
)

TEXTS = ("firstname", "lastname", "email", "comment", "keys")


def existing(config: UserConfig, userid: str) -> User:
    """The user; MissingError if there is none."""
    user = config.users.get(userid)
    if user is None:
        raise MissingError(f"no such user ('{userid}')")
    return user


async def create_user(accounts: Accounts, by: str, userid: str, given: Mapping[str, Any]) -> None:
    """`given`: enable, expire, TEXTS, groups, password. ExistsError, ConfigError, RefusedError."""
    _, realm = split_user(userid)
    password = given.get("password")
    hashed = accounts.realms.hashed(password) if password and realm != "pam" else None

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        known = draft.read(REALMS).realms.get(realm)
        if known is None:
            raise ConfigError(f"there is no realm '{realm}'", field="userid")
        same = [name for name in config.users if name.lower() == userid.lower()]
        if userid in config.users or (same and not known.case_sensitive):
            raise ExistsError(f"user '{(same or [userid])[0]}' already exists")
        if hashed is not None:
            accounts.realms.set_password(draft, userid, hashed)
        config = config.with_user(userid, _changed(User(), given))
        groups = given.get("groups")
        draft.write(USERS, _in_groups(config, userid, groups or (), append=True))

    if password and hashed is None:
        edit(Draft(accounts.ports.store))  # whatever is wrong is told before the password changes
        await accounts.realms.change_outside(userid, password)
    await accounts.files.change(edit)
    accounts.tell(by, f"user {userid} created")


async def update_user(accounts: Accounts, by: str, userid: str, given: Mapping[str, Any]) -> None:
    """What is given is changed; an empty text unsets. `append`: stay in the groups as well."""

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        user = existing(config, userid)
        config = config.with_user(userid, _changed(user, given))
        if given.get("groups") is not None:
            append = bool(given.get("append"))
            config = _in_groups(config, userid, given["groups"], append=append)
        draft.write(USERS, config)

    await accounts.files.change(edit)
    accounts.tell(by, f"user {userid} changed")


async def delete_user(accounts: Accounts, by: str, userid: str) -> None:
    """With its tokens, permissions, password and second factors. RefusedError for root@pam."""
    if userid == ROOT:
        raise RefusedError("root@pam cannot be deleted")

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        user = existing(config, userid)
        draft.write(USERS, config.with_user(userid, None))
        forget(draft, userid, user)

    await accounts.files.change(edit)
    accounts.tell(by, f"user {userid} deleted")


def forget(draft: Draft, userid: str, user: User) -> None:
    """The secrets of somebody who is gone: the name may be given to somebody else later."""
    name, realm = split_user(userid)
    if realm == "pve" and name in draft.read(SHADOW).by_name:
        draft.write(SHADOW, draft.read(SHADOW).with_secret(name, None))
    secrets = draft.read(TOKENS)
    left = secrets
    for token in user.tokens:
        left = left.with_secret(f"{userid}!{token}", None)
    _write_if_other(draft, TOKENS, secrets, left)
    factors = draft.read(FACTORS)
    if userid in factors.users:
        draft.write(FACTORS, factors.with_user(userid, None))


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """`confirmation` is the caller's own present password, `address` where the caller is."""

    userid: str
    password: str = field(repr=False)
    confirmation: str | None = field(default=None, repr=False)
    address: str = ""


async def change_password(accounts: Accounts, by: str, change: PasswordChange) -> None:
    """One's own, or (with the right) another's. Everybody but root@pam shows the own one first.

    MissingError, ForbiddenError, ConfigError, UnauthenticatedError, RefusedError.
    """
    userid = change.userid
    await reauthenticated(
        accounts, by, userid, Proof(change.confirmation, change.address, "confirmation-password")
    )
    existing(accounts.access().config, userid)
    if not await accounts.realms.change_outside(userid, change.password):
        hashed = accounts.realms.hashed(change.password)

        def edit(draft: Draft) -> None:
            existing(draft.read(USERS), userid)
            accounts.realms.set_password(draft, userid, hashed)

        await accounts.files.change(edit)
    accounts.tell(by, f"password of {userid} changed")


@dataclass(frozen=True, slots=True)
class Proof:
    """The caller's own password, and by which parameter it was asked for."""

    password: str | None = field(repr=False)
    address: str
    parameter: str = "password"


async def reauthenticated(accounts: Accounts, by: str, userid: str, proof: Proof) -> None:
    """Before secrets change: nobody but root@pam touches those of root@pam, and who finds an
    unlocked screen cannot take over the account. ForbiddenError, ConfigError, UnauthenticatedError.
    """
    if by == ROOT:
        return
    if userid == ROOT:
        raise ForbiddenError("only root@pam may change this of root@pam")
    if not proof.password:
        raise ConfigError("your own password is needed for this change", field=proof.parameter)
    await accounts.login.confirm(by, proof.password, proof.address)


def _changed(user: User, given: Mapping[str, Any]) -> User:
    values = {name: given[name] for name in TEXTS if given.get(name) is not None}
    if given.get("enable") is not None:
        values["enable"] = given["enable"]
    if given.get("expire") is not None:
        values["expire_s"] = given["expire"]
    return replace(user, **values)


def _in_groups(
    config: UserConfig, userid: str, names: Sequence[str], *, append: bool
) -> UserConfig:
    for name in names:
        if name not in config.groups:
            raise MissingError(f"no such group '{name}'")
    groups = dict(config.groups)
    for name, group in config.groups.items():
        member = name in names or (append and userid in group.members)
        others = {m for m in group.members if m != userid}
        groups[name] = replace(
            group, members=tuple(sorted(others | {userid} if member else others))
        )
    return replace(config, groups=groups)


def _write_if_other(draft: Draft, sheet: Sheet[Any], old: object, new: object) -> None:
    if old != new:
        draft.write(sheet, new)
