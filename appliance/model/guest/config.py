"""A guest's configuration: read with what is wrong in it, changed as a value, written again.

Values are texts as they stand in the file; `decoded` makes values of them. What is not understood
stays in the document, is told in `problems` and has no value.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from appliance.model.errors import ConfigError
from appliance.model.guest.document import (
    NOTE,
    PENDING_HEADERS,
    GuestKind,
    Line,
    Part,
    join_parts,
    split_parts,
)
from appliance.model.option import Option, placed
from appliance.model.option_table import OptionTable
from appliance.model.options import ct, vm
from appliance.model.percent import decode_text, encode_text

# Containers are read more freely than they are changed: of words and numbers of the right kind
# any will do, since older files name systems that are gone.
_CT_READ = OptionTable(
    replace(option, choices=(), minimum=None, maximum=None) for option in ct.OPTIONS
)
TABLES: Mapping[GuestKind, OptionTable] = {"vm": vm.OPTIONS, "ct": ct.OPTIONS}
_READ: Mapping[GuestKind, OptionTable] = {"vm": vm.OPTIONS, "ct": _CT_READ}
FOLDERS: Mapping[GuestKind, str] = {"vm": "qemu-server", "ct": "lxc"}
# Options that no table has: they say how far an operation on a snapshot has come, what is taken
# away by the pending changes, and where backups put blocks aside.
_STATES = {
    "snapstate": Option("snapstate", "What is being done.", choices=("prepare", "delete")),
    "delete": Option("delete", "Options that go."),
    "fleecing-images": Option("fleecing-images", "Volumes of backups."),
}
_EXTRA = {"snapshot": ("snapstate",), "pending": ("delete",), "special": ("fleecing-images",)}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one part sets: texts by key, the description, and LXC's own lines (containers)."""

    values: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    raw: tuple[tuple[str, str], ...] = ()

    def get(self, key: str) -> str | None:
        return self.values.get(key)

    def with_values(self, changes: Mapping[str, str]) -> Settings:
        """The same with these texts."""
        return replace(self, values={**self.values, **changes})

    def without(self, keys: Iterable[str]) -> Settings:
        """The same without these keys."""
        gone = frozenset(keys)
        return replace(self, values={k: v for k, v in self.values.items() if k not in gone})


@dataclass(frozen=True, slots=True)
class GuestConfig:
    """A guest's file. `parts` is what was read, unknown content included."""

    kind: GuestKind
    current: Settings = field(default_factory=Settings)
    pending: Settings = field(default_factory=Settings)
    snapshots: Mapping[str, Settings] = field(default_factory=dict)
    special: Mapping[str, Settings] = field(default_factory=dict)
    parts: tuple[Part, ...] = field(default=(), compare=False, repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)


def option_of(kind: GuestKind, key: str) -> Option | None:
    """The option of a key of such a guest."""
    return TABLES[kind].find(key)


def decoded(kind: GuestKind, settings: Settings, key: str) -> object:
    """The value of a key, its default where it is not set; None where there is none."""
    option = _READ[kind].find(key)
    text = settings.values.get(key)
    if text is None:
        return option.default if option is not None else None
    return text if option is None else option.decode(text)


def parse_guest(text: str, kind: GuestKind, *, strict: bool = False, file: str = "") -> GuestConfig:
    """Read a file. Lenient: what is bad has no value, see `problems`; strict: it is raised."""
    parts: list[Part] = []
    problems: list[ConfigError] = []
    found: dict[tuple[str, str], Settings] = {}
    for part in split_parts(text, kind):
        if part.kind == "unknown":
            message = "is no section of such a file, or is there already"
            problems.append(ConfigError(message, file=file, line=part.number, field=part.header))
            parts.append(part)
        else:
            read, found[part.kind, part.name] = _understood(part, kind, file, problems)
            parts.append(read)
    if strict and problems:
        raise problems[0]
    named = {
        which: {name: settings for (k, name), settings in found.items() if k == which}
        for which in ("snapshot", "special")
    }
    return GuestConfig(
        kind,
        found.get(("current", ""), Settings()),
        found.get(("pending", ""), Settings()),
        named["snapshot"],
        named["special"],
        tuple(parts),
        tuple(problems),
    )


def write_guest(config: GuestConfig) -> str:
    """The text. Lines that still say what holds stay as they are; new keys go in by name."""
    wanted = _wanted(config)
    parts: list[Part] = []
    for part in config.parts:
        if part.kind == "unknown":
            parts.append(part)
        elif (part.kind, part.name) in wanted or part.kind == "current" or _idle(part):
            settings = wanted.pop((part.kind, part.name), Settings())
            parts.append(_merged(part, settings))
    for (kind, name), settings in wanted.items():
        parts.append(_merged(_new_part(config.kind, kind, name), settings))
    return join_parts(tuple(_spaced(parts, config.parts)))


def canonical(config: GuestConfig) -> GuestConfig:
    """The same configuration without its form: written, keys and sections are in order."""
    return replace(config, parts=(), problems=())


def _understood(
    part: Part, kind: GuestKind, file: str, problems: list[ConfigError]
) -> tuple[Part, Settings]:
    """The part with the keys of its good lines alone, and what these set."""
    values: dict[str, str] = {}
    lines: list[Line] = []
    for line in part.lines:
        try:
            key = _checked_key(line, part, kind)
        except ConfigError as error:
            problems.append(placed(error, file=file, line=line.number))
            key = ""
        lines.append(line if key == line.key else replace(line, key=key))
        if key and key != NOTE and not key.startswith("lxc."):
            values[key] = line.value
    read = replace(part, lines=tuple(lines))
    return read, Settings(values, _notes(read), _raws(read))


