"""API tokens of users."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from appliance.api.operations.access.options import (
    COMMENT,
    EXPIRE,
    SELF_OR_MODIFY,
    USERID,
    given,
)
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request
from appliance.model.access.users import Token, User
from appliance.model.formats import CONFIG_ID
from appliance.model.option import Option
from appliance.services.access import tokens
from appliance.services.access.users import existing


def token_row(token: Token) -> dict[str, Any]:
    """Whether it has rights of its own, when it ends, and the remark if there is one."""
    row: dict[str, Any] = {"expire": token.expire_s, "privsep": int(token.privsep)}
    return {**row, "comment": token.comment} if token.comment else row


def _user(request: Request, ports: ApiPorts) -> User:
    return existing(ports.accounts.access().config, request.parameters["userid"])


async def _list(request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    found = sorted(_user(request, ports).tokens.items())
    return [{"tokenid": name, **token_row(token)} for name, token in found]


async def _read(request: Request, ports: ApiPorts) -> dict[str, Any]:
    asked = request.parameters
    user = _user(request, ports)
    return token_row(tokens.existing_token(user, asked["userid"], asked["tokenid"]))


async def _create(request: Request, ports: ApiPorts) -> dict[str, Any]:
    """The secret is in this answer and nowhere else, ever."""
    asked = request.parameters
    issued = await tokens.create_token(
        ports.accounts, request.user, asked["userid"], asked["tokenid"], given(request)
    )
    return {
        "full-tokenid": issued.tokenid,
        "info": token_row(issued.token),
        "value": issued.secret,
    }


async def _update(request: Request, ports: ApiPorts) -> dict[str, Any]:
    asked = request.parameters
    issued = await tokens.update_token(
        ports.accounts, request.user, asked["userid"], asked["tokenid"], given(request)
    )
    row = token_row(issued.token)
    if issued.secret is not None:
        row |= {"full-tokenid": issued.tokenid, "value": issued.secret}
    return row


async def _delete(request: Request, ports: ApiPorts) -> None:
    asked = request.parameters
    await tokens.delete_token(ports.accounts, request.user, asked["userid"], asked["tokenid"])


_TOKENID: Final = Option(
    "tokenid",
    "The token's name.",
    required=True,
    pattern=r"(?:[A-Za-z][A-Za-z0-9\.\-_]+)",
)
_PRIVSEP: Final = Option(
    "privsep", "Whether it has rights of its own, never more than its user's.", "boolean", True
)
_PATH: Final = "/access/users/{userid}/token"
_ONE: Final = f"{_PATH}/{{tokenid}}"

OPERATIONS: Final = (
    Operation("GET", _PATH, _list, "A user's tokens.", (USERID,), SELF_OR_MODIFY),
    Operation("GET", _ONE, _read, "A token.", (USERID, _TOKENID), SELF_OR_MODIFY),
    Operation(
        "POST",
        _ONE,
        _create,
        "Make a token; its secret is shown this once.",
        (
            USERID,
            _TOKENID,
            COMMENT,
            replace(EXPIRE, sentence="When it ends; with its user if not given, 0: never."),
            _PRIVSEP,
        ),
        SELF_OR_MODIFY,
    ),
    Operation(
        "PUT",
        _ONE,
        _update,
        "Change a token, or give it a new secret.",
        (
            USERID,
            _TOKENID,
            COMMENT,
            EXPIRE,
            _PRIVSEP,
            Option("regenerate", "Make a new secret; the old one is void.", "boolean", False),
            Option("delete", "What is unset: comment, expire.", format=CONFIG_ID, many=True),
        ),
        SELF_OR_MODIFY,
    ),
    Operation("DELETE", _ONE, _delete, "Delete a token.", (USERID, _TOKENID), SELF_OR_MODIFY),
)
