"""Logging in."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import WORLD, Operation, Request
from appliance.model.access.ids import USER_MAX_LENGTH
from appliance.model.formats.names import REALM
from appliance.model.option import Option
from appliance.services.access.login import Shown


async def create_ticket(request: Request, ports: ApiPorts) -> dict[str, Any]:
    """The ticket belongs into the cookie PVEAuthCookie, the token into the header of writes."""
    given = request.parameters
    user = given["username"]
    if given.get("realm") and "@" not in user:
        user = f"{user}@{given['realm']}"
    shown = Shown(
        user, given["password"], request.address, given.get("otp"), given.get("tfa-challenge")
    )
    session = await ports.accounts.login.login(shown)
    answer: dict[str, Any] = {
        "username": session.user,
        "ticket": session.ticket,
        "CSRFPreventionToken": session.csrf,
    }
    return {**answer, "NeedTFA": 1} if session.partial else answer


async def ticket_form(_request: Request, _ports: ApiPorts) -> None:
    """Clients ask for it to see whether there is a login; it has nothing to say."""


OPERATIONS: Final = (
    Operation(
        "GET", "/access/ticket", ticket_form, "Nothing; logging in is POST.", permission=WORLD
    ),
    Operation(
        "POST",
        "/access/ticket",
        create_ticket,
        "Log in, or renew a ticket by giving it as the password.",
        (
            Option("username", "NAME@REALM.", required=True, max_length=USER_MAX_LENGTH),
            Option("realm", "Of the user, where the name has none.", max_length=32, format=REALM),
            Option("password", "The password, or a valid ticket.", required=True, max_length=4096),
            Option("otp", "A one-time password.", max_length=64, secret=True),
            Option(
                "tfa-challenge",
                "The ticket of a login that owes a second factor, which is the password then.",
                max_length=4096,
                secret=True,
            ),
            Option("new-format", "Of no effect: there is one form.", "boolean", default=True),
        ),
        WORLD,
        allow_token=False,
    ),
)
