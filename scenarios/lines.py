"""A journal as its readers take it: time, actor and fields, from a run or from a file of it.

The timeline, the report and the text rendering read `Line`s, so each works on the records of a
world that just ran, on those of a lock-step replay, and on a journal saved as JSON lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.model.errors import ConfigError
from appliance.model.events import Event, as_fields, as_text

LEVELS = ("info", "notice", "warn", "err")
US = 1_000_000  # microseconds of a second


class Recorded(Protocol):
    """What a journal holds: who told which fact when."""

    @property
    def t_us(self) -> int: ...
    @property
    def actor(self) -> str: ...
    @property
    def event(self) -> Event: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of a journal. `fields` are those of its JSON form without time and actor.

    event is None when the line was read from a file: its sentence is then made of the fields.
    """

    t_us: int
    actor: str
    kind: str
    fields: Mapping[str, Any]
    event: Event | None = None

    @property
    def level(self) -> str:
        return self.event.level if self.event is not None else "info"

    @property
    def text(self) -> str:
        """The fact as a sentence."""
        if self.event is not None:
            return as_text(self.event)
        told = (f"{name} {_plain(value)}" for name, value in self.fields.items() if name != "kind")
        return ", ".join((self.kind.replace("_", " "), *told))


def _plain(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def of_record(record: Recorded) -> Line:
    event = record.event
    return Line(record.t_us, record.actor, event.kind, as_fields(event), event)


def of_records(records: Iterable[Recorded]) -> Iterator[Line]:
    return (of_record(record) for record in records)


def of_json(text: str, *, file: str = "journal") -> list[Line]:
    """The lines of a journal saved as JSON lines (`t` in seconds). Empty lines are passed over.

    Raises ConfigError with the place of a line that is not one of a journal.
    """
    lines = []
    for number, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        try:
            told = json.loads(row)
            t_us, actor, kind = round(told.pop("t") * US), str(told.pop("actor")), told["kind"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"not a line of a journal, an object with t, actor and kind: {error}",
                file=file,
                line=number,
            ) from error
        lines.append(Line(t_us, actor, str(kind), told))
    return lines
