"""Who asks."""

from __future__ import annotations

from appliance.api.http import LOCAL, HttpRequest
from appliance.api.ports import ApiPorts
from appliance.core.access.credentials import TicketShown, read_credentials
from appliance.model.access.ids import ROOT
from appliance.model.errors import UnauthenticatedError

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
    user = ports.accounts.identify(shown)
    if isinstance(shown, TicketShown) and request.verb not in ("GET", "HEAD"):
        token = request.headers.get(CSRF_HEADER)
        if token is None:
            raise UnauthenticatedError("Permission denied - invalid csrf token")
        ports.accounts.check_csrf(user, token)
    return user
