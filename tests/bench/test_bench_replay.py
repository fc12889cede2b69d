"""What replaying all recorded cases in one process costs."""

from __future__ import annotations

import subprocess

from pytest_benchmark.fixture import BenchmarkFixture

from tests.bench.test_bench_start import PROGRAM
from tests.conformance.cases import ha_case_dirs, need


def test_replay_all(benchmark: BenchmarkFixture) -> None:
    cases = ha_case_dirs("ha")
    need(cases, "recorded HA cases")
    benchmark.extra_info["what"] = f"`quorate replay --all`, {len(cases)} cases in one process"
    benchmark.extra_info["limit_s"] = 3
    done = benchmark.pedantic(
        lambda: subprocess.run(
            [PROGRAM, "replay", "--all", cases[0].parent], capture_output=True, check=True
        ),
        rounds=3,
        warmup_rounds=1,
    )
    assert done.stdout.decode().splitlines()[-1] == f"{len(cases)} passed, 0 failed"
