"""The same seed gives the same journal, whatever the order of hashes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from scenarios.shipped import ROOT

PROGRAM = Path(sys.executable).with_name("quorate")
# One of each: fencing, views that come and go, moves, rules, many nodes.
SAMPLE = (
    "ha/power-loss",
    "network/asymmetric-partition",
    "maintenance/rolling-reboot-migrate",
    "affinity/kept-apart",
    "scale/thirty-two-nodes",
)


def digests(hash_seed: int) -> list[str]:
    files = [str(ROOT / f"{name}.toml") for name in SAMPLE]
    done = subprocess.run(
        [PROGRAM, "rehearse", *files, "--format", "jsonl"],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        check=True,
        text=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line["digest"] for line in lines if line["kind"] == "result"]


def test_the_journal_does_not_depend_on_the_hash_seed() -> None:
    first = digests(0)
    assert len(first) == len(SAMPLE)
    assert digests(1) == first
    assert digests(2) == first
