"""Durations, sizes and rates as people write them: `2m30s`, `4GiB`, `10Gbit/s`."""

from __future__ import annotations

import re
from fractions import Fraction

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SIZES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
BITS = {"bit": 1, "kbit": 10**3, "Mbit": 10**6, "Gbit": 10**9}

DURATION_HELP = 'a duration such as "45s", "2m30s", "1h" or "250ms"'
SIZE_HELP = 'a size such as "4GiB" or "500MB"'
RATE_HELP = 'a rate such as "100MiB/s" or "10Gbit/s"'

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]+)")


def duration_s(text: str) -> float | None:
    """Seconds, to the microsecond, or None when it is no duration."""
    if _WHOLE.fullmatch(text) is None:
        return None
    return round(sum(float(amount) * SECONDS[unit] for amount, unit in _PART.findall(text)), 6)


def duration_text(seconds: float) -> str:
    """The shortest way to write it, exact to a microsecond: 150 is `2m30s`, 61.25 `1m1.25s`."""
    left_us = round(abs(seconds) * 1_000_000)
    hours, left_us = divmod(left_us, 3_600_000_000)
    minutes, left_us = divmod(left_us, 60_000_000)
    parts = [f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m")) if amount]
    if left_us:
        parts.append(f"{left_us / 1_000_000:.6f}".rstrip("0").rstrip(".") + "s")
    return ("-" if seconds < 0 else "") + ("".join(parts) or "0s")


def about(seconds: float) -> str:
    """To a tenth of a second, for people."""
    return duration_text(round(seconds, 1))


def size_bytes(text: str) -> int | None:
    """Bytes, or None when it is no size."""
    match = _AMOUNT.fullmatch(text)
    if match is None or match.group(2) not in SIZES:
        return None
    return round(Fraction(match.group(1)) * SIZES[match.group(2)])


def size_text(bytes_: int) -> str:
    """The largest binary unit that divides it."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if bytes_ and bytes_ % SIZES[unit] == 0:
            return f"{bytes_ // SIZES[unit]}{unit}"
    return f"{bytes_}B"


def rate_bytes_s(text: str) -> float | None:
    """Bytes a second, or None when it is no rate."""
    amount, slash, per = text.rpartition("/")
    if not slash or per != "s":
        return None
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        return None
    number, unit = float(match.group(1)), match.group(2)
    if unit in BITS:
        return number * BITS[unit] / 8
    return number * SIZES[unit] if unit in SIZES else None


def rate_text(bytes_s: float) -> str:
    return f"{bytes_s:.15g}B/s" if bytes_s % 1 else f"{int(bytes_s)}B/s"
