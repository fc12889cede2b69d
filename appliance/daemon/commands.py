"""`quorate daemon`, and those commands of `quorate store` that work while no daemon runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appliance.cli.store import store_app
from appliance.daemon.settings import COROSYNC_DIR, LISTEN, RUN_DIR, STATE_DIR

StateDir = Annotated[Path, typer.Option(help="Database and certificate of this node.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this package to `app` (entry point group `quorate.commands`)."""
    app.command("daemon")(daemon)


def quorated() -> None:
    """The program of that name: `quorate daemon`, in one word."""
    import sys

    from appliance.cli.main import main

    sys.argv[1:1] = ["daemon"]
    main()


def daemon(
    node: Annotated[
        str, typer.Option(help="Name of this node (default: the host's).", show_default=False)
    ] = "",
    state_dir: StateDir = STATE_DIR,
    run_dir: Annotated[Path, typer.Option(help="Local socket and process id.")] = RUN_DIR,
    corosync_dir: Annotated[Path, typer.Option(help="corosync.conf and authkey.")] = COROSYNC_DIR,
    listen: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS:PORT",
            help=f"Serve the API over TLS there; may be given again. Default: {LISTEN}.",
            show_default=False,
        ),
    ] = None,
    local_only: Annotated[
        bool, typer.Option("--local-only", help="Serve the local socket and nothing else.")
    ] = False,
    mount: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Mount the configuration as files in this empty folder."),
    ] = None,
) -> None:
    """Run this node: its copy of the store, and the API.

    It says what it does in JSON, a line an event, and ends cleanly on SIGTERM. Corosync goes on.

    [bold]Examples[/bold]

      quorate daemon --listen 192.0.2.11:8006

      quorate daemon --node n1 --state-dir /tmp/n1 --run-dir /tmp/n1/run --local-only
    """
    from appliance.daemon.main import run
    from appliance.daemon.settings import Settings, parse_listen
    from drivers.system.host import node_name

    if local_only and listen:
        raise typer.BadParameter("--local-only and --listen exclude each other")
    where = () if local_only else tuple(map(parse_listen, listen or [LISTEN]))
    run(Settings(node or node_name(), state_dir, run_dir, corosync_dir, where, mount))


@store_app.command("init")
def init(
    state_dir: StateDir = STATE_DIR,
    member: Annotated[
        bool, typer.Option("--member", help="Get everything from the other nodes of the cluster.")
    ] = False,
) -> None:
    """Begin the database of a node that has none, before its daemon first starts.

    Without --member the node has an empty store of its own. A daemon that finds no database does
    the right thing by itself, except when corosync.conf is there already: then it cannot know
    whether the node is new or has lost its disk.
    """
    import asyncio

    from appliance.daemon.keeper import begin_database
    from appliance.daemon.settings import DATABASE

    asyncio.run(begin_database(state_dir / DATABASE, member=member))


@store_app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="What `quorate store backup` wrote.")],
    state_dir: StateDir = STATE_DIR,
) -> None:
    """Put a backup in place of this node's database, while its daemon does not run.

    The backup is checked first, the present database is kept beside it. In a cluster the other
    nodes have what came later: this node gets it from them when its daemon starts.
    """
    from appliance.daemon.settings import DATABASE
    from appliance.model.errors import MissingError
    from drivers.sqlite.disk import restore as put_back

    if not file.is_file():
        raise MissingError(f"{file} does not exist")
    if not state_dir.is_dir():
        raise MissingError(f"{state_dir} is no folder; give --state-dir")
    put_back(file, state_dir / DATABASE)
    typer.echo(f"{state_dir / DATABASE} is what the backup was")
