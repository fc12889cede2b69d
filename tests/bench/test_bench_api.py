"""A served cluster under load: requests a second and their times; smaller with benchmarks off.

Beside it, in the same run, what the HTTP server itself can do with TLS: an application that always
gives the same few bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from appliance.model.guest.config import parse_guest
from appliance.web.listener import Listener, TlsFiles
from appliance.web.sockets import tls_socket
from scenarios.served.background import Served
from scenarios.served.cluster import Wish

GUESTS = 50
MANY = 1000
CONNECTIONS = 16
SECONDS = 5.0
# What a stateful simulator of this API did at its best on four cores, a fifth of what is wanted.
PEER = {"/version": 432, "/cluster/resources": 120, "/nodes/pve1/qemu": 308}
TIMES = 5


def loaded(url: str, ca: str, header: str, connections: int, seconds: float) -> dict[str, Any]:
    words = (url, ca, header, str(connections), str(seconds))
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load", *words], capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["bad"] == 0
    return found


def seconds_of(benchmark: BenchmarkFixture) -> float:
    return SECONDS if benchmark.enabled else 0.2


def tell(benchmark: BenchmarkFixture, what: str, seen: str, limit: str) -> None:
    benchmark.extra_info.update(what=what, seen=seen, limit=limit)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(Wish(port=0, guests=GUESTS)) as found:
        yield found


def ticket(served: Served) -> str:
    form = {"username": served.user, "password": served.password}
    found = served.call("POST", "/access/ticket", **form)
    return f"cookie: PVEAuthCookie={found['ticket']}"


class Floor:
    """The server with an application that does nothing."""

    def __init__(self, tls: TlsFiles) -> None:
        self._tls, self._ended, self._ready = tls, threading.Event(), threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    async def _serve(self) -> None:
        listening = tls_socket("127.0.0.11", 0)
        self.port = listening.getsockname()[1]
        listener = Listener(_same, [listening], self._tls)
        await listener.start()
        self._ready.set()
        await asyncio.to_thread(self._ended.wait)
        await listener.stop()


async def _same(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"13")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"data":null}'})


@pytest.mark.parametrize("path", PEER)
def test_requests(benchmark: BenchmarkFixture, served: Served, path: str) -> None:
    """Logged in by a ticket, over TLS, everything in one process."""
    seconds, header = seconds_of(benchmark), ticket(served)
    folder = Path(served.ca).parent
    with Floor(TlsFiles(folder / "pve1.pem", folder / "pve1.key")) as floor:
        base = loaded(f"https://127.0.0.11:{floor.port}/", served.ca, "", CONNECTIONS, seconds)
    url = f"{served.url}/api2/json{path}"
    found = benchmark.pedantic(lambda: loaded(url, served.ca, header, CONNECTIONS, seconds))
    tell(
        benchmark,
        f"GET {path} of 3 nodes and {GUESTS} guests, {CONNECTIONS} connections",
        f"{found['rate']:,.0f} a second, p99 {found['p99_ms']:.0f} ms; "
        f"{found['rate'] / base['rate']:.2f} of what the HTTP server does alone",
        f"{TIMES * PEER[path]:,} a second: {TIMES} × {PEER[path]}; p99 25 ms",
    )
    assert found["rate"] > 0


@pytest.mark.parametrize("speed", ["1", "max"])
def test_many_guests(benchmark: BenchmarkFixture, speed: str) -> None:
    count = MANY if benchmark.enabled else 20
    with Served(Wish(port=0, nodes=3, guests=count)) as served:
        served.speed(speed)
        url = f"{served.url}/api2/json/cluster/resources"
        header = ticket(served)
        found = benchmark.pedantic(lambda: loaded(url, served.ca, header, 4, seconds_of(benchmark)))
        assert len(served.call("GET", "/cluster/resources", type="vm")) == count
    tell(
        benchmark,
        f"GET /cluster/resources of {count:,} guests, 4 connections, speed {speed}",
        f"p99 {found['p99_ms']:.0f} ms, {found['rate']:,.0f} a second",
        "p99 100 ms",
    )
    assert found["rate"] > 0


def test_memory_of_a_served_cluster(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    count = MANY if benchmark.enabled else 20
    quorate = str(Path(sys.executable).with_name("quorate"))
    words = ("up", "--port", "0", "--guests", str(count))
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen([quorate, *words], stdout=out, env=os.environ)
    try:
        seen_mb = benchmark.pedantic(lambda: resident_mb(process, tmp_path / "out"))
    finally:
        process.terminate()
        process.wait(60)
    tell(benchmark, f"Memory of `quorate up` with {count:,} guests", f"{seen_mb:.0f} MB", "300 MB")
    assert seen_mb > 0


def resident_mb(process: subprocess.Popen[bytes], out: Path) -> float:
    """When it has begun to answer."""
    for _ in range(1200):
        if b"Ctrl-C" in out.read_bytes():
            break
        assert process.poll() is None
        threading.Event().wait(0.1)
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


GUEST = """#a note
agent: 1
boot: order=scsi0;net0
cores: 4
cpu: x86-64-v2-AES
memory: 8192
meta: creation-qemu=9.0.2,ctime=1718000000
name: web{number}
net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=20
onboot: 1
ostype: l26
parent: before
scsi0: ceph:vm-{number}-disk-0,discard=on,iothread=1,size=32G
scsi1: ceph:vm-{number}-disk-1,size=100G
scsihw: virtio-scsi-single
smbios1: uuid=e53ebfec-007a-46a2-affa-1fefc6111a4d
tags: production;web
vmgenid: 84d1aeda-4ce4-494a-a82d-f818f4a91064

[before]
cores: 2
memory: 4096
scsi0: ceph:vm-{number}-disk-0,size=32G
snaptime: 1718000000
"""


def test_guest_files(benchmark: BenchmarkFixture) -> None:
    texts = [GUEST.format(number=100 + number) for number in range(MANY)]
    benchmark.extra_info["what"] = f"{MANY:,} guests' files parsed"
    benchmark.extra_info["limit_s"] = 0.5
    found = benchmark.pedantic(
        lambda: [parse_guest(text, "vm", strict=True) for text in texts], rounds=3
    )
    assert len(found) == MANY
