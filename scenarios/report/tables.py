"""The tables of the page that are plain HTML: key figures and the downtime of every guest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape

from scenarios.lines import Line
from scenarios.text import clock, duration
from scenarios.timeline import Downtime, Timeline, percentile_us

MOST_VIOLATIONS = 50
RECOVERIES = ("recovered", "recovered_same_node")
WATCHDOGS = ("watchdog_reset", "watchdog_expired")


def tiles(timeline: Timeline, events: int) -> str:
    """The key figures of a run."""
    marks = Counter(mark.kind for mark in timeline.markers)
    down = [one.down_us for one in timeline.downtime if one.down_us]
    shown = [
        ("simulated", duration(timeline.end_us), ""),
        ("nodes", str(len(timeline.nodes)), ""),
        ("guests", str(len(timeline.guests)), ""),
        ("faults", str(len(timeline.faults)), ""),
        ("fencings", str(marks["fence_done"]), ""),
        ("watchdog resets", str(sum(marks[kind] for kind in WATCHDOGS)), ""),
        ("recoveries", str(sum(marks[kind] for kind in RECOVERIES)), ""),
        ("guests with downtime", str(len(down)), ""),
    ]
    if down:
        longest = max(timeline.downtime, key=lambda one: one.longest_us)
        shown.append(("longest outage", duration(longest.longest_us), longest.sid))
    shown.append(("events", f"{events:,}", ""))
    return "\n".join(_tile(*one) for one in shown)


def _tile(label: str, value: str, note: str) -> str:
    more = f'<span class="note">{escape(note)}</span>' if note else ""
    return (
        f'<div class="tile"><span class="value">{escape(value)}</span>'
        f'<span class="label">{escape(label)}</span>{more}</div>'
    )


def moment(t_us: int) -> str:
    """A time that leads into the timeline."""
    return f'<a href="#timeline" class="moment" data-t="{t_us // 1000}">{clock(t_us)}</a>'


def violations(lines: Iterable[Line]) -> str:
    """The promises that did not hold, each with the promise of the hardware that broke first."""
    found = [line for line in lines if line.kind == "violation"]
    if not found:
        return ""
    rows = "\n".join(_violation(line) for line in found[:MOST_VIOLATIONS])
    more = len(found) - MOST_VIOLATIONS
    rest = f'<p class="hint">and {more} more, among the events</p>' if more > 0 else ""
    return (
        f'<section class="card" id="violations"><h2>Violations</h2><ul class="expectations">\n'
        f"{rows}\n</ul>{rest}</section>"
    )


def _violation(line: Line) -> str:
    broke = line.fields.get("broke")
    if broke:
        because = f"a promise of the hardware was broken before: {broke}"
    else:
        because = "no promise of the hardware was broken: this is a defect of the appliance"
    return (
        f'<li class="failed"><span class="sign" title="violated">◆</span>'
        f"<span><code>{escape(str(line.fields.get('promise', '')))}</code>"
        f'<span class="because">{escape(because)}</span></span>'
        f"<span>{escape(str(line.fields.get('detail', '')))}</span>{moment(line.t_us)}</li>"
    )


def downtime_summary(timeline: Timeline) -> str:
    """How the downtime is spread over all guests."""
    down = [one.down_us for one in timeline.downtime]
    if not any(down):
        return "No guest was down."
    spread = ", ".join(
        f"{name} {duration(percentile_us(down, percent))}"
        for name, percent in (("median", 50), ("90 %", 90), ("99 %", 99), ("most", 100))
    )
    return escape(f"Of all {len(down)} guests: {spread}.")


def downtime_rows(timeline: Timeline) -> str:
    """Rows of the downtime table, longest first; the script sorts them anew on request."""
    longest_us = max((one.down_us + one.frozen_us for one in timeline.downtime), default=0)
    ordered = sorted(
        enumerate(timeline.downtime), key=lambda item: (-item[1].down_us, -item[1].frozen_us)
    )
    return "\n".join(
        _downtime_row(place, one, longest_us, timeline.end_us) for place, one in ordered
    )


def _downtime_row(place: int, one: Downtime, longest_us: int, end_us: int) -> str:
    up = 100 * (1 - one.down_us / end_us) if end_us else 100.0
    cells = (
        (place, f'<a href="#timeline" class="guest">{escape(one.sid)}</a>'),
        (one.down_us, f'<div class="lasted">{_lasted(one.down_us)}{_bar(one, longest_us)}</div>'),
        (one.outages, str(one.outages or "–")),
        (one.longest_us, _lasted(one.longest_us)),
        (one.frozen_us, _lasted(one.frozen_us)),
        (round(up * 1e6), f"{_share(up)} %"),
    )
    told = "".join(f'<td data-sort="{key}">{text}</td>' for key, text in cells)
    return f'<tr data-lane="{escape(one.sid)}">{told}</tr>'


def _lasted(length_us: int) -> str:
    return f"<span>{duration(length_us) if length_us else '–'}</span>"


def _share(percent: float) -> str:
    """Never rounded up to a hundred: 99.9999 is not all the time."""
    return "100" if percent == 100 else f"{min(percent, 99.999):.3f}"


def _bar(one: Downtime, longest_us: int) -> str:
    """Down and frozen as a share of the largest sum of both."""
    if not one.down_us and not one.frozen_us:
        return ""
    down, frozen = (100 * part / longest_us for part in (one.down_us, one.frozen_us))
    return (
        f'<span class="bar"><span class="down" style="width:{down:.2f}%"></span>'
        f'<span class="frozen" style="width:{frozen:.2f}%"></span></span>'
    )
