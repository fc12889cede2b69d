"""The access control list: who gets which roles on which path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from appliance.core.access.expressions import PermModify, missing
from appliance.core.access.permissions import Access
from appliance.model.access.acl_paths import is_acl_path, normalized_path
from appliance.model.access.ids import split_token
from appliance.model.access.privileges import BUILT_IN_ROLES, NO_ACCESS
from appliance.model.access.users import UserConfig
from appliance.model.errors import ConfigError, ForbiddenError, MissingError
from appliance.services.access.accounts import Accounts
from appliance.services.access.roles import edit_users, existing_group


@dataclass(frozen=True, slots=True)
class Grant:
    """Roles for users, groups (without `@`) and tokens on a path; or (delete) to be taken away."""

    path: str
    roles: tuple[str, ...]
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    propagate: bool = True
    delete: bool = False

    @property
    def subjects(self) -> tuple[str, ...]:
        return (*self.users, *(f"@{name}" for name in self.groups), *self.tokens)


async def update_acl(accounts: Accounts, by: str, grant: Grant) -> None:
    """ConfigError, MissingError; ForbiddenError for roles with more than the caller has there."""
    if not grant.subjects:
        raise ConfigError("one of users, groups and tokens is needed", field="users")
    path = normalized_path(grant.path)
    if path is None or not (grant.delete or is_acl_path(path)):
        raise ConfigError(f"'{grant.path}' is no path of permissions", field="path")

    def edit(config: UserConfig) -> UserConfig:
        for role in grant.roles:
            if role not in BUILT_IN_ROLES and role not in config.roles:
                raise MissingError(f"role '{role}' does not exist")
        for who in grant.subjects if not grant.delete else ():
            _check_subject(config, who)
        _check_reach(Access(config), by, path, grant)
        return _granted(config, path, grant)

    verb = "taken from" if grant.delete else "given to"
    roles, whom = ", ".join(grant.roles), ", ".join(grant.subjects)
    await edit_users(accounts, by, edit, f"{roles} on {path} {verb} {whom}")


def _check_subject(config: UserConfig, who: str) -> None:
    if who.startswith("@"):
        existing_group(config, who[1:])
        return
    token = split_token(who)
    user = config.users.get(token[0] if token else who)
    if user is None:
        raise MissingError(f"no such user ('{token[0] if token else who}')")
    if token is not None and token[1] not in user.tokens:
        raise MissingError(f"no such token '{token[1]}' for user '{token[0]}'")


def _check_reach(access: Access, by: str, path: str, grant: Grant) -> None:
    """Who may say who uses a guest, but not change permissions in general, hands on at most what
    they have themselves, and below the path only what they have there.
    """
    own = access.privileges(by, path)
    if "Permissions.Modify" in own:
        return
    for role in grant.roles:
        wanted = sorted(access.role(role))
        if role == NO_ACCESS or any(privilege not in own for privilege in wanted):
            raise ForbiddenError(
                f"role '{role}' on {path} needs Permissions.Modify, or all its privileges"
            )
        below = grant.propagate and not grant.delete
        if below and not all(own[privilege] for privilege in wanted):
            raise ForbiddenError(
                f"role '{role}' on {path} with propagation needs Permissions.Modify, or all its "
                "privileges with propagation"
            )


def _granted(config: UserConfig, path: str, grant: Grant) -> UserConfig:
    node: dict[str, Mapping[str, bool]] = dict(config.acl.get(path, {}))
    for who in grant.subjects:
        given = dict(node.get(who, {}))
        for role in grant.roles:
            if grant.delete:
                given.pop(role, None)
            else:
                given[role] = grant.propagate
        node[who] = given
    left = {who: given for who, given in node.items() if given}
    acl = {where: level for where, level in config.acl.items() if where != path}
    return replace(config, acl={**acl, path: left} if left else acl)


def check_may_modify(access: Access, by: str, path: str) -> None:
    """ForbiddenError unless this user or token may say who uses what is at the path."""
    lack = missing(PermModify(path), by, {}, access)
    if lack is not None:
        raise ForbiddenError(f"Permission check failed ({lack})")
