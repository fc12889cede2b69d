"""`quorate store`: the replicated configuration store, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from appliance.cli.connection import Connection

store_app = typer.Typer(
    name="store",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The cluster's configuration files: one tree, the same on all nodes.",
)

Socket = Annotated[Path, typer.Option(help="Local socket of the daemon.")]
Sim = Annotated[
    str | None,
    typer.Option(
        metavar="SCENARIO",
        help="Not this machine: a simulated cluster of that scenario's layout, made for this call.",
    ),
]
At = Annotated[
    float | None, typer.Option(min=0, help="With --sim: simulated seconds after its beginning.")
]
Node = Annotated[
    str | None, typer.Option(help="With --sim: the node that is asked (default: the first).")
]
Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Latest = Annotated[
    bool, typer.Option("--latest", help="Ask the cluster: nothing older than this moment.")
]
Expect = Annotated[
    int | None,
    typer.Option(min=0, help="Only if the file has this version; 0: only if there is none."),
]
SOCKET = Path("/run/quorate/api.sock")


def register(app: typer.Typer) -> None:
    """Add the command to `app` (entry point group `quorate.commands`)."""
    app.add_typer(store_app, name="store")


def _connect(socket: Path, sim: str | None, at: float | None, node: str | None) -> Connection:
    from appliance.cli.connection import connect

    return connect(socket, sim, at, node)


def _file(path: str) -> str:
    """The path of a file's operations; a slash in a name is part of the name."""
    return f"/store/files/{path}"


def _print_json(value: Any) -> None:
    import json

    typer.echo(json.dumps(value, ensure_ascii=False))


@store_app.command("ls")
def ls(
    prefix: Annotated[str, typer.Argument(help="Only files whose names begin so.")] = "",
    long: Annotated[
        bool, typer.Option("--long", "-l", help="Version, size, time and writer too.")
    ] = False,
    json: Json = False,
    latest: Latest = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """List files.

    [bold]Examples[/bold]

      quorate store ls nodes/ --long

      quorate store ls --sim ha/power-loss
    """
    parameters: dict[str, Any] = {"latest": latest}
    if prefix:
        parameters["prefix"] = prefix
    found = _connect(socket, sim, at, node).call("GET", "/store/files", parameters)
    if json:
        _print_json(found)
    elif long:
        _print_long(found)
    else:
        for file in found:
            typer.echo(file["path"])


def _print_long(files: list[dict[str, Any]]) -> None:
    from datetime import UTC, datetime

    columns = [
        (
            str(file["version"]),
            str(file["size"]),
            datetime.fromtimestamp(file["mtime"], UTC).strftime("%Y-%m-%d %H:%M:%S"),
            file["writer"],
            file["path"],
        )
        for file in files
    ]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)] if columns else []
    for row in columns:
        version, size, time, writer, path = row
        line = f"{version:>{widths[0]}}  {size:>{widths[1]}}  {time}  {writer:<{widths[3]}}  {path}"
        typer.echo(line)


