"""Puts the page together: what can be read without a script is written here, in plain HTML.

The library that draws (plotly.js) and the data go in compressed; the page unpacks them itself. A
content security policy forbids the page to load anything, so it cannot fetch by mistake.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from scenarios.lines import US, Line, Recorded, of_record
from scenarios.report.data import page_data
from scenarios.report.result import Expectation, Result
from scenarios.report.tables import downtime_rows, downtime_summary, moment, tiles, violations
from scenarios.text import clock
from scenarios.timeline import Timeline, read

SCRIPTS = ("data.js", "theme.js", "lanes.js", "overview.js", "plot.js", "events.js", "main.js")


def write_report(
    records: Sequence[Recorded | Line], result: Result | None, path: str | Path
) -> None:
    """Write the report of a run to `path`, a self-contained HTML file; its folder is made.

    result: how the scenario ended; None for a journal without expectations. Raises OSError when
    the file cannot be written.
    """
    page = render(records, result)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")


def render(records: Sequence[Recorded | Line], result: Result | None) -> str:
    """The report as the text of an HTML page. The same run gives the same page."""
    lines = [one if isinstance(one, Line) else of_record(one) for one in records]
    timeline = read(lines, end_us=round(result.end_s * US) if result is not None else None)
    title = result.name if result is not None else timeline.name or "A run"
    parts = {
        "title": escape(title),
        "why": escape(result.why) if result is not None else "",
        "verdict": _verdict(timeline, result),
        "tiles": tiles(timeline, len(lines)),
        "violations": violations(lines),
        "expectations": _expectations(result),
        "downtime": downtime_rows(timeline),
        "spread": downtime_summary(timeline),
        "origin": _origin(result, timeline),
        "style": _static("report.css"),
        "library": _packed_library(),
        "data": _packed(json.dumps(page_data(timeline, lines, timeline.end_us))),
        "script": "\n".join(_static(name) for name in SCRIPTS),
    }
    return _fill(_static("page.html"), parts)


def _fill(template: str, parts: Mapping[str, str]) -> str:
    """Every `{{name}}` of the template replaced, once: what is put in is not looked at again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _static(name: str) -> str:
    return (files("scenarios.report") / "static" / name).read_text("utf-8")


def _packed(text: str) -> str:
    """Compressed, in characters that can stand in a page. The same text gives the same result."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


@cache
def _packed_library() -> str:
    from plotly.offline import get_plotlyjs

    return _packed(get_plotlyjs())


def _verdict(timeline: Timeline, result: Result | None) -> str:
    broken = sum(mark.kind == "violation" for mark in timeline.markers)
    told = f"{broken} violation{'s' if broken != 1 else ''}"
    if result is None:
        return _badge("failed" if broken else "plain", told if broken else "No violations")
    failed = sum(not one.held for one in result.expectations)
    if failed:
        first = f"{failed} of {len(result.expectations)} expectations failed"
    else:
        first = f"All {len(result.expectations)} expectations held"
    as_meant = ", as it should find" if broken and result.passed else ""
    return _badge("held" if result.passed else "failed", f"{first} · {told}{as_meant}")


def _badge(look: str, text: str) -> str:
    sign = {"held": "✓", "failed": "✗", "plain": "•"}[look]
    return f'<p class="verdict {look}"><span class="sign">{sign}</span>{escape(text)}</p>'


def _expectations(result: Result | None) -> str:
    if result is None or not result.expectations:
        return ""
    rows = "\n".join(_expectation(one) for one in result.expectations)
    return (
        '<section class="card" id="expectations"><h2>Expectations</h2>'
        f'<ul class="expectations">\n{rows}\n</ul></section>'
    )


def _expectation(one: Expectation) -> str:
    look, sign = ("held", "✓") if one.held else ("failed", "✗")
    why = f'<span class="because">{escape(one.why)}</span>' if one.why else ""
    return (
        f'<li class="{look}"><span class="sign" title="{look}">{sign}</span>'
        f'<span class="sort">{escape(one.kind)}</span>'
        f"<span><code>{escape(one.what)}</code>{why}</span><span>{escape(one.detail)}</span>"
        f"{moment(round(one.at_s * US))}</li>"
    )


def _origin(result: Result | None, timeline: Timeline) -> str:
    told = [f"simulated time {clock(timeline.end_us)}"]
    if result is not None:
        told += [f"seed {result.seed}", f"journal {result.digest[:16]}"]
    return escape(" · ".join(told))
