"""Options that the cluster commands share, and the way from them to a node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from appliance.cli.connection import Connection

SOCKET = Path("/run/quorate/api.sock")

Socket: TypeAlias = Annotated[Path, typer.Option(help="Local socket of the daemon.")]
Sim: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="SCENARIO",
        help="Not this machine: a simulated cluster of that scenario's layout, made for this call.",
    ),
]
At: TypeAlias = Annotated[
    float | None,
    typer.Option(
        min=0, help="With --sim: simulated seconds after its beginning, with the faults until then."
    ),
]
Node: TypeAlias = Annotated[
    str | None,
    typer.Option(help="With --sim: on this node (default: the first); a new name is a machine."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Do it although a check advises against it.")
]
NodeId: TypeAlias = Annotated[
    int | None, typer.Option("--nodeid", min=1, help="Number of this node (default: a free one).")
]
Votes: TypeAlias = Annotated[
    int | None, typer.Option("--votes", min=0, help="How many votes this node has (default: 1).")
]
_LINK_HELP = "Address of this node on link 0: ADDRESS[,priority=N]."
Link0: TypeAlias = Annotated[
    str | None, typer.Option("--link0", metavar="ADDRESS", help=_LINK_HELP)
]
Link1: TypeAlias = Annotated[
    str | None,
    typer.Option("--link1", metavar="ADDRESS", help="The same for link 1, and so on to --link7."),
]
Link2: TypeAlias = Annotated[str | None, typer.Option("--link2", hidden=True)]
Link3: TypeAlias = Annotated[str | None, typer.Option("--link3", hidden=True)]
Link4: TypeAlias = Annotated[str | None, typer.Option("--link4", hidden=True)]
Link5: TypeAlias = Annotated[str | None, typer.Option("--link5", hidden=True)]
Link6: TypeAlias = Annotated[str | None, typer.Option("--link6", hidden=True)]
Link7: TypeAlias = Annotated[str | None, typer.Option("--link7", hidden=True)]


def reach(
    socket: Path, sim: str | None, at: float | None, node: str | None, *, new: bool = False
) -> Connection:
    """The node that the options mean; new: it may be a machine beside the simulated cluster."""
    from appliance.cli.connection import connect

    connection = connect(socket, sim, at, node, new=new)
    for note in connection.notes:
        typer.echo(f"note: {note}", err=True)
    return connection


def numbered(*links: str | None) -> dict[str, object]:
    """`link0`, `link1`, ... of those that were given."""
    return {f"link{number}": text for number, text in enumerate(links) if text is not None}


def given(**parameters: object) -> dict[str, object]:
    """Those that have a value; `_` in a name is `-`."""
    return {
        name.replace("_", "-"): value for name, value in parameters.items() if value is not None
    }
