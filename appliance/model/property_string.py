"""Property strings: `key=value,key=value` inside one option, one key of which may be left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from appliance.model.errors import ConfigError
from appliance.model.option import Option

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class PropertyString:
    """The values of the declared keys that are written, and all other pairs as they stood."""

    values: Mapping[str, object] = field(default_factory=dict)
    unknown: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ValueKeys:
    """Keys that are values themselves: `virtio=MAC` says `model=virtio,macaddr=MAC`."""

    names: tuple[str, ...]
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Properties:
    """The keys of a property string, as the form of an option.

    name         of the published format, empty if it has none
    aliases      other names of keys
    check        raises ValueError, or ConfigError, for keys that do not go together
    """

    options: tuple[Option, ...]
    default_key: str | None = None
    name: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    value_keys: ValueKeys | None = None
    check: Callable[[Mapping[str, object]], None] | None = None

    @property
    def allowed(self) -> str:
        """The keys in words, the default key first."""
        keys = sorted(self.options, key=lambda option: _order(option, self.default_key))
        parts = []
        for option in keys:
            text = f"{option.name}=<{_kind(option)}>"
            if option.name == self.default_key:
                text = f"[{option.name}=]<{_kind(option)}>"
            parts.append(text if option.required else f"[,{text}]")
        return " ".join(parts)

    def parse(self, text: str, /) -> PropertyString:
        """Parse and check; here, other than in a file, unknown keys are errors."""
        found = parse_property_string(
            self._spelled(text), self.options, default_key=self.default_key
        )
        if found.unknown:
            names = ", ".join(option.name for option in self.options)
            raise ConfigError(f"is not known, allowed are {names}", field=found.unknown[0][0])
        if self.check is not None:
            self.check(found.values)
        return found

    def render(self, value: object, /) -> str:
        """The text of a PropertyString or of a mapping from keys to values."""
        found = value if isinstance(value, PropertyString) else PropertyString(_mapping(value))
        special = self.value_keys
        if special is None or special.value not in found.values:
            return format_property_string(found, self.options, default_key=self.default_key)
        values = dict(found.values)
        first = f"{values.pop(special.key)}={values.pop(special.value)}"
        rest = PropertyString(values, found.unknown)
        return ",".join(t for t in (first, format_property_string(rest, self.options)) if t)

    def _spelled(self, text: str) -> str:
        """The text with aliases replaced by the names that they stand for."""
        if not self.aliases and self.value_keys is None:
            return text
        return ",".join(self._spelled_part(part) for part in text.split(","))

    def _spelled_part(self, part: str) -> str:
        key, equals, value = part.strip().partition("=")
        if not equals:
            return part
        if key in self.aliases:
            return f"{self.aliases[key]}={value}"
        special = self.value_keys
        if special is not None and key in special.names:
            return f"{special.key}={key},{special.value}={value}"
        return part


def parse_property_string(
    text: str, options: Sequence[Option], *, default_key: str | None = None
) -> PropertyString:
    """Parse and check. Keys that nobody declared are kept.

    ConfigError (field = the key, no file or line) for a repeated key, a value without key where no
    default key is declared, a bad value, a missing required key, or a key that requires another.
    """
    declared = {option.name: option for option in options}
    values: dict[str, object] = {}
    unknown: dict[str, str] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, value = _pair(part.strip(), default_key)
        if key in values or key in unknown:
            raise ConfigError("is repeated", field=key)
        if key in declared:
            values[key] = declared[key].decode(value)
        else:
            unknown[key] = value
    _complete(options, values)
    return PropertyString(values, tuple(unknown.items()))


def format_property_string(
    value: PropertyString, options: Sequence[Option], *, default_key: str | None = None
) -> str:
    """The text: default key first and bare, required keys, the others by name, the unknown ones.

    Values of None are left out.
    """
    parts: list[str] = []
    for option in sorted(options, key=lambda o: _order(o, default_key)):
        item = value.values.get(option.name)
        if item is None:
            continue
        text = option.encode(item)
        parts.append(text if option.name == default_key else f"{option.name}={text}")
    parts += [f"{key}={text}" for key, text in value.unknown]
    return ",".join(parts)


def _order(option: Option, default_key: str | None) -> tuple[bool, bool, str]:
    return (option.name != default_key, not option.required, option.name)


def _kind(option: Option) -> str:
    if option.choices:
        return "|".join(option.choices) if len(option.choices) < 6 else "choice"
    if option.format is not None and option.format.name:
        return option.format.name
    return {"boolean": "1|0"}.get(option.kind, option.kind)


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def _pair(part: str, default_key: str | None) -> tuple[str, str]:
    key, equals, value = part.partition("=")
    if not equals:
        if default_key is None:
            raise ConfigError(f"'{part}' needs a key in front: <key>={part}")
        return default_key, part
    if not _KEY.fullmatch(key) or not value:
        raise ConfigError(f"'{part}' is not of the form <key>=<value>")
    return key, value


def _complete(options: Sequence[Option], values: Mapping[str, object]) -> None:
    for option in options:
        if option.required and option.name not in values:
            raise ConfigError("is missing", field=option.name)
        if option.requires and option.name in values and option.requires not in values:
            raise ConfigError(f"needs {option.requires} to be set too", field=option.name)
