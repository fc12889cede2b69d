"""Load on the store from inside a node, and what it measured: one JSON object on standard output.

python -m tests.lab.store_load serve NODE DATABASE MEMBERS
python -m tests.lab.store_load write NODE DATABASE MEMBERS COUNT SIZE WRITERS

Every writer overwrites a file of its own and waits until that is acknowledged. `serve` only takes
part. Both go on taking part until they are killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from appliance.model.store.changes import Put
from tests.lab.load import summary
from tests.lab.member import Member

_WARM_UP = 20  # writes of each writer that are not counted


async def opened(node: str, database: str, members: int) -> Member:
    """The member, when it serves together with all others."""
    member = Member(node, Path(database))
    await member.open()
    while True:
        replica = member.store.replica
        if replica.serving and len(replica.members) == members:
            return member
        await asyncio.sleep(0.05)


async def write(member: Member, path: str, payload: bytes, count: int) -> list[float]:
    """How long each write took, in seconds."""
    latencies_s = []
    for _ in range(count):
        begin = time.monotonic()
        await member.store.change(Put(path, payload))
        latencies_s.append(time.monotonic() - begin)
    return latencies_s


async def main(kind: str, node: str, database: str, *numbers: str) -> None:
    members, *load = map(int, numbers)
    member = await opened(node, database, members)
    if kind == "serve":
        await asyncio.Event().wait()
    count, size, writers = load
    paths = [f"load/{node}-{writer}.cfg" for writer in range(writers)]
    payload = os.urandom(size)
    await asyncio.gather(*(write(member, path, payload, _WARM_UP) for path in paths))
    begin, cpu_s = time.monotonic(), time.process_time()
    each = count // writers
    taken = await asyncio.gather(*(write(member, path, payload, each) for path in paths))
    seconds, cpu_s = time.monotonic() - begin, time.process_time() - cpu_s
    latencies_s = [one for part in taken for one in part]
    sys.stdout.write(summary(each * writers, size, seconds, cpu_s, latencies_s) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()  # the others may still need this member


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
