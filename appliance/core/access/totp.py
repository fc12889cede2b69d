"""One-time passwords by time (RFC 6238), from `otpauth://totp/...` URIs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field

from appliance.model.errors import ConfigError
from appliance.model.percent import decode_text

WINDOW = 1  # time steps before and after now that are accepted too: clocks differ
MIN_SECRET_BYTES = 8

_DIGESTS = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}
_URI = re.compile(r"otpauth://totp/[^?\s]*\?(\S+)", re.ASCII)
_BOUNDS = {"digits": (6, 8), "period": (10, 300)}


@dataclass(frozen=True, slots=True)
class Totp:
    secret: bytes = field(repr=False)
    digits: int = 6
    period_s: int = 30
    algorithm: str = "SHA1"

    def at(self, count: int) -> str:
        """The password of a time step."""
        message = count.to_bytes(8, "big")
        digest = hmac.digest(self.secret, message, _DIGESTS[self.algorithm])
        start = digest[-1] & 0x0F
        number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
        return str(number % 10**self.digits).zfill(self.digits)

    def matching(self, value: str, now_s: float) -> int | None:
        """The time step of which this is the password, if that is now or next to it.

        Every step is compared, so that the time taken tells nothing.
        """
        now = int(now_s) // self.period_s
        found = None
        for count in range(max(0, now - WINDOW), now + WINDOW + 1):
            if hmac.compare_digest(self.at(count).encode(), value.encode("utf-8", "replace")):
                found = count
        return found


def parse_totp(uri: str) -> Totp:
    """Read an URI as authenticator apps take it. ConfigError, which never repeats the URI."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise _bad("expected otpauth://totp/LABEL?secret=BASE32")
    given: dict[str, str] = {}
    for pair in match[1].split("&"):
        name, _, value = pair.partition("=")
        given[name] = decode_text(value)
    algorithm = given.get("algorithm", "SHA1").upper()
    if algorithm not in _DIGESTS:
        raise _bad(f"the algorithm is not one of {', '.join(_DIGESTS)}")
    digits, period_s = _number(given, "digits", 6), _number(given, "period", 30)
    return Totp(_secret(given.get("secret", "")), digits, period_s, algorithm)


def _secret(text: str) -> bytes:
    plain = text.replace(" ", "").rstrip("=").upper()
    try:
        secret = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except (binascii.Error, ValueError):
        raise _bad("the secret is no BASE32 text") from None
    if len(secret) < MIN_SECRET_BYTES:
        raise _bad(f"the secret has less than {MIN_SECRET_BYTES} bytes")
    return secret


def _number(given: dict[str, str], name: str, default: int) -> int:
    least, most = _BOUNDS[name]
    text = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not least <= int(text) <= most:
        raise _bad(f"{name} is not from {least} to {most}")
    return int(text)


def _bad(message: str) -> ConfigError:
    return ConfigError(message, field="totp")
