"""Text to tokens. A token knows where it begins, so that messages can point at it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Longest first: a sid before a word, a duration before a number.
_PATTERN = re.compile(
    r"""(?P<space>\s+)
      | (?P<sid>(?:vm|ct):\d+)
      | (?P<span>(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+(?![\w]))
      | (?P<number>\d+(?:\.(?!\.)\d+)?(?![\w]))
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)
      | (?P<step>@[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)
      | (?P<text>"[^"\n]*")
      | (?P<sign>\.\.|==|!=|<=|>=|<|>|\(|\)|\[|\]|,|:|=)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """kind: sid, span, number, word, step, text, sign or end."""

    kind: str
    text: str
    at: int


class BadToken(Exception):
    """Nothing of the language begins here."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def tokens(text: str) -> list[Token]:
    """All tokens and an `end`. Raises BadToken."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _PATTERN.match(text, at)
        if match is None:
            raise BadToken(at)
        kind = match.lastgroup
        assert kind is not None
        if kind != "space":
            found.append(Token(kind, match.group(), at))
        at = match.end()
    found.append(Token("end", "", len(text)))
    return found
