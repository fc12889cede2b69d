"""The reader of recorded cases, on a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.cases import ENVIRONMENT, case_id, corpus, ha_case_dirs, need, suite


def write(folder: Path, name: str, *ids: str) -> None:
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    cases = [{"id": identity, "input": {}, "expect": {}} for identity in ids]
    path.write_text(json.dumps({"suite": name, "context": {"from": name}, "cases": cases}))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    write(tmp_path, "area/rules", "r1", "r2")
    write(tmp_path, "area/rules_more", "r3")
    write(tmp_path, "area/rules_observed", "r4")
    write(tmp_path, "area/fence", "f1")
    return tmp_path


def test_a_suite_is_all_its_files_but_the_probes(folder: Path) -> None:
    assert corpus() == folder
    assert [case_id(case) for case in suite("area", "rules")] == ["r1", "r2", "r3"]
    assert [case_id(case) for case in suite("area", "rules", observed=True)] == [
        "r1",
        "r2",
        "r3",
        "r4",
    ]


def test_a_case_knows_its_suite_and_context(folder: Path) -> None:
    (case,) = suite("area", "fence")
    assert (case["suite"], case["context"]) == ("area/fence", {"from": "area/fence"})
    assert folder.is_dir()


def test_case_folders_have_a_command_list(folder: Path) -> None:
    for name in ("b", "a", "not-a-case"):
        (folder / "ha" / name).mkdir(parents=True)
    for name in ("b", "a"):
        (folder / "ha" / name / "cmdlist").write_text("[]")
    assert [path.name for path in ha_case_dirs("ha")] == ["a", "b"]


def test_no_case_is_a_skip_with_a_reason(folder: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="no case of area/none"):
        need(suite("area", "none"), "area/none")
    need(suite("area", "fence"), "area/fence")
    assert folder.is_dir()
