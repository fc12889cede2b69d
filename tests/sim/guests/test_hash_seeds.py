"""The same seed gives the same story whatever order Python's sets have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
STORY = """
from tests.sim.guests import test_interrupted as moves
for kind in moves.KINDS:
    for fault in moves.FAULTS:
        middle = moves.instants(kind)[len(moves.instants(kind)) // 2]
        print(moves.interrupt(kind, fault, middle, moves.ORDER_FAULT).story())
"""


def story(hash_seed: int) -> str:
    """Interrupted moves, played in a Python of that hash seed."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", STORY], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_story_does_not_depend_on_the_hash_seed() -> None:
    first = story(0)
    assert first.count("arriving") > 10
    assert [story(seed) == first for seed in (1, 2)] == [True, True]
