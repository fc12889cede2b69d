"""Several rehearsals, one after the other or some at a time, and what is printed of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from scenarios.format import Scenario, load
from scenarios.pace import DEFAULT_SPEED
from scenarios.quantities import duration_text
from scenarios.results import RunResult
from scenarios.run import Observer, rehearse
from scenarios.story import FAILED, downtime, failures, short_name, whole
from sim.journal import Record, as_json

if TYPE_CHECKING:
    from sim.world import World

_STYLES = {"held": "green", FAILED: "bold red"}
_NEVER_S = float("inf")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to rehearse, and what to print."""

    seed: int | None = None
    coasting: bool = True
    jsonl: bool = False
    report: Path | None = None
    live: bool = False
    speed: float = DEFAULT_SPEED
    events: bool = False
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """A run and the processor time it took."""

    result: RunResult
    cpu_s: float


def rehearse_all(scenarios: Sequence[Scenario], wanted: Wanted) -> bool:
    """Run them all and print. Whether every expectation of every file held."""
    if wanted.jsonl:
        passed = [_as_jsonl(scenario, wanted) for scenario in scenarios]
        return all(passed)
    if len(scenarios) == 1:
        return _one(scenarios[0], wanted)
    return _many(scenarios, wanted)


# one file


def _as_jsonl(scenario: Scenario, wanted: Wanted) -> bool:
    out = sys.stdout
    result, world = _run(scenario, wanted, _Each(lambda record: out.write(f"{as_json(record)}\n")))
    out.write(f"{json.dumps(result.as_data(), ensure_ascii=False)}\n")
    _write_report(world, result, wanted)
    return result.passed


def _one(scenario: Scenario, wanted: Wanted) -> bool:
    console = Console(highlight=False, soft_wrap=True)
    with _watching(scenario, wanted, console) as observer:
        result, world = _run(scenario, wanted, observer)
    for line in whole(result):
        _print(console, line)
    _write_report(world, result, wanted)
    if wanted.report is not None:
        console.print(f"  report: {wanted.report}", markup=False)
    return result.passed


def _run(scenario: Scenario, wanted: Wanted, observer: Observer | None) -> tuple[RunResult, World]:
    return rehearse(scenario, seed=wanted.seed, coasting=wanted.coasting, observer=observer)


def _watching(
    scenario: Scenario, wanted: Wanted, console: Console
) -> AbstractContextManager[Observer | None]:
    """Who looks on while it runs."""
    if wanted.live:
        from scenarios.live import LiveView

        return LiveView(
            scenario.layout,
            scenario.name,
            scenario.duration_s,
            speed=wanted.speed,
            console=console,
        )
    if wanted.events:
        from scenarios.text import TextPrinter

        return nullcontext(_Each(TextPrinter(console).on_record))
    return nullcontext(None)


class _Each:
    """An observer that only hears of records."""

    pause_s = _NEVER_S

    def __init__(self, on_record: Callable[[Record], object]) -> None:
        self._on_record = on_record

    def on_record(self, record: Record) -> None:
        self._on_record(record)

    def on_time(self, now_s: float) -> None:
        """Time passes without a word."""


def _write_report(world: World, result: RunResult, wanted: Wanted) -> None:
    if wanted.report is not None:
        from scenarios.report import write_report

        wanted.report.parent.mkdir(parents=True, exist_ok=True)
        write_report(world.journal.records, result, wanted.report)


# many files


def _many(scenarios: Sequence[Scenario], wanted: Wanted) -> bool:
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(short_name(scenario.file)) for scenario in scenarios)
    ended: list[Ended] = []
    with _progress(console) as progress:
        task = progress.add_task("rehearsing", total=len(scenarios))
        for one in _all_ended(scenarios, wanted):
            ended.append(one)
            _print(console, _row(one, width))
            progress.advance(task)
    bad = [one.result for one in ended if not one.result.passed]
    for result in bad:
        console.print()
        for line in failures(result):
            _print(console, line)
    _print(console, _sum(ended))
    return not bad


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _all_ended(scenarios: Sequence[Scenario], wanted: Wanted) -> Iterator[Ended]:
    """The runs, in the order of the files whatever the number of processes."""
    if wanted.jobs == 1:
        yield from (_ended(scenario, wanted) for scenario in scenarios)
        return
    files: Iterable[str] = [scenario.file for scenario in scenarios]
    with ProcessPoolExecutor(wanted.jobs) as pool:
        yield from pool.map(partial(_ended_file, wanted=wanted), files)


def _ended_file(file: str, wanted: Wanted) -> Ended:
    """In a process of its own."""
    return _ended(load(Path(file)), wanted)


def _ended(scenario: Scenario, wanted: Wanted) -> Ended:
    begin_s = process_time()
    result, _ = _run(scenario, wanted, None)
    return Ended(result, process_time() - begin_s)


def _row(one: Ended, width: int) -> str:
    result = one.result
    held = sum(check.held for check in result.expectations)
    verdict = "held" if result.passed else FAILED
    return (
        f"  {verdict:<6}  {short_name(result.file):<{width}}  "
        f"{held:>2} of {len(result.expectations):>2}  "
        f"{duration_text(result.end_s):>8} simulated in {one.cpu_s:5.2f} s  {downtime(result)}"
    )


def _sum(ended: Sequence[Ended]) -> str:
    checks = [check for one in ended for check in one.result.expectations]
    failed = sum(not one.result.passed for one in ended)
    held = sum(check.held for check in checks)
    verdict = f"{failed} of {len(ended)} scenarios failed" if failed else "all held"
    return (
        f"\n{len(ended)} scenarios, {held} of {len(checks)} expectations held, "
        f"{sum(one.cpu_s for one in ended):.1f} s of CPU: {verdict}"
    )


def _print(console: Console, line: str) -> None:
    """One line; the verdict at its beginning is coloured on a terminal."""
    word = line.strip().partition(" ")[0]
    console.print(line, style=_STYLES.get(word), markup=False)
