"""`quorate cluster`: make a cluster, join and leave it, change links, votes and quorum device."""

from __future__ import annotations

import typer

from appliance.cli.cluster import changes, parts, views

HELP = """
The cluster itself: its nodes, links, votes and quorum device, in the words of pvecm.

[bold]A cluster of three[/bold]

  n1# quorate cluster create lab

  n1# quorate cluster join-info

  n2# quorate cluster join INFORMATION         the same on n3

  n1# quorate cluster status

[bold]Without any node[/bold]: every command with --sim SCENARIO runs inside of a simulated cluster.

  quorate cluster status --sim ha/power-loss --at 300
"""


def register(app: typer.Typer) -> None:
    """Add `cluster` and what is below it."""
    cluster = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="rich")
    cluster.command("create")(changes.create)
    cluster.command("join")(changes.join)
    cluster.command("add", hidden=True)(changes.join)
    cluster.command("join-info")(views.join_information)
    cluster.command("leave")(changes.leave)
    cluster.command("delnode", hidden=True)(changes.leave)
    cluster.command("status")(views.status)
    cluster.command("nodes")(views.nodes)
    cluster.command("expected")(changes.expected)
    cluster.add_typer(parts.device_app(), name="qdevice")
    cluster.add_typer(parts.link_app(), name="link")
    app.add_typer(cluster, name="cluster")
