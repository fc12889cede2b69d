"""`quorate replay`: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.lockstep.compare import EXPECTED
from tests.cli.test_main import quorate
from tests.sim.lockstep.rig import ON, files


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case folder with what it tells as its expectation."""
    folder = tmp_path / "cases" / "one"
    folder.mkdir(parents=True)
    for name, text in files(ON).items():
        (folder / name).write_text(text, encoding="utf-8")
    told = quorate("replay", str(folder))
    assert told.returncode == 0
    (folder / EXPECTED).write_text(told.stdout, encoding="utf-8")
    return folder


def test_events_are_json_lines(case: Path) -> None:
    events = [json.loads(line) for line in (case / EXPECTED).read_text("utf-8").splitlines()]
    assert {"t": 20, "actor": "cmdlist", "kind": "command", "command": ON[0]} in events
    assert all({"t", "actor", "kind"} <= event.keys() for event in events)


def test_sentences_on_request(case: Path) -> None:
    told = quorate("replay", str(case), "--format", "text").stdout
    assert "starting vm:100" in told
    assert "{" not in told


def test_all_cases_of_a_folder(case: Path) -> None:
    same = quorate("replay", "--all", str(case.parent))
    assert (same.returncode, same.stdout) == (0, "1 passed, 0 failed\n")
    lines = (case / EXPECTED).read_text("utf-8").splitlines(keepends=True)
    (case / EXPECTED).write_text("".join(lines[:-2]), encoding="utf-8")
    bare = case.parent / "two"
    bare.mkdir()
    (bare / "cmdlist").write_text("[]", encoding="utf-8")
    other = quorate("replay", "--all", str(case.parent))
    assert other.returncode == 1
    printed = other.stdout.splitlines()
    assert [line.split(":")[0] for line in printed[:-1]] == ["one", "two"]
    assert printed[-1] == "0 passed, 2 failed"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("service_config", "{", "service_config:1: is no valid JSON"),
        ("hardware_status", '{"node1": {"power": 1}}', "hardware_status: node1.power"),
    ],
)
def test_what_cannot_be_read_is_one_line(case: Path, name: str, text: str, said: str) -> None:
    (case / name).write_text(text, encoding="utf-8")
    found = quorate("replay", str(case))
    assert found.returncode == 2
    assert f"{case}/{said}" in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert quorate("replay", "--all", str(case.parent)).returncode == 1


def test_a_folder_without_cases_says_so(tmp_path: Path) -> None:
    found = quorate("replay", "--all", str(tmp_path))
    assert found.returncode == 2
    assert "no case in this folder" in found.stderr


@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["--all", "nowhere"], ["a", "--all", "b"]])
def test_without_a_case_there_is_nothing_to_do(arguments: list[str]) -> None:
    assert quorate("replay", *arguments).returncode == 2
