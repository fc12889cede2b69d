"""Property strings: `key=value,key=value` inside one option, one key of which may be left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from appliance.model.errors import ConfigError
from appliance.model.option import Option

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class PropertyString:
    """The values of the declared keys that are written, and all other pairs as they stood."""

    values: Mapping[str, object] = field(default_factory=dict)
    unknown: tuple[tuple[str, str], ...] = ()


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
    """The text: default key first and bare, then declared keys by name, then the unknown ones.

    Values of None are left out.
    """
    parts: list[str] = []
    for option in sorted(options, key=lambda o: (o.name != default_key, o.name)):
        item = value.values.get(option.name)
        if item is None:
            continue
        text = option.encode(item)
        parts.append(text if option.name == default_key else f"{option.name}={text}")
    parts += [f"{key}={text}" for key, text in value.unknown]
    return ",".join(parts)


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
