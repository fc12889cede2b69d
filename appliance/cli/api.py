"""`quorate api`: what the API has, held against a published contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from appliance.api.coverage import AreaCount, Finding

api_app = typer.Typer(
    name="api",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The HTTP API: what there is of it.",
)

_COLUMNS = ("published", "implemented", "equal", "missing")


def register(app: typer.Typer) -> None:
    """Add the command to `app` (entry point group `quorate.commands`)."""
    app.add_typer(api_app, name="api")


@api_app.command("coverage")
def coverage(
    contract: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="The published contract, as JSON. Without it, what there is is counted.",
        ),
    ] = None,
    differences: Annotated[
        bool, typer.Option("--differences", help="Each operation that is not as published, too.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Each operation that there is not, too.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The table as Markdown, for pages.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """Count by area how many operations there are, and how many are as published.

    [bold]Examples[/bold]

      quorate api coverage --contract pve-9.2.3.json

      quorate api coverage --contract pve-9.2.3.json --missing --json
    """
    from appliance.api.coverage import as_contract, by_area, compare
    from appliance.api.operations import all_operations

    operations = all_operations()
    published = _read(contract) if contract is not None else as_contract(operations)
    findings = compare(operations, published)
    wanted = {"different"} if differences else set()
    wanted |= {"missing"} if missing else set()
    told = [finding for finding in findings if finding.state in wanted]
    own = sum(finding.state == "more" for finding in findings)
    if json:
        _print_json(by_area(findings), told, own)
    elif markdown:
        _print_markdown(by_area(findings))
    else:
        _print(by_area(findings), told, own)


@api_app.command("openapi")
def openapi_document() -> None:
    """Print the API as an OpenAPI document.

    [bold]Example[/bold]

      quorate api openapi > quorate.json
    """
    import json
    from importlib.metadata import version

    from appliance.api.openapi import openapi
    from appliance.api.operations import all_operations

    document = openapi(all_operations(), version("quorate"))
    typer.echo(json.dumps(document, indent=1, ensure_ascii=False))


def _read(file: Path) -> Any:
    """The paths of a contract. ConfigError for another file."""
    import json

    from appliance.model.errors import ConfigError

    try:
        content = json.loads(file.read_text("utf-8"))
        paths = content["paths"]
        good = all(isinstance(one, dict) for verbs in paths.values() for one in verbs.values())
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        good, paths = False, {}
    if not good:
        raise ConfigError("is no contract: expected JSON with 'paths'", file=str(file))
    return paths


def _print_json(counts: tuple[AreaCount, ...], told: list[Finding], own: int) -> None:
    import json
    from dataclasses import asdict

    value = {
        "areas": [{**asdict(count), "missing": count.missing} for count in counts],
        "operations": [asdict(finding) for finding in told],
        "own": own,
    }
    typer.echo(json.dumps(value))


def _print_markdown(counts: tuple[AreaCount, ...]) -> None:
    typer.echo("| area | published | implemented | as published |\n| --- | ---: | ---: | ---: |")
    for count in counts:
        typer.echo(f"| {count.area} | {count.published} | {count.implemented} | {count.equal} |")
    sums = [sum(getattr(count, name) for count in counts) for name in _COLUMNS[:3]]
    typer.echo(f"| **all** | **{sums[0]}** | **{sums[1]}** | **{sums[2]}** |")


def _print(counts: tuple[AreaCount, ...], told: list[Finding], own: int) -> None:
    from rich.console import Console

    console = Console()
    console.print(_table(counts))
    if own:
        console.print(f"{own} more operations are not in the contract.")
    for finding in told:
        what = "; ".join(finding.differences) or finding.state
        typer.echo(f"{finding.verb} {finding.path}: {what}")


def _table(counts: tuple[AreaCount, ...]) -> Table:
    from rich.table import Table

    table = Table("area", show_footer=True)
    for name in _COLUMNS:
        total = sum(getattr(count, name) for count in counts)
        table.add_column(name, str(total), justify="right")
    for count in counts:
        table.add_row(count.area, *(str(getattr(count, name)) for name in _COLUMNS))
    table.columns[0].footer = "all"
    return table
