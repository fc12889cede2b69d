"""What the claims of an OpenID provider say about a user here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from appliance.model.access.ids import is_name, is_user
from appliance.model.access.realms import Realm
from appliance.model.access.users import Group, User, UserConfig
from appliance.model.errors import UnauthenticatedError

_CLAIMS: Final = {"subject": "sub", "username": "preferred_username", "email": "email"}
_FIELDS: Final = {"email": "email", "given_name": "firstname", "family_name": "lastname"}


def user_of(realm: Realm, claims: Mapping[str, object]) -> str:
    """NAME@REALM by the claim that the realm names. UnauthenticatedError if that is no name."""
    wanted = str(realm.values.get("username-claim") or "subject")
    value = claims.get(_CLAIMS.get(wanted, wanted))
    userid = f"{value}@{realm.name}"
    if not isinstance(value, str) or not is_user(userid):
        raise UnauthenticatedError(f"the provider's claim '{wanted}' names no user")
    return userid


def new_user(claims: Mapping[str, object]) -> User:
    """A user made at the first login, with what the provider knows."""
    found = {ours: claims.get(theirs) for theirs, ours in _FIELDS.items()}
    texts = {name: value for name, value in found.items() if isinstance(value, str) and value}
    # mypy cannot see that the keys are fields of type str.
    return User(**texts)  # type: ignore[arg-type]


def groups_of(realm: Realm, claims: Mapping[str, object]) -> tuple[str, ...] | None:
    """The groups that the provider says, as named here; None if the realm does not ask.

    What cannot name a group is left out.
    """
    wanted = realm.values.get("groups-claim")
    if not wanted:
        return None
    value = claims.get(str(wanted))
    listed = value if isinstance(value, list | tuple) else ()
    named = [f"{item}-{realm.name}" for item in listed if isinstance(item, str)]
    return tuple(name for name in named if is_name(name))


def in_groups(config: UserConfig, userid: str, realm: Realm, wanted: Sequence[str]) -> UserConfig:
    """The user put into these groups, as far as there are any, or made as the realm allows."""
    if realm.values.get("groups-autocreate"):
        for name in wanted:
            if name not in config.groups:
                config = config.with_group(name, Group())
    leave = bool(realm.values.get("groups-overwrite"))
    groups = dict(config.groups)
    for name, group in config.groups.items():
        others = tuple(member for member in group.members if member != userid)
        stays = userid in group.members and not leave
        if name in wanted or stays:
            groups[name] = replace(group, members=tuple(sorted((*others, userid))))
        else:
            groups[name] = replace(group, members=others)
    return replace(config, groups=groups)
