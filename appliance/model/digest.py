"""The digest of a configuration file, which says for which state of it a change is meant."""

from __future__ import annotations

from hashlib import sha1

from appliance.model.errors import StaleError


def digest_of(content: str | bytes) -> str:
    """SHA-1 of the whole file in hexadecimal, as clients expect it; no file counts as empty."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return sha1(data, usedforsecurity=False).hexdigest()


def check_digest(content: str | bytes, digest: str | None) -> None:
    """StaleError unless the file is the one with that digest; None asks for nothing."""
    if digest is not None and digest != digest_of(content):
        raise StaleError("detected modified configuration - file changed by other user? Try again.")
