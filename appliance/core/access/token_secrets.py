"""Secrets of API tokens: made from randomness, kept as hashes, compared in constant time.

A secret is a random UUID, which no one can guess, so one round of SHA-256 is enough; a slow hash
would cost more than the request that it comes with.
"""

from __future__ import annotations

import hashlib
import hmac

RANDOM_BYTES = 16
_PREFIX = "sha256:"


def new_secret(random: bytes) -> str:
    """A lower-case UUID (version 4), the only form that clients accept."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a token's secret needs {RANDOM_BYTES} random bytes")
    marked = bytearray(random)
    marked[6] = (marked[6] & 0x0F) | 0x40
    marked[8] = (marked[8] & 0x3F) | 0x80
    text = bytes(marked).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def kept_form(secret: str) -> str:
    """What is written to the file instead of the secret."""
    return _PREFIX + hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def check_secret(shown: str, kept: str) -> bool:
    """Whether this is the secret; `kept` may also be a secret in clear, of the reference."""
    wanted = kept if kept.startswith(_PREFIX) else kept_form(kept)
    return hmac.compare_digest(kept_form(shown), wanted)
