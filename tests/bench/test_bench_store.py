"""The store on three real corosyncs, beside what it stands on. Smaller with benchmarks off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.lab.cluster import Lab
from tests.lab.speed import NAMES, Compared, daemon_memory_mb, joining, syncs, writers
from tests.lab.world import why_not

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    reason = why_not()
    if reason:
        pytest.skip(f"no cluster of real corosyncs: {reason}")
    with Lab(tmp_path_factory.mktemp("lab") / "lab", NAMES) as made:
        made.start()
        made.wait_quorate()
        yield made


def best(runs: list[Compared]) -> Compared:
    """Of several runs the one with the highest ratio: other work on the machine only lowers it."""
    return max(runs, key=lambda run: run.store["messages_per_s"] / run.raw["messages_per_s"])


def test_many_writers(benchmark: BenchmarkFixture, lab: Lab) -> None:
    """64 on one node, each waiting for its acknowledgement before it writes again."""
    times, each = (3, 400) if benchmark.enabled else (1, 20)
    runs = benchmark.pedantic(lambda: [writers(lab, 64, each, run) for run in range(times)])
    seen = best(runs)
    rate, raw = seen.store["messages_per_s"], seen.raw["messages_per_s"]
    tell(
        benchmark,
        "64 writers on one of three nodes, 1 KiB, acknowledged: durable on a majority",
        f"{rate:,} a second; {rate / raw:.2f} of the {raw:,} messages of Corosync alone",
        "3,300 a second; 0.5",
    )
    assert rate > 0


def test_one_writer(benchmark: BenchmarkFixture, lab: Lab) -> None:
    each = 1500 if benchmark.enabled else 20
    seen, sync_us = benchmark.pedantic(lambda: (writers(lab, 1, each), syncs(lab, each)))
    raw_us, median_us = seen.raw["p50_us"], seen.store["p50_us"]
    limit_us = 3 * raw_us + sync_us
    tell(
        benchmark,
        "One writer, median until it is acknowledged",
        f"{median_us / 1000:.2f} ms",
        f"{limit_us / 1000:.2f} ms: 3 × own delivery of {raw_us / 1000:.2f} ms + one sync of "
        f"{sync_us / 1000:.2f} ms",
    )
    assert median_us > 0


def test_transfer(benchmark: BenchmarkFixture, lab: Lab) -> None:
    files = 10_000 if benchmark.enabled else 200
    seen = benchmark.pedantic(joining, (lab, files))
    joined = seen["joined"]
    tell(
        benchmark,
        f"All of {files:,} files of 4 kB to a node with an empty disk, its start included",
        f"{joined['seconds']:.2f} s",
        "2 s",
    )
    assert joined["files"] == files


def test_daemon_memory(benchmark: BenchmarkFixture, lab: Lab) -> None:
    files = 10_000 if benchmark.enabled else 200
    resident_mb = benchmark.pedantic(daemon_memory_mb, (lab, files))
    tell(
        benchmark,
        f"Memory of an idle `quorate daemon` with {files:,} files of 4 kB",
        f"{resident_mb:.0f} MB",
        "120 MB",
    )
    assert resident_mb > 0


def tell(benchmark: Any, what: str, seen: str, limit: str) -> None:
    benchmark.extra_info.update(what=what, seen=seen, limit=limit)