def _checked_key(line: Line, part: Part, kind: GuestKind) -> str:
    """The key that a line sets, empty for a blank one. ConfigError for a line that sets nothing."""
    if line.key in (NOTE, "description"):
        return NOTE
    if line.key.startswith("lxc."):
        if line.key in ct.RAW_KEYS:
            return line.key
        refused = line.key in ct.RAW_KEYS_REFUSED
        message = "is set by the appliance itself" if refused else "is not known"
        raise ConfigError(message, field=line.key)
    if line.key:
        check_text(kind, part.kind, line.key, line.value)
        return "ide2" if line.key == "cdrom" else line.key
    if line.text.strip():
        raise ConfigError("is no '<key>: <value>'", field=line.text.strip()[:60])
    return ""


@functools.lru_cache(maxsize=1 << 16)
def _fault(kind: GuestKind, part: str, key: str, text: str) -> ConfigError | None:
    """What is wrong with a text; remembered, since guests of a cluster are much alike."""
    try:
        if key in _EXTRA.get(part, ()):
            _STATES[key].decode(text)
        else:
            _READ[kind].decode(key, text)
    except ConfigError as error:
        return error
    return None


def check_text(kind: GuestKind, part: str, key: str, text: str) -> None:
    """ConfigError, without place, for a text that this key cannot have in such a part."""
    fault = _fault(kind, part, key, text)
    if fault is not None:
        raise fault


def _wanted(config: GuestConfig) -> dict[tuple[str, str], Settings]:
    """The parts that shall be there, in the order in which new ones are written."""
    wanted = {("current", ""): config.current}
    if config.pending != Settings():
        wanted["pending", ""] = config.pending
    wanted |= {("special", name): config.special[name] for name in sorted(config.special)}
    wanted |= {("snapshot", name): config.snapshots[name] for name in sorted(config.snapshots)}
    return wanted


def _idle(part: Part) -> bool:
    """Whether pending changes are written although there are none: then that stays so."""
    set_keys = any(line.key for line in part.lines)
    strange = any(not line.key and line.text.strip() for line in part.lines)
    return part.kind == "pending" and (strange or not set_keys)


def _new_part(guest: GuestKind, kind: str, name: str) -> Part:
    if kind == "pending":
        return Part("pending", "", PENDING_HEADERS[guest])
    if kind == "special":
        return Part("special", name, f"[special:{name}]")
    return Part("snapshot", name, f"[{name}]") if kind == "snapshot" else Part("current")


def _merged(part: Part, settings: Settings) -> Part:
    """The part with the wanted settings."""
    had = {line.key: line.value for line in part.lines if line.key}
    same = {key for key, text in settings.values.items() if had.get(key) == text}
    same_notes = _notes(part) == settings.description
    same_raw = _raws(part) == settings.raw
    left = {key: text for key, text in settings.values.items() if key not in same}
    lines: list[Line] = []
    for line in part.lines:
        key = line.key
        as_it_is = (
            not key
            or key in same
            or (key == NOTE and same_notes)
            or (key.startswith("lxc.") and same_raw)
        )
        if as_it_is:
            lines.append(line)
        elif key in left:
            lines.append(_setting(key, left.pop(key)))
    for key in sorted(left):
        lines.insert(_place(lines, key), _setting(key, left[key]))
    if not same_notes:
        lines[:0] = [Line(f"#{_note(text)}", NOTE) for text in _note_lines(settings)]
    if not same_raw:
        end = len(lines) - _blank_end(lines)
        lines[end:end] = [_setting(key, value) for key, value in settings.raw]
    return replace(part, lines=tuple(lines))


def _setting(key: str, text: str) -> Line:
    return Line(f"{key}: {text}", key, text)


def _place(lines: list[Line], key: str) -> int:
    """Before the first greater key, else behind the last line that is not blank."""
    for index, line in enumerate(lines):
        if line.key and line.key != NOTE and (line.key > key or line.key.startswith("lxc.")):
            return index
    return len(lines) - _blank_end(lines)


def _blank_end(lines: list[Line]) -> int:
    count = 0
    while count < len(lines) and not lines[-1 - count].text.strip():
        count += 1
    return count


def _notes(part: Part) -> str:
    notes = [line.value for line in part.lines if line.key in (NOTE, "description")]
    return "\n".join(decode_text(note) for note in notes)


def _raws(part: Part) -> tuple[tuple[str, str], ...]:
    return tuple((line.key, line.value) for line in part.lines if line.key in ct.RAW_KEYS)


def _note_lines(settings: Settings) -> list[str]:
    return settings.description.split("\n") if settings.description else []


def _note(text: str) -> str:
    """A line of the description; blanks in front stand for themselves."""
    plain = text.lstrip(" ")
    return " " * (len(text) - len(plain)) + encode_text(plain)


def _spaced(parts: list[Part], before: tuple[Part, ...]) -> Iterable[Part]:
    """A blank line before every new header, and none at the end that was not there."""
    places = [(part.kind, part.name) for part in before]
    neighbours = set(itertools.pairwise(places))
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        count = _blank_end(list(part.lines))
        own = (part.kind, part.name)
        if after is None:
            was_last = not places or places[-1] == own
            yield part if was_last or not count else replace(part, lines=part.lines[:-count])
        elif count or not part.lines or (own, (after.kind, after.name)) in neighbours:
            yield part
        else:
            yield replace(part, lines=(*part.lines, Line("")))
