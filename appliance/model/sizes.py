"""Sizes, durations and bytes as texts: what configuration files and people write and read."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from appliance.model.errors import ConfigError

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMGT]?)(?:iB)?", re.ASCII)
_AMOUNT = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+", re.ASCII)
_UNITS = ("", "K", "M", "G", "T")
_NAMED = ("b", "kb", "mb", "gb", "tb", "pb")
_LONG = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SPANS = (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def parse_size(text: str) -> int:
    """Bytes of `512`, `10M`, `1.5G` or `2GiB`. ValueError for anything else."""
    match = _SIZE.fullmatch(text)
    if match is None or (text.endswith("iB") and not match[2]):
        raise ValueError(text)
    return int(Decimal(match[1]) * 1024 ** _UNITS.index(match[2]))


def format_size(size_bytes: int) -> str:
    """The shortest exact text: the greatest unit that divides the size."""
    power = 0
    while power < len(_UNITS) - 1 and size_bytes % 1024 ** (power + 1) == 0:
        power += 1
    return f"{size_bytes // 1024**power}{_UNITS[power]}"


def convert_size(amount: str | float, source: str, target: str, *, round_up: bool = True) -> int:
    """An amount in one unit (b, kb, mb, gb, tb, pb) in another, as a whole number.

    ConfigError for an unknown unit, and for what is no amount of zero or more.
    """
    for unit in (source, target):
        if unit not in _NAMED:
            allowed = ", ".join(_NAMED)
            raise ConfigError(f"'{unit}' is no unit, allowed are {allowed}", field="unit")
    text = f"{amount:.15g}" if isinstance(amount, float) else str(amount)
    if not _AMOUNT.fullmatch(text):
        raise ConfigError(f"'{text}' is no amount of zero or more", field="size")
    factor = Decimal(1024) ** (_NAMED.index(source) - _NAMED.index(target))
    rounding = ROUND_CEILING if round_up else ROUND_FLOOR
    return int((Decimal(text) * factor).to_integral_value(rounding))


def format_duration(seconds: float) -> str:
    """`2w 21h 22m 24s`, rounded to seconds, spans of zero left out."""
    left = round(seconds)
    parts: list[str] = []
    for name, length in _SPANS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count}{name}")
    return " ".join(parts) or "0s"


def format_bytes(size_bytes: float, digits: int = 2) -> str:
    """`1.00 KiB`: the greatest unit that leaves at least one."""
    power = 0
    while power < len(_LONG) - 1 and abs(size_bytes) >= 1024 ** (power + 1):
        power += 1
    return f"{size_bytes / 1024**power:.{digits}f} {_LONG[power]}"
