"""Users, groups, roles, pools and the access control list, as user.cfg holds them.

Values are never changed in place. Text fields that are not set are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from appliance.model.errors import ConfigError

V = TypeVar("V")

Acl = Mapping[str, Mapping[str, Mapping[str, bool]]]
"""Path -> who (USER, USER!TOKEN or @GROUP) -> role -> whether it holds below the path too."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Token:
    """An API token of a user. `privsep`: it has rights of its own, at most those of its user.

    `expire_s` is in seconds since 1970, 0 for never.
    """

    expire_s: int = 0
    privsep: bool = True
    comment: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """`keys` says which old second factors there are; the factors of today are in priv/tfa.cfg."""

    enable: bool = True
    expire_s: int = 0
    firstname: str = ""
    lastname: str = ""
    email: str = ""
    comment: str = ""
    keys: str = ""
    tokens: Mapping[str, Token] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Group:
    members: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Pool:
    """Guests and storages on which the pool's permissions hold too."""

    vms: tuple[int, ...] = ()
    storages: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class UserConfig:
    """The whole file. `roles` are the ones made here, without those every cluster has.

    `unknown` are lines of a kind that this version does not know; they stay.
    """

    users: Mapping[str, User] = field(default_factory=lambda: NOTHING)
    groups: Mapping[str, Group] = field(default_factory=lambda: NOTHING)
    pools: Mapping[str, Pool] = field(default_factory=lambda: NOTHING)
    roles: Mapping[str, frozenset[str]] = field(default_factory=lambda: NOTHING)
    acl: Acl = field(default_factory=lambda: NOTHING)
    unknown: tuple[str, ...] = ()
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)

    def pool_of(self, vmid: int) -> str | None:
        """The pool that a guest is in; it can be in one only."""
        return next((name for name, pool in self.pools.items() if vmid in pool.vms), None)

    def groups_of(self, user: str) -> tuple[str, ...]:
        """The groups that a user is in, by name."""
        return tuple(name for name, group in self.groups.items() if user in group.members)

    def with_user(self, userid: str, user: User | None) -> UserConfig:
        """With this user changed, added, or (None) gone with all that names it."""
        users = changed(self.users, userid, user)
        if user is not None:
            return replace(self, users=users)
        groups = {
            name: replace(group, members=tuple(m for m in group.members if m != userid))
            for name, group in self.groups.items()
        }
        acl = without_subjects(self.acl, lambda who: who.partition("!")[0] == userid)
        return replace(self, users=users, groups=groups, acl=acl)

    def with_group(self, name: str, group: Group | None) -> UserConfig:
        """With this group changed, added, or (None) gone with its permissions."""
        groups = changed(self.groups, name, group)
        if group is not None:
            return replace(self, groups=groups)
        acl = without_subjects(self.acl, lambda who: who == f"@{name}")
        return replace(self, groups=groups, acl=acl)

    def with_pool(self, name: str, pool: Pool | None) -> UserConfig:
        """With this pool changed, added, or (None) gone with its permissions."""
        pools = changed(self.pools, name, pool)
        acl = self.acl
        if pool is None:
            acl = {path: node for path, node in acl.items() if path != f"/pool/{name}"}
        return replace(self, pools=pools, acl=acl)

    def with_role(self, name: str, privileges: frozenset[str] | None) -> UserConfig:
        """With this role changed, added, or (None) gone wherever it was given."""
        roles = changed(self.roles, name, privileges)
        if privileges is not None:
            return replace(self, roles=roles)
        acl = {
            path: {
                who: {role: down for role, down in given.items() if role != name}
                for who, given in node.items()
            }
            for path, node in self.acl.items()
        }
        return replace(self, roles=roles, acl=acl)


def changed(items: Mapping[str, V], name: str, value: V | None) -> dict[str, V]:
    """A copy with one item set, or (None) left out."""
    copy = dict(items)
    if value is None:
        copy.pop(name, None)
    else:
        copy[name] = value
    return copy


def without_subjects(acl: Acl, gone: Callable[[str], bool]) -> Acl:
    """The list without what was given to these users, tokens or groups."""
    return {
        path: {who: given for who, given in node.items() if not gone(who)}
        for path, node in acl.items()
    }
