"""`quorate up`: a simulated cluster that answers the API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scenarios.served.cluster import Wish
    from scenarios.served.session import Session


def command(
    nodes: Annotated[int, typer.Option(help="How many nodes.")] = 3,
    guests: Annotated[int, typer.Option(help="How many guests, every third a container.")] = 6,
    speed: Annotated[
        str, typer.Option(metavar="FACTOR|max", help="Simulated seconds in one; max: 3600.")
    ] = "1",
    scenario: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Serve this scenario's cluster; its steps happen."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the cluster there, and go on with it."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of every node, 0: a free one.")] = 8006,
    seed: Annotated[int, typer.Option(help="Of everything random in the world.")] = 1,
) -> None:
    """Serve a simulated cluster: Proxmox VE's API on 127.0.0.11, .12, .13, ...

    Machines, network, quorum, storage and guests are simulated; what decides and answers is the
    product. Cut a node's power with [bold]quorate fault[/bold] and watch. Ctrl-C ends it.

    [bold]Examples[/bold]

      quorate up

      quorate up --nodes 5 --guests 30 --speed 60

      quorate up --state ~/cluster
    """
    import asyncio

    from scenarios.served.cluster import Wish
    from sim.stage.bridge import read_speed

    wish = Wish(nodes, guests, read_speed(speed), port, scenario, state, seed)
    asyncio.run(_serve(wish.checked(), speed))


async def _serve(wish: Wish, speed: str) -> None:
    import asyncio
    import signal

    from scenarios.served import session as sessions
    from scenarios.served.cluster import served, until

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with served(wish) as (session, pump):
        file = sessions.write(session)
        try:
            typer.echo(tour(session, speed))
            await until(ended, pump)
        finally:
            file.unlink(missing_ok=True)
        typer.echo("stopping")


def tour(session: Session, speed: str) -> str:
    """What to do with it."""
    first, url = next(iter(session.urls.items()))
    host = url.removeprefix("https://").partition(":")[0]
    last = list(session.urls)[-1]
    nodes = "\n".join(f"  {name:8} {where}" for name, where in session.urls.items())
    return f"""A simulated cluster: {len(session.urls)} nodes, speed {speed}.
{nodes}
  user     {session.user}, password {session.password}
  CA       {session.ca}
  token    {session.token}

  curl --cacert {session.ca} {url}/api2/json/access/ticket -d username={session.user} \
-d password={session.password}
  python -c 'from proxmoxer import ProxmoxAPI; print(ProxmoxAPI("{host}", port={session.port}, \
user="{session.user}", password="{session.password}", verify_ssl="{session.ca}").nodes.get())'
  quorate fault inject power --node {last if last != first else first}

Ctrl-C ends it."""
