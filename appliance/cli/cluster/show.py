"""A cluster's status, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

_UNKNOWN = "?"


def print_status(status: Mapping[str, Any]) -> None:
    """Three paragraphs and a table, as pvecm has them."""
    from rich.console import Console

    console = Console(highlight=False)
    if not status["cluster"]:
        console.print(f"{status['node']} is in no cluster.", markup=False)
        return
    for title, lines in (
        ("Cluster information", _cluster_lines(status)),
        ("Quorum information", _quorum_lines(status)),
        ("Votequorum information", _vote_lines(status)),
    ):
        console.print(f"[bold]{title}[/bold]")
        for name, value in lines:
            console.print(f"  {name + ':':<18} {value}", markup=False)
        console.print()
    print_nodes(status)


def print_nodes(status: Mapping[str, Any]) -> None:
    from rich.console import Console

    Console(highlight=False).print(_membership(status))


def _cluster_lines(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Name", status["cluster"]
    stored, in_place = status["config_version"], status["config_version_in_place"]
    if stored in (None, in_place):
        yield "Config Version", str(in_place)
    else:
        yield "Config Version", f"{stored}, here {in_place} is in place"
    yield "Transport", status["transport"]
    yield "Secure auth", "on" if status["encrypted"] else "off"


def _quorum_lines(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    own = next((node["nodeid"] for node in status["nodes"] if node["local"]), _UNKNOWN)
    online = sum(node["online"] for node in status["nodes"])
    yield "Nodes", f"{online} of {len(status['nodes'])} online"
    yield "Node ID", str(own)
    yield "Quorate", "Yes" if status["quorate"] else "No"


def _vote_lines(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    def shown(key: str) -> str:
        return _UNKNOWN if status[key] is None else str(status[key])

    if status["total_votes"] is None:
        yield "Corosync", "does not answer on this node"
        return
    yield "Expected votes", shown("expected_votes")
    yield "Total votes", shown("total_votes")
    blocked = "" if status["quorate"] else " (activity blocked)"
    yield "Quorum", f"{shown('quorum')}{blocked}"
    yield "Flags", " ".join(status["flags"]) or "none"
    device = status["qdevice"]
    if device:
        tls = "without TLS" if device["tls"] == "off" else "with TLS"
        yield "Quorum device", f"{device['host']}, {device['algorithm']}, {tls}"


def _membership(status: Mapping[str, Any]) -> Table:
    from rich.table import Table

    links = sorted({int(link) for node in status["nodes"] for link in node["links"]})
    table = Table(title="Membership", title_justify="left", title_style="bold")
    for name in ("Nodeid", "Votes"):
        table.add_column(name, justify="right")
    for name in ("Name", "State", *(f"Link {link}" for link in links)):
        table.add_column(name)
    for node in sorted(status["nodes"], key=lambda node: int(node["nodeid"])):
        state = "online" if node["online"] else "[bold red]offline[/bold red]"
        name = f"{node['name']} (local)" if node["local"] else node["name"]
        addresses = (node["links"].get(str(link), "") for link in links)
        table.add_row(str(node["nodeid"]), str(node["votes"]), name, state, *addresses)
    device = status["qdevice"]
    if device:
        state = "votes" if device["present_votes"] else "[bold red]no vote[/bold red]"
        table.add_row("0", str(device["votes"]), "Qdevice", state, *("" for _ in links))
    return table


def print_json(value: Any) -> None:
    import json

    typer.echo(json.dumps(value, ensure_ascii=False))
