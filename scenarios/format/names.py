"""Names, lists of names and ranges of names, as a file writes them."""

from __future__ import annotations

import re

NODE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
STEP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
# What predicates and steps mean by these words is not a node.
_LANGUAGE = ("all", "each", "some", "no", "not", "and", "or", "in", "count", "event")
_STANDS_FOR = ("master", "none", "guest", "node", "host", "spread", "end", "converged")
RESERVED = frozenset(_LANGUAGE + _STANDS_FOR)
NAME_HELP = "a name of letters, digits and single hyphens that begins with a letter"

_RANGE = re.compile(r"(?P<prefix>.*?)(?P<first>\d+)\.\.(?P<again>.*?)(?P<last>\d+)")
_SID = re.compile(r"(?:vm|ct):[1-9]\d*")
_MOST = 10_000


def spread_names(text: str) -> list[str] | None:
    """`node1..node4`, `vm:100..104` or a list by comma as single names; None: no such form."""
    found: list[str] = []
    for part in text.split(","):
        item = part.strip()
        match = _RANGE.fullmatch(item)
        if match is None:
            if ".." in item or not item:
                return None
            found.append(item)
            continue
        prefix, first, last = match["prefix"], int(match["first"]), int(match["last"])
        if match["again"] not in ("", prefix) or not 0 <= last - first < _MOST:
            return None
        found += [f"{prefix}{number}" for number in range(first, last + 1)]
    return found


def is_sid(text: str) -> bool:
    return _SID.fullmatch(text) is not None


def is_node_name(text: str) -> bool:
    return NODE_NAME.fullmatch(text) is not None and text not in RESERVED
