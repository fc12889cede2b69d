"""Tickets: what a login gives, and every later request shows.

A ticket is `PVE:USER@REALM:HEXTIME::SIGNATURE`, the form that Proxmox VE's clients take apart. It
is valid for two hours, and up to five minutes before its time because nodes' clocks differ.

The signature is HMAC-SHA-256 with a secret that all nodes share through the configuration store.
The reference signs with RSA so that a less trusted process can check what it cannot sign. Here one
process does both, so a public key would protect nothing, and a check costs microseconds instead of
a large part of a small request. Each use of the secret (login, second factor, console, CSRF)
signs under a label of its own: what was made for one is never valid for another.

Keys are rotated; `AuthKeys.previous` is believed until the last ticket it can have signed is over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from appliance.model.access.auth_keys import SECRET_BYTES, AuthKey, AuthKeys
from appliance.model.access.ids import is_user
from appliance.model.errors import UnauthenticatedError
from appliance.model.percent import decode_text, encode_url

LIFE_S = 7200
SLACK_S = 300
ROTATE_S = 24 * 3600
CONSOLE_LIFE_S = 40
STATE_LIFE_S = 600
TICKET_MAX_LENGTH = 4096

_PARTIAL = "!tfa!"
_TICKET = re.compile(r"PVE:([^:\s\x00]+):([0-9A-F]{8,12})::([A-Za-z0-9+/=]{44})", re.ASCII)
_CONSOLE = re.compile(r"PVEVNC:([0-9A-F]{8,12})::([A-Za-z0-9+/=]{44})", re.ASCII)
_STATE = re.compile(r"([^\s\x00]+)\.([0-9A-F]{8,12})\.([A-Za-z0-9+/=]{44})", re.ASCII)
_CSRF = re.compile(r"([0-9A-F]{8,12}):([A-Za-z0-9+/=]{44})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that was found good: whose it is, and when it was given (seconds since 1970)."""

    user: str
    issued_s: int


def issue_ticket(keys: AuthKeys, user: str, now_s: float) -> str:
    """A ticket for a user who has shown everything that the login asks for."""
    plain = f"PVE:{user}:{_stamp(now_s)}"
    return f"{plain}::{_sign(keys.current, 'login', plain)}"


def read_ticket(keys: AuthKeys, text: str, now_s: float) -> Ticket:
    """Who holds this ticket. UnauthenticatedError if it is none, forged, too old or partial."""
    match = _TICKET.fullmatch(text) if len(text) <= TICKET_MAX_LENGTH else None
    if match is None or match[1].startswith(_PARTIAL) or not is_user(match[1]):
        raise UnauthenticatedError("invalid ticket")
    plain = f"PVE:{match[1]}:{match[2]}"
    _check(keys, _Claim("login", plain, match[2], match[3]), now_s)
    return Ticket(match[1], int(match[2], 16))


def is_ticket(text: str) -> bool:
    """Whether a text has a ticket's form, be it valid or not; passwords do not look like that."""
    return text.startswith("PVE:") and _TICKET.fullmatch(text[:TICKET_MAX_LENGTH]) is not None


def issue_partial_ticket(keys: AuthKeys, user: str, challenge: str, now_s: float) -> str:
    """What a user gets who has shown the password and owes a second factor.

    `challenge` (JSON, which factors there are) is readable by the client. The user is not in the
    ticket but in its signature: it is good only together with the user's name.
    """
    plain = f"PVE:{_PARTIAL}{encode_url(challenge)}:{_stamp(now_s)}"
    return f"{plain}::{_sign(keys.current, 'tfa', plain, user)}"


def read_partial_ticket(keys: AuthKeys, user: str, text: str, now_s: float) -> str:
    """The challenge of this user's partial ticket. UnauthenticatedError if it is not good."""
    match = _TICKET.fullmatch(text) if len(text) <= TICKET_MAX_LENGTH else None
    if match is None or not match[1].startswith(_PARTIAL):
        raise UnauthenticatedError("invalid two-factor ticket")
    plain = f"PVE:{match[1]}:{match[2]}"
    _check(keys, _Claim("tfa", plain, match[2], match[3], user), now_s)
    return decode_text(match[1].removeprefix(_PARTIAL))


def issue_console_ticket(keys: AuthKeys, authid: str, path: str, now_s: float) -> str:
    """A ticket for one console: this user or token, the path of its permission, 40 seconds."""
    plain = f"PVEVNC:{_stamp(now_s)}"
    return f"{plain}::{_sign(keys.current, 'console', plain, f'{authid}:{path}')}"


