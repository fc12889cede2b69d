"""The text of corosync.conf: sections in braces, `key: value` lines, comment lines.

Reading keeps everything that stands in the text: unknown sections and keys, repeated ones, and
comments with the line below them. Writing puts it in the reference system's order (keys sorted,
nodes by name, interfaces by number, two blanks a level, a blank line after a top section), so that
two nodes that write the same layout write the same bytes.

The rules of what a line may be are corosync's own: a `{` ends its line, a `}` stands alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from appliance.model.errors import ConfigError

FILE: Final = "corosync.conf"
_LINE_BYTES: Final = 510  # corosync cuts longer ones in two


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` line and the comment lines right above it."""

    key: str
    value: str
    comments: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Section:
    """A section and everything in it. The whole file is one without a name.

    items are in the order of writing when they were read or changed here. comments stand above
    the section, tail are comment lines before its closing brace.
    """

    name: str = ""
    items: tuple[Item, ...] = ()
    comments: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    def entry(self, key: str) -> Entry | None:
        """The line with that key. Of repeated ones the last: it is what corosync goes by."""
        found = [item for item in self.items if isinstance(item, Entry) and item.key == key]
        return found[-1] if found else None

    def get(self, key: str) -> str | None:
        """The value of that key."""
        entry = self.entry(key)
        return entry.value if entry else None

    def entries(self) -> Iterator[Entry]:
        """The lines of this section itself."""
        return (item for item in self.items if isinstance(item, Entry))

    def sections(self, name: str) -> tuple[Section, ...]:
        """The sections of that name right inside this one."""
        return tuple(item for item in self.items if isinstance(item, Section) and item.name == name)

    def section(self, name: str) -> Section | None:
        """The section of that name; of repeated ones the first."""
        return next(iter(self.sections(name)), None)

    def with_value(self, key: str, value: str | None) -> Section:
        """With that key set; None removes it. A comment above it stays with it."""
        old = self.entry(key)
        kept = tuple(i for i in self.items if not (isinstance(i, Entry) and i.key == key))
        if value is None:
            return replace(self, items=kept)
        changed = Entry(key, value, old.comments if old else ())
        return replace(self, items=ordered((*kept, changed)))

    def with_sections(self, name: str, sections: tuple[Section, ...]) -> Section:
        """With exactly these sections of that name."""
        kept = tuple(i for i in self.items if not (isinstance(i, Section) and i.name == name))
        return replace(self, items=ordered((*kept, *sections)))


Item: TypeAlias = Entry | Section


def parse_tree(text: str, *, file: str = FILE) -> Section:
    """Read a text. ConfigError with file and line where it breaks the form."""
    stack = [_Open("", 0, ())]
    comments: list[str] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line:
            continue
        if line.startswith("#"):
            comments.append(line)
        elif "{" in line:
            stack.append(_Open(_section_name(line, file, number), number, tuple(comments)))
            comments = []
        elif "}" in line:
            if line != "}":
                raise ConfigError("'}' must stand alone on its line", file=file, line=number)
            if len(stack) == 1:
                raise ConfigError("'}' closes no section", file=file, line=number)
            stack[-1].tail, comments = tuple(comments), []
            done = stack.pop().close()
            stack[-1].items.append(done)
        else:
            stack[-1].items.append(_entry(line, tuple(comments), file, number))
            comments = []
    if len(stack) > 1:
        inner = stack[-1]
        raise ConfigError("is not closed with '}'", file=file, line=inner.line, field=inner.name)
    stack[0].tail = tuple(comments)
    return stack[0].close()


class _Open:
    """A section being read."""

    __slots__ = ("comments", "items", "line", "name", "tail")

    def __init__(self, name: str, line: int, comments: tuple[str, ...]) -> None:
        self.name, self.line, self.comments = name, line, comments
        self.items: list[Item] = []
        self.tail: tuple[str, ...] = ()

    def close(self) -> Section:
        return Section(self.name, ordered(self.items), self.comments, self.tail, self.line)


def _section_name(line: str, file: str, number: int) -> str:
    name, _, rest = line.partition("{")
    if rest:
        raise ConfigError("'{' must end its line", file=file, line=number, field=name.strip())
    name = name.strip()
    if not name or any(char.isspace() or char in ":}" for char in name):
        raise ConfigError("a section is '<name> {'", file=file, line=number)
    return name


def _entry(line: str, comments: tuple[str, ...], file: str, number: int) -> Entry:
    key, colon, value = line.partition(":")
    key, value = key.strip(), value.strip()
    if not colon or not key:
        raise ConfigError(
            f"'{line}' is neither '<key>: <value>' nor the begin or end of a section",
            file=file,
            line=number,
        )
    if not value:
        raise ConfigError("needs a value", file=file, line=number, field=key)
    if len(line.encode()) > _LINE_BYTES:
        raise ConfigError(
            f"line of more than {_LINE_BYTES} bytes", file=file, line=number, field=key
        )
    return Entry(key, value, comments, number)


def write_tree(root: Section) -> str:
    """The text of a file."""
    lines: list[str] = []
    for item in ordered(root.items):
        _write(item, "", lines)
        if isinstance(item, Section):
            lines.append("")
    lines += root.tail
    return "".join(f"{line}\n" for line in lines)


def _write(item: Item, indent: str, lines: list[str]) -> None:
    lines += (f"{indent}{comment}" for comment in item.comments)
    if isinstance(item, Entry):
        lines.append(f"{indent}{item.key}: {item.value}")
        return
    lines.append(f"{indent}{item.name} {{")
    for inner in ordered(item.items):
        _write(inner, f"{indent}  ", lines)
    lines += (f"{indent}  {comment}" for comment in item.tail)
    lines.append(f"{indent}}}")


def ordered(items: Iterable[Item]) -> tuple[Item, ...]:
    """In the order of writing."""
    return tuple(sorted(items, key=_place))


def _place(item: Item) -> tuple[str, str]:
    """Where an item stands among its siblings; equals stay in the order they have."""
    if isinstance(item, Entry):
        return item.key, ""
    if item.name == "node":
        return item.name, item.get("name") or item.get("ring0_addr") or ""
    if item.name == "interface":
        return item.name, item.get("linknumber") or item.get("ringnumber") or ""
    return item.name, ""
