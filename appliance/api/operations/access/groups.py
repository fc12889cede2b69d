"""Groups and roles."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.access.options import COMMENT
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.access.privileges import BUILT_IN_ROLES
from appliance.model.errors import MissingError
from appliance.model.formats.names import GROUP_ID, PRIVILEGE, ROLE_ID
from appliance.model.option import Option
from appliance.services.access import roles
from appliance.services.access.looking import all_roles, visible_groups

# groups


async def _groups(request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    found = visible_groups(ports.accounts.access(), request.user)
    return [
        {"groupid": name, "users": ",".join(sorted(group.members)), **_comment(group.comment)}
        for name, group in sorted(found.items())
    ]


def _comment(text: str) -> dict[str, str]:
    return {"comment": text} if text else {}


async def _group(request: Request, ports: ApiPorts) -> dict[str, Any]:
    name = request.parameters["groupid"]
    group = roles.existing_group(ports.accounts.access().config, name)
    return {"members": sorted(group.members), **_comment(group.comment)}


async def _create_group(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    comment = asked.get("comment", "")
    await roles.create_group(ports.accounts, request.user, asked["groupid"], comment)


async def _update_group(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    await roles.update_group(ports.accounts, request.user, asked["groupid"], asked.get("comment"))


async def _delete_group(request: Request, ports: ApiPorts) -> None:
    await roles.delete_group(ports.accounts, request.user, request.parameters["groupid"])


# roles


async def _roles(_request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    return [
        {"roleid": name, "privs": ",".join(privileges), "special": int(name in BUILT_IN_ROLES)}
        for name, privileges in all_roles(ports.accounts.access()).items()
    ]


async def _role(request: Request, ports: ApiPorts) -> dict[str, int]:
    name = request.parameters["roleid"]
    found = all_roles(ports.accounts.access()).get(name)
    if found is None:
        raise MissingError(f"role '{name}' does not exist")
    return dict.fromkeys(found, 1)


async def _create_role(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    privileges = asked.get("privs", ())
    await roles.create_role(ports.accounts, request.user, asked["roleid"], privileges)


async def _update_role(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    await roles.update_role(
        ports.accounts,
        request.user,
        asked["roleid"],
        asked.get("privs"),
        append=bool(asked.get("append")),
    )


async def _delete_role(request: Request, ports: ApiPorts) -> None:
    await roles.delete_role(ports.accounts, request.user, request.parameters["roleid"])


_GROUPID: Final = Option("groupid", "The group.", required=True, format=GROUP_ID)
_ROLEID: Final = Option("roleid", "The role.", required=True, format=ROLE_ID)
_PRIVS: Final = Option("privs", "Its privileges.", format=PRIVILEGE, many=True, empty=True)
_GROUPS_CHANGE: Final = {"check": ["perm", "/access/groups", ["Group.Allocate"]]}
_GROUP_LOOK: Final = {
    "check": ["perm", "/access/groups", ["Sys.Audit", "Group.Allocate"], "any", 1]
}
_ROLES_CHANGE: Final = {"check": ["perm", "/access", ["Sys.Modify"]]}
_GROUP: Final = "/access/groups/{groupid}"
_ROLE: Final = "/access/roles/{roleid}"

OPERATIONS: Final = (
    Operation("GET", "/access/groups", _groups, "Groups one may see.", permission=ANY_USER),
    Operation(
        "POST",
        "/access/groups",
        _create_group,
        "Make a group.",
        (_GROUPID, COMMENT),
        _GROUPS_CHANGE,
    ),
    Operation("GET", _GROUP, _group, "A group.", (_GROUPID,), _GROUP_LOOK),
    Operation("PUT", _GROUP, _update_group, "Change it.", (_GROUPID, COMMENT), _GROUPS_CHANGE),
    Operation("DELETE", _GROUP, _delete_group, "Delete it.", (_GROUPID,), _GROUPS_CHANGE),
    Operation("GET", "/access/roles", _roles, "All roles.", permission=ANY_USER),
    Operation(
        "POST", "/access/roles", _create_role, "Make a role.", (_ROLEID, _PRIVS), _ROLES_CHANGE
    ),
    Operation("GET", _ROLE, _role, "A role's privileges.", (_ROLEID,), ANY_USER),
    Operation(
        "PUT",
        _ROLE,
        _update_role,
        "Change a role's privileges.",
        (
            _ROLEID,
            _PRIVS,
            Option("append", "Keep those it has.", "boolean", requires="privs"),
        ),
        _ROLES_CHANGE,
    ),
    Operation("DELETE", _ROLE, _delete_role, "Delete a role.", (_ROLEID,), _ROLES_CHANGE),
)
