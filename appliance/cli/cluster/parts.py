"""`quorate cluster qdevice` and `quorate cluster link`."""

from __future__ import annotations

from typing import Annotated

import typer

from appliance.cli.cluster.changes import CONFIG, done
from appliance.cli.cluster.options import (
    SOCKET,
    At,
    Force,
    Json,
    Node,
    Sim,
    Socket,
    given,
    reach,
)

LinkNumber = Annotated[int, typer.Argument(metavar="NUMBER", min=0, max=7, help="Of the link.")]


def device_app() -> typer.Typer:
    app = typer.Typer(
        help="A vote from outside of the cluster: corosync-qnetd on another host.",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    app.command("add")(add_device)
    app.command("setup", hidden=True)(add_device)
    app.command("remove")(remove_device)
    return app


def link_app() -> typer.Typer:
    app = typer.Typer(
        help="Networks that the nodes talk over; up to eight.",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    app.command("add")(add_link)
    app.command("remove")(remove_link)
    return app


def add_device(
    host: Annotated[str, typer.Argument(metavar="HOST", help="Where corosync-qnetd runs.")],
    algorithm: Annotated[
        str | None,
        typer.Option(help="ffsplit or lms (default: by the number of nodes)."),
    ] = None,
    tls: Annotated[
        str, typer.Option(help="on, off or required: whether votes travel encrypted.")
    ] = "on",
    force: Force = False,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Add a quorum device. All nodes must be online.

    For an even number of nodes: with two, one of them may be lost. An odd number needs --force.

    [bold]Example[/bold]

      quorate cluster qdevice add 192.0.2.9
    """
    connection = reach(socket, sim, at, node)
    parameters = given(host=host, algorithm=algorithm, tls=tls, force=force)
    done(connection, connection.call("POST", f"{CONFIG}/qdevice", parameters), json=json)


def remove_device(
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Take the quorum device away. All nodes must be online."""
    connection = reach(socket, sim, at, node)
    done(connection, connection.call("DELETE", f"{CONFIG}/qdevice"), json=json)


def add_link(
    number: LinkNumber,
    addresses: Annotated[
        list[str], typer.Argument(metavar="NODE=ADDRESS...", help="Of every node of the cluster.")
    ],
    priority: Annotated[
        int | None, typer.Option(min=0, max=255, help="The greatest that works is used.")
    ] = None,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Add a link to all nodes.

    [bold]Example[/bold]

      quorate cluster link add 1 n1=198.51.100.11 n2=198.51.100.12 n3=198.51.100.13
    """
    connection = reach(socket, sim, at, node)
    parameters = given(addresses=",".join(addresses), priority=priority)
    done(connection, connection.call("POST", f"{CONFIG}/links/{number}", parameters), json=json)


def remove_link(
    number: LinkNumber,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Remove a link from all nodes. All must be online, and the last link stays."""
    connection = reach(socket, sim, at, node)
    done(connection, connection.call("DELETE", f"{CONFIG}/links/{number}"), json=json)
