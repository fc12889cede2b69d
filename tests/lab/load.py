"""Load on a group from inside a node, and what it measured: one JSON object on standard output.

python -m tests.lab.load listen MEMBERS
python -m tests.lab.load write MEMBERS COUNT SIZE WRITERS   each waits for its own message
python -m tests.lab.load flood MEMBERS COUNT SIZE           nobody waits
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Final

from appliance.ports.group_channel import Delivered, GroupView
from drivers.corosync.channel import CorosyncChannel

GROUP: Final = "load"


class Load:
    """One node's part."""

    def __init__(self, members: int) -> None:
        self.channel = CorosyncChannel()
        self.members = members
        self.complete = asyncio.Event()
        self.all_back = asyncio.Event()
        self.expected = 0
        self.own = 0
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def receive(self) -> None:
        while True:
            for event in await self.channel.receive():
                if isinstance(event, GroupView) and len(event.members) == self.members:
                    self.complete.set()
                elif isinstance(event, Delivered) and event.ticket is not None:
                    self.own += 1
                    waiting = self._waiting.pop(event.ticket, None)
                    if waiting is not None:
                        waiting.set_result(None)
            if self.own >= self.expected:
                self.all_back.set()

    async def write(self, payload: bytes, count: int, latencies_s: list[float]) -> None:
        """Send, wait until it is back, send again."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            begin = time.monotonic()
            ticket = await self.channel.send(payload)
            back = self._waiting[ticket] = loop.create_future()
            await back
            latencies_s.append(time.monotonic() - begin)

    async def flood(self, payload: bytes, count: int) -> None:
        """Send as fast as the group takes it."""
        for number in range(count):
            await self.channel.send(payload)
            if number % 64 == 0:
                await asyncio.sleep(0)


def summary(count: int, size: int, seconds: float, cpu_s: float, latencies_s: list[float]) -> str:
    fields = {
        "messages_per_s": round(count / seconds),
        "megabytes_per_s": round(count * size / seconds / 1e6, 1),
        "cpu_us_per_message": round(cpu_s / count * 1e6, 1),
    }
    if latencies_s:
        ordered = sorted(latencies_s)
        for name, part in (("p50_us", 0.5), ("p99_us", 0.99)):
            fields[name] = round(ordered[int(len(ordered) * part)] * 1e6)
    return json.dumps(fields)


async def main(kind: str, members: int, count: int = 0, size: int = 0, writers: int = 1) -> None:
    load = Load(members)
    await load.channel.join(GROUP)
    receiving = asyncio.create_task(load.receive())
    await load.complete.wait()
    if kind == "listen":
        await receiving
    await asyncio.sleep(0.3)
    payload, latencies_s = bytes(size), list[float]()
    load.expected = count
    begin, cpu_s = time.monotonic(), time.process_time()
    if kind == "flood":
        await load.flood(payload, count)
        await load.all_back.wait()
    else:
        each = count // writers
        work = (load.write(payload, each, latencies_s) for _ in range(writers))
        await asyncio.gather(*work)
    seconds, cpu_s = time.monotonic() - begin, time.process_time() - cpu_s
    sys.stdout.write(summary(count, size, seconds, cpu_s, latencies_s) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
