"""Numbers drawn from a key by a hash: what both worlds' entropy is made of."""

from __future__ import annotations

from typing import Final, Protocol

_SCALE: Final = 2.0**-53


class Hash(Protocol):
    """A hash with a secret or a seed in it already, such as one of hashlib."""

    def copy(self) -> Hash: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


def encode_key(key: tuple[str | int, ...]) -> bytes:
    """A key as bytes, each key as different ones: 1 is not "1", ("ab",) is not ("a", "b")."""
    parts = []
    for part in key:
        if isinstance(part, str):
            text = part.encode()
            parts.append(b"s%d:%b" % (len(text), text))
        else:
            parts.append(b"i%d;" % part)
    return b"".join(parts)


def unit_of(begun: Hash, key: tuple[str | int, ...]) -> float:
    """A number in [0, 1): of a hash of 8 bytes, gone on with this key."""
    drawn = begun.copy()
    drawn.update(encode_key(key))
    return (int.from_bytes(drawn.digest(), "big") >> 11) * _SCALE
