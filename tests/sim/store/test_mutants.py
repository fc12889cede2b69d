"""Every deliberate fault of the store is found by random histories within some seeds.

The first seed that finds each is in docs/store.md.
"""

from __future__ import annotations

import pytest

from tests.sim.store.judge import Trial
from tests.sim.store.mutants import MUTANTS, NARROW

WITHIN = 150
QUICK = (
    "acknowledge_on_delivery",
    "changes_wait",
    "count_as_corosync_does",
    "skip_sync",
    "transfer_without_pending",
)


def first_finding(name: str, monkeypatch: pytest.MonkeyPatch) -> int | None:
    MUTANTS[name](monkeypatch)
    return next((seed for seed in range(1, WITHIN + 1) if Trial(seed).run()), None)


@pytest.mark.parametrize("name", QUICK)
def test_a_mutant_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_finding(name, monkeypatch) is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(MUTANTS) - set(QUICK)))
def test_every_mutant_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_finding(name, monkeypatch) is not None


def test_a_count_taken_over_from_an_older_layout_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    NARROW["believe_any_count"](monkeypatch)
    assert Trial(315).run()
