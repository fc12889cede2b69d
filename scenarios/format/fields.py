"""A table of a scenario file being read: typed getters whose errors name file, line and key.

Every key that is asked for counts as known; `end` refuses the rest, with the nearest known one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NoReturn

from appliance.model.errors import ConfigError
from scenarios.format.locate import Lines, Path
from scenarios.predicates import Names, Predicate, PredicateError, parse
from scenarios.quantities import (
    DURATION_HELP,
    RATE_HELP,
    SIZE_HELP,
    duration_s,
    rate_bytes_s,
    size_bytes,
    size_text,
)
from scenarios.suggest import did_you_mean

_UNSET: Any = object()


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a scenario file, for errors found later."""

    file: str
    line: int
    field: str

    def fail(self, message: str) -> NoReturn:
        raise ConfigError(message, file=self.file, line=self.line, field=self.field)


class Table:
    """One table of a file; `path` is where it stands, `name` how messages call it."""

    def __init__(self, values: Mapping[str, Any], path: Path, lines: Lines, file: str) -> None:
        self._values, self._path, self._lines, self._file = values, path, lines, file
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._values

    # places and errors

    @property
    def name(self) -> str:
        return ".".join(str(part) for part in self._path if isinstance(part, str))

    @property
    def line(self) -> int:
        return self._lines.of(self._path)

    def place(self, key: str | None = None, *index: int) -> Place:
        """Where a key stands (or the whole table)."""
        path = self._path if key is None else (*self._path, key, *index)
        field = f"{self.name}.{key}" if key is not None and self.name else key or self.name
        return Place(self._file, self._lines.of(path), field)

    def fail(self, key: str | None, message: str) -> NoReturn:
        self.place(key).fail(message)

    def end(self) -> None:
        """No other keys are allowed."""
        for key in self._values:
            if key not in self._known:
                self.fail(key, "there is no such key" + did_you_mean(key, self._known))

    # reading

    def _take(self, key: str, default: Any) -> Any:
        self._known.append(key)
        if key in self._values:
            return self._values[key]
        if default is _UNSET:
            self.fail(None, f"'{key}' is missing")
        return default

    def raw(self, key: str) -> Any:
        """As TOML has it; None when it is not there."""
        return self._take(key, None)

    def text(self, key: str, default: str = _UNSET) -> str:
        value: Any = self._take(key, default)
        if not isinstance(value, str):
            self.fail(key, "a text in quotes is expected")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self else self._take(key, None)

    def flag(self, key: str, default: bool = _UNSET) -> bool:
        value: Any = self._take(key, default)
        if not isinstance(value, bool):
            self.fail(key, "true or false is expected")
        return value

    def optional_flag(self, key: str) -> bool | None:
        return self.flag(key) if key in self else self._take(key, None)

    def integer(
        self, key: str, default: int = _UNSET, *, least: int = 0, most: int | None = None
    ) -> int:
        value: Any = self._take(key, default)
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        if not is_integer or value < least or (most is not None and value > most):
            bound = f"at least {least}" if most is None else f"from {least} to {most}"
            self.fail(key, f"a whole number, {bound}, is expected")
        return int(value)

    def number(
        self, key: str, default: float = _UNSET, *, least: float, most: float | None = None
    ) -> float:
        value: Any = self._take(key, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        highest = inf if most is None else most
        if not is_number or not least <= value <= highest or value == inf:  # nor is nan between
            bound = f"at least {least:g}" if most is None else f"from {least:g} to {most:g}"
            self.fail(key, f"a number, {bound}, is expected")
        return float(value)

    def duration_s(self, key: str, default: float = _UNSET, *, signed: bool = False) -> float:
        value: Any = self._take(key, default)
        if not isinstance(value, str):
            if key in self:
                self.fail(key, f"{DURATION_HELP} is expected")
            return float(value)
        sign = -1 if signed and value.startswith("-") else 1
        seconds = duration_s(value.lstrip("+-") if signed else value)
        if seconds is None:
            self.fail(key, f"'{value}' is not {DURATION_HELP}")
        return sign * seconds

    def optional_duration_s(self, key: str) -> float | None:
        return self.duration_s(key) if key in self else self._take(key, None)

    def size_bytes(self, key: str, default: int = _UNSET, *, least: int = 0) -> int:
        value: Any = self._take(key, default)
        found = size_bytes(value) if isinstance(value, str) else None
        if found is None:
            if key not in self:
                return int(value)
            self.fail(key, f"{SIZE_HELP} is expected")
        if found < least:
            self.fail(key, f"'{value}' is too little: at least {size_text(least)} is expected")
        return found

    def rate_bytes_s(self, key: str, default: float = _UNSET) -> float:
        value: Any = self._take(key, default)
        found = rate_bytes_s(value) if isinstance(value, str) else None
        if found is None:
            if key not in self:
                return float(value)
            self.fail(key, f"{RATE_HELP} is expected")
        return found

    def choice(self, key: str, choices: Iterable[str], default: str = _UNSET) -> str:
        value = self.text(key, default)
        if value not in choices:
            self.fail(key, f"there is no '{value}'" + did_you_mean(value, choices))
        return value

    def predicate(self, key: str, names: Names) -> Predicate:
        text = self.text(key)
        try:
            return parse(text, names)
        except PredicateError as error:
            place = self.place(key)
            wrong = ConfigError(
                error.sentence(), file=place.file, line=place.line, field=place.field
            )
            wrong.add_note(error.pointer())
            raise wrong from None

    # what is inside

    def items(self, key: str) -> list[str]:
        """A text or a list of texts."""
        value = self._take(key, [])
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            self.fail(key, "a text or a list of texts is expected")
        return found

    def table(self, key: str) -> Table:
        """The table of that key; an empty one when it is not there."""
        value = self._take(key, {})
        if not isinstance(value, dict):
            self.fail(key, f"a table is expected: write [{self._inner(key)}]")
        return Table(value, (*self._path, key), self._lines, self._file)

    def tables(self, key: str) -> Sequence[Table]:
        """All tables `[[key]]`."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, f"a list of tables is expected: write [[{self._inner(key)}]]")
        return [
            Table(item, (*self._path, key, number), self._lines, self._file)
            for number, item in enumerate(value)
        ]

    def _inner(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def content_line(self, key: str) -> int:
        """The line on which the content of a multi-line text begins."""
        return self._lines.text((*self._path, key))

    def written(self) -> list[str]:
        """All keys that are written; they count as known."""
        self._known += list(self._values)
        return list(self._values)
