"""API tokens: rights of their own or those of their user, and a secret that is shown once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.core.access.token_secrets import RANDOM_BYTES, kept_form, new_secret
from appliance.model.access.ids import ROOT
from appliance.model.access.users import Token, User, UserConfig, changed, without_subjects
from appliance.model.errors import ExistsError, ForbiddenError, MissingError
from appliance.services.access.accounts import Accounts
from appliance.services.access.files import TOKENS, USERS, Draft
from appliance.services.access.users import existing


@dataclass(frozen=True, slots=True)
class Issued:
    """`secret` is kept by nobody here; None where it was not made anew."""

    tokenid: str
    token: Token
    secret: str | None = field(default=None, repr=False)


def existing_token(user: User, userid: str, name: str) -> Token:
    """The token; MissingError if there is none."""
    token = user.tokens.get(name)
    if token is None:
        raise MissingError(f"no such token '{name}' for user '{userid}'")
    return token


async def create_token(
    accounts: Accounts, by: str, userid: str, name: str, given: Mapping[str, Any]
) -> Issued:
    """`given`: expire (that of the user if not given), privsep, comment. ExistsError."""
    _not_of_root(accounts, by, userid)
    secret = _secret(accounts)

    def edit(draft: Draft) -> Token:
        config = draft.read(USERS)
        user = existing(config, userid)
        if name in user.tokens:
            raise ExistsError(f"token '{name}' of user '{userid}' already exists")
        token = _changed(Token(expire_s=user.expire_s), given)
        draft.write(USERS, _with(config, userid, name, token))
        draft.write(TOKENS, draft.read(TOKENS).with_secret(f"{userid}!{name}", kept_form(secret)))
        return token

    token = await accounts.files.change(edit)
    accounts.tell(by, f"token {userid}!{name} created")
    return Issued(f"{userid}!{name}", token, secret)


async def update_token(
    accounts: Accounts, by: str, userid: str, name: str, given: Mapping[str, Any]
) -> Issued:
    """`regenerate` makes a new secret, the old one is void; `delete` unsets."""
    _not_of_root(accounts, by, userid)
    secret = _secret(accounts) if given.get("regenerate") else None
    unset = {"comment": "", "expire": 0}
    cleared = {key: unset[key] for key in given.get("delete") or () if key in unset}

    def edit(draft: Draft) -> Token:
        config = draft.read(USERS)
        token = _changed(
            existing_token(existing(config, userid), userid, name), {**cleared, **given}
        )
        draft.write(USERS, _with(config, userid, name, token))
        if secret is not None:
            kept = kept_form(secret)
            draft.write(TOKENS, draft.read(TOKENS).with_secret(f"{userid}!{name}", kept))
        return token

    token = await accounts.files.change(edit)
    accounts.tell(by, f"token {userid}!{name} changed")
    return Issued(f"{userid}!{name}", token, secret)


async def delete_token(accounts: Accounts, by: str, userid: str, name: str) -> None:
    """With its permissions and its secret."""
    _not_of_root(accounts, by, userid)
    tokenid = f"{userid}!{name}"

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        existing_token(existing(config, userid), userid, name)
        acl = without_subjects(config.acl, lambda who: who == tokenid)
        draft.write(USERS, replace(_with(config, userid, name, None), acl=acl))
        draft.write(TOKENS, draft.read(TOKENS).with_secret(tokenid, None))

    await accounts.files.change(edit)
    accounts.tell(by, f"token {tokenid} deleted")


def _not_of_root(accounts: Accounts, by: str, userid: str) -> None:
    """Who may change all users must not become root@pam by giving it a token.

    A token of root@pam without privilege separation is root@pam already.
    """
    if userid == ROOT and not accounts.access().is_like(by, ROOT):
        raise ForbiddenError("only root@pam itself may change tokens of root@pam")


def _secret(accounts: Accounts) -> str:
    return new_secret(bytes.fromhex(accounts.ports.entropy.token(RANDOM_BYTES)))


def _changed(token: Token, given: Mapping[str, Any]) -> Token:
    names = {"expire": "expire_s", "privsep": "privsep", "comment": "comment"}
    values = {names[key]: given[key] for key in names if given.get(key) is not None}
    return replace(token, **values)


def _with(config: UserConfig, userid: str, name: str, token: Token | None) -> UserConfig:
    user = config.users[userid]
    return config.with_user(userid, replace(user, tokens=changed(user.tokens, name, token)))
