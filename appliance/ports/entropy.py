"""Randomness that is a function of what it is for, so that no draw disturbs another."""

from __future__ import annotations

from typing import Protocol


class Entropy(Protocol):
    def unit(self, *key: str | int) -> float:
        """A number in [0, 1) that depends on the key (and the world's seed) alone."""
        ...

    def token(self, size_bytes: int) -> str:
        """A fresh secret in hexadecimal; unpredictable on real nodes."""
        ...
