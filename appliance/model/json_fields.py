"""Reading JSON objects field by field: what is wrong names the file and the path to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from appliance.model.errors import ConfigError

T = TypeVar("T")


class Fields:
    """A JSON object. ConfigError where a field is not what it is read as."""

    __slots__ = ("file", "path", "values")

    def __init__(self, value: Any, file: str, path: str = "") -> None:
        self.file, self.path = file, path
        if not isinstance(value, dict):
            raise self.error("", "must be an object")
        self.values: dict[str, Any] = value

    def error(self, name: str, message: str) -> ConfigError:
        place = ".".join(part for part in (self.path, name) if part)
        return ConfigError(message, file=self.file, field=place or None)

    def inner(self, name: str) -> Fields:
        place = ".".join(part for part in (self.path, name) if part)
        return Fields(self.values.get(name, {}), self.file, place)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value
        raise self.error(name, "must be a string")

    def needed_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise self.error(name, "is missing")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name) or default
        if value is None:
            raise self.error(name, "is missing")
        if value not in allowed:
            raise self.error(name, f"'{value}' is none of {', '.join(allowed)}")
        return value

    def number(self, name: str) -> float | None:
        return self._number(name, float, "must be a number")

    def whole(self, name: str, default: int) -> int:
        value = self._number(name, int, "must be a whole number")
        return default if value is None else value

    def optional_whole(self, name: str) -> int | None:
        return self._number(name, int, "must be a whole number")

    def flag(self, name: str, default: bool) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        if value in (0, 1, "0", "1"):
            return value in (1, "1")
        raise self.error(name, "must be 0 or 1")

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(name, "must be a list of strings")
        return tuple(value)

    def _number(self, name: str, kind: Callable[[Any], T], message: str) -> T | None:
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return kind(value)
        except (TypeError, ValueError, OverflowError):
            raise self.error(name, message) from None


def parse_json(text: str, file: str) -> Any:
    """The value; None for an empty text. ConfigError names file and line."""
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise ConfigError("is no valid JSON", file=file, line=line) from None


def text_of(content: bytes, file: str) -> str:
    """ConfigError if the bytes are no text."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ConfigError("is no text in UTF-8", file=file) from None
