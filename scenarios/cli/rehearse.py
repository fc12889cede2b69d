"""`quorate rehearse`: run scenarios on a simulated cluster and say what held."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scenarios.format import Scenario

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSONL = "jsonl"


Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Scenario files, folders of them, or names of shipped ones (ha/power-loss).",
    ),
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Use this seed in the place of the file's own.")
]
Format_ = Annotated[
    Format, typer.Option("--format", help="text, or jsonl: the journal and a result line a file.")
]
Report = Annotated[Path | None, typer.Option(help="Write a report of the run to this HTML file.")]
Live = Annotated[bool, typer.Option("--live", help="Watch the cluster while it runs.")]
Speed = Annotated[
    float | None,
    typer.Option(min=1, help="With --live: simulated seconds a second when much happens."),
]
Polled = Annotated[
    bool, typer.Option("--polled", help="Run every idle round too: slower, same journal.")
]
Events = Annotated[bool, typer.Option("--events", "-e", help="Print the journal too, as text.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Rehearse so many files at a time.")]


def command(
    files: Files,
    seed: Seed = None,
    format_: Format_ = Format.TEXT,
    report: Report = None,
    live: Live = False,
    speed: Speed = None,
    polled: Polled = False,
    events: Events = False,
    jobs: Jobs = 1,
) -> None:
    """Rehearse scenarios on a simulated cluster.

    Exit code 0 if every expectation of every file held, 1 if one did not, 2 for a bad file.

    Examples:

      quorate rehearse scenarios/ha/power-loss.toml --live --report report.html

      quorate rehearse scenarios --jobs 2

      quorate rehearse network/flapping-link --format jsonl | grep recovered
    """
    from scenarios.pace import DEFAULT_SPEED
    from scenarios.rehearsals import Wanted, rehearse_all

    scenarios = _loaded(files)
    if len(scenarios) > 1:
        shown = (("--report", report is not None), ("--live", live), ("--events", events))
        for name, given in shown:
            if given:
                raise typer.BadParameter(f"{name} shows one file, not {len(scenarios)}")
    if live and format_ is Format.JSONL:
        raise typer.BadParameter("--live and --format jsonl exclude each other")
    if report is not None and report.is_dir():
        raise typer.BadParameter(f"--report: {report} is a folder, a file is expected")
    wanted = Wanted(
        seed=seed,
        coasting=not polled,
        jsonl=format_ is Format.JSONL,
        report=report,
        live=live,
        speed=speed or DEFAULT_SPEED,
        events=events,
        jobs=jobs,
    )
    if not rehearse_all(scenarios, wanted):
        raise typer.Exit(EXIT_FAILED)


def _loaded(names: list[str]) -> list[Scenario]:
    """All files, read before the first one runs. A bad one is told with its place."""
    from appliance.model.errors import ConfigError
    from scenarios.format import load

    try:
        return [load(path) for name in names for path in _paths(name)]
    except ConfigError as error:
        typer.echo(f"error: {error}", err=True)
        for note in getattr(error, "__notes__", ()):
            typer.echo("\n".join(f"  {line}" for line in note.splitlines()), err=True)
        raise typer.Exit(EXIT_BAD_INPUT) from None


def _paths(name: str) -> list[Path]:
    from appliance.model.errors import ConfigError
    from scenarios.shipped import locate

    folder = Path(name)
    if not folder.is_dir():
        return [locate(name)]
    found = sorted(folder.rglob("*.toml"))
    if not found:
        raise ConfigError("no scenario file in this folder", file=name)
    return found
