"""Random histories with random faults: linearizable, nothing lost, all alike, no minority acts.

`QUORATE_STORE_SEEDS=2000 pytest -m slow tests/sim/store/test_random.py` runs more.
"""

from __future__ import annotations

import os

import pytest

from tests.sim.store.judge import Trial

SAMPLE = 16
MORE = int(os.environ.get("QUORATE_STORE_SEEDS", "160"))
CHUNK = 20
# Counted wrongly once: what a device lends, by votes of before (125); a quorum that was taken over
# from those who were quorate by an older layout (315).
FOUND = (125, 315)


@pytest.mark.parametrize("seed", range(1, SAMPLE + 1))
def test_a_random_history(seed: int) -> None:
    trial = Trial(seed)
    assert trial.run() == []
    assert trial.clients.recorder.acks
    assert trial.held_s > 10


@pytest.mark.parametrize("seed", FOUND)
def test_a_history_that_was_wrong_once(seed: int) -> None:
    assert Trial(seed).run() == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1000 + MORE, CHUNK))
def test_many_random_histories(first: int) -> None:
    wrong = {seed: Trial(seed).run() for seed in range(first, first + CHUNK)}
    assert {seed: what for seed, what in wrong.items() if what} == {}


def test_the_same_seed_is_the_same_history() -> None:
    one, other = Trial(5), Trial(5)
    assert one.run() == other.run() == []
    assert one.ledger == other.ledger
    assert one.clients.recorder.history == other.clients.recorder.history
