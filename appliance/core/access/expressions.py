"""The permission of an operation: read once, evaluated for every request, in this one place.

Written as in the published API contract:

    None                                     root@pam alone
    {"user": "world"}                        everybody, without a login
    {"user": "all"}                          everybody who is logged in, whatever else is written
    {"check": EXPRESSION}                    as follows

    ["perm", PATH, [PRIVS], ...]             all of the privileges on the path; `"any", 1`: one
                                             of them; `"require_param", NAME`: only where that
                                             parameter is given
    ["and", ...], ["or", ...]                of expressions
    ["userid-group", [PRIVS], ...]           one of them on a group of the user in `userid`, or on
                                             /access/groups; `"groups_param", "create" | "update"`:
                                             and on each group in the parameter `groups`
    ["userid-param", "self"]                 the caller is the user in `userid`
    ["userid-param", "Realm.AllocateUser"]   that privilege on that user's realm
    ["perm-modify", PATH]                    may change the permissions of the path

`{name}` in a path is filled from the parameters; one that is not given leaves the path above it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from appliance.core.access.permissions import Access
from appliance.model.access.acl_paths import normalized_path
from appliance.model.access.ids import ROOT, is_user

_PLACE = re.compile(r"\{([a-z_-]+)\}")
_LIST = re.compile(r"[,;\s\0]+", re.ASCII)

Parameters: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RootOnly:
    """Nobody but root@pam; not its tokens either."""


@dataclass(frozen=True, slots=True)
class Public:
    """Even who has not logged in."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Every user and token."""


@dataclass(frozen=True, slots=True)
class Perm:
    path: str
    privileges: tuple[str, ...]
    any: bool = False
    require_param: str | None = None


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class UseridGroup:
    privileges: tuple[str, ...]
    groups_param: Literal["create", "update"] | None = None


@dataclass(frozen=True, slots=True)
class UseridSelf:
    pass


@dataclass(frozen=True, slots=True)
class UseridRealm:
    privilege: str


@dataclass(frozen=True, slots=True)
class PermModify:
    path: str


Check: TypeAlias = Perm | And | Or | UseridGroup | UseridSelf | UseridRealm | PermModify
Rule: TypeAlias = RootOnly | Public | LoggedIn | Check


def parse_rule(written: Mapping[str, Any] | None) -> Rule:
    """The rule of an operation. ValueError for what this version cannot evaluate."""
    if written is None:
        return RootOnly()
    if "check" in written and "user" not in written:
        return parse_check(written["check"])
    match written.get("user"):
        case "world":
            return Public()
        case "all":
            return LoggedIn()
        case None:
            return RootOnly()
    raise ValueError(f"permission of user '{written['user']}' is not known")


def parse_check(written: Sequence[Any]) -> Check:
    """An expression. ValueError for what this version cannot evaluate."""
    match list(written):
        case ["perm", str() as path, [*privileges], *options]:
            given = _options(options, {"any", "require_param"})
            return Perm(path, tuple(privileges), bool(given.get("any")), given.get("require_param"))
        case ["and", _, *_]:
            return And(tuple(parse_check(part) for part in written[1:]))
        case ["or", _, *_]:
            return Or(tuple(parse_check(part) for part in written[1:]))
        case ["userid-group", [*privileges], *options]:
            groups = _options(options, {"groups_param"}).get("groups_param")
            if groups not in {None, "create", "update"}:
                raise ValueError(f"groups_param '{groups}' is not known")
            return UseridGroup(tuple(privileges), groups)
        case ["userid-param", "self"]:
            return UseridSelf()
        case ["userid-param", str() as privilege]:
            return UseridRealm(privilege)
        case ["perm-modify", str() as path]:
            return PermModify(path)
    raise ValueError(f"permission {written} is not known")


def missing(rule: Rule, caller: str | None, parameters: Parameters, access: Access) -> str | None:
    """What the caller (user, token, or None: not logged in) lacks; None if it is allowed.

    Whether a user named in the parameters exists is told only to those who may see all users.
    """
    match rule:
        case Public():
            return None
        case _ if caller is None:
            return "no login"
        case _ if caller == ROOT:
            return None
        case LoggedIn():
            return None
        case RootOnly():
            return "user != root@pam"
    return _missing(rule, caller, parameters, access)


