"""Permissions: the access control list, and what comes out of it."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.access.effective import effective_permissions
from appliance.model.formats.names import GROUP_ID, ROLE_ID, TOKEN_ID, USER_ID
from appliance.model.option import Option
from appliance.services.access.acl import Grant, update_acl
from appliance.services.access.looking import visible_acl


async def _list(request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    return [
        {
            "path": entry.path,
            "type": entry.kind,
            "ugid": entry.who,
            "roleid": entry.role,
            "propagate": int(entry.propagate),
        }
        for entry in visible_acl(ports.accounts.access(), request.user)
    ]


async def _update(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    grant = Grant(
        asked["path"],
        asked["roles"],
        asked.get("users", ()),
        asked.get("groups", ()),
        asked.get("tokens", ()),
        asked["propagate"],
        bool(asked.get("delete")),
    )
    await update_acl(ports.accounts, request.user, grant)


async def _permissions(request: Request, ports: ApiPorts) -> dict[str, dict[str, int]]:
    asked = request.parameters
    return effective_permissions(
        ports.accounts.access(), request.user, asked.get("userid"), asked.get("path")
    )


_AUTHID: Final = (
    r"(?:^(?:[^\s:/]+)\@(?:[A-Za-z][A-Za-z0-9\.\-_]+)(?:!(?:[A-Za-z][A-Za-z0-9\.\-_]+))?$)"
)

OPERATIONS: Final = (
    Operation("GET", "/access/acl", _list, "The entries that one may change.", permission=ANY_USER),
    Operation(
        "PUT",
        "/access/acl",
        _update,
        "Give roles on a path, or take them away.",
        (
            Option("path", "Where they hold.", required=True),
            Option("roles", "Which.", required=True, format=ROLE_ID, many=True),
            Option("users", "For these users.", format=USER_ID, many=True, empty=True),
            Option("groups", "For these groups.", format=GROUP_ID, many=True, empty=True),
            Option("tokens", "For these tokens.", format=TOKEN_ID, many=True, empty=True),
            Option("propagate", "Whether they hold below too.", "boolean", default=True),
            Option("delete", "Take them away.", "boolean"),
        ),
        {"check": ["perm-modify", "{path}"]},
    ),
    Operation(
        "GET",
        "/access/permissions",
        _permissions,
        "Privileges by path, one's own or those of others.",
        (
            Option("userid", "Of this user or token.", pattern=_AUTHID),
            Option("path", "On this path alone."),
        ),
        ANY_USER,
    ),
)
