"""From a seed that broke a promise to a small scenario file and a story."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scenarios.explore.case import Case
from scenarios.explore.found import write_found
from scenarios.explore.mutants import built_in
from scenarios.explore.run import Run
from scenarios.explore.search import Question, Result
from scenarios.explore.shrink import RUNS, shrink
from scenarios.explore.story import story
from scenarios.format.load import load
from scenarios.run import rehearse


def finish(
    question: Question,
    result: Result,
    folder: Path,
    tried: Callable[[int, Case], None] = lambda runs, case: None,
    *,
    runs: int = RUNS,
) -> tuple[list[str], Path]:
    """Shrink the finding, write the scenario, return the story and the file."""
    assert result.finding is not None
    with built_in(question.mutant):
        case = question.case(result.seed)
        small = shrink(case, result.finding, runs=runs, polled=question.polled, on_run=tried)
        run = Run(small.case, polled=question.polled)
        outcome = run.run()
    path = write_found(outcome, folder, question.mutant)
    lines = story(outcome, run.world.journal.records)
    if question.mutant:
        lines = [f"With the deliberate fault {question.mutant} built in.", *lines]
    again, _ = rehearse(load(path))
    if again.passed:
        lines.append("The scenario file does not show it: a rehearsal of it passes.")
    return lines, path
