"""Running a node's daemon until it is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

from appliance.daemon.node import Node
from appliance.daemon.settings import Settings
from drivers.system.memory import collect_seldom


def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. QuorateError when it cannot start."""
    os.umask(0o077)
    collect_seldom()
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    node = Node(settings)
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(name: str) -> None:
        if not told.done():
            told.set_result(name)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, tell, number.name)
    try:
        await node.start()
    except BaseException:
        await node.stop("it could not start")
        raise
    _notify("READY=1")
    reason = await told
    _notify("STOPPING=1")
    await node.stop(reason)


def _notify(state: str) -> None:
    """Tell systemd, if it started this."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect("\0" + address[1:] if address.startswith("@") else address)
        sender.send(state.encode())
