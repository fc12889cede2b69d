"""What may be seen of users, groups, roles and permissions, and by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from appliance.core.access.expressions import PermModify, missing
from appliance.core.access.permissions import Access
from appliance.model.access.ids import split_token
from appliance.model.access.privileges import BUILT_IN_ROLES
from appliance.model.access.users import Group, User

USER_PRIVILEGES = ("User.Modify", "Sys.Audit")
GROUP_PRIVILEGES = ("User.Modify", "Sys.Audit", "Group.Allocate")


@dataclass(frozen=True, slots=True)
class AclEntry:
    """One line of the access control list. `who` is without the `@` of groups."""

    path: str
    kind: str
    who: str
    role: str
    propagate: bool


def visible_users(access: Access, by: str) -> Mapping[str, User]:
    """Oneself, and those whose group one may look at; everybody for who may see all groups."""
    users = access.config.users
    if access.has_any(by, "/access/groups", USER_PRIVILEGES):
        return users
    seen = {by}
    for name, group in access.config.groups.items():
        if access.has_any(by, f"/access/groups/{name}", USER_PRIVILEGES):
            seen.update(group.members)
    return {userid: user for userid, user in users.items() if userid in seen}


def visible_groups(access: Access, by: str) -> Mapping[str, Group]:
    return {
        name: group
        for name, group in access.config.groups.items()
        if access.has_any(by, f"/access/groups/{name}", GROUP_PRIVILEGES)
    }


def all_roles(access: Access) -> Mapping[str, tuple[str, ...]]:
    """Privileges by role, those that every cluster has included, by name."""
    found = {**access.config.roles, **BUILT_IN_ROLES}
    return {name: tuple(sorted(found[name])) for name in sorted(found)}


def visible_acl(access: Access, by: str) -> Iterator[AclEntry]:
    """Entries on paths whose permissions one may change; all of them with Sys.Audit on /access."""
    everything = access.has(by, "/access", ("Sys.Audit",))
    for path, node in sorted(access.config.acl.items()):
        if not everything and missing(PermModify(path), by, {}, access) is not None:
            continue
        for who, roles in sorted(node.items()):
            kind = "group" if who.startswith("@") else "token" if split_token(who) else "user"
            for role, propagate in sorted(roles.items()):
                yield AclEntry(path, kind, who.removeprefix("@"), role, propagate)
