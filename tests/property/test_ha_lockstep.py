"""Random runs in lock step: no surprise, no guest twice, steady orders as in the reference."""

from __future__ import annotations

import json

import pytest

from appliance.core.ha.draft import Draft
from appliance.model.events import Event
from appliance.model.ha.status import ServiceStatus
from sim.lockstep.driver import Driver
from sim.lockstep.events import RunAborted
from sim.lockstep.inputs import parse_case
from tests.property.ha_cases import make_case

# What the reference simulator ends a run for.
FORESEEN = (
    "no such service",
    "exists already",
    "watchdog expired",
    "cfs connection refused",
    "not implemented",
    "force end",
)
BATCHES = [range(start, start + 25) for start in range(0, 150, 25)]


def play(files: dict[str, str]) -> list[tuple[int, str, Event]]:
    return Driver(parse_case(files)).run()


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_runs_end_well_or_for_a_foreseen_reason(seeds: range) -> None:
    for seed in seeds:
        last = play(make_case(seed))[-1][2]
        assert not isinstance(last, RunAborted) or any(
            reason in last.reason for reason in FORESEEN
        ), (seed, last)


def _always_a_new_order(draft: Draft, sid: str, status: ServiceStatus, *, good: bool) -> None:
    """The reference's scheme in so many words: whoever was answered gets a new order."""
    draft.renew_order(sid)


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_steady_orders_are_the_reference_scheme_renamed(
    seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = {seed: play(make_case(seed)) for seed in seeds}
    monkeypatch.setattr("appliance.core.ha.handlers._ask_again", _always_a_new_order)
    for seed, journal in steady.items():
        assert play(make_case(seed)) == journal, seed


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_no_guest_ever_runs_on_two_nodes(seeds: range) -> None:
    """From an orderly start, and while HA is armed: then nobody promises anything."""
    for seed in seeds:
        files = make_case(seed) | {"manager_status": "{}"}
        steps = json.loads(files["cmdlist"])
        files["cmdlist"] = json.dumps(
            [[c for c in step if "disarm" not in c and " add " not in c] for step in steps]
        )
        driver = Driver(parse_case(files))
        for _ in driver.rounds():
            running = [
                sid
                for machine in driver.hardware.nodes.values()
                for sid, runs in machine.running.items()
                if runs
            ]
            assert len(running) == len(set(running)), (seed, driver.hardware.now_s)


def test_the_same_case_gives_the_same_journal() -> None:
    assert play(make_case(3)) == play(make_case(3))
