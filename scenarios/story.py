"""The result of a rehearsal in words: what held, and for what did not, a short story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scenarios.lines import US
from scenarios.quantities import about, duration_text
from scenarios.results import CheckResult, RunResult
from scenarios.text import plain

HELD = "held"
FAILED = "FAILED"
_WIDTH = 96


def short_name(file: str) -> str:
    """`ha/power-loss` for a shipped scenario, else the path as it is."""
    path = Path(file)
    root = Path(__file__).parent
    try:
        return path.resolve().relative_to(root).with_suffix("").as_posix()
    except ValueError:
        return file


def whole(result: RunResult) -> Iterator[str]:
    """All about one run, line by line."""
    yield f"{result.name} ({short_name(result.file)}, seed {result.seed})"
    yield from (f"  {line}" for line in _wrapped(result.why))
    yield ""
    for check in result.expectations:
        if check.held:
            yield f"  {HELD:<6}  {check.what}: {check.detail}"
        else:
            yield from failure(check, result.file)
    yield ""
    yield f"  {downtime(result)}"
    yield f"  {duration_text(result.end_s)} simulated, journal {result.digest[:16]}"


def failure(check: CheckResult, file: str) -> Iterator[str]:
    """What was expected, by when, what was there instead, and the last events about it."""
    yield f"  {FAILED:<6}  {check.what}"
    yield f"          {short_name(file)}, line {check.line}"
    if check.why:
        yield f"          {check.why}"
    yield from (f"          {line}" for line in _wrapped(check.detail))
    if check.events:
        yield "          before that:"
        yield from (f"            {plain(record)}" for record in check.events)
    last = check.events[-1].t_us / US if check.events else check.at_s
    if check.events and check.at_s - last > 1:
        yield f"            and nothing more about it for {about(check.at_s - last)}"


def failures(result: RunResult) -> Iterator[str]:
    """The stories of all that did not hold in one run."""
    yield f"{result.name} ({short_name(result.file)}, seed {result.seed})"
    for check in result.failures():
        yield from failure(check, result.file)


def downtime(result: RunResult) -> str:
    """How long guests were down, in one line."""
    down = sorted(
        ((down_s, sid) for sid, down_s in result.downtime_s.items() if down_s > 0),
        key=lambda pair: (-pair[0], pair[1]),
    )
    if not down:
        return "downtime: none" if result.downtime_s else "downtime: there are no guests"
    longest_s, worst = down[0]
    return (
        f"downtime: {len(down)} of {len(result.downtime_s)} guests, "
        f"longest {about(longest_s)} ({worst})"
    )


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, _WIDTH)
