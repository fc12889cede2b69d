"""Users and their passwords."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.access.options import (
    EXPIRE,
    GROUPS,
    USERID,
    given,
)
from appliance.api.operations.access.tokens import token_row
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.access.ids import split_user
from appliance.model.access.users import User
from appliance.model.formats.network import EMAIL
from appliance.model.option import Option
from appliance.services.access import users
from appliance.services.access.files import FACTORS, REALMS
from appliance.services.access.looking import visible_users


async def _list(request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    access, wanted = ports.accounts.access(), request.parameters.get("enabled")
    return [
        {"userid": userid, **_row(ports, userid, user, full=request.parameters["full"])}
        for userid, user in sorted(visible_users(access, request.user).items())
        if wanted is None or wanted == user.enable
    ]


def _row(ports: ApiPorts, userid: str, user: User, *, full: bool) -> dict[str, Any]:
    row = fields(user)
    realm = ports.accounts.files.read(REALMS).realms.get(split_user(userid)[1])
    if realm is not None:
        row["realm-type"] = realm.type
    factors = ports.accounts.files.read(FACTORS).of(userid)
    if factors.totp_locked:
        row["totp-locked"] = 1
    if factors.locked_until_s > ports.clock.wall():
        row["tfa-locked-until"] = factors.locked_until_s
    if full:
        row["groups"] = ",".join(sorted(ports.accounts.access().config.groups_of(userid)))
        row["tokens"] = [
            {"tokenid": name, **token_row(token)} for name, token in sorted(user.tokens.items())
        ]
    return row


def fields(user: User) -> dict[str, Any]:
    """What is set; texts that are not are left out."""
    texts = {name: getattr(user, name) for name in users.TEXTS}
    return {
        "enable": int(user.enable),
        "expire": user.expire_s,
        **{name: text for name, text in texts.items() if text},
    }


async def _read(request: Request, ports: ApiPorts) -> dict[str, Any]:
    userid, config = request.parameters["userid"], ports.accounts.access().config
    user = users.existing(config, userid)
    return {
        **fields(user),
        "groups": sorted(config.groups_of(userid)),
        "tokens": {name: token_row(token) for name, token in sorted(user.tokens.items())},
    }


async def _create(request: Request, ports: ApiPorts) -> None:
    userid = request.parameters["userid"]
    await users.create_user(ports.accounts, request.user, userid, given(request))


async def _update(request: Request, ports: ApiPorts) -> None:
    userid = request.parameters["userid"]
    await users.update_user(ports.accounts, request.user, userid, given(request))


async def _delete(request: Request, ports: ApiPorts) -> None:
    await users.delete_user(ports.accounts, request.user, request.parameters["userid"])


async def _password(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    change = users.PasswordChange(
        asked["userid"], asked["password"], asked.get("confirmation-password"), request.address
    )
    await users.change_password(ports.accounts, request.user, change)


_FIELDS: Final = (
    Option("enable", "Whether it may log in.", "boolean", default=True),
    EXPIRE,
    Option("firstname", "First name.", max_length=1024, empty=True),
    Option("lastname", "Last name.", max_length=1024, empty=True),
    Option("email", "Mail address.", format=EMAIL, max_length=254, empty=True),
    Option("comment", "A remark.", max_length=2048, empty=True),
    Option(
        "keys", "Older second factors.", pattern="[0-9a-zA-Z!=]{0,4096}", empty=True, secret=True
    ),
    GROUPS,
)
_NEW_PASSWORD: Final = Option("password", "The password.", min_length=8, max_length=64, secret=True)
_MODIFY: Final = ["userid-group", ["User.Modify"]]
_ALLOCATE: Final = ["userid-param", "Realm.AllocateUser"]

OPERATIONS: Final = (
    Operation(
        "GET",
        "/access/users",
        _list,
        "The users that the caller may see.",
        (
            Option("enabled", "Only those who may, or may not, log in.", "boolean"),
            Option("full", "With groups and tokens.", "boolean", default=False),
        ),
        ANY_USER,
    ),
    Operation(
        "POST",
        "/access/users",
        _create,
        "Make a user.",
        (USERID, _NEW_PASSWORD, *_FIELDS),
        {"check": ["and", _ALLOCATE, [*_MODIFY, "groups_param", "create"]]},
    ),
    Operation(
        "GET",
        "/access/users/{userid}",
        _read,
        "A user.",
        (USERID,),
        {"check": ["userid-group", ["User.Modify", "Sys.Audit"]]},
    ),
    Operation(
        "PUT",
        "/access/users/{userid}",
        _update,
        "Change a user; what is not given stays, an empty text unsets.",
        (
            USERID,
            *_FIELDS,
            Option("append", "Stay in the other groups too.", "boolean", requires="groups"),
        ),
        {"check": [*_MODIFY, "groups_param", "update"]},
    ),
    Operation(
        "DELETE",
        "/access/users/{userid}",
        _delete,
        "Delete a user, with tokens, permissions and second factors.",
        (USERID,),
        {"check": ["and", _ALLOCATE, _MODIFY]},
    ),
    Operation(
        "PUT",
        "/access/password",
        _password,
        "Change a password, one's own or that of a user one looks after.",
        (
            USERID,
            Option(
                "password", "The new one.", required=True, min_length=8, max_length=64, secret=True
            ),
            Option(
                "confirmation-password",
                "The caller's present password.",
                min_length=5,
                max_length=64,
                secret=True,
            ),
        ),
        {"check": ["or", ["userid-param", "self"], ["and", _ALLOCATE, _MODIFY]]},
        allow_token=False,
    ),
)
