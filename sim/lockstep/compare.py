"""Whether a run tells what a recorded one told.

Each actor's events must be the same in the same order: time, kind and every recorded field. Kinds
outside the vocabulary and fields beyond the recorded ones do not count, nor does the order between
actors. Services removed in one round have no order of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.model.errors import ConfigError
from appliance.model.events import Event, as_fields

Record = Mapping[str, Any]

EXPECTED = "expected.jsonl"
VOCABULARY = "VOCABULARY.md"

_KIND = re.compile(r"\| `(\w+)` ")


def records(journal: Iterable[tuple[int, str, Event]]) -> list[dict[str, Any]]:
    """A run's journal as plain data, in program order."""
    return [{"t": at_s, "actor": actor, **as_fields(event)} for at_s, actor, event in journal]


def read_records(path: Path) -> list[dict[str, Any]]:
    """One JSON object a line. ConfigError names the line that is none."""
    found = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                found.append(_record(line, path.name, number))
    return found


def read_vocabulary(folder: Path) -> frozenset[str]:
    """The kinds that count, from the file beside the cases; empty: all kinds count."""
    path = folder / VOCABULARY
    if not path.is_file():
        return frozenset()
    with path.open(encoding="utf-8") as lines:
        return frozenset(match[1] for line in lines if (match := _KIND.match(line)))


def first_difference(
    expected: Sequence[Record], actual: Sequence[Record], kinds: frozenset[str]
) -> str | None:
    """The earliest difference as a sentence, or None."""
    wanted, got = _by_actor(expected, kinds), _by_actor(actual, kinds)
    found = [
        difference
        for actor in sorted(wanted.keys() | got.keys())
        if (difference := _differ(actor, wanted.get(actor, []), got.get(actor, [])))
    ]
    return min(found)[1] if found else None


def _record(line: str, file: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not {"t", "actor", "kind"} <= value.keys():
        raise ConfigError("is no event: t, actor and kind are needed", file=file, line=number)
    return value


def _by_actor(events: Sequence[Record], kinds: frozenset[str]) -> dict[str, list[Record]]:
    streams: dict[str, list[Record]] = {}
    for event in events:
        if not kinds or event["kind"] in kinds:
            streams.setdefault(event["actor"], []).append(event)
    return {actor: _with_sorted_removals(stream) for actor, stream in streams.items()}


def _with_sorted_removals(stream: list[Record]) -> list[Record]:
    """Neighbouring removals of one instant in the order of their services."""
    result: list[Record] = []
    run: list[Record] = []
    for event in stream:
        if run and (event["kind"] != "service_removed" or event["t"] != run[0]["t"]):
            result += sorted(run, key=lambda removal: str(removal["service"]))
            run = []
        if event["kind"] == "service_removed":
            run.append(event)
        else:
            result.append(event)
    return result + sorted(run, key=lambda removal: str(removal["service"]))


def _differ(
    actor: str, expected: Sequence[Record], actual: Sequence[Record]
) -> tuple[int, str] | None:
    for index in range(max(len(expected), len(actual))):
        want = expected[index] if index < len(expected) else None
        got = actual[index] if index < len(actual) else None
        if want is not None and got is not None and _holds(want, got):
            continue
        at_s = min(event["t"] for event in (want, got) if event is not None)
        return at_s, f"{actor} event {index}: expected {_shown(want)}, got {_shown(got)}"
    return None


def _holds(want: Record, got: Record) -> bool:
    return all(got.get(name) == value for name, value in want.items())


def _shown(event: Record | None) -> str:
    return "nothing more" if event is None else json.dumps(event)
