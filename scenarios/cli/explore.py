"""`quorate explore`: searches failure schedules for one that breaks a promise."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scenarios.explore.report import Reporter
    from scenarios.explore.search import Question, Result
    from scenarios.explore.tally import Totals
    from sim.layout import ClusterLayout


class Format(StrEnum):
    TEXT = "text"
    JSONL = "jsonl"


Topology = Annotated[
    Path | None,
    typer.Option(help="Take the cluster of this scenario file (its steps do not matter)."),
]
Nodes = Annotated[int, typer.Option(min=1, help="Nodes of the cluster.")]
Guests = Annotated[int, typer.Option(min=0, help="Guests of the cluster.")]
Seeds = Annotated[str, typer.Option(help="Seeds, such as 1-200 or 7,12.")]
Hours = Annotated[float, typer.Option(min=0.1, help="Simulated hours of faults a seed.")]
Jobs = Annotated[int, typer.Option(min=0, help="Processes; 0 = one a core.")]
Faults = Annotated[str, typer.Option(help="Only these kinds of faults and requests, by comma.")]
MutantName = Annotated[
    str | None,
    typer.Option("--mutant", help="Build this deliberate fault in and look for it."),
]
ListMutants = Annotated[
    bool, typer.Option("--list-mutants", help="Print the deliberate faults and leave.")
]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="Try all seeds, also after a finding.")
]
Polled = Annotated[
    bool, typer.Option("--polled", help="Run every round instead of skipping idle ones.")
]
Found = Annotated[Path | None, typer.Option(help="Folder for findings (default: scenarios/found).")]
FormatOption = Annotated[
    Format, typer.Option("--format", help="For people, or a JSON object a line.")
]


def command(
    topology: Topology = None,
    nodes: Nodes = 5,
    guests: Guests = 20,
    seeds: Seeds = "1-200",
    hours: Hours = 24,
    jobs: Jobs = 0,
    faults: Faults = "",
    mutant: MutantName = None,
    list_mutants: ListMutants = False,
    keep_going: KeepGoing = False,
    polled: Polled = False,
    found: Found = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Search failure schedules for one that breaks a promise.

    Each seed draws a cluster and a schedule of faults and operators' requests that the design
    promises to survive, runs it, heals everything and expects the cluster to recover. The first
    finding is made small and written as a scenario. Exit code 1 when something was found.
    """
    from scenarios.explore.mutants import find_mutant, load_mutants
    from scenarios.explore.report import Reporter
    from scenarios.explore.schedule import chosen_kinds
    from scenarios.explore.search import Question
    from scenarios.explore.seeds import parse_seeds

    if list_mutants:
        typer.echo("\n".join(load_mutants()))
        return
    if mutant is not None:
        find_mutant(mutant)
    question = Question(
        hours=hours,
        nodes=nodes,
        guests=guests,
        layout=_layout(topology),
        only=chosen_kinds(faults),
        polled=polled,
        mutant=mutant,
    )
    reporter = Reporter(format_.value)
    numbers = parse_seeds(seeds)
    totals, results = _search(reporter, question, numbers, jobs or os.cpu_count() or 1, keep_going)
    if results:
        _show(reporter, question, results[0], found)
    reporter.totals(totals, len(results))
    if results:
        raise typer.Exit(1)


def _layout(topology: Path | None) -> ClusterLayout | None:
    if topology is None:
        return None
    from scenarios.format.load import load
    from scenarios.shipped import locate

    return load(locate(str(topology))).layout


def _search(
    reporter: Reporter, question: Question, seeds: tuple[int, ...], jobs: int, keep_going: bool
) -> tuple[Totals, list[Result]]:
    """Sums over the seeds up to the first finding (or all), and the results with findings."""
    from scenarios.explore.search import search
    from scenarios.explore.tally import Totals

    totals, results = Totals(), []
    with reporter.searching(len(seeds)) as done:
        for result in search(question, seeds, min(jobs, len(seeds))):
            totals.add(result.totals)
            done(result)
            if result.finding is not None:
                results.append(result)
                if not keep_going:
                    break
    return totals, results


def _show(reporter: Reporter, question: Question, result: Result, folder: Path | None) -> None:
    """Make the finding small, write it down and tell it."""
    from scenarios.explore.finish import finish
    from scenarios.explore.found import found_folder
    from scenarios.explore.shrink import RUNS

    with reporter.shrinking(RUNS) as tried:
        lines, path = finish(question, result, folder or found_folder(), tried)
    reporter.found(lines, path, result.seed)
