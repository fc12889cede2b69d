"""The search finds deliberate faults: without that, finding nothing would prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.model.errors import ConfigError
from scenarios.explore.finish import finish
from scenarios.explore.mutants import FOLDER, find_mutant, load_mutants
from scenarios.explore.run import Finding
from scenarios.explore.search import Question, Result, search
from scenarios.explore.tally import summed
from scenarios.format.load import load
from sim.checkers.checkers import PROMISES

WITHIN_SEEDS = 300
MUTANTS = tuple(load_mutants())
# One for each promise that a defect of the appliance can break; found within a few seeds.
SAMPLE = {
    "fence-wait-skipped": "fenced-before-recovery",
    "lock-life-ignored": "lease-once",
    "lease-without-quorum": "fenced-before-recovery",
    "strict-rule-ignored": "strict-rules",
    "recovery-to-offline-node": "recovered-to-online",
    "maintenance-not-left": "liveness",
    "crash-unnoticed": "liveness",
}


def first_finding(mutant: str | None, seeds: range) -> Result | None:
    question = Question(hours=24, mutant=mutant)
    return next((r for r in search(question, seeds, jobs=1) if r.finding is not None), None)


def test_there_are_enough() -> None:
    assert len(MUTANTS) >= 16
    assert set(SAMPLE) <= set(MUTANTS)


@pytest.mark.parametrize(("mutant", "promise"), SAMPLE.items())
def test_sample_is_found(mutant: str, promise: str) -> None:
    result = first_finding(mutant, range(1, 31))
    assert result is not None
    assert result.finding is not None
    assert result.finding.promise == promise
    assert result.finding.broke is None


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_mutant_is_found(mutant: str) -> None:
    result = first_finding(mutant, range(1, WITHIN_SEEDS + 1))
    assert result is not None, f"not found within {WITHIN_SEEDS} seeds of a day"
    assert result.finding is not None
    assert result.finding.promise in PROMISES


def findings(seeds: range) -> list[tuple[int, Finding]]:
    results = list(search(Question(hours=24), seeds, jobs=1))
    assert summed(result.totals for result in results).fencings > len(seeds) / 2
    return [(result.seed, result.finding) for result in results if result.finding is not None]


def test_the_appliance_itself_survives_a_sample() -> None:
    assert findings(range(1, 41)) == []


@pytest.mark.slow
def test_the_appliance_itself_survives_more() -> None:
    assert findings(range(41, 341)) == []


def test_a_mutant_is_in_force_only_inside() -> None:
    mutant = find_mutant("lock-life-ignored")
    (patch,) = mutant.patches
    before = getattr(patch.owner, patch.name)
    with mutant.applied():
        assert getattr(patch.owner, patch.name) == patch.value
    assert getattr(patch.owner, patch.name) == before


def test_a_finding_becomes_a_small_scenario_and_a_story(tmp_path: Path) -> None:
    question = Question(hours=24, mutant="lease-without-quorum")
    result = first_finding(question.mutant, range(1, 31))
    assert result is not None
    lines, path = finish(question, result, tmp_path)
    scenario = load(path)
    assert len(scenario.steps) == 1
    assert len(scenario.layout.guests) == 1
    assert len(scenario.layout.nodes) <= 3
    told = "\n".join(lines)
    assert "is recovered only after its old node provably stopped" in told
    assert "lease-without-quorum" in told
    assert "does not show it" not in told, "a rehearsal of the file shows the violation again"


def test_without_a_checkout_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="from a checkout of Quorate"):
        load_mutants(tmp_path)
    with pytest.raises(ConfigError, match="no such deliberate fault 'fence'"):
        find_mutant("fence", FOLDER)
