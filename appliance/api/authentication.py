"""Who asks."""

from __future__ import annotations

from appliance.api.http import LOCAL, HttpRequest
from appliance.api.ports import ApiPorts
from appliance.core.access.credentials import TicketShown, read_credentials
from appliance.core.access.tickets import check_csrf_token, read_ticket
from appliance.model.access.ids import ROOT
from appliance.model.errors import ForbiddenError, UnauthenticatedError

CSRF_HEADER = "csrfpreventiontoken"
NOBODY = ""


def who(request: HttpRequest, ports: ApiPorts) -> str:
    """The user, NOBODY without credentials. UnauthenticatedError for credentials that are bad.

    A write with a ticket must show its CSRF token, which a page of another site cannot know; that
    is not for who asks without a ticket, since nothing is sent along on its own there.
    """
    if request.address == LOCAL:
        return ROOT
    shown = read_credentials(request.headers.get("cookie"), request.headers.get("authorization"))
    if shown is None:
        return NOBODY
    if not isinstance(shown, TicketShown):
        raise UnauthenticatedError("API tokens are not known to this node")
    keys, now_s = ports.keys.keys(), ports.clock.wall()
    if keys is None:
        raise UnauthenticatedError("invalid ticket")
    user = read_ticket(keys, shown.text, now_s).user
    if request.verb not in ("GET", "HEAD"):
        token = request.headers.get(CSRF_HEADER)
        if token is None:
            raise UnauthenticatedError("Permission denied - invalid csrf token")
        check_csrf_token(keys, user, token, now_s)
    return user


def allow(user: str, permission: object) -> None:
    """UnauthenticatedError without a login, ForbiddenError without the right.

    `permission` is an expression of the published contract. root@pam may do everything; who else
    may do what needs users and roles, of which there are none yet.
    """
    world = isinstance(permission, dict) and permission.get("user") == "world"
    if world or user == ROOT:
        return
    if user == NOBODY:
        raise UnauthenticatedError("No ticket")
    if isinstance(permission, dict) and permission.get("user") == "all":
        return
    raise ForbiddenError(f"Permission check failed: {user} may not do this")
