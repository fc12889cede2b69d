"""Single sections of a document as calls change them: by the texts that were given.

`section_config` changes a file by values; a call brings texts, and what it brought is what is read
back: nothing is written that was not given, and nothing that was given is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from appliance.model.errors import ConfigError
from appliance.model.option import Option
from appliance.model.parameters import Text
from appliance.model.percent import decode_text, encode_text
from appliance.model.section_config import (
    Document,
    Entry,
    Identity,
    Section,
    SectionType,
    plain_id,
    write_order,
)

Shown = dict[str, object]


def find_section(
    document: Document,
    types: Sequence[SectionType],
    name: str,
    identity: Identity = plain_id,
) -> Section | None:
    """The section of a declared type with that identity."""
    known = [declared.name for declared in types]
    return next(
        (
            one
            for one in document.sections
            if one.type in known and identity(one.type, one.id) == name
        ),
        None,
    )


def type_of(types: Sequence[SectionType], name: str) -> SectionType:
    """The declared type of that name; there must be one."""
    return next(declared for declared in types if declared.name == name)


def edited(
    section: Section, declared: SectionType, texts: Mapping[str, Text], delete: Iterable[str] = ()
) -> Section:
    """The section with these options set and those taken out; other lines stay.

    ConfigError for a text that is no single line.
    """
    lines = {key: _lines(declared, key, text) for key, text in texts.items()}
    gone = frozenset(delete)
    kept: list[Entry] = []
    for entry in section.entries:
        if entry.key in lines:
            first = lines.pop(entry.key)
            kept += [replace(entry, value=first[0])] if first else []
            kept += [Entry(entry.key, value) for value in first[1:]]
        elif entry.key not in gone and entry.key not in texts:
            kept.append(entry)
    for option in sorted(declared.options, key=write_order):
        kept += [Entry(option.name, value) for value in lines.get(option.name, ())]
    return replace(section, entries=tuple(kept), bad=False)


def with_section(document: Document, section: Section, at: int | None = None) -> Document:
    """The section put in the place of the one with its type and id, or at the end."""
    sections = list(document.sections)
    for index, one in enumerate(sections):
        if (one.type, one.id) == (section.type, section.id):
            sections[index] = section
            return replace(document, sections=tuple(sections))
    sections.insert(len(sections) if at is None else at, section)
    return replace(document, sections=tuple(sections))


def without_section(document: Document, section: Section) -> Document:
    """Comments that a blank line sets off from the section go to what follows it."""
    sections, above = list[Section](), tuple[str, ...]()
    for one in document.sections:
        if (one.type, one.id) == (section.type, section.id):
            above += one.above
            continue
        sections.append(replace(one, above=above + one.above))
        above = ()
    return Document(tuple(sections), above + document.tail)


def shown_section(section: Section, declared: SectionType) -> Shown:
    """What is written in a section, as answers have it: booleans 1 and 0, no secrets."""
    shown: Shown = {}
    for option in declared.options:
        entries = [entry for entry in section.entries if entry.key == option.name]
        if not entries or option.secret:
            continue
        if option.repeated:
            shown[option.name] = [shown_text(option, entry.value) for entry in entries]
        else:
            shown[option.name] = shown_text(option, entries[0].value)
    return shown


def shown_text(option: Option, text: str | None) -> object:
    """One text of a file as answers have it; what is not valid is shown as it is written."""
    if option.kind == "string":
        return decode_text(text or "") if option.percent else (text or "")
    try:
        value = option.decode(text)
    except ConfigError:
        return text or ""
    return int(value) if isinstance(value, bool) else value


def one_line(key: str, text: str) -> str:
    """ConfigError unless it is one: with a line break it could pass for options of its own."""
    if "\n" in text or "\r" in text:
        raise ConfigError("must be a single line", field=key)
    return text


def _lines(declared: SectionType, key: str, text: Text) -> tuple[str | None, ...]:
    option = declared.option(key)
    texts = (text,) if isinstance(text, str) else text
    if option is not None and option.percent:
        return tuple(encode_text(part) for part in texts)
    if option is not None and option.kind == "boolean":
        value = bool(option.decode(texts[0]))
        if option.name == "disable":
            return (None,) if value else ()  # its mere presence counts
        return ("1" if value else "0",)
    return tuple(one_line(key, part) for part in texts)
