"""Section files: `type: id`, then indented `key value` lines, a blank line ends the section.

Two steps. `read_sections` takes a text and the declared types and gives the values of every good
section, the problems, and the document, in which unknown types, unknown keys and comment lines
stand as they were. `merge_sections` puts changed values back into a document, `write_sections`
makes text of it. What nobody declared is kept, never judged.

Reading follows the reference system where it matters for what a file means: the first of two equal
keys holds, of two sections with one id the later one, and an unindented line inside a section does
not open a new one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from appliance.model.errors import ConfigError
from appliance.model.option import Format, Option

Identity = Callable[[str, str], str]

_COMMENT = re.compile(r"\s*#", re.ASCII)
_HEADER = re.compile(r"(\S+):\s*(\S+)\s*", re.ASCII)
_PROPERTY = re.compile(r"\s+(\S+)(?:\s+(.*\S))?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key value` line and the comment lines above it. No value: the bare key."""

    key: str
    value: str | None = None
    comments: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Section:
    """`comments` stand right above the header; `above` are set off from it by a blank line.

    `bad` marks a section of a known type that could not be read: it is kept until replaced.
    """

    type: str
    id: str
    entries: tuple[Entry, ...] = ()
    comments: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    bad: bool = field(default=False, compare=False)
    line: int = field(default=0, compare=False)

    def entry(self, key: str) -> Entry | None:
        """The line with that key, the first if there are more."""
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole file. `tail` are the comment lines after the last section."""

    sections: tuple[Section, ...] = ()
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionType:
    """A declared type of section. `key` is the form of its id."""

    name: str
    key: Format
    options: tuple[Option, ...]

    def option(self, name: str) -> Option | None:
        return next((option for option in self.options if option.name == name), None)


@dataclass(frozen=True, slots=True)
class Found:
    """A good section: the value of every declared option that is written in it."""

    section: Section
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reading:
    document: Document
    found: tuple[Found, ...]
    problems: tuple[ConfigError, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A section as it shall be. A value of None is not written."""

    type: str
    id: str
    values: Mapping[str, object]


def plain_id(_type: str, own: str) -> str:
    """Sections are told apart by their id alone."""
    return own


def typed_id(kind: str, own: str) -> str:
    """Sections are told apart by type and id together, `type:id`."""
    return f"{kind}:{own}"


def read_sections(
    text: str,
    types: Sequence[SectionType],
    *,
    file: str,
    strict: bool = False,
    identity: Identity = plain_id,
) -> Reading:
    """Read a section file.

    Lenient: a bad line or value is left out, a section without a required value too, and all that
    is told in `problems`. Strict: the first problem is raised.
    """
    reader = _Reader(file)
    raw = _split(text, reader)
    by_name = {declared.name: declared for declared in types}
    ours = [section for section in raw.sections if section.type in by_name]
    latest = {identity(section.type, section.id): section.line for section in ours}
    sections: list[Section] = []
    found: list[Found] = []
    for section in raw.sections:
        if section.type not in by_name:
            sections.append(section)
            continue
        last = latest[identity(section.type, section.id)]
        if last != section.line:
            message = f"is repeated in line {last}, the later one holds"
            reader.problem(message, section.line, f"{section.type} {section.id}")
            continue
        values = reader.values(section, by_name[section.type])
        sections.append(section if values is not None else replace(section, bad=True))
        if values is not None:
            found.append(Found(section, values))
    problems = tuple(sorted(reader.problems, key=lambda problem: problem.line or 0))
    if strict and problems:
        raise problems[0]
    return Reading(Document(tuple(sections), raw.tail), tuple(found), problems)


def merge_sections(
    document: Document,
    types: Sequence[SectionType],
    wanted: Iterable[Wanted],
    identity: Identity = plain_id,
) -> Document:
    """The document with exactly these sections of the declared types.

    Sections keep their place, new ones come last. Unknown types, unknown keys and comments stay;
    a value equal to its option's default is written only where it was written before.
    """
    by_name = {declared.name: declared for declared in types}
    left = {identity(item.type, item.id): item for item in wanted}
    sections: list[Section] = []
    above: tuple[str, ...] = ()
    for section in document.sections:
        ours = section.type in by_name
        item = left.pop(identity(section.type, section.id), None) if ours else None
        if item is not None:
            kept = _merged(section, by_name[item.type], item)
        elif section.bad or not ours:
            kept = section
        else:
            # Comments set off by a blank line are not about this section: the next one takes them.
            above += section.above
            continue
        sections.append(replace(kept, above=above + kept.above))
        above = ()
    for item in left.values():
        added = _merged(Section(item.type, item.id), by_name[item.type], item)
        sections.append(replace(added, above=above))
        above = ()
    return Document(tuple(sections), above + document.tail)


def write_sections(document: Document) -> str:
    """The text of a document; reading it gives an equal document."""
    lines: list[str] = []
    for section in document.sections:
        if section.above:
            lines += [*section.above, ""]
        lines += [*section.comments, f"{section.type}: {section.id}"]
        for entry in section.entries:
            lines += entry.comments
            lines.append(
                f"\t{entry.key}" if entry.value is None else f"\t{entry.key} {entry.value}"
            )
        lines.append("")
    lines += document.tail
    return "".join(f"{line}\n" for line in lines)


