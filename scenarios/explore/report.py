"""What the search shows while it goes on, and what it says at the end: on a terminal or as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from scenarios.explore import totals as sums
from scenarios.explore.case import Case
from scenarios.explore.run import Finding
from scenarios.explore.search import Result
from scenarios.explore.tally import Totals


class Reporter:
    """`text` writes for people, `jsonl` a line a fact. A progress bar only on a terminal."""

    def __init__(self, form: str) -> None:
        self._jsonl = form == "jsonl"
        self._out = Console(highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._began_s = time.monotonic()

    # while it goes on

    @contextmanager
    def searching(self, seeds: int) -> Iterator[Callable[[Result], None]]:
        """A bar over the seeds; gives what is to be called with every result."""
        findings = 0
        self._began_s = time.monotonic()
        with self._progress as progress:
            bar = progress.add_task("seeds", total=seeds, note=_found(0))

            def done(result: Result) -> None:
                nonlocal findings
                findings += result.finding is not None
                progress.update(bar, advance=1, note=_found(findings))
                if result.finding is not None:
                    self._told(result.seed, result.finding)

            yield done

    @contextmanager
    def shrinking(self, most: int) -> Iterator[Callable[[int, Case], None]]:
        """A bar over the runs that make a finding small."""
        with self._progress as progress:
            for task in list(progress.task_ids):
                progress.remove_task(task)
            bar: TaskID = progress.add_task("making it small", total=most, note="")

            def tried(runs: int, case: Case) -> None:
                progress.update(bar, completed=runs, note=f"{len(case.moves)} moves")

            yield tried

    def _told(self, seed: int, finding: Finding) -> None:
        if self._jsonl:
            self._line(
                {
                    "kind": "finding",
                    "seed": seed,
                    "t": finding.at_s,
                    "promise": finding.promise,
                    "detail": finding.detail,
                    "broke": finding.broke,
                }
            )
        else:
            self._out.print(
                f"seed {seed}: [bold red]{escape(finding.promise)}[/] {escape(finding.in_short())}"
            )

    # at the end

    def found(self, lines: Sequence[str], path: Path, seed: int) -> None:
        """The story of the finding that was made small, and where it was written."""
        if self._jsonl:
            self._line({"kind": "found", "seed": seed, "file": str(path), "story": list(lines)})
            return
        self._out.print()
        self._out.print("\n".join(lines), markup=False)
        self._out.print()
        self._out.print(f"Written to {path}. Again: quorate rehearse {path}", markup=False)

    def totals(self, totals: Totals, findings: int) -> None:
        wall_s = time.monotonic() - self._began_s
        if self._jsonl:
            self._line({**sums.as_data(totals), "findings": findings})
            return
        table = Table(show_header=False, box=None)
        for name, text in sums.rows(totals):
            table.add_row(name, text)
        table.add_row("speed", sums.speed(totals, wall_s))
        table.add_row("findings", f"[bold red]{findings}[/]" if findings else "0")
        self._out.print()
        self._out.print(table)

    def _line(self, data: object) -> None:
        self._out.print(json.dumps(data), markup=False)


def _found(findings: int) -> str:
    return f"{findings} findings" if findings != 1 else "1 finding"
