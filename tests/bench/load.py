"""Asks an HTTPS server for one thing over and over, on several connections, and says how it went.

    python -m tests.bench.load URL CA HEADER CONNECTIONS SECONDS

Prints JSON: requests a second, median and 99th percentile in milliseconds, and what failed. A
program of its own, so that it takes no time from a server in the process that measures.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

LENGTH = b"content-length: "
LIMIT = 1 << 20


@dataclass
class Tally:
    """times_s: of each answer. bad: answers with another status than 200."""

    times_s: list[float] = field(default_factory=list)
    bad: int = 0


async def one(host: str, port: int, context: ssl.SSLContext, request: bytes, tally: Tally) -> None:
    """One connection, until it is cancelled."""
    reader, writer = await asyncio.open_connection(host, port, ssl=context, limit=LIMIT)
    while True:
        began_s = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(LENGTH) + len(LENGTH)
        await reader.readexactly(int(head[at : head.index(b"\r", at)]))
        tally.times_s.append(time.perf_counter() - began_s)
        tally.bad += b" 200 " not in head[:16]


async def load(url: str, ca: str, header: str, connections: int, seconds: float) -> dict[str, Any]:
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or 443
    query = f"?{parts.query}" if parts.query else ""
    lines = (f"GET {parts.path}{query} HTTP/1.1", f"host: {host}:{port}", header)
    request = "".join(f"{line}\r\n" for line in lines if line).encode() + b"\r\n"
    tally = Tally()
    context = ssl.create_default_context(cafile=ca)
    tasks = [
        asyncio.create_task(one(host, port, context, request, tally)) for _ in range(connections)
    ]
    await asyncio.sleep(min(1.0, seconds / 2))  # connections are there, caches are warm
    for task in tasks:
        if task.done():
            await task
    tally.times_s.clear()
    began_s = time.perf_counter()
    await asyncio.sleep(seconds)
    # On a machine with much else to do one answer may take so long.
    while not tally.times_s and any(not task.done() for task in tasks):  # noqa: ASYNC110
        await asyncio.sleep(seconds)
    times_s = sorted(tally.times_s)
    passed_s = time.perf_counter() - began_s
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "rate": len(times_s) / passed_s,
        "p50_ms": times_s[len(times_s) // 2] * 1000,
        "p99_ms": times_s[len(times_s) * 99 // 100] * 1000,
        "bad": tally.bad,
    }


def main() -> None:
    url, ca, header, connections, seconds = sys.argv[1:]
    found = asyncio.run(load(url, ca, header, int(connections), float(seconds)))
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
