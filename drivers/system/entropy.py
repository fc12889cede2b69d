"""Chance of a real boot: numbers keyed by a secret of the boot, and secrets."""

from __future__ import annotations

import hashlib
import secrets

from appliance.model.keyed import unit_of


class SystemEntropy:
    """Implements the `Entropy` port. One instance a boot; each draws other numbers."""

    def __init__(self) -> None:
        self._begun = hashlib.blake2b(key=secrets.token_bytes(16), digest_size=8)

    def unit(self, *key: str | int) -> float:
        return unit_of(self._begun, key)

    def token(self, size_bytes: int) -> str:
        return secrets.token_hex(size_bytes)
