"""The `quorate` command: finds its subcommands, runs one, says what went wrong in one line.

A subcommand comes from the entry point group `quorate.commands`. Each entry point names a
function `register(app: typer.Typer) -> None` which adds commands to `app`. So the appliance
carries commands that live above it (rehearsal, replay, exploration) and imports none of them.

A command module is imported at every start, also for `--help`: at its top it may import
`typer` and the standard library; what it works with it imports when it runs.
"""

from __future__ import annotations

import sys
from importlib.metadata import entry_points, version
from typing import Annotated

import typer
from typer.exceptions import TyperException

from appliance.model.errors import QuorateError

COMMAND_GROUP = "quorate.commands"
EXIT_BAD_INPUT = 2

EPILOG = """
[bold]Examples[/bold]

  quorate COMMAND --help              what a command does, its options and examples

  quorate --install-completion        complete commands and options with Tab

Exit codes: 0 all is well, 1 an expectation failed or a violation was found, 2 bad input.
"""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"quorate {version('quorate')}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """A hypervisor cluster appliance: rehearse a failover before it happens."""


def build_app() -> typer.Typer:
    """The command line with every installed subcommand, in the order of their names."""
    app = typer.Typer(
        name="quorate",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(epilog=EPILOG)(_root)
    for entry in sorted(entry_points(group=COMMAND_GROUP), key=lambda entry: entry.name):
        entry.load()(app)
    return app


def main() -> None:
    """Run the command line and leave with its exit code.

    An error that a person can mend (a `QuorateError`, a wrong option, or a file that cannot be read
    or written) becomes one line on stderr and exit code 2. Anything else is a defect and keeps its
    traceback.
    """
    try:
        code = build_app()(prog_name="quorate", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except TyperException as error:
        if message := error.format_message():  # without arguments the help was all there is to say
            _complain(message.replace("Value error, ", "").rstrip("."))
        sys.exit(EXIT_BAD_INPUT)
    except QuorateError as error:
        _complain(str(error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"{place}{error.strerror or error}")


def _complain(message: str) -> None:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    sys.exit(EXIT_BAD_INPUT)
