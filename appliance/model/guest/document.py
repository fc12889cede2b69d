"""A guest's file by its lines: parts under their headers, each line with the key that it sets.

The part before the first header is the guest as it is. `[PENDING]` (containers: `[pve:pending]`)
holds changes that wait for the next start, `[special:...]` what other parts of the system keep
here, and every other header is the name of a snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

GuestKind = Literal["vm", "ct"]
PartKind = Literal["current", "pending", "special", "snapshot", "unknown"]

# Stands for the lines that begin with # and make up the description.
NOTE = "#"
PENDING_HEADERS: Mapping[GuestKind, str] = {"vm": "[PENDING]", "ct": "[pve:pending]"}
SPECIAL_PARTS: Mapping[GuestKind, tuple[str, ...]] = {"vm": ("cloudinit", "fleecing"), "ct": ()}

_HEADER = re.compile(r"\[([^\]]*)\]\s*")
_SNAPSHOT = re.compile(r"[A-Za-z][A-Za-z0-9_-]+", re.ASCII)
_SETTING = re.compile(r"([a-z][a-z_-]*[0-9]*):\s*(.*?)\s*", re.ASCII)
_RAW = re.compile(r"(lxc\.[a-z0-9_.-]+)(?::|\s*=)\s*(.*?)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and what it sets. Without key: blank, or nothing that anybody understands."""

    text: str
    key: str = ""
    value: str = ""
    number: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Part:
    """The lines under one header. `kind` is `unknown` where the header is, or is repeated.

    `cut`: the file ends with this part and without a line break.
    """

    kind: PartKind
    name: str = ""
    header: str = ""
    lines: tuple[Line, ...] = ()
    number: int = field(default=0, compare=False)
    cut: bool = field(default=False, compare=False)


def is_snapshot_name(text: str) -> bool:
    """Whether a snapshot can have this name; `current` means the guest as it is."""
    return _SNAPSHOT.fullmatch(text) is not None and text not in ("current", "pending", "PENDING")


def split_parts(text: str, kind: GuestKind) -> tuple[Part, ...]:
    """Cut a file into its parts. Joining all lines gives the file again."""
    parts: list[Part] = []
    part, lines = Part("current"), list[Line]()
    texts = text.split("\n")
    cut = bool(texts[-1])
    if not cut:
        texts.pop()
    for number, line in enumerate(texts, start=1):
        header = _HEADER.fullmatch(line) if line.startswith("[") else None
        if header is None:
            lines.append(_line(line, kind, number))
            continue
        parts.append(replace(part, lines=tuple(lines)))
        part, lines = _part(header[1], line, kind, number), []
    parts.append(replace(part, lines=tuple(lines), cut=cut))
    return _distinct(parts)


def join_parts(parts: tuple[Part, ...]) -> str:
    """The text of the parts."""
    lines: list[str] = []
    for part in parts:
        if part.kind != "current":
            lines.append(part.header)
        lines += [line.text for line in part.lines]
    text = "".join(f"{line}\n" for line in lines)
    return text.removesuffix("\n") if parts and parts[-1].cut else text


def _part(name: str, header: str, kind: GuestKind, number: int) -> Part:
    if name.lower() == PENDING_HEADERS[kind].strip("[]").lower():
        return Part("pending", "", header, number=number)
    special = name.removeprefix("special:")
    if special != name and special.lower() in SPECIAL_PARTS[kind]:
        return Part("special", special.lower(), header, number=number)
    if _SNAPSHOT.fullmatch(name):
        return Part("snapshot", name, header, number=number)
    return Part("unknown", name, header, number=number)


def _distinct(parts: list[Part]) -> tuple[Part, ...]:
    """A repeated part is kept and not understood: the first one holds."""
    seen: set[tuple[str, str]] = set()
    found: list[Part] = []
    for part in parts:
        key = (part.kind, part.name)
        repeated = part.kind != "unknown" and key in seen
        found.append(replace(part, kind="unknown") if repeated else part)
        seen.add(key)
    return tuple(found)


def _line(text: str, kind: GuestKind, number: int) -> Line:
    if text.startswith("#"):
        return Line(text, NOTE, text[1:], number)
    match = _SETTING.fullmatch(text)
    if match is None and kind == "ct":
        match = _RAW.fullmatch(text)
    if match is None:
        return Line(text, number=number)
    return Line(text, match[1], match[2], number)
