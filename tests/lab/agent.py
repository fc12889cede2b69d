"""A node's daemon in the lab: the real drivers, commanded over standard input.

One JSON object a line in, one out. Everything that happens carries `t`, the machine's monotonic
clock in seconds, which is the same for all nodes of the lab. Payloads come in Base 64; they are
reported as `tests.contract.worlds.mark` makes them, in Latin-1.

    python -m tests.lab.agent

The end of the input ends it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from appliance.model.corosync_conf import parse_corosync_conf
from appliance.model.errors import QuorateError
from appliance.ports.group_channel import Delivered, Dropped, GroupEvent
from appliance.ports.membership import View
from drivers.corosync.channel import CorosyncChannel
from drivers.corosync.membership import CorosyncMembership
from tests.contract.worlds import mark, stream_payload

Command = dict[str, Any]


def tell(**fields: Any) -> None:
    """Report one thing."""
    sys.stdout.write(json.dumps({"t": time.monotonic(), **fields}) + "\n")
    sys.stdout.flush()


def event_fields(event: GroupEvent) -> dict[str, Any]:
    """An event of the channel as it is reported."""
    if isinstance(event, Delivered):
        text = mark(event.payload).decode("latin-1")
        return {
            "event": "delivered",
            "sender": event.sender,
            "payload": text,
            "ticket": event.ticket,
        }
    if isinstance(event, Dropped):
        return {"event": "dropped", "ticket": event.ticket}
    return {"event": "view", "members": event.members, "together": event.together}


def view_fields(view: View) -> dict[str, Any]:
    return {
        "members": view.members,
        "online": view.online,
        "quorate": view.quorate,
        "epoch": view.epoch,
    }


class Commanded:
    """Carries out commands, each in a task of its own, and reports how they ended.

    The command `{"do": "join", ...}` is the method `do_join`.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until the end of the input."""
        reader = asyncio.StreamReader(limit=1 << 26)
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        tell(event="ready")
        while line := await reader.readline():
            self.start(self._carry_out(json.loads(line)))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let it go on beside the commands."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, command: Command) -> None:
        action: Callable[[Command], Awaitable[Any]] = getattr(self, f"do_{command['do']}")
        try:
            answer = await action(command)
        except QuorateError as error:
            tell(event="answer", id=command["id"], error=error.code, text=str(error))
        else:
            tell(event="answer", id=command["id"], value=answer)

    async def do_cpu(self, _command: Command) -> float:
        """Seconds of CPU that this process has used."""
        return time.process_time()


class Agent(Commanded):
    """The drivers of group channel and membership."""

    def __init__(self) -> None:
        super().__init__()
        self.channel = CorosyncChannel()
        self.membership = CorosyncMembership()
        self._receiving: asyncio.Task[None] | None = None

    async def do_join(self, command: Command) -> None:
        await self.channel.join(command["group"])
        if self._receiving is None:
            self._receiving = asyncio.create_task(self._receive())

    async def _receive(self) -> None:
        try:
            while True:
                for event in await self.channel.receive():
                    tell(**event_fields(event))
        except QuorateError:
            self._receiving = None

    async def do_leave(self, _command: Command) -> None:
        await self.channel.leave()

    async def do_send(self, command: Command) -> int:
        return await self.channel.send(base64.b64decode(command["payload"]))

    async def do_stream(self, command: Command) -> list[tuple[int, int]]:
        """Send numbered messages for so long, not faster than one in `every_s`."""
        name, size = command["name"], int(command["size"])
        end = time.monotonic() + float(command["seconds"])
        accepted: list[tuple[int, int]] = []
        number = 0
        while time.monotonic() < end:
            try:
                accepted.append(
                    (number, await self.channel.send(stream_payload(name, number, size)))
                )
            except QuorateError:
                await asyncio.sleep(0.05)
            number += 1
            await asyncio.sleep(float(command["every_s"]))
        return accepted

    async def do_watch(self, _command: Command) -> None:
        """Follow the membership, and report each view."""
        await self.membership.start()
        self.start(self._watch())

    async def _watch(self) -> None:
        view = self.membership.view()
        while True:
            tell(event="membership", **view_fields(view))
            view = await self.membership.changed(view.epoch)

    async def do_changed(self, command: Command) -> int:
        return (await self.membership.changed(int(command["after_epoch"]))).epoch

    async def do_refresh(self, _command: Command) -> bool:
        return self.membership.refresh()

    async def do_votes(self, _command: Command) -> dict[str, Any]:
        votes = await self.membership.votes()
        return {
            "expected": votes.expected,
            "present": votes.present,
            "needed": votes.needed,
            "flags": votes.flags,
            "layout": votes.layout,
        }

    async def do_expect(self, command: Command) -> None:
        await self.membership.expect(int(command["votes"]))

    async def do_apply(self, command: Command) -> None:
        await self.membership.apply(parse_corosync_conf(command["text"]))


if __name__ == "__main__":
    asyncio.run(Agent().run())
