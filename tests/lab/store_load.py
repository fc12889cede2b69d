"""Load on the store from inside a node, and what it measured: one JSON object on standard output.

python -m tests.lab.store_load serve NODE DATABASE MEMBERS
python -m tests.lab.store_load write NODE DATABASE MEMBERS COUNT SIZE WRITERS
python -m tests.lab.store_load fill NODE DATABASE MEMBERS COUNT SIZE
python -m tests.lab.store_load join NODE DATABASE MEMBERS
python -m tests.lab.store_load sync NODE DATABASE MEMBERS COUNT

`serve` only takes part. With `write` every writer overwrites a file of its own and waits until that
is acknowledged. `fill` makes so many files and tells how much memory it uses then. `join` begins
with an empty disk, as a new node does, and tells how long it took until it had everything and
served. All of these go on taking part until they are killed. `sync` is no member: it appends so
many pages to a file beside the database, each with a sync of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from appliance.model.store.changes import Put
from tests.lab.load import summary
from tests.lab.member import Member

_WARM_UP = 20  # writes of each writer that are not counted
_TOGETHER = 200  # files in one change
_IDLE_S = 2.0


async def opened(node: str, database: str, members: int, *, joins: bool = False) -> Member:
    """The member, when it serves together with all others."""
    member = Member(node, Path(database))
    await member.open(joins=joins)
    while True:
        replica = member.store.replica
        if replica.serving and len(replica.members) == members:
            return member
        await asyncio.sleep(0.005)


def say(**fields: float) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def resident_mb() -> float:
    """Memory that this process occupies, in MB."""
    status = Path("/proc/self/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kib) * 1024 / 1e6


async def write(member: Member, path: str, payload: bytes, count: int) -> list[float]:
    """How long each write took, in seconds."""
    latencies_s = []
    for _ in range(count):
        begin = time.monotonic()
        await member.store.change(Put(path, payload))
        latencies_s.append(time.monotonic() - begin)
    return latencies_s


async def measure_writes(member: Member, count: int, size: int, writers: int) -> None:
    paths = [f"load/{member.node}-{writer}.cfg" for writer in range(writers)]
    payload = os.urandom(size)
    await asyncio.gather(*(write(member, path, payload, _WARM_UP) for path in paths))
    begin, cpu_s = time.monotonic(), time.process_time()
    each = count // writers
    taken = await asyncio.gather(*(write(member, path, payload, each) for path in paths))
    seconds, cpu_s = time.monotonic() - begin, time.process_time() - cpu_s
    latencies_s = [one for part in taken for one in part]
    sys.stdout.write(summary(each * writers, size, seconds, cpu_s, latencies_s) + "\n")
    sys.stdout.flush()


async def fill(member: Member, count: int, size: int) -> None:
    for first in range(0, count, _TOGETHER):
        numbers = range(first, min(count, first + _TOGETHER))
        await member.store.change(*(Put(f"fill/{n}.cfg", os.urandom(size)) for n in numbers))
    await asyncio.sleep(_IDLE_S)
    say(resident_mb=round(resident_mb(), 1), files=len(member.store.paths()))


def measure_syncs(folder: Path, count: int) -> None:
    page, taken_s = bytes(4096), []
    with (folder / "syncs").open("wb", buffering=0) as file:
        for _ in range(count):
            begin = time.monotonic()
            file.write(page)
            os.fsync(file.fileno())
            taken_s.append(time.monotonic() - begin)
    say(p50_us=round(sorted(taken_s)[count // 2] * 1e6))


async def main(kind: str, node: str, database: str, *numbers: str) -> None:
    members, *load = map(int, numbers)
    if kind == "sync":
        measure_syncs(Path(database).parent, *load)
        return
    begin = time.monotonic()
    member = await opened(node, database, members, joins=kind == "join")
    match kind:
        case "write":
            await measure_writes(member, *load)
        case "fill":
            await fill(member, *load)
        case "join":
            seconds, files = time.monotonic() - begin, len(member.store.paths())
            await asyncio.sleep(_IDLE_S)
            say(seconds=round(seconds, 3), files=files, resident_mb=round(resident_mb(), 1))
    await asyncio.Event().wait()  # the others may still need this member


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
