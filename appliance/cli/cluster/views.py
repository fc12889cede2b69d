"""Commands that look at the cluster and change nothing."""

from __future__ import annotations

import typer

from appliance.cli.cluster.options import SOCKET, At, Json, Node, Sim, Socket, reach
from appliance.cli.cluster.show import print_json, print_nodes, print_status

STATUS = "/cluster/config/status"


def status(
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Show the cluster, its quorum and who is there, as one node sees it.

    The exit code is 1 if the node is in a cluster and has no quorum.

    [bold]Examples[/bold]

      quorate cluster status

      quorate cluster status --sim ha/power-loss --at 300 --node node2
    """
    found = reach(socket, sim, at, node).call("GET", STATUS)
    if json:
        print_json(found)
    else:
        print_status(found)
    if found["cluster"] and not found["quorate"]:
        raise typer.Exit(1)


def nodes(
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Show the nodes of the cluster with their numbers, votes and addresses."""
    found = reach(socket, sim, at, node).call("GET", STATUS)
    if json:
        print_json(found["nodes"])
    else:
        print_nodes(found)


def join_information(
    json: Json = False,
    socket: Socket = SOCKET,
    sim: Sim = None,
    at: At = None,
    node: Node = None,
) -> None:
    """Print what a new node must be told to join here: one word, no secret in it.

    Carry it to the new node: quorate cluster join INFORMATION. It asks for the password of root
    on this node. --json shows what the word says.
    """
    from dataclasses import asdict

    from appliance.model.cluster.join_info import format_join_information, information_of

    information = information_of(reach(socket, sim, at, node).call("GET", "/cluster/config/join"))
    if json:
        print_json(asdict(information))
    else:
        typer.echo(format_join_information(information))