class _Reader:
    """Collects the problems of one file, each with its place."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[ConfigError] = []

    def problem(self, message: str, line: int, field: str | None = None) -> None:
        self.problems.append(ConfigError(message, file=self.file, line=line, field=field))

    def values(self, section: Section, declared: SectionType) -> dict[str, object] | None:
        """What the declared options of a section say; None if the section cannot be used."""
        try:
            declared.key.parse(section.id)
        except ValueError:
            allowed = f"'{section.id}' is no valid id, allowed is {declared.key.allowed}"
            self.problem(allowed, section.line, section.type)
            return None
        values: dict[str, object] = {}
        for entry in section.entries:
            option = declared.option(entry.key)
            if option is not None:
                self._value(section, entry, option, values)
        missing = [o.name for o in declared.options if o.required and o.name not in values]
        for name in missing:
            if section.entry(name) is None:
                self.problem("is missing", section.line, f"{section.type} {section.id}: {name}")
        return None if missing else values

    def _value(
        self, section: Section, entry: Entry, option: Option, values: dict[str, object]
    ) -> None:
        place = f"{section.type} {section.id}: {entry.key}"
        if entry.key in values and not option.repeated:
            self.problem("is repeated, the first one holds", entry.line, place)
            return
        try:
            value = option.decode(entry.value)
        except ConfigError as error:
            self.problem(error.message, entry.line, _inner(place, error))
            return
        if option.repeated:
            before = values.get(entry.key, ())
            assert isinstance(before, tuple)
            value = (*before, value)
        values[entry.key] = value


def _inner(place: str, error: ConfigError) -> str:
    """The place with the key inside a property string that the error names."""
    outer, colon, inner = (error.field or "").partition(": ")
    return f"{place}: {inner}" if colon and place.endswith(outer) else place


class _Splitter:
    """Cuts a text into sections by its lines alone."""

    def __init__(self, reader: _Reader) -> None:
        self.reader = reader
        self.sections: list[Section] = []
        self.above: list[str] = []
        self.pending: list[str] = []
        self.open: Section | None = None
        self.entries: list[Entry] = []

    def line(self, text: str, number: int) -> None:
        if _COMMENT.match(text):
            self.pending.append(text.rstrip())
        elif not text.strip():
            self.blank()
        elif self.open is None:
            self._header(text, number)
        else:
            self._property(text, number)

    def blank(self) -> None:
        """End the section; comments seen since are set off from what follows."""
        if self.open is not None:
            self.sections.append(replace(self.open, entries=tuple(self.entries)))
        self.open, self.entries = None, []
        self.above += self.pending
        self.pending = []

    def _header(self, text: str, number: int) -> None:
        match = _HEADER.fullmatch(text)
        if match is None:
            self.reader.problem("expected '<type>: <id>' to begin a section", number)
            return
        comments, above = tuple(self.pending), tuple(self.above)
        self.open = Section(match[1], match[2], (), comments, above, line=number)
        self.pending, self.above = [], []

    def _property(self, text: str, number: int) -> None:
        match = _PROPERTY.fullmatch(text)
        if match is None:
            hint = "expected an indented '<key> <value>', or a blank line before the next section"
            self.reader.problem(hint, number)
            return
        self.entries.append(Entry(match[1], match[2], tuple(self.pending), number))
        self.pending = []


def _split(text: str, reader: _Reader) -> Document:
    splitter = _Splitter(reader)
    for number, line in enumerate(text.split("\n"), start=1):
        splitter.line(line, number)
    splitter.blank()
    return Document(tuple(splitter.sections), tuple(splitter.above))


def _merged(section: Section, declared: SectionType, item: Wanted) -> Section:
    """The section with the wanted values; lines that already say so stay as they are."""
    entries = section.entries if section.type == item.type else ()
    written: set[str] = set()
    kept: list[Entry] = []
    for entry in entries:
        option = declared.option(entry.key)
        if option is None:
            kept.append(entry)
        elif entry.key not in written and item.values.get(entry.key) is not None:
            written.add(entry.key)
            same = [line for line in entries if line.key == entry.key]
            kept += _updated(same, option, item.values[entry.key])
    for option in sorted(declared.options, key=write_order):
        value = item.values.get(option.name)
        if option.name not in written and value is not None and value != option.default:
            kept += _updated([Entry(option.name)], option, value)
    return replace(section, type=item.type, entries=tuple(kept), bad=False)


def _updated(lines: Sequence[Entry], option: Option, value: object) -> list[Entry]:
    """The lines of one option with its new value; `lines` are those it has now."""
    if not option.repeated:
        return [_updated_line(lines[0], option, value)]
    assert isinstance(value, tuple)
    spare = [Entry(option.name)] * (len(value) - len(lines))
    return [_updated_line(e, option, v) for e, v in zip((*lines, *spare), value, strict=False)]


def _updated_line(entry: Entry, option: Option, value: object) -> Entry:
    try:
        if entry.line and option.decode(entry.value) == value:
            return entry
    except ConfigError:
        pass
    bare = option.kind == "boolean" and option.name == "disable" and value is True
    return replace(entry, value=None if bare else option.encode(value))


def write_order(option: Option) -> tuple[bool, bool, bool, str]:
    """Sorts a new section: comment and disable first, then what is required, then by name."""
    name = option.name
    return (name != "comment", name != "disable", not option.required, name)
