"""Randomness of a simulated world: a keyed hash, so that one draw never disturbs another.

What is drawn depends on the world's seed and on what the draw is for, not on how many draws came
before. Two runs that differ in one fault therefore agree everywhere else.
"""

from __future__ import annotations

from hashlib import blake2b

from appliance.model.keyed import encode_key, unit_of


class Entropy:
    """Implements the `Entropy` port, for one world or (see `child`) for one part of it."""

    __slots__ = ("_prefix", "_tokens", "seed")

    def __init__(self, seed: int, *scope: str | int) -> None:
        self.seed = seed
        self._prefix = blake2b(encode_key((seed, *scope)), digest_size=8, person=b"quorate")
        self._tokens = 0

    def child(self, *scope: str | int) -> Entropy:
        """The randomness of one part of the world; its tokens are its own."""
        return Entropy(self.seed, *scope)

    def unit(self, *key: str | int) -> float:
        """A number in [0, 1) that depends on the seed and the key alone."""
        return unit_of(self._prefix, key)

    def between(self, low: float, high: float, *key: str | int) -> float:
        """A number from low up to, but not including, high."""
        return low + (high - low) * self.unit(*key)

    def token(self, size_bytes: int) -> str:
        """A fresh hexadecimal text of that many bytes, the same in every run of the seed.

        Fresh means numbered: the only draw here that depends on the ones before it.
        """
        self._tokens += 1
        drawn = bytearray()
        block = 0
        while len(drawn) < size_bytes:
            hashed = self._prefix.copy()
            hashed.update(encode_key(("token", self._tokens, block)))
            drawn += hashed.digest()
            block += 1
        return drawn[:size_bytes].hex()


class Recalling:
    """Numbers of a world that are asked for again and again, such as the loads of guests.

    The same as of the entropy itself, without the hash: half of a glance at a cluster's guests.
    """

    def __init__(self, entropy: Entropy, keep: int = 20_000) -> None:
        self._entropy, self._keep = entropy, keep
        self._known: dict[tuple[str | int, ...], float] = {}

    def unit(self, *key: str | int) -> float:
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= self._keep:
                self._known.clear()
            found = self._known[key] = self._entropy.unit(*key)
        return found
