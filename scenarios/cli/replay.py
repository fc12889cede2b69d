"""`quorate replay`: run recorded HA scenarios in lock step, and compare."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How events are printed."""

    jsonl = "jsonl"
    text = "text"


def command(
    case: Annotated[
        Path | None,
        typer.Argument(metavar="CASE_DIR", help="The folder of one case.", show_default=False),
    ] = None,
    every: Annotated[
        Path | None,
        typer.Option(
            "--all",
            metavar="DIR",
            help="Replay every case of this folder and compare it with its expected.jsonl.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="jsonl: one JSON object a line; text: sentences.")
    ] = Format.jsonl,
) -> None:
    """Replay a recorded HA scenario in lock step and print its events.

    With --all DIR: a line for every case that differs, then "N passed, M failed"; the exit code is
    1 if one failed.

    [bold]Examples[/bold]

      quorate replay ../shared/corpus/ha/basic1 --format text

      quorate replay --all ../shared/corpus/ha
    """
    if (case is None) == (every is None):
        raise typer.BadParameter("give one CASE_DIR, or --all DIR")
    if case is not None:
        _print_case(case, form)
    elif every is not None:
        _compare_all(every)


def _print_case(case: Path, form: Format) -> None:
    import json

    from scenarios.lines import US, Line
    from scenarios.text import TextPrinter
    from sim.lockstep.compare import records
    from sim.lockstep.replay import replay

    journal = replay(case)
    if form is Format.jsonl:
        for record in records(journal):
            typer.echo(json.dumps(record))
        return
    TextPrinter().print_all(
        Line(at_s * US, actor, event.kind, {}, event) for at_s, actor, event in journal
    )


def _compare_all(folder: Path) -> None:
    from sim.lockstep.replay import compare_all

    passed = failed = 0
    for verdict in compare_all(folder):
        if verdict.difference is None:
            passed += 1
        else:
            failed += 1
            typer.echo(f"{verdict.case}: {verdict.difference}")
    typer.echo(f"{passed} passed, {failed} failed")
    if failed or not passed:
        raise typer.Exit(1)
