"""How an option is declared, once: parsing, messages, API schema and help derive from it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from appliance.model.errors import ConfigError
from appliance.model.percent import decode_text, encode_text

Kind = Literal["string", "boolean", "integer", "number"]

_TRUE = frozenset({"1", "on", "yes", "true"})
_FALSE = frozenset({"0", "off", "no", "false"})
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_SEPARATOR = re.compile(r"[,;\s\0]+", re.ASCII)


class Form(Protocol):
    """What the text of a value has to look like: a named format or the keys of a property string.

    `parse` turns the text into its value; it raises ValueError, or a ConfigError that names the
    part. `render` is its inverse. The name is the one the published API contract uses, without
    its `-list`; it is empty where the contract has none.
    """

    @property
    def name(self) -> str: ...

    @property
    def allowed(self) -> str: ...

    def parse(self, text: str, /) -> object: ...

    def render(self, value: object, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A named form of string values; `allowed` says in words what it takes."""

    name: str
    allowed: str
    parse: Callable[[str], object]
    render: Callable[[object], str] = str


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a section, a line, a call or a property string.

    default       what holds where it is not written; None if there is no such value
    pattern       a regular expression that the whole text matches
    safe          one that matches the same texts, where the published one can take for ever
    many          a list of `format` values, read with comma, semicolon or blank between them,
                  written with `joint`
    repeated      a list with one line for each of its values; `format` is that of one
    empty         whether the empty text is a value too
    percent       written percent-encoded, as free text has to be
    requires      another option that must be given too
    last          a numbered option: `net` with last=31 stands for net0 to net31
    fixed         can be given when the thing is made and not be changed later
    secret        never shown, never written to a log
    unit          what a number counts
    """

    name: str
    sentence: str
    kind: Kind = "string"
    default: object = None
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    safe: str | None = None
    choices: tuple[str, ...] = ()
    format: Form | None = None
    many: bool = False
    joint: str = ","
    repeated: bool = False
    empty: bool = False
    percent: bool = False
    requires: str | None = None
    last: int | None = None
    fixed: bool = False
    secret: bool = False
    unit: str = ""

    def decode(self, text: str | None) -> object:
        """The value that a text stands for. ConfigError, without place, says what is allowed.

        No text at all (a bare key) is true for a boolean and an error for all others. Of a
        repeated option it is the value of one line.
        """
        if self.kind == "boolean":
            return self._boolean(text)
        if not text:
            if self.empty and text is not None:
                return () if self.many else ""
            raise ConfigError("needs a value", field=self.name)
        if self.choices and text not in self.choices:
            allowed = ", ".join(self.choices)
            raise ConfigError(f"{self._told(text)} is not one of {allowed}", field=self.name)
        if self.kind == "integer":
            return self._integer(text)
        if self.kind == "number":
            return self._number(text)
        return self._string(text)

    def encode(self, value: object) -> str:
        """The text of a value: what `decode` reads."""
        if self.kind == "boolean":
            return "1" if value else "0"
        if isinstance(value, float):
            return f"{value:.15g}"
        render = self.format.render if self.format else str
        if self.many:
            assert isinstance(value, tuple)
            return self.joint.join(render(item) for item in value)
        text = render(value)
        return encode_text(text) if self.percent else text

    def _told(self, text: str) -> str:
        """The text for a message; a secret is in none, whoever reads it."""
        return "what was given" if self.secret else f"'{text}'"

    def _boolean(self, text: str | None) -> bool:
        word = "1" if text is None else text.lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise ConfigError(f"'{text}' is no boolean, allowed are 1 and 0", field=self.name)

    def _integer(self, text: str) -> int:
        if not _INTEGER.fullmatch(text) or len(text) > 30:
            raise ConfigError(f"'{text}' is no whole number", field=self.name)
        return int(self._bounded(int(text), text))

    def _number(self, text: str) -> float:
        if not _NUMBER.fullmatch(text):
            raise ConfigError(f"'{text}' is no number", field=self.name)
        return self._bounded(float(text), text)

    def _bounded(self, number: float, text: str) -> float:
        if self.minimum is not None and number < self.minimum:
            raise ConfigError(f"{text} is below the minimum {self.minimum:.15g}", field=self.name)
        if self.maximum is not None and number > self.maximum:
            raise ConfigError(f"{text} is above the maximum {self.maximum:.15g}", field=self.name)
        return number

    def _string(self, text: str) -> object:
        plain = decode_text(text) if self.percent else text
        self._sized(plain)
        pattern = self.safe or self.pattern
        if pattern is not None and not _compiled(pattern).fullmatch(plain):
            raise ConfigError(f"{self._told(text)} does not match {self.pattern}", field=self.name)
        if self.format is None:
            return plain
        if not self.many:
            return self._formatted(plain, self.format)
        items = [item for item in _SEPARATOR.split(plain) if item]
        if not items and not self.empty:
            raise ConfigError("needs at least one value", field=self.name)
        return tuple(self._formatted(item, self.format) for item in items)

    def _sized(self, text: str) -> None:
        if self.max_length is not None and len(text) > self.max_length:
            raise ConfigError(f"longer than {self.max_length} characters", field=self.name)
        if self.min_length is not None and len(text) < self.min_length:
            raise ConfigError(f"shorter than {self.min_length} characters", field=self.name)

    def _formatted(self, text: str, form: Form) -> object:
        try:
            return form.parse(text)
        except ConfigError as error:
            raise placed(error, file="", line=None, field=self.name) from None
        except ValueError:
            raise ConfigError(
                f"{self._told(text)} is not valid, allowed is {form.allowed}", field=self.name
            ) from None


def placed(error: ConfigError, *, file: str, line: int | None, field: str = "") -> ConfigError:
    """The same error with its place; `field` is put in front of the field it names."""
    inner = error.field or ""
    full = f"{field}: {inner}" if field and inner and field != inner else field or inner
    return ConfigError(error.message, file=file, line=line, field=full or None)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)
