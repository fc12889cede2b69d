"""Fingerprints of certificates, by which nodes know each other's API."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final

_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.ASCII | re.DOTALL
)


def fingerprint_of_der(certificate: bytes) -> str:
    """SHA-256 as `AB:CD:...`."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def fingerprint_of_pem(text: bytes) -> str:
    """Of the first certificate in the text; empty if there is none."""
    found = _PEM.search(text)
    if found is None:
        return ""
    try:
        return fingerprint_of_der(base64.b64decode(b"".join(found[1].split()), validate=True))
    except binascii.Error:
        return ""