def is_public(rule: Rule) -> bool:
    """Whether no login is needed."""
    return isinstance(rule, Public)


def _options(written: Sequence[Any], known: set[str]) -> dict[str, Any]:
    names = written[::2]
    if len(written) % 2 or not set(names) <= known:
        raise ValueError(f"options {list(written)} of a permission are not known")
    return dict(zip(names, written[1::2], strict=True))


def _missing(check: Check, caller: str, given: Parameters, access: Access) -> str | None:
    match check:
        case And():
            lacks = (_missing(part, caller, given, access) for part in check.parts)
            return next((lack for lack in lacks if lack is not None), None)
        case Or():
            return _of_none(check, caller, given, access)
        case Perm():
            return _perm(check, caller, given, access)
        case UseridGroup():
            return _userid_group(check, caller, given, access)
        case UseridSelf():
            return None if given.get("userid") == caller else "only the user itself"
        case UseridRealm():
            return _realm(check, caller, given, access)
        case PermModify():
            return _perm_modify(check, caller, given, access)


def _of_none(check: Or, caller: str, given: Parameters, access: Access) -> str | None:
    lacks: list[str] = []
    for part in check.parts:
        lack = _missing(part, caller, given, access)
        if lack is None:
            return None
        lacks.append(lack)
    return " or ".join(lacks)


def _perm(check: Perm, caller: str, given: Parameters, access: Access) -> str | None:
    if check.require_param is not None and given.get(check.require_param) is None:
        return None
    path = _filled(check.path, given)
    if path is None:
        return f"{check.path}: no such path"
    if check.any:
        if access.has_any(caller, path, check.privileges):
            return None
        return f"{path}, {'|'.join(check.privileges)}"
    found = access.privileges(caller, path)
    lacks = [privilege for privilege in check.privileges if privilege not in found]
    return f"{path}, {lacks[0]}" if lacks else None


def _filled(template: str, given: Parameters) -> str | None:
    """The path that a template stands for; None if a parameter makes it no path."""

    def text(match: re.Match[str]) -> str:
        value = given.get(match[1])
        return "" if value is None else str(value)

    return normalized_path(_PLACE.sub(text, template))


def _realm(check: UseridRealm, caller: str, given: Parameters, access: Access) -> str | None:
    userid = str(given.get("userid") or "")
    if not is_user(userid):
        return f"'{userid}' is no user"
    path = f"/access/realm/{userid.rpartition('@')[2]}"
    return None if access.has(caller, path, (check.privilege,)) else f"{path}, {check.privilege}"


def _userid_group(check: UseridGroup, caller: str, given: Parameters, access: Access) -> str | None:
    userid = str(given.get("userid") or "")
    exists = check.groups_param != "create"
    if access.has_any(caller, "/access/groups", check.privileges):
        return None
    wanted = "|".join(check.privileges)
    if check.groups_param is not None:
        groups = _names(given.get("groups"))
        if not groups and check.groups_param == "create":
            return f"/access/groups, {wanted}"
        for group in groups:
            if not access.has_any(caller, f"/access/groups/{group}", check.privileges):
                return f"/access/groups/{group}, {wanted}"
    if exists and not any(
        access.has_any(caller, f"/access/groups/{group}", check.privileges)
        for group in access.config.groups_of(userid)
    ):
        return f"/access/groups, {wanted}"
    return None


def _names(value: object) -> list[str]:
    """A list as it comes in a text, or as its option has already read it."""
    if isinstance(value, tuple | list):
        return [str(name) for name in value]
    return [name for name in _LIST.split(str(value or "")) if name]


def _perm_modify(check: PermModify, caller: str, given: Parameters, access: Access) -> str | None:
    """Who may allocate guests, storages or pools there may also say who else may use them."""
    path = _filled(check.path, given)
    if path is None:
        return f"{check.path}: no such path"
    enough = ["Permissions.Modify"]
    for area, privilege in (
        ("/storage/", "Datastore.Allocate"),
        ("/vms/", "VM.Allocate"),
        ("/pool/", "Pool.Allocate"),
    ):
        if path.startswith(area):
            enough.append(privilege)
    return None if access.has_any(caller, path, enough) else f"{path}, {'|'.join(enough)}"
