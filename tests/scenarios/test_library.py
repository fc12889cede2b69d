"""Every shipped scenario holds, whatever the mode of the simulation, and for more than one seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.explore.mutants import load_mutants
from scenarios.format import load
from scenarios.format.values import FaultAction
from scenarios.run import rehearse
from scenarios.shipped import shipped
from scenarios.story import failures, short_name
from sim.faults import KINDS

FILES = shipped()
SAMPLE = FILES[::6]


def named(path: Path) -> str:
    return short_name(str(path))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_it_holds(path: Path) -> None:
    result, _ = rehearse(load(path))
    assert result.passed, "\n".join(failures(result))
    assert result.end_s == load(path).duration_s


@pytest.mark.parametrize("path", SAMPLE, ids=named)
def test_it_holds_for_another_seed(path: Path) -> None:
    result, _ = rehearse(load(path), seed=20)
    assert result.passed, "\n".join(failures(result))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_polling_changes_nothing(path: Path) -> None:
    scenario = load(path)
    coasting, _ = rehearse(scenario)
    polled, _ = rehearse(scenario, coasting=False)
    assert polled.digest == coasting.digest
    assert polled.expectations == coasting.expectations


@pytest.mark.parametrize("path", SAMPLE, ids=named)
def test_looking_changes_nothing(path: Path) -> None:
    """The same run without a single expectation has the same journal."""
    scenario = load(path)
    watched, _ = rehearse(scenario)
    blind, _ = rehearse(replace(scenario, expectations=(), nevers=()))
    assert blind.digest == watched.digest


def test_the_library_is_wide() -> None:
    """It has every kind of fault, and every folder that the documentation promises."""
    used = {
        step.action.fault.kind
        for path in FILES
        for step in load(path).steps
        if isinstance(step.action, FaultAction)
    }
    assert used == set(KINDS)
    assert len(FILES) >= 45


def test_no_two_scenarios_have_one_name() -> None:
    names = [load(path).name for path in FILES]
    assert sorted(set(names)) == sorted(names)


# This one goes around in circles within a single round, so a rehearsal of it does not end.
ENDLESS = "recovery-to-offline-node"


@pytest.mark.parametrize("mutant", [name for name in load_mutants() if name != ENDLESS])
def test_a_deliberate_fault_makes_some_scenario_fail(mutant: str) -> None:
    """What is expected of the library's clusters would not hold if the core were broken."""
    runs = (rehearse(replace(load(path), mutant=mutant))[0] for path in FILES)
    assert any(not result.passed for result in runs)
