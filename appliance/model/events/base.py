"""What all events share: a kind, a level, and a sentence made from their fields."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `kind` is its name for machines, `text` a format string over its fields.

    A field that is a Python keyword carries a trailing underscore (`from_`), which the rendered
    form drops. A field of value None is left out of the rendered form.
    """

    kind: ClassVar[str] = "event"
    level: ClassVar[str] = "info"  # info, notice, warn or err
    text: ClassVar[str] = ""


@cache
def _class_fields(cls: type[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, field.name.rstrip("_")) for field in fields(cls))


def _field_names(event: Event) -> tuple[tuple[str, str], ...]:
    # mypy takes the __hash__ of an event for that of its class.
    return _class_fields(type(event))  # type: ignore[arg-type]


def as_fields(event: Event) -> dict[str, Any]:
    """The event as plain data, `kind` first; None fields are left out."""
    found: dict[str, Any] = {"kind": event.kind}
    for name, shown in _field_names(event):
        value = getattr(event, name)
        if value is not None:
            found[shown] = list(value) if isinstance(value, tuple) else value
    return found


def as_text(event: Event) -> str:
    """The event as a sentence; several values are read as a list of words."""
    values = {name: _readable(getattr(event, name)) for name, _ in _field_names(event)}
    return event.text.format(**values) if event.text else event.kind


def _readable(value: Any) -> Any:
    return (", ".join(map(str, value)) or "none") if isinstance(value, tuple) else value
