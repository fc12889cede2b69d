"""Does the operator's console know such a command? Checked against its list of usages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scenarios.format.values import NodeRef
from scenarios.suggest import did_you_mean
from sim.operator import STATES, USAGE

_WORD = re.compile(r"\[[^\]]*\]|\S+")
_NUMBERS = ("TIMEOUT", "BUSY", "BUSY_MEMORY")

Word = str | NodeRef


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist."""

    nodes: Sequence[str]
    guests: Sequence[str]


def refusal(words: Sequence[Word], known: Known) -> str | None:
    """Why nobody understands this command, or None.

    What is wrong is told by the usage that understands most of it.
    """
    furthest, wrong = -1, ""
    for usage in USAGE:
        matched, message = _match(_WORD.findall(usage), words, known)
        if message is None:
            return None
        if matched > furthest:
            furthest, wrong = matched, message or f"it is written: {usage}"
    if furthest == 0:
        firsts = {usage.split()[0] for usage in USAGE}
        return f"there is no command '{words[0]}'" + did_you_mean(str(words[0]), firsts)
    return wrong


def _match(pattern: list[str], words: Sequence[Word], known: Known) -> tuple[int, str | None]:
    """How many words fit, and what is wrong then: None for nothing, `` for the form."""
    at = 0
    for item in pattern:
        if item == "LINE":
            return at, None if at < len(words) else ""
        if item.startswith("["):
            if at == len(words):
                return at, None
            inner, wrong = _match(item[1:-1].split(), words[at:], known)
            at += inner
            if wrong is not None:
                return at, wrong
            continue
        if at == len(words):
            return at, ""
        wrong = _misfit(item, words[at], known)
        if wrong is not None:
            return at, wrong
        at += 1
    return at, None if at == len(words) else ""


def _misfit(item: str, word: Word, known: Known) -> str | None:
    """Why the word is not what stands there, `` without a better reason; None when it is."""
    if isinstance(word, NodeRef):
        return None if item == "NODE" else ""
    if item == "NODE":
        return _unknown("node", word, known.nodes)
    if item == "SID":
        return _unknown("guest", word, known.guests)
    if item in _NUMBERS:
        is_number = word.replace(".", "", 1).isdigit()
        return None if is_number else f"a number is expected in the place of '{word}'"
    choices = STATES if item == "STATE" else item.split("|")
    return None if word in choices else ""


def _unknown(kind: str, word: str, known: Iterable[str]) -> str | None:
    known = list(known)
    return None if word in known else f"there is no {kind} '{word}'{did_you_mean(word, known)}"
