"""How many requests a second a served cluster answers: `python -m tests.clients.speed`.

Connections that ask one request after the other over TLS, logged in with a ticket or an API token,
in a process of their own; the cluster is `quorate up` in another, one process for all its nodes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scenarios.served.client import Remote
from scenarios.served.session import Session, find

PATHS = ("/version", "/cluster/resources", "/nodes/pve1/qemu")


@dataclass(frozen=True, slots=True)
class Load:
    url: str
    ca: str
    header: str
    connections: int
    requests: int


async def _ask(load: Load, path: str, took_s: list[float]) -> None:
    parts = urlsplit(load.url)
    context = ssl.create_default_context(cafile=load.ca)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=context)
    text = f"GET /api2/json{path} HTTP/1.1\r\nHost: x\r\n{load.header}\r\n\r\n".encode()
    for _ in range(load.requests):
        began = time.perf_counter()
        writer.write(text)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        assert head.startswith(b"HTTP/1.1 200"), head
        assert length is not None, head
        await reader.readexactly(int(length[1]))
        took_s.append(time.perf_counter() - began)
    writer.close()


async def _measure(load: Load, path: str) -> tuple[float, list[float]]:
    took_s: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(_ask(load, path, took_s) for _ in range(load.connections)))
    return len(took_s) / (time.perf_counter() - began), sorted(took_s)


@contextmanager
def _up(guests: int, speed: str) -> Iterator[Session]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        os.environ["XDG_RUNTIME_DIR"] = folder
        words = ["up", "--port", "0", "--guests", str(guests), "--speed", speed]
        program = "from appliance.cli.main import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C ends it" in line:
                break
        try:
            yield find()
        finally:
            process.terminate()
            process.wait(30)


def _memory_mib(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


def main() -> None:
    parser = argparse.ArgumentParser(description="Requests a second of a served cluster.")
    parser.add_argument("--guests", type=int, default=50)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--requests", type=int, default=300, help="of each connection")
    parser.add_argument("--speed", default="1")
    given = parser.parse_args()
    with _up(given.guests, given.speed) as session:
        url = next(iter(session.urls.values()))
        form = {"username": session.user, "password": session.password}
        login = Remote(url, Path(session.ca), session.token).call("POST", "/access/ticket", form)
        headers = {
            "ticket": f"Cookie: PVEAuthCookie={login['ticket']}",
            "token": f"Authorization: PVEAPIToken={session.token}",
        }
        for path in PATHS:
            for kind, header in headers.items():
                load = Load(url, session.ca, header, given.connections, given.requests)
                rate, took_s = asyncio.run(_measure(load, path))
                p50, p99 = (took_s[int(len(took_s) * share)] * 1000 for share in (0.5, 0.99))
                sys.stdout.write(
                    f"{path:20} {kind:7} {rate:7.0f}/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms\n"
                )
        load_now = os.getloadavg()[0]
        sys.stdout.write(f"memory {_memory_mib(session.pid)} MiB, load {load_now:.1f}\n")


if __name__ == "__main__":
    main()