def check_console_ticket(keys: AuthKeys, text: str, authid: str, path: str, now_s: float) -> None:
    """UnauthenticatedError unless that ticket was given to this user or token for this path."""
    match = _CONSOLE.fullmatch(text)
    if match is None:
        raise UnauthenticatedError("invalid console ticket")
    bound = f"{authid}:{path}"
    claim = _Claim("console", f"PVEVNC:{match[1]}", match[1], match[2], bound, CONSOLE_LIFE_S)
    _check(keys, claim, now_s)


def issue_csrf_token(keys: AuthKeys, user: str, now_s: float) -> str:
    """`HEXTIME:DIGEST`, which a browser of another site cannot know.

    Every write with a ticket carries it in a header; requests with an API token need none.
    """
    stamp = _stamp(now_s)
    return f"{stamp}:{_sign(keys.current, 'csrf', stamp, user)}"


def check_csrf_token(keys: AuthKeys, user: str, text: str, now_s: float) -> None:
    """UnauthenticatedError unless the token was given to this user not too long ago."""
    match = _CSRF.fullmatch(text)
    if match is None:
        raise UnauthenticatedError("invalid csrf token")
    _check(keys, _Claim("csrf", match[1], match[1], match[2], user), now_s)


def issue_openid_state(keys: AuthKeys, realm: str, now_s: float) -> str:
    """What a browser carries to an OpenID provider and back: the realm, and that it is from us."""
    plain = f"{realm}.{_stamp(now_s)}"
    return f"{plain}.{_sign(keys.current, 'openid', plain)}"


def read_openid_state(keys: AuthKeys, text: str, now_s: float) -> str:
    """The realm of a state that is ten minutes old at most. UnauthenticatedError."""
    match = _STATE.fullmatch(text) if len(text) <= TICKET_MAX_LENGTH else None
    if match is None:
        raise UnauthenticatedError("invalid openid state")
    plain = f"{match[1]}.{match[2]}"
    _check(keys, _Claim("openid", plain, match[2], match[3], life_s=STATE_LIFE_S), now_s)
    return match[1]


def new_keys(secret: bytes, now_s: float) -> AuthKeys:
    """The first key of a cluster, of 32 unpredictable bytes."""
    return AuthKeys(_key(secret, now_s))


def rotation_due(keys: AuthKeys, now_s: float) -> bool:
    """Whether the key that signs is a day old."""
    return now_s - keys.current.created_s >= ROTATE_S


def rotate(keys: AuthKeys, secret: bytes, now_s: float) -> AuthKeys:
    """A new key signs from now on; tickets of the one before stay valid until they are over."""
    return AuthKeys(_key(secret, now_s), keys.current)


def _key(secret: bytes, now_s: float) -> AuthKey:
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a key has {SECRET_BYTES} bytes")
    return AuthKey(int(now_s), secret)


def _stamp(now_s: float) -> str:
    return f"{int(now_s):08X}"


def _sign(key: AuthKey, label: str, plain: str, bound: str = "") -> str:
    """The parts are set apart by a byte that none of them has: no two requests sign alike."""
    message = f"{label}\0{plain}\0{bound}".encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(key.secret, message, hashlib.sha256)).decode("ascii")


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a text says of itself: its use, the signed part, its time, and the signature.

    `bound` is signed too and comes from elsewhere in the request.
    """

    label: str
    plain: str
    stamp: str
    signature: str
    bound: str = ""
    life_s: int = LIFE_S


def _check(keys: AuthKeys, claim: _Claim, now_s: float) -> None:
    """The age is judged after the signature: who forges learns nothing about the clock."""
    if not any(
        hmac.compare_digest(_sign(key, claim.label, claim.plain, claim.bound), claim.signature)
        for key in _believed(keys, now_s)
    ):
        raise UnauthenticatedError(f"invalid {claim.label} signature")
    age_s = now_s - int(claim.stamp, 16)
    if age_s > claim.life_s:
        raise UnauthenticatedError(f"{claim.label} expired")
    if age_s < -SLACK_S:
        raise UnauthenticatedError(f"{claim.label} is from the future: the nodes' clocks differ")


def _believed(keys: AuthKeys, now_s: float) -> tuple[AuthKey, ...]:
    """The previous key is dropped when its last ticket, given at the rotation, is over."""
    previous = keys.previous
    if previous is None or now_s > keys.current.created_s + LIFE_S + SLACK_S:
        return (keys.current,)
    return (keys.current, previous)
