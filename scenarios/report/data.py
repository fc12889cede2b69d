"""What the report's page draws, as compact plain data (see `static/data.js` for its reader).

Times are whole milliseconds. Spans and events are flat lists of numbers; words that repeat are
kept once, in `words`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from scenarios.lines import LEVELS, Line
from scenarios.timeline import FaultSpan, GuestLane, NodeLane, Span, Timeline

MAX_EVENTS = 40_000
MAX_TEXT = 400  # characters of one event's sentence
NAMING = ("node", "service", "guest", "target", "from", "to", "client", "leader", "blocker")


class _Words:
    """Numbers words in the order in which they come."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, word: str) -> int:
        return self.known.setdefault(word, len(self.known))


def _ms(t_us: int) -> int:
    return t_us // 1000


def page_data(timeline: Timeline, lines: Sequence[Line], end_us: int) -> dict[str, Any]:
    """Everything that the page's script shows."""
    words = _Words()
    lanes = [_node(lane, words) for lane in timeline.nodes]
    lanes += [_guest(lane, words) for lane in timeline.guests]
    numbers = {lane["name"]: number for number, lane in enumerate(lanes)}
    kept = _kept(lines)
    return {
        "end": _ms(end_us),
        "lanes": lanes,
        "faults": [_fault(fault, numbers) for fault in timeline.faults],
        "marks": [
            [_ms(mark.t_us), words.number(mark.kind), numbers.get(mark.lane, -1), mark.text]
            for mark in timeline.markers
        ],
        "events": _events(kept, words, numbers),
        "left_out": len(lines) - len(kept),
        "words": list(words.known),
    }


def _spans(spans: Iterable[Span], words: _Words) -> list[int]:
    flat: list[int] = []
    for span in spans:
        state, detail = words.number(span.state), words.number(span.detail)
        flat += (_ms(span.begin_us), _ms(span.end_us), state, detail)
    return flat


def _node(lane: NodeLane, words: _Words) -> dict[str, Any]:
    layers = {
        "status": lane.status,
        "power": lane.power,
        "quorum": lane.quorum,
        "master": lane.master,
        "state": lane.state,
        "lrm": lane.lrm,
    }
    return {
        "name": lane.name,
        "group": "node",
        "layers": {name: _spans(spans, words) for name, spans in layers.items()},
    }


def _guest(lane: GuestLane, words: _Words) -> dict[str, Any]:
    layers = {"process": _spans(lane.process, words), "service": _spans(lane.service, words)}
    return {"name": lane.sid, "group": "guest", "layers": layers}


def _fault(fault: FaultSpan, numbers: dict[str, int]) -> dict[str, Any]:
    return {
        "number": fault.number,
        "kind": fault.kind,
        "what": fault.what,
        "lane": numbers.get(fault.node or "", -1),
        "begin": _ms(fault.begin_us),
        "end": _ms(fault.end_us),
        "healed": fault.healed,
    }


def _kept(lines: Sequence[Line]) -> list[Line]:
    """At most MAX_EVENTS lines: all if they fit, else the graver ones first, in their order."""
    if len(lines) <= MAX_EVENTS:
        return list(lines)
    gravest_first = sorted(range(len(lines)), key=lambda at: (-LEVELS.index(lines[at].level), at))
    return [lines[at] for at in sorted(gravest_first[:MAX_EVENTS])]


def _events(lines: Iterable[Line], words: _Words, numbers: dict[str, int]) -> dict[str, Any]:
    flat: list[int] = []
    texts: list[str] = []
    about: list[list[int]] = []
    for line in lines:
        level = LEVELS.index(line.level)
        flat += (_ms(line.t_us), words.number(line.actor), words.number(line.kind), level)
        texts.append(_short(line.text))
        about.append(_lanes_of(line, numbers))
    return {"flat": flat, "texts": texts, "about": about}


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _lanes_of(line: Line, numbers: dict[str, int]) -> list[int]:
    """The lanes that a line is about: its actor's node, and the nodes and guests that it names."""
    named = [line.actor.partition("/")[0]]
    named += [value for name in NAMING if isinstance(value := line.fields.get(name), str)]
    return sorted({numbers[name] for name in named if name in numbers})
