"""What a user or token may do on a path: roles from the access control list, and their privileges.

On the way from `/` to the path each level that gives this user something replaces what the levels
above gave; on one level a user's own entry goes before those of groups. A role that does not
propagate counts only on its own path. `NoAccess` takes everything. A guest or storage has the
permissions of its pools too. A token with privilege separation has entries of its own, and never
more than its user has; any other token is its user. root@pam may do everything.

Whether a login is at all possible (enabled, not expired) is not asked here, see `usable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from appliance.model.access.acl_paths import ancestors
from appliance.model.access.ids import ROOT, owner, split_token
from appliance.model.access.privileges import (
    ADMINISTRATOR,
    BUILT_IN_ROLES,
    IS_PRIVILEGE,
    NO_ACCESS,
    PRIVILEGES,
)
from appliance.model.access.users import Token, UserConfig

Flags = Mapping[str, bool]
"""Roles or privileges, each with whether it holds below the path too."""

TOP_PATHS = (
    "/",
    "/access",
    "/access/groups",
    "/mapping",
    "/nodes",
    "/pool",
    "/sdn",
    "/storage",
    "/vms",
)

KNOWN_MAX = 50_000

_EVERYTHING = dict.fromkeys(PRIVILEGES, True)


@dataclass(frozen=True)
class Access:
    """The permissions of one version of the configuration. Answers are kept: make one a version.

    A node answers thousands of requests between two changes of user.cfg; what was found once for a
    user and path is looked up after that.
    """

    config: UserConfig
    _known: dict[tuple[str, str], Flags] = field(default_factory=dict, compare=False, repr=False)

    def roles(self, authid: str, path: str) -> Flags:
        """The roles that apply by the access control list alone, without pools."""
        if authid == ROOT:
            return {ADMINISTRATOR: True}
        token = self._token(authid)
        if token is None and split_token(authid) is not None:
            return {}
        if token is not None and not token.privsep:
            return self.roles(owner(authid), path)
        found: Flags = {}
        way = ancestors(path)
        for level in way:
            found = self._level(authid, level, level == way[-1]) or found
        return {NO_ACCESS: found[NO_ACCESS]} if NO_ACCESS in found else found

    def privileges(self, authid: str, path: str) -> Flags:
        """The privileges on a path, pools and the limits of tokens included."""
        if authid == ROOT:
            return _EVERYTHING
        key = (authid, path)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            found = self._known[key] = self._privileges(authid, path)
        return found

    def has(self, authid: str, path: str, wanted: Iterable[str]) -> bool:
        """Whether all of these privileges are there."""
        found = self.privileges(authid, path)
        return all(privilege in found for privilege in wanted)

    def has_any(self, authid: str, path: str, wanted: Iterable[str]) -> bool:
        """Whether one of these privileges is there."""
        found = self.privileges(authid, path)
        return any(privilege in found for privilege in wanted)

    def is_like(self, authid: str, user: str) -> bool:
        """Whether this is the user, or a token with exactly the user's rights."""
        if authid == user:
            return True
        token = self._token(authid)
        return token is not None and not token.privsep and owner(authid) == user

    def everywhere(self, authid: str) -> dict[str, Flags]:
        """The privileges on every path that matters, paths without any left out."""
        paths = {*TOP_PATHS, *self.config.acl}
        for pool in self.config.pools.values():
            paths.update(f"/vms/{vmid}" for vmid in pool.vms)
            paths.update(f"/storage/{storage}" for storage in pool.storages)
        found = {path: self.privileges(authid, path) for path in sorted(paths)}
        return {path: flags for path, flags in found.items() if flags}

    def _token(self, authid: str) -> Token | None:
        both = split_token(authid)
        if both is None:
            return None
        user = self.config.users.get(both[0])
        return user.tokens.get(both[1]) if user is not None else None

    def _level(self, authid: str, path: str, final: bool) -> Flags:
        """What one level gives: to this user or token itself, or else to its groups together."""
        node = self.config.acl.get(path)
        if node is None:
            return {}
        own = _holding(node.get(authid, {}), final)
        if own:
            return own
        found: dict[str, bool] = {}
        for group in self._groups.get(authid, ()):
            found.update(_holding(node.get(f"@{group}", {}), final))
        return found

    @cached_property
    def _groups(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, group in self.config.groups.items():
            for member in group.members:
                found.setdefault(member, []).append(name)
        return found

    @cached_property
    def _pools(self) -> Mapping[str, list[str]]:
        """The pools that the permissions of a path come from too."""
        found: dict[str, list[str]] = {}
        for name, pool in self.config.pools.items():
            for path in (
                *(f"/vms/{vmid}" for vmid in pool.vms),
                *(f"/storage/{storage}" for storage in pool.storages),
            ):
                found.setdefault(path, []).append(name)
        return found

    def _privileges(self, authid: str, path: str) -> Flags:
        both = split_token(authid)
        if both is None:
            return self._expanded(authid, path)
        token = self._token(authid)
        if token is None:
            return {}
        limit = self.privileges(both[0], path)
        if not token.privsep:
            return limit
        own = self._expanded(authid, path)
        return {privilege: below for privilege, below in own.items() if privilege in limit}

    def _expanded(self, authid: str, path: str) -> Flags:
        roles = dict(self.roles(authid, path))
        for pool in self._pools.get(path, ()):
            for role, below in self.roles(authid, f"/pool/{pool}").items():
                roles[role] = roles.get(role, False) or below
        if NO_ACCESS in roles:
            return {}
        found: dict[str, bool] = {}
        for role, below in sorted(roles.items()):
            for privilege in sorted(self.role(role)):
                found[privilege] = found.get(privilege, False) or below
        return found

    def role(self, name: str) -> AbstractSet[str]:
        """The privileges of a role; of one that does not exist none."""
        return BUILT_IN_ROLES.get(name) or self.config.roles.get(name) or frozenset()


def _holding(given: Mapping[str, bool], final: bool) -> dict[str, bool]:
    return {role: below for role, below in given.items() if final or below}


def unusable(config: UserConfig, authid: str, now_s: float) -> str | None:
    """Why this user or token cannot log in at the moment; None if it can.

    root@pam cannot be disabled: somebody must be able to repair the rest.
    """
    both = split_token(authid)
    userid = both[0] if both is not None else authid
    user = config.users.get(userid)
    if user is None and userid != ROOT:
        return f"no such user ('{userid}')"
    if user is not None and userid != ROOT:
        if not user.enable:
            return f"user '{userid}' is disabled"
        if _over(user.expire_s, now_s):
            return f"user '{userid}' is expired"
    if both is None:
        return None
    token = user.tokens.get(both[1]) if user is not None else None
    if token is None:
        return f"no such token '{both[1]}' for user '{userid}'"
    return f"token '{authid}' is expired" if _over(token.expire_s, now_s) else None


def _over(expire_s: int, now_s: float) -> bool:
    return expire_s != 0 and expire_s <= now_s


def unknown_privileges(names: Iterable[str]) -> tuple[str, ...]:
    """Those that no version of this system has."""
    return tuple(name for name in names if name not in IS_PRIVILEGE)
