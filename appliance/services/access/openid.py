"""Logins by an OpenID provider: the browser is sent there and comes back with a code."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.core.access import tickets
from appliance.core.access.openid import groups_of, in_groups, new_user, user_of
from appliance.model.access.realms import Realm
from appliance.model.errors import RefusedError, UnauthenticatedError, UnavailableError
from appliance.ports.realms import OpenId
from appliance.services.access.accounts import Accounts
from appliance.services.access.files import REALMS, USERS, Draft
from appliance.services.access.login import FAILED, Session
from appliance.services.access.realms import existing_realm

TYPE = "openid"


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brings back."""

    code: str = field(repr=False)
    state: str = field(repr=False)
    redirect_url: str
    address: str


async def login_url(accounts: Accounts, name: str, redirect_url: str) -> str:
    """Where to send the browser. MissingError, RefusedError, UnavailableError."""
    realm = existing_realm(accounts, name)
    if realm.type != TYPE:
        raise RefusedError(f"realm '{name}' is not of type {TYPE}")
    keys = await accounts.keys.to_sign()
    state = tickets.issue_openid_state(keys, name, accounts.now_s())
    return await _provider(accounts).login_url(realm, redirect_url, state)


async def log_in(accounts: Accounts, returned: Returned) -> Session:
    """A session for whom the provider vouches. UnauthenticatedError, UnavailableError."""
    realm = _realm_of(accounts, returned.state)
    try:
        claims = await _provider(accounts).claims(realm, returned.redirect_url, returned.code)
    except RefusedError:
        raise UnauthenticatedError(FAILED) from None
    userid = user_of(realm, claims)

    def edit(draft: Draft) -> None:
        config = before = draft.read(USERS)
        if userid not in config.users and realm.values.get("autocreate"):
            config = config.with_user(userid, new_user(claims))
        wanted = groups_of(realm, claims)
        if wanted is not None and userid in config.users:
            config = in_groups(config, userid, realm, wanted)
        if config != before:
            draft.write(USERS, config)

    await accounts.files.change(edit)
    return await accounts.login.open(userid, returned.address)


def _realm_of(accounts: Accounts, state: str) -> Realm:
    keys = accounts.keys.keys()
    if keys is None:
        raise UnauthenticatedError("invalid openid state")
    name = tickets.read_openid_state(keys, state, accounts.now_s())
    realm = accounts.files.read(REALMS).realms.get(name)
    if realm is None or realm.type != TYPE:
        raise UnauthenticatedError("invalid openid state")
    return realm


def _provider(accounts: Accounts) -> OpenId:
    found = accounts.ports.openid
    if found is None:
        raise UnavailableError("this node has no means to ask OpenID providers")
    return found
