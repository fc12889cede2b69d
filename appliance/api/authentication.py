"""Who asks."""

from __future__ import annotations

from appliance.api.http import LOCAL, HttpRequest
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation
from appliance.core.access.credentials import TicketShown, read_credentials
from appliance.model.access.ids import ROOT
from appliance.model.errors import UnauthenticatedError
from appliance.model.percent import encode_url

CSRF_HEADER = "csrfpreventiontoken"
NOBODY = ""


def who(request: HttpRequest, ports: ApiPorts, operation: Operation | None = None) -> str:
    """The user, NOBODY without credentials. UnauthenticatedError for credentials that are bad.

    A write with a ticket must show its CSRF token, which a page of another site cannot know; that
    is not for who asks without a ticket, since nothing is sent along on its own there; nor for
    uploads, with which clients of the reference do not send it.
    """
    if request.address == LOCAL:
        return ROOT
    shown = read_credentials(request.headers.get("cookie"), request.headers.get("authorization"))
    if shown is None:
        return NOBODY
    user = ports.accounts.identify(shown)
    upload = operation is not None and operation.upload
    if isinstance(shown, TicketShown) and request.verb not in ("GET", "HEAD") and not upload:
        token = request.headers.get(CSRF_HEADER)
        if token is None:
            raise UnauthenticatedError("Permission denied - invalid csrf token")
        ports.accounts.check_csrf(user, token)
    return user


async def vouch(user: str, ports: ApiPorts) -> dict[str, str]:
    """Headers by which another node knows a user who came through this node's local socket."""
    session = await ports.accounts.login.session(user)
    return {"cookie": f"PVEAuthCookie={encode_url(session.ticket)}", CSRF_HEADER: session.csrf}
