"""What a request shows of who sends it, taken out of its headers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from appliance.core.access.tickets import TICKET_MAX_LENGTH
from appliance.model.access.ids import split_token
from appliance.model.errors import UnauthenticatedError
from appliance.model.percent import decode_text

COOKIES = ("__Host-PVEAuthCookie", "PVEAuthCookie")
SCHEME = "PVEAPIToken"
SECRET_MAX_LENGTH = 128

_HEADER = re.compile(rf"{SCHEME}[= ]([^\s=]+)[=:](\S+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class TicketShown:
    """A ticket from the cookie, not yet checked."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenShown:
    """An API token, `tokenid` as USER@REALM!NAME, not yet checked."""

    tokenid: str
    secret: str = field(repr=False)


Shown = TicketShown | TokenShown | None


def read_credentials(cookie: str | None, authorization: str | None) -> Shown:
    """What the headers `Cookie` and `Authorization` show; a token goes before a ticket.

    UnauthenticatedError if there is an Authorization for us that has not its form.
    """
    header = (authorization or "").strip()
    if header.startswith(SCHEME):
        return _token(header)
    if header.startswith("PVEAuthCookie="):
        return TicketShown(_plain(header.partition("=")[2]))
    text = _cookie(cookie or "")
    return TicketShown(text) if text else None


def _token(header: str) -> TokenShown:
    match = _HEADER.fullmatch(header) if len(header) <= TICKET_MAX_LENGTH else None
    if match is None or split_token(match[1]) is None or len(match[2]) > SECRET_MAX_LENGTH:
        raise UnauthenticatedError(f"invalid API token, expected {SCHEME}=USER@REALM!NAME=SECRET")
    return TokenShown(match[1], match[2])


def _cookie(header: str) -> str | None:
    """The ticket among a header's pairs, be it percent-encoded or not."""
    pairs: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and name not in pairs:
            pairs[name] = value
    for name in COOKIES:
        if pairs.get(name):
            return _plain(pairs[name].strip('"'))
    return None


def _plain(text: str) -> str:
    """Decoded once, as far as the client encoded it; what a ticket is about may hold escapes."""
    if ":" not in text:
        return decode_text(text)
    about, colons, signature = text.partition("::")
    return f"{about}{colons}{decode_text(signature)}"
