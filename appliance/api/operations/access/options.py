"""Parameters and permissions that several operations on users share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from appliance.api.table import Request
from appliance.model.access.ids import USER_MAX_LENGTH
from appliance.model.formats.names import GROUP_ID, REALM, USER_ID
from appliance.model.option import Option

USERID: Final = Option(
    "userid", "The user.", required=True, format=USER_ID, max_length=USER_MAX_LENGTH
)
REALM_NAME: Final = Option("realm", "The realm.", required=True, format=REALM, max_length=32)
GROUPS: Final = Option("groups", "Its groups.", format=GROUP_ID, many=True, empty=True)
COMMENT: Final = Option("comment", "A remark.", empty=True)
EXPIRE: Final = Option(
    "expire", "When it ends, seconds since 1970; 0: never.", "integer", minimum=0
)
PASSWORD: Final = Option("password", "Your own password.", min_length=5, max_length=64, secret=True)

SELF_OR_MODIFY: Final[Mapping[str, Any]] = {
    "check": ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]]
}
SELF_OR_LOOK: Final[Mapping[str, Any]] = {
    "check": ["or", ["userid-param", "self"], ["userid-group", ["User.Modify", "Sys.Audit"]]]
}


def given(request: Request) -> dict[str, Any]:
    """The values that the call gave, without defaults: what it does not name stays as it is."""
    return {name: request.parameters[name] for name in request.texts}
