"""Logins by OpenID providers."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.access.login import session_answer
from appliance.api.operations.access.options import REALM_NAME
from appliance.api.ports import ApiPorts
from appliance.api.table import WORLD, Operation, Request
from appliance.model.option import Option
from appliance.services.access import openid


async def _url(request: Request, ports: ApiPorts) -> str:
    asked = request.parameters
    return await openid.login_url(ports.accounts, asked["realm"], asked["redirect-url"])


async def _login(request: Request, ports: ApiPorts) -> dict[str, Any]:
    asked = request.parameters
    returned = openid.Returned(
        asked["code"], asked["state"], asked["redirect-url"], request.address
    )
    return session_answer(await openid.log_in(ports.accounts, returned), ports)


_REDIRECT: Final = Option(
    "redirect-url", "Where the browser comes back to.", required=True, max_length=255
)

OPERATIONS: Final = (
    Operation(
        "POST",
        "/access/openid/auth-url",
        _url,
        "Where to send the browser.",
        (REALM_NAME, _REDIRECT),
        WORLD,
    ),
    Operation(
        "POST",
        "/access/openid/login",
        _login,
        "Log in with what the provider gave the browser.",
        (
            Option("code", "The provider's code.", required=True, max_length=4096, secret=True),
            Option("state", "What came along.", required=True, max_length=1024, secret=True),
            _REDIRECT,
        ),
        WORLD,
    ),
)
