"""Commands that make a cluster and change who is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from appliance.cli.cluster.options import (
    SOCKET,
    At,
    Force,
    Json,
    Link0,
    Link1,
    Link2,
    Link3,
    Link4,
    Link5,
    Link6,
    Link7,
    Node,
    NodeId,
    Sim,
    Socket,
    Votes,
    given,
    numbered,
    reach,
)
from appliance.cli.cluster.show import print_json, print_status
from appliance.cli.cluster.views import STATUS

if TYPE_CHECKING:
    from appliance.cli.connection import Connection

CONFIG = "/cluster/config"


def done(connection: Connection, told: Any, *, json: bool) -> None:
    """Say what happened; in a rehearsal also what came of it."""
    status = connection.outcome(STATUS)
    if json:
        print_json({"told": told, "status": status})
        return
    typer.echo(told)
    if status is not None:
        typer.echo()
        print_status(status)


def create(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the cluster, at most 15 characters.")
    ],
    nodeid: NodeId = None,
    votes: Votes = None,
    link0: Link0 = None,
    link1: Link1 = None,
    link2: Link2 = None,
    link3: Link3 = None,
    link4: Link4 = None,
    link5: Link5 = None,
    link6: Link6 = None,
    link7: Link7 = None,
    token_coefficient: Annotated[
        int | None,
        typer.Option(min=0, metavar="MS", help="How much later a loss is noticed for each node."),
    ] = None,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Make a cluster with this node in it; the files in its store become the cluster's.

    Without --link0 the node's first address is used. Give as many links as there are networks.

    [bold]Examples[/bold]

      quorate cluster create lab --link0 192.0.2.11 --link1 198.51.100.11,priority=20

      quorate cluster create lab --sim ha/power-loss --node new1
    """
    connection = reach(socket, sim, at, node, new=True)
    links = numbered(link0, link1, link2, link3, link4, link5, link6, link7)
    numbers = given(nodeid=nodeid, votes=votes, token_coefficient=token_coefficient)
    told = connection.call("POST", CONFIG, {"clustername": name, **numbers, **links})
    done(connection, told, json=json)


def join(
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS|INFORMATION",
            help="Of a node of the cluster; or what `quorate cluster join-info` prints there.",
        ),
    ],
    fingerprint: Annotated[
        str | None,
        typer.Option(help="SHA-256 of that node's certificate. Without it you are asked."),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            help="Read the password of root there from this file, `-` is the standard input. "
            "Without it you are asked."
        ),
    ] = None,
    nodeid: NodeId = None,
    votes: Votes = None,
    force: Force = False,
    link0: Link0 = None,
    link1: Link1 = None,
    link2: Link2 = None,
    link3: Link3 = None,
    link4: Link4 = None,
    link5: Link5 = None,
    link6: Link6 = None,
    link7: Link7 = None,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Bring this node into a cluster. What its own store contains is put aside.

    A node with guests is refused: their numbers could be taken. Give an address for every link
    that the cluster has; for link 0 alone the one nearest to the other node is used. If it is
    interrupted, run it again. --force: also with guests, from another cluster, or in the place of
    a node of this name that the cluster knows and that is off.

    [bold]Examples[/bold]

      quorate cluster join 192.0.2.11

      quorate cluster join eyJpcEFkZHJlc3MiOi... --link0 192.0.2.12 --link1 198.51.100.12

      quorate cluster join node1 --sim ha/power-loss --node node6 --link0 10.77.0.6 \
--link1 10.78.0.6
    """
    from appliance.cli.cluster.trust import whom

    connection = reach(socket, sim, at, node, new=True)
    member = whom(connection, address, fingerprint, password_file)
    links = numbered(link0, link1, link2, link3, link4, link5, link6, link7)
    parameters = given(nodeid=nodeid, votes=votes, force=force)
    told = connection.call("POST", f"{CONFIG}/join", {**member, **parameters, **links})
    done(connection, told, json=json)


def leave(
    name: Annotated[str, typer.Argument(metavar="NODE", help="The node that leaves; it is off.")],
    force: Force = False,
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Take a node out of the cluster, on another node of it.

    Shut the node down first, and do not start it again as it is: it can join anew, with --force.
    Move its guests before; what is still configured on it is told.

    [bold]Example[/bold]

      quorate cluster leave n3
    """
    connection = reach(socket, sim, at, node)
    told = connection.call("DELETE", f"{CONFIG}/nodes/{name}", given(force=force))
    done(connection, told, json=json)


def expected(
    votes: Annotated[int, typer.Argument(metavar="N", min=1, help="Votes to expect.")],
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Let quorum count with so many votes until more are seen: the way out of a lost quorum.

    Only if the nodes that are missing are off, or cannot be reached by anybody: if they are
    not, both sides may act.

    [bold]Example[/bold]

      quorate cluster expected 1
    """
    connection = reach(socket, sim, at, node)
    told = connection.call("PUT", f"{CONFIG}/expected", {"votes": votes})
    done(connection, told, json=json)
