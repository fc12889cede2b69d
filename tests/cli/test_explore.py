"""`quorate explore` as people run it: exit codes, totals, findings, mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.explore.mutants import load_mutants
from scenarios.format.load import load
from tests.cli.test_main import quorate

SHORT = ("--hours", "6", "--jobs", "1")


def explored(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    result = quorate("explore", "--format", "jsonl", *arguments)
    assert result.returncode in (0, 1), result.stderr
    return result.returncode, [json.loads(line) for line in result.stdout.splitlines()]


def test_totals_do_not_depend_on_the_jobs() -> None:
    code, alone = explored("--seeds", "1-9", "--hours", "6", "--jobs", "1")
    _, together = explored("--seeds", "1-9", "--hours", "6", "--jobs", "2")
    assert code == 0
    assert alone == together
    (totals,) = alone
    assert totals["kind"] == "totals"
    assert totals["seeds"] == 9
    assert totals["findings"] == 0
    assert totals["simulated_s"] >= 9 * 6 * 3600
    assert sum(totals["faults"].values()) > 0
    assert totals["fencings"] > 0
    assert totals["recoveries"] > 0
    assert totals["downtime_s"]["50%"] <= totals["downtime_s"]["longest"]


def test_the_hash_seed_changes_nothing() -> None:
    usual = quorate("explore", "--format", "jsonl", "--seeds", "1-3", *SHORT, PYTHONHASHSEED="1")
    other = quorate("explore", "--format", "jsonl", "--seeds", "1-3", *SHORT, PYTHONHASHSEED="2")
    assert usual.stdout == other.stdout


def test_polling_changes_nothing_but_the_work() -> None:
    seeds = ("--seeds", "2,5", "--hours", "1", "--jobs", "1")
    (usual,), (polled,) = explored(*seeds)[1], explored(*seeds, "--polled")[1]
    assert {**polled, "events": 0} == {**usual, "events": 0}


def test_text_totals() -> None:
    result = quorate("explore", "--seeds", "1,2", *SHORT)
    assert result.returncode == 0, result.stderr
    for word in ("seeds", "simulated time", "faults", "guest downtimes", "days a second"):
        assert word in result.stdout


def test_a_mutant_is_found_told_and_written(tmp_path: Path) -> None:
    code, lines = explored(
        "--seeds", "1-40", "--mutant", "watchdog-fed-without-lock", "--found", str(tmp_path)
    )
    assert code == 1
    finding, found, totals = lines
    assert finding["promise"] == "fenced-before-recovery"
    assert totals["findings"] == 1
    assert totals["seeds"] == finding["seed"]
    assert Path(found["file"]).parent == tmp_path
    scenario = load(Path(found["file"]))
    assert scenario.seed == finding["seed"]
    assert len(scenario.steps) < 5


def test_list_mutants() -> None:
    result = quorate("explore", "--list-mutants")
    assert result.returncode == 0
    assert result.stdout.split() == list(load_mutants())


def test_a_cluster_of_a_scenario_file() -> None:
    code, lines = explored(
        "--topology", "scenarios/ha/power-loss.toml", "--seeds", "1", "--faults", "power", *SHORT
    )
    assert code == 0
    assert set(lines[-1]["faults"]) <= {"power"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--seeds", "9-1"), "--seeds: '9-1' ends before it begins"),
        (("--faults", "fire"), "--faults: unknown kind 'fire'"),
        (("--mutant", "fence-wait-skiped"), "did you mean 'fence-wait-skipped'"),
        (("--topology", "nowhere.toml"), "nowhere.toml: no such scenario file"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    result = quorate("explore", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
