"""Numbers, flags and property strings as different implementations of the API write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def number(value: Any, usual: float = 0) -> float:
    """Some answer numbers as texts."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return usual


def whole(value: Any, usual: int = 0) -> int:
    return int(number(value, usual))


def flag(value: Any, *, usual: bool = False) -> bool:
    """1 and 0, "1" and "0", true and false."""
    if value is None:
        return usual
    return str(value).lower() in ("1", "true", "yes", "on")


def names(value: Any) -> tuple[str, ...]:
    """A list, or a text with commas or blanks between them."""
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return tuple(str(value or "").replace(",", " ").replace(";", " ").split())


def keys(value: Any) -> dict[str, str]:
    """A property string, as a text or as an object."""
    if isinstance(value, Mapping):
        return {str(key): _text(one) for key, one in value.items()}
    pairs = (part.partition("=") for part in str(value or "").split(",") if "=" in part)
    return {key.strip(): text.strip() for key, _, text in pairs}


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
