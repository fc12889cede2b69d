"""Texts that a call gives for a guest's options, as they are to stand in its file."""

from __future__ import annotations

from collections.abc import Mapping

from passlib.hash import sha256_crypt

from appliance.model.guest.config import option_of
from appliance.model.guest.document import GuestKind

_HASHED = ("$1$", "$5$", "$6$", "$y$", "$2")
_ROUNDS = 5000


def as_written(kind: GuestKind, key: str, text: str) -> str:
    """Booleans, numbers and lists in their one form; all other texts as they were given."""
    option = option_of(kind, key)
    if option is None:
        return text
    if option.kind != "string" or (option.many and option.format is not None):
        return option.encode(option.decode(text))
    return text


def normalized(kind: GuestKind, texts: Mapping[str, str]) -> dict[str, str]:
    """Of several options."""
    named = {("ide2" if key == "cdrom" and kind == "vm" else key): t for key, t in texts.items()}
    return {key: as_written(kind, key, text) for key, text in named.items()}


def hashed(password: str, salt: str) -> str:
    """A password as cloud-init takes it; one that is hashed already stays. salt: 16 letters."""
    if password.startswith(_HASHED):
        return password
    hasher = sha256_crypt.using(salt=salt[:16], rounds=_ROUNDS)  # type: ignore[no-untyped-call]
    return str(hasher.hash(password))
