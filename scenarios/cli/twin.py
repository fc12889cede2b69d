"""`quorate twin`: a live cluster as a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scenarios.twin.layout import Twin
    from scenarios.twin.line import Where


def command(
    url: Annotated[str, typer.Argument(help="Any node of it, such as https://192.0.2.11:8006.")],
    token: Annotated[
        str,
        typer.Option(
            envvar="QUORATE_TOKEN",
            help="API token, USER@REALM!NAME=SECRET. PVEAuditor on / is enough.",
            show_default=False,
        ),
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(help="A file with the token, so that no list of processes has it."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; none: print it.")
    ] = None,
    ca: Annotated[Path | None, typer.Option(help="Who signed its certificate, as PEM.")] = None,
    fingerprint: Annotated[
        str | None, typer.Option(help="Or the SHA-256 fingerprint of its certificate.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Read a live cluster through its API and write it down as a scenario.

    Nodes, storages, guests, HA resources and rules are read; nothing is changed. What would happen
    to that cluster is then for [bold]rehearse[/bold] and [bold]explore[/bold] to say.

    [bold]Examples[/bold]

      quorate twin https://192.0.2.11:8006 --token-file token --ca pve-root-ca.pem -o mine.toml

      quorate rehearse mine.toml

      quorate explore --topology mine.toml
    """
    from appliance.model.errors import ConfigError, ExistsError
    from scenarios.twin.line import Where

    if token_file is not None:
        token = _token(token_file)
    if "!" not in token.partition("=")[0] or not token.partition("=")[2]:
        raise ConfigError("USER@REALM!NAME=SECRET is needed", field="token")
    if output is not None and output.exists() and not force:
        raise ExistsError(f"{output} exists: --force overwrites it")
    _write(_read(Where(url, token, ca, fingerprint)), output)


def _write(twin: Twin, output: Path | None) -> None:
    """What is written can be run."""
    from scenarios.format.load import loads
    from scenarios.twin.text import scenario_text

    text = scenario_text(twin)
    loads(text, "twin")
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, "utf-8")
    for note in twin.notes:
        typer.echo(f"note: {note}", err=True)
    layout = twin.layout
    managed = sum(guest.ha for guest in layout.guests)
    typer.echo(
        f"{output}: {len(layout.nodes)} nodes, {len(layout.guests)} guests, {managed} of them with "
        f"HA; next: quorate rehearse {output}"
    )


def _read(where: Where) -> Twin:
    """With a bar, where somebody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from scenarios.twin.answers import read_answers
    from scenarios.twin.layout import twin_of
    from scenarios.twin.line import Line

    line = Line(where)
    columns = (TextColumn("reading guests"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        try:
            return twin_of(
                read_answers(line, lambda done, of: bar.update(task, completed=done, total=of))
            )
        finally:
            line.close()


def _token(file: Path) -> str:
    from appliance.model.errors import ConfigError

    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}", field="token-file") from error
