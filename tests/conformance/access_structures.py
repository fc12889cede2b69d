"""The recorded structures of user.cfg (a tree of permissions, flags as numbers) and our model."""

from __future__ import annotations

from typing import Any

from appliance.model.access.users import Group, Pool, Token, User, UserConfig

KINDS = {"users": "", "groups": "@", "tokens": ""}


def from_structure(structure: dict[str, Any]) -> UserConfig:
    """The model of a recorded structure."""
    acl: dict[str, dict[str, dict[str, bool]]] = {}
    _walk(structure.get("acl_root") or {}, "", acl)
    return UserConfig(
        {userid: _user(entry) for userid, entry in (structure.get("users") or {}).items()},
        {
            name: Group(tuple(sorted(entry.get("users") or {})), entry.get("comment") or "")
            for name, entry in (structure.get("groups") or {}).items()
        },
        {name: _pool(entry) for name, entry in (structure.get("pools") or {}).items()},
        {name: frozenset(entry) for name, entry in (structure.get("roles") or {}).items()},
        acl,
    )


def _user(entry: dict[str, Any]) -> User:
    tokens = {
        name: Token(t.get("expire") or 0, bool(t.get("privsep")), t.get("comment") or "")
        for name, t in (entry.get("tokens") or {}).items()
    }
    texts = ("firstname", "lastname", "email", "comment", "keys")
    given = {name: entry.get(name) or "" for name in texts}
    return User(bool(entry.get("enable")), entry.get("expire") or 0, **given, tokens=tokens)


def _pool(entry: dict[str, Any]) -> Pool:
    vms = tuple(sorted(int(vmid) for vmid in entry.get("vms") or {}))
    return Pool(vms, tuple(sorted(entry.get("storage") or {})), entry.get("comment") or "")


def _walk(node: dict[str, Any], path: str, acl: dict[str, dict[str, dict[str, bool]]]) -> None:
    found = {
        f"{sign}{who}": {role: bool(down) for role, down in roles.items()}
        for kind, sign in KINDS.items()
        for who, roles in (node.get(kind) or {}).items()
    }
    if found:
        acl[path or "/"] = found
    for name, child in (node.get("children") or {}).items():
        _walk(child, f"{path}/{name}", acl)
