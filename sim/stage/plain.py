"""Frozen facts as JSON and back, by the types of their fields."""

from __future__ import annotations

import base64
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """As JSON has it; bytes become base64."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(one) for one in value]
    return value


def from_plain(kind: type[T], data: Any) -> T:
    """The inverse. TypeError, ValueError, KeyError for what was not made from such a value."""
    return cast("T", _read(kind, data))


def _read(kind: Any, data: Any) -> Any:
    if kind is bytes:
        return base64.b64decode(data)
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        make: Any = kind
        return make(**{name: _read(hints[name], one) for name, one in data.items()})
    if isinstance(kind, type) and issubclass(kind, tuple):  # a named one
        hints = typing.get_type_hints(kind)
        return kind(*(_read(hint, one) for hint, one in zip(hints.values(), data, strict=True)))
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        plain = [part for part in parts if part is not type(None)]
        return None if data is None else _read(plain[0], data)
    if origin is tuple:
        inner = parts[:1] * len(data) if parts[1:] == (...,) else parts
        return tuple(_read(part, one) for part, one in zip(inner, data, strict=True))
    if origin is list:
        return [_read(parts[0], one) for one in data]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {parts[0](key): _read(parts[1], one) for key, one in data.items()}
    return data
