"""The yardstick that every measurement is compared with, and how long `quorate` takes to start."""

from __future__ import annotations

import heapq
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

PROGRAM = Path(sys.executable).with_name("quorate")


def yardstick() -> int:
    """Work of the kind a simulator does, on nothing but the interpreter: 200,000 timed events."""
    queue = [(number * 7919 % 1000, number) for number in range(1000)]
    heapq.heapify(queue)
    for number in range(200_000):
        at, _ = queue[0]
        heapq.heapreplace(queue, (at + number * 31 % 97, number))
    return queue[0][0]


def test_yardstick(benchmark: BenchmarkFixture) -> None:
    benchmark.extra_info["what"] = "Yardstick: 200,000 events through a heap"
    assert benchmark.pedantic(yardstick, rounds=7, warmup_rounds=1) > 0


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_start(benchmark: BenchmarkFixture, argument: str) -> None:
    benchmark.extra_info["what"] = f"`quorate {argument}`, interpreter start included"
    done = benchmark.pedantic(
        lambda: subprocess.run([PROGRAM, argument], capture_output=True, check=True),
        rounds=5,
        warmup_rounds=1,
    )
    assert done.stdout