@store_app.command("cat")
def cat(
    path: Annotated[str, typer.Argument(help="Name of the file.")],
    json: Json = False,
    latest: Latest = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Print a file as it is.

    [bold]Examples[/bold]

      quorate store cat storage.cfg

      quorate store cat nodes/n1/qemu-server/100.conf --latest --json
    """
    found = _connect(socket, sim, at, node).call("GET", _file(path), {"latest": latest})
    if json:
        _print_json(found)
    else:
        typer.echo(_content(found), nl=False)


def _content(file: dict[str, Any]) -> bytes:
    import base64

    text: str = file["content"]
    return base64.b64decode(text) if file["encoding"] == "base64" else text.encode()


@store_app.command("put")
def put(
    path: Annotated[str, typer.Argument(help="Name of the file, new or not.")],
    source: Annotated[
        str, typer.Argument(metavar="[SOURCE]", help="A file to read, or - for standard input.")
    ] = "-",
    expect: Expect = None,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Write a file; it is on the disks of a majority when this returns.

    [bold]Examples[/bold]

      quorate store put storage.cfg ./storage.cfg --expect 17

      echo 'keyboard: de' | quorate store put datacenter.cfg
    """
    import base64
    import sys

    content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    given: dict[str, Any] = {
        "content": base64.b64encode(content).decode(),
        "encoding": "base64",
    }
    _changed(_connect(socket, sim, at, node), "PUT", path, given, expect, json)


@store_app.command("rm")
def rm(
    path: Annotated[str, typer.Argument(help="Name of the file.")],
    expect: Expect = None,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Delete a file.

    [bold]Example[/bold]

      quorate store rm nodes/n3/lxc/200.conf --expect 41
    """
    _changed(_connect(socket, sim, at, node), "DELETE", path, {}, expect, json)


def _changed(
    connection: Connection,
    verb: str,
    path: str,
    given: dict[str, Any],
    expect: int | None,
    json: bool,
) -> None:
    if expect is not None:
        given["expect"] = expect
    found = connection.call(verb, _file(path), given)
    if json:
        _print_json(found)


@store_app.command("watch")
def watch(
    prefix: Annotated[str, typer.Argument(help="Only files whose names begin so.")] = "",
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many changed files.")
    ] = None,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Print the names of files as they change, until interrupted.

    [bold]Examples[/bold]

      quorate store watch nodes/

      quorate store watch ha/ --count 1 --json
    """
    parameters = {"prefix": prefix} if prefix else {}
    left = count
    try:
        for change in _connect(socket, sim, at, node).stream("/store/watch", parameters):
            if json:
                _print_json(change)
            for path in change["paths"]:
                if not json:
                    typer.echo(path)
                if left is not None:
                    left -= 1
            if left is not None and left <= 0:
                return
    except KeyboardInterrupt:
        return


@store_app.command("check")
def check(
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Read a node's whole database and say how its copy is. Exit code 1 if something is wrong.

    [bold]Example[/bold]

      quorate store check --json
    """
    found = _connect(socket, sim, at, node).call("POST", "/store/check")
    bad = bool(found["damaged"]) or not found["whole"] or found["state"] == "closed"
    if json:
        _print_json(found)
    else:
        for label, value in _summary(found):
            typer.echo(f"{label:<10} {value}")
    if bad:
        raise typer.Exit(1)


def _summary(found: dict[str, Any]) -> list[tuple[str, str]]:
    quorum = "quorum" if found["quorate"] else "no quorum"
    lines = [
        ("node", found["node"]),
        ("state", f"{found['state']}, {quorum}"),
        ("members", ", ".join(found["members"]) or "none"),
        ("version", str(found["version"])),
        ("files", f"{found['files']}, {found['size_bytes']} bytes"),
        ("database", f"{len(found['damaged'])} damaged records" if found["damaged"] else "sound"),
    ]
    lines += [("damaged", name) for name in found["damaged"][:20]]
    if found["found_damaged"]:
        lines.append(("at start", f"damaged: {found['found_damaged']}"))
    if found["problem"]:
        lines.append(("problem", found["problem"]))
    return lines


@store_app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    prefix: Annotated[str, typer.Option(help="Only files whose names begin so.")] = "",
    latest: Latest = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Write a copy of the tree into a folder, private files included, for root only.

    [bold]Example[/bold]

      quorate store export /root/configuration
    """
    from appliance.cli.export import export_tree

    connection = _connect(socket, sim, at, node)
    count = export_tree(connection, folder, prefix, latest=latest)
    typer.echo(f"{count} files in {folder}")


@store_app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    socket: Socket = SOCKET,
) -> None:
    """Write a copy of this node's database, which `quorate store restore` takes back.

    [bold]Example[/bold]

      quorate store backup /root/store.db
    """
    found = _connect(socket, None, None, None).call(
        "POST", "/store/backup", {"file": str(file.absolute())}
    )
    typer.echo(found["file"])
