"""Logging in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import WORLD, Operation, Request
from appliance.core.access.capabilities import capabilities
from appliance.model.access.acl_paths import normalized_path
from appliance.model.access.ids import USER_MAX_LENGTH
from appliance.model.errors import ConfigError, QuorateError, UnauthenticatedError
from appliance.model.formats.names import PRIVILEGE, REALM
from appliance.model.option import Option
from appliance.services.access.login import Session, Shown
from appliance.services.cluster.layout import current


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
    if given.get("path"):
        return _verified(session, given, ports)
    return session_answer(session, ports)


def _verified(session: Session, given: Mapping[str, Any], ports: ApiPorts) -> dict[str, Any]:
    """Whether it is this user, with these privileges; nothing that could be used further."""
    if session.partial:
        raise UnauthenticatedError("a second factor is needed")
    ports.accounts.need(session.user, _path(given["path"]), given["privs"])
    return {"username": session.user}


def session_answer(session: Session, ports: ApiPorts) -> dict[str, Any]:
    """The ticket, and what a client may offer whoever holds it."""
    answer: dict[str, Any] = {
        "username": session.user,
        "ticket": session.ticket,
        "CSRFPreventionToken": session.csrf,
    }
    if session.partial:
        return {**answer, "NeedTFA": 1}
    answer["cap"] = capabilities(ports.accounts.access(), session.user)
    name = _cluster_name(ports)
    if name and ports.accounts.access().has(session.user, "/", ("Sys.Audit",)):
        answer["clustername"] = name
    return answer


def _cluster_name(ports: ApiPorts) -> str:
    if ports.cluster is None:
        return ""
    try:
        return current(ports.cluster).cluster_name
    except QuorateError:
        return ""  # not in a cluster, or its layout cannot be read: a login needs none


def _path(text: str) -> str:
    path = normalized_path(text)
    if path is None:
        raise ConfigError("is no path of permissions", field="path")
    return path


async def _check_console(request: Request, ports: ApiPorts) -> None:
    given = request.parameters
    path = _path(given["path"])
    ports.accounts.check_console(given["vncticket"], given["authid"], path, given["privs"])


async def ticket_form(_request: Request, _ports: ApiPorts) -> None:
    """Clients ask for it to see whether there is a login; it has nothing to say."""


_PATH: Final = Option(
    "path",
    "Check only whether the user has privileges there.",
    max_length=64,
    requires="privs",
)
_PRIVS: Final = Option("privs", "Which.", format=PRIVILEGE, many=True, max_length=64)

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
            Option(
                "password",
                "The password, or a valid ticket.",
                required=True,
                max_length=4096,
                secret=True,
            ),
            Option("otp", "A one-time password.", max_length=64, secret=True),
            Option(
                "tfa-challenge",
                "The ticket of a login that owes a second factor, which is the password then.",
                max_length=4096,
                secret=True,
            ),
            _PATH,
            replace(_PRIVS, requires="path"),
            Option("new-format", "Of no effect: there is one form.", "boolean", default=True),
        ),
        WORLD,
        allow_token=False,
    ),
    Operation(
        "POST",
        "/access/vncticket",
        _check_console,
        "Whether a console's ticket is good.",
        (
            Option("authid", "Whose it is.", required=True, max_length=USER_MAX_LENGTH),
            replace(_PATH, sentence="For which path.", required=True, requires=None),
            replace(_PRIVS, sentence="Privileges needed there.", required=True),
            Option("vncticket", "The ticket.", required=True, secret=True),
            Option("port", "Of no effect: a ticket is for a path.", "integer"),
        ),
        WORLD,
    ),
)
