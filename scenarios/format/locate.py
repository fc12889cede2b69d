"""On which line of a TOML text a table, key or list item stands. The TOML parser does not tell.

The text is one that `tomllib` accepted, so this only walks over it: it knows where strings, arrays
and inline tables begin and end, and judges nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]  # ("guest", 2, "sid"): the sid of the third [[guest]]

_KEY = re.compile(r'[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\')[ \t]*')
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_LONG = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}", re.DOTALL)
_SHORT = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_BARE = re.compile(r"[^,\]\}#\n]+")


class Lines:
    """`lines.of(path)`: the line of that path, or of the nearest part of it that is written."""

    def __init__(self, found: Mapping[Path, int], texts: Mapping[Path, int]) -> None:
        self._found, self._texts = found, texts

    def of(self, path: Path) -> int:
        while path and path not in self._found:
            path = path[:-1]
        return self._found.get(path, 1)

    def text(self, path: Path) -> int:
        """The line on which the content of that (multi-line) string begins."""
        return self._texts.get(path, self.of(path))


def locate(text: str) -> Lines:
    """Walk over a valid TOML text."""
    walker = _Walker(text)
    walker.document()
    return Lines(walker.found, walker.texts)


class _Walker:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._line, self._line_at = 1, 0  # the line of the place up to which was counted
        self.found: dict[Path, int] = {}
        self.texts: dict[Path, int] = {}
        self._lists: dict[Path, int] = {}  # array of tables -> how many so far

    def document(self) -> None:
        table: Path = ()
        while self._skip():
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text[self._at] == "[":
                table = self._header(1)
            else:
                self._pair(table)

    # the parts of a document

    def _header(self, brackets: int) -> Path:
        line = self._now()
        self._at += brackets
        keys = self._keys()
        self._at += brackets
        path = self._resolved(keys[:-1])
        path += (keys[-1],)
        if brackets == 2:
            number = self._lists.get(path, 0)
            self._lists[path] = number + 1
            self.found.setdefault(path, line)
            path += (number,)
        elif path in self._lists:
            path += (self._lists[path] - 1,)
        self.found.setdefault(path, line)
        return path

    def _resolved(self, keys: tuple[str, ...]) -> Path:
        """The path of a table: within an array of tables, the latest one."""
        path: Path = ()
        for key in keys:
            path += (key,)
            if path in self._lists:
                path += (self._lists[path] - 1,)
        return path

    def _pair(self, table: Path) -> None:
        line = self._now()
        path = table
        for key in self._keys():
            path += (key,)
            self.found.setdefault(path, line)
        self._at += 1  # the '='
        self._value(path)

    def _keys(self) -> tuple[str, ...]:
        keys: list[str] = []
        while match := _KEY.match(self._text, self._at):
            written = match.group(1)
            quoted = written[0] in "\"'"
            keys.append(tomllib.loads(f"k = {written}")["k"] if quoted else written)
            self._at = match.end()
            if self._text[self._at] != ".":
                break
            self._at += 1
        return tuple(keys)

    def _value(self, path: Path) -> None:
        self._skip()
        sign = self._text[self._at]
        if sign == "[":
            self._array(path)
        elif sign == "{":
            self._inline(path)
        elif match := _LONG.match(self._text, self._at):
            opens_a_line = self._text[self._at + 3 : self._at + 5].lstrip("\r").startswith("\n")
            self.texts[path] = self._now() + opens_a_line
            self._at = match.end()
        else:
            match = _SHORT.match(self._text, self._at) or _BARE.match(self._text, self._at)
            assert match is not None
            self._at = match.end()

    def _array(self, path: Path) -> None:
        self._at += 1
        number = 0
        while self._skip() and self._text[self._at] != "]":
            self.found[(*path, number)] = self._now()
            self._value((*path, number))
            number += 1
            self._comma()
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._skip() and self._text[self._at] != "}":
            self._pair(path)
            self._comma()
        self._at += 1

    # places

    def _comma(self) -> None:
        if self._skip() and self._text[self._at] == ",":
            self._at += 1

    def _skip(self) -> bool:
        """Over blanks, comments and line ends. Whether anything follows."""
        match = _BLANK.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return self._at < len(self._text)

    def _now(self) -> int:
        self._line += self._text.count("\n", self._line_at, self._at)
        self._line_at = self._at
        return self._line
