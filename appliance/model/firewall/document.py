"""A firewall file by its lines: parts under their headers, in the order of the file.

`[OPTIONS]`, `[ALIASES]`, `[RULES]`, `[IPSET name]` and `[group name]`, in upper or lower case. What
is not understood stays where it is; a line that is not touched is not rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from appliance.model.errors import ConfigError
from appliance.model.firewall.rule import Rule, parse_rule, split_comment

Kind = Literal["options", "aliases", "rules", "ipset", "group", "unknown", "head"]

_HEADER: Final = re.compile(r"\[\s*(\w+)(?:\s+(\S+?))?\s*\]\s*(?:#\s*(.*?)\s*)?", re.ASCII)
_OPTION: Final = re.compile(r"([a-z_]+):\s*(.*?)\s*", re.IGNORECASE | re.ASCII)
_ALIAS: Final = re.compile(r"(\S+)\s+(\S+)", re.ASCII)
_MEMBER: Final = re.compile(r"(!?)\s*(\S+?)(\s+nomatch)?", re.ASCII)
_TITLES: Final = {
    "options": "[OPTIONS]",
    "aliases": "[ALIASES]",
    "rules": "[RULES]",
    "ipset": "[IPSET {name}]",
    "group": "[group {name}]",
}
_ORDER: Final = ("head", "options", "aliases", "ipset", "rules", "group", "unknown")


@dataclass(frozen=True, slots=True)
class Part:
    """The lines under one header; of the `head`, those before the first one."""

    kind: Kind
    name: str = ""
    header: str = ""
    comment: str = ""
    lines: tuple[str, ...] = ()

    def entries(self) -> list[str]:
        """The lines that say something."""
        return [line for line in self.lines if is_entry(line)]

    def with_entries(self, wanted: Iterable[str]) -> Part:
        """These entries in this order. Notes and blank lines stay above what they stood above."""
        start = next((i for i, line in enumerate(self.lines) if line.strip()), len(self.lines))
        above, tail = _notes(self.lines[start:])
        lines = list(self.lines[:start])
        for entry in wanted:
            notes = above.get(entry)
            lines += [*(notes.pop(0) if notes else ()), entry]
        return replace(self, lines=tuple(lines + (tail or ([""] if lines[-1:] != [""] else []))))


def is_entry(line: str) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith("#")


def _notes(lines: Iterable[str]) -> tuple[dict[str, list[list[str]]], list[str]]:
    found: dict[str, list[list[str]]] = {}
    pending: list[str] = []
    for line in lines:
        if is_entry(line):
            found.setdefault(line, []).append(pending)
            pending = []
        else:
            pending.append(line)
    return found, pending


@dataclass(frozen=True, slots=True)
class FirewallFile:
    """A whole file. `cut`: it does not end with a line break."""

    parts: tuple[Part, ...]
    cut: bool = False

    def find(self, kind: Kind, name: str = "") -> Part | None:
        """The part; names are told apart without their case."""
        wanted = name.lower()
        return next((p for p in self.parts if p.kind == kind and p.name.lower() == wanted), None)

    def named(self, kind: Kind) -> list[Part]:
        return [part for part in self.parts if part.kind == kind]

    def put(self, part: Part) -> FirewallFile:
        """The part in the place of the one of its kind and name, or where a new one belongs."""
        parts = list(self.parts)
        for index, one in enumerate(parts):
            if (one.kind, one.name.lower()) == (part.kind, part.name.lower()):
                parts[index] = part
                return replace(self, parts=tuple(parts))
        at = [i for i, p in enumerate(parts) if _ORDER.index(p.kind) <= _ORDER.index(part.kind)]
        parts.insert(at[-1] + 1 if at else 0, part)
        return FirewallFile(tuple(parts))

    def without(self, part: Part) -> FirewallFile:
        return replace(self, parts=tuple(one for one in self.parts if one is not part))

    def rename(self, part: Part, new: Part) -> FirewallFile:
        return replace(self, parts=tuple(new if one is part else one for one in self.parts))

    def text(self) -> str:
        lines = [
            line
            for part in self.parts
            for line in (*((part.header,) if part.header else ()), *part.lines)
        ]
        text = "".join(f"{line}\n" for line in lines)
        return text.removesuffix("\n") if self.cut else text


def parse_firewall(text: str) -> FirewallFile:
    """Never raises: what is not understood is kept."""
    parts: list[Part] = []
    lines: list[str] = []
    current = Part("head")
    for line in text.removesuffix("\n").split("\n") if text else ():
        header = _part(line) if line.lstrip().startswith("[") else None
        if header is None:
            lines.append(line)
            continue
        parts.append(replace(current, lines=tuple(lines)))
        current, lines = header, []
    parts.append(replace(current, lines=tuple(lines)))
    kept = [part for part in parts if part.kind != "head" or part.lines]
    return FirewallFile(tuple(kept), cut=bool(text) and not text.endswith("\n"))


def _part(line: str) -> Part:
    match = _HEADER.fullmatch(line.strip())
    kind = match[1].lower() if match is not None else ""
    if match is None or kind not in _TITLES or (kind in ("ipset", "group")) != bool(match[2]):
        return Part("unknown", line.strip(), line)
    known: dict[str, Kind] = {
        "options": "options",
        "aliases": "aliases",
        "rules": "rules",
        "ipset": "ipset",
        "group": "group",
    }
    return Part(known[kind], match[2] or "", line, match[3] or "")


def new_part(kind: Kind, name: str = "", comment: str = "") -> Part:
    title = _TITLES[kind].format(name=name)
    return Part(kind, name, f"{title} # {comment}" if comment else title, comment, ("",))


def with_comment(part: Part, name: str, comment: str) -> Part:
    """The same part under another name or remark."""
    made = new_part(part.kind, name, comment)
    return replace(made, lines=part.lines)


# what entries say


def option_of(line: str) -> tuple[str, str] | None:
    """`key: value`, the key in lower case."""
    match = _OPTION.fullmatch(split_comment(line.strip())[0])
    return (match[1].lower(), match[2]) if match is not None else None


def alias_of(line: str) -> Rule | None:
    """name, cidr and comment."""
    text, comment = split_comment(line.strip())
    match = _ALIAS.fullmatch(text)
    if match is None:
        return None
    found = {"name": match[1], "cidr": match[2]}
    return {**found, "comment": comment} if comment else found


def member_of(line: str) -> Rule | None:
    """cidr, comment and nomatch of an entry of an IP set."""
    text, comment = split_comment(line.strip())
    match = _MEMBER.fullmatch(text)
    if match is None:
        return None
    found = {"cidr": match[2]}
    if match[1] or match[3]:
        found["nomatch"] = "1"
    return {**found, "comment": comment} if comment else found


def alias_line(name: str, cidr: str, comment: str = "") -> str:
    return f"{name} {cidr}{f' # {comment}' if comment else ''}"


def member_line(cidr: str, comment: str = "", *, nomatch: bool = False) -> str:
    return f"{'!' if nomatch else ''}{cidr}{f' # {comment}' if comment else ''}"


def rules_of(part: Part | None) -> list[tuple[str, Rule]]:
    """The lines that are rules, and what they say; others are left out."""
    return _understood(part, _rule_or_none)


def _rule_or_none(line: str) -> Rule | None:
    try:
        return parse_rule(line)
    except ConfigError:
        return None


def aliases_of(part: Part | None) -> list[tuple[str, Rule]]:
    return _understood(part, alias_of)


def members_of(part: Part | None) -> list[tuple[str, Rule]]:
    return _understood(part, member_of)


def _understood(part: Part | None, read: Callable[[str], Rule | None]) -> list[tuple[str, Rule]]:
    entries = [] if part is None else part.entries()
    return [(line, found) for line in entries if (found := read(line)) is not None]
