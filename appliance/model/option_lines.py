"""Files with one option a line, `key: value`; the lines that begin with # are the description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from appliance.model.errors import ConfigError
from appliance.model.option_table import OptionTable
from appliance.model.percent import decode_text, encode_text
from appliance.model.section_edit import one_line

NOTE: Final = "description"
_LINE: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):\s*(.*?)\s*", re.ASCII)


def read_lines(text: str, options: OptionTable) -> dict[str, str]:
    """The texts of known options that are valid, the first where one is repeated."""
    found: dict[str, str] = {}
    notes: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            notes.append(decode_text(line[1:]))
            continue
        match = _LINE.fullmatch(line)
        if match is not None and match[1] not in found and _good(options, match[1], match[2]):
            found[match[1]] = match[2]
    if notes:
        found[NOTE] = "".join(f"{note}\n" for note in notes) + found.get(NOTE, "")
    return found


def _good(options: OptionTable, key: str, text: str) -> bool:
    try:
        options.decode(key, text)
    except ConfigError:
        return False
    return True


def changed_lines(text: str, wanted: Mapping[str, str], delete: Iterable[str] = ()) -> str:
    """The text with these options set and those taken out; other lines stay."""
    left = {key: one_line(key, value) for key, value in wanted.items() if key != NOTE}
    gone = frozenset((*delete, *wanted))
    lines: list[str] = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        key = NOTE if line.startswith("#") else match[1] if match is not None else ""
        if key in left:
            lines.append(f"{key}: {left.pop(key)}")
        elif key not in gone:
            lines.append(line)
    lines += [f"{key}: {value}" for key, value in left.items()]
    notes = [f"#{encode_text(note)}" for note in wanted.get(NOTE, "").splitlines()]
    return "".join(f"{line}\n" for line in (*notes, *lines))
