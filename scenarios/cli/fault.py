"""`quorate fault`: time and faults of a cluster that `quorate up` serves."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from scenarios.served.client import Remote

PORT = typer.Option("--port", help="Which cluster, if more than one is served.")

fault_app = typer.Typer(
    no_args_is_help=True,
    help="Break and mend a served simulated cluster; pause its time, let it pass.",
    rich_markup_mode="rich",
)
Port = Annotated[int | None, PORT]
Seconds = Annotated[float, typer.Argument(help="Simulated seconds.")]


def _remote(port: int | None) -> Remote:
    """QUORATE_URL, QUORATE_TOKEN and QUORATE_CA name a cluster of somebody else's."""
    import os

    from scenarios.served.client import Remote
    from scenarios.served.session import find

    url, token = os.environ.get("QUORATE_URL"), os.environ.get("QUORATE_TOKEN")
    if url and token and port is None:
        return Remote(url, Path(os.environ.get("QUORATE_CA", "")), token)
    return find(port).remote()


@fault_app.command("inject")
def inject(
    kind: Annotated[str, typer.Argument(help="Such as power, isolate, storage; see kinds.")],
    node: Annotated[str | None, typer.Option(help="The node that it hits.")] = None,
    link: Annotated[str | None, typer.Option(help="The cluster network.")] = None,
    switch: Annotated[str | None, typer.Option(help="The switch.")] = None,
    site: Annotated[str | None, typer.Option(help="The site.")] = None,
    storage: Annotated[str | None, typer.Option(help="The storage.")] = None,
    guest: Annotated[str | None, typer.Option(help="The guest, such as vm:100.")] = None,
    groups: Annotated[str | None, typer.Option(help="Who hears whom: 'pve1 | pve2,pve3'.")] = None,
    value: Annotated[float | None, typer.Option(help="The kind's number.")] = None,
    heal_after: Annotated[
        float | None, typer.Option(help="Simulated seconds until it heals by itself.")
    ] = None,
    port: Port = None,
) -> None:
    """Let something go wrong now.

    [bold]Examples[/bold]

      quorate fault inject power --node pve2

      quorate fault inject partition --groups 'pve1 | pve2,pve3' --heal-after 120

      quorate fault inject storage --storage ceph
    """
    given = {
        "kind": kind,
        "node": node,
        "link": link,
        "switch": switch,
        "site": site,
        "storage": storage,
        "guest": guest,
        "groups": groups,
        "value": value,
        "heal_after": heal_after,
    }
    known = {name: text for name, text in given.items() if text is not None}
    made = _remote(port).call("POST", "/simulation/faults", known)
    typer.echo(f"{made['id']}  {made['kind']} {made['about']}")


@fault_app.command("heal")
def heal(
    number: Annotated[int | None, typer.Argument(help="Which one; none: all.")] = None,
    port: Port = None,
) -> None:
    """End a fault, or all. Machines that lost power boot."""
    remote = _remote(port)
    if number is not None:
        remote.call("DELETE", f"/simulation/faults/{number}")
        typer.echo(f"{number} is healed")
    else:
        typer.echo(f"{remote.call('DELETE', '/simulation/faults')} healed")


@fault_app.command("list")
def list_faults(port: Port = None) -> None:
    """The faults of now."""
    for one in _remote(port).call("GET", "/simulation/faults"):
        typer.echo(f"{one['id']}  {one['kind']} {one['about']}")


@fault_app.command("kinds")
def kinds(port: Port = None) -> None:
    """What can go wrong, and what it has to be told."""
    for one in _remote(port).call("GET", "/simulation/kinds"):
        words = [*one["needs"], *(f"[{name}]" for name in one["takes"])]
        unit = f"  (value: {one['value']})" if "value" in one else ""
        typer.echo(f"{one['kind']:16}{' '.join(words)}{unit}")


@fault_app.command("status")
def status(port: Port = None) -> None:
    """Time, speed and nodes."""
    _show(_remote(port).call("GET", "/simulation/status"))


@fault_app.command("pause")
def pause(port: Port = None) -> None:
    """Let time stand still. Requests are answered all the same."""
    _show(_remote(port).call("POST", "/simulation/pause"))


@fault_app.command("resume")
def resume(port: Port = None) -> None:
    """Let time go on."""
    _show(_remote(port).call("POST", "/simulation/resume"))


@fault_app.command("speed")
def speed(
    factor: Annotated[str, typer.Argument(help="Simulated seconds in one, or max.")],
    port: Port = None,
) -> None:
    """Let time go faster or slower."""
    _show(_remote(port).call("PUT", "/simulation/speed", {"speed": factor}))


@fault_app.command("step")
def step(seconds: Seconds, port: Port = None) -> None:
    """Let so much time pass as fast as possible, and wait until it has."""
    from scenarios.served.control import step as pass_time

    _show(pass_time(_remote(port), seconds))


@fault_app.command("operate")
def operate(
    command: Annotated[list[str], typer.Argument(help="As in scenario files.")], port: Port = None
) -> None:
    """What an operator does: `node poweron pve2`, `ha-manager migrate vm:100 pve3`."""
    _remote(port).call("POST", "/simulation/commands", {"command": " ".join(command)})


@fault_app.command("events")
def events(
    after: Annotated[int, typer.Option(help="Those after that number.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what happens.")] = False,
    port: Port = None,
) -> None:
    """What happened, a line of JSON each."""
    remote = _remote(port)
    if not follow:
        for one in remote.call("GET", "/simulation/events", {"after": after, "limit": 20_000}):
            typer.echo(json.dumps(one, ensure_ascii=False))
        return
    for one in remote.stream("/simulation/events", {"after": after, "follow": 1}):
        typer.echo(json.dumps(one, ensure_ascii=False))


def _show(found: dict[str, Any]) -> None:
    state = "paused" if found["paused"] else f"speed {found['speed']}"
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(found["wall"]))
    typer.echo(f"{when} UTC, {found['time']:.3f} s, {state}, {found['faults']} faults")
    for node in found["nodes"]:
        typer.echo(f"  {node['node']:8} {node['state']}")
