"""Every deliberate fault of the store is found by random histories within some seeds."""

from __future__ import annotations

import pytest

from tests.sim.store.judge import Trial
from tests.sim.store.mutants import MUTANTS

WITHIN = 150


def first_finding(name: str, monkeypatch: pytest.MonkeyPatch) -> int | None:
    MUTANTS[name](monkeypatch)
    return next((seed for seed in range(1, WITHIN + 1) if Trial(seed).run()), None)


# Both need a node that is cut off with a long tail and back while the others are quiet, which the
# histories do not draw yet.
NOT_FOUND_YET = frozenset({"keep_the_stray_tail", "longest_wins"})
QUICK = ("acknowledge_on_delivery", "trust_the_flag", "transfer_without_pending", "skip_sync")


@pytest.mark.parametrize("name", QUICK)
def test_a_mutant_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_finding(name, monkeypatch) is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(MUTANTS) - set(QUICK)))
def test_every_mutant_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in NOT_FOUND_YET:
        pytest.skip("no history drawn so far lets this fault show: see NOT_FOUND_YET")
    assert first_finding(name, monkeypatch) is not None
