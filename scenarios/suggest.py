"""`did you mean ...?`, the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12


def did_you_mean(word: str, known: Iterable[str], *, listed: bool = True) -> str:
    """`; did you mean 'x'?`, or (if `listed`) what there is to choose from.

    Begins with its own punctuation.
    """
    choices = sorted(known)
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    if not listed:
        return ""
    if not choices:
        return "; there is none"
    more = ", ..." if len(choices) > _SHOWN else ""
    return f"; known: {', '.join(choices[:_SHOWN])}{more}"
