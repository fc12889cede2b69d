"""`quorate rehearse`: exit codes, what is printed, and errors that show the place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from appliance.cli.main import build_app

GOOD = """\
[scenario]
name = "Good"
why = "All is well."
duration = "6m"

[cluster]
nodes = 3

[[guest]]
sid = "vm:100..102"
node = "spread"

[[step]]
name = "cut"
at = "2m"
fault = "power"
node = "node3"
permanent = true

[[expect]]
that = "all guests running"
after = "cut"
within = "4m"
"""
BAD = GOOD.replace('"Good"', '"Bad"').replace('"4m"', '"1m"')


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {"good": GOOD, "bad": BAD, "deep/good": GOOD}.items():
        path = tmp_path / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def rehearse(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["rehearse", *arguments])


@pytest.mark.usefixtures("files")
def test_exit_code_0_when_all_held() -> None:
    result = rehearse("good.toml")
    assert result.exit_code == 0
    assert "held    all guests running, within 4m after cut: after " in result.output
    assert "6m simulated, journal " in result.output


@pytest.mark.usefixtures("files")
def test_exit_code_1_when_one_did_not() -> None:
    result = rehearse("good.toml", "bad.toml")
    assert result.exit_code == 1
    assert "FAILED  all guests running, within 1m after cut" in result.output
    assert "bad.toml, line 21" in result.output
    assert "2 scenarios, 1 of 2 expectations held" in result.output
    assert "1 of 2 scenarios failed" in result.output


@pytest.mark.usefixtures("files")
def test_a_folder_is_all_files_below_it() -> None:
    result = rehearse("deep", "good.toml")
    assert result.exit_code == 0
    assert "2 scenarios, 2 of 2 expectations held" in result.output


@pytest.mark.usefixtures("files")
def test_several_at_a_time_come_in_order() -> None:
    alone, together = rehearse("good.toml", "bad.toml"), rehearse("good.toml", "bad.toml", "-j2")
    assert together.exit_code == 1

    def without_times(output: str) -> list[str]:
        return [
            line for line in output.splitlines() if " s of CPU" not in line and " s " not in line
        ]

    assert without_times(together.output) == without_times(alone.output)


@pytest.mark.usefixtures("files")
def test_jsonl_is_the_journal_and_a_result() -> None:
    result = rehearse("good.toml", "bad.toml", "--format", "jsonl")
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    first, *_ = lines
    assert (first["t"], first["kind"], first["actor"]) == (0.0, "world", "world")
    good, bad = [line for line in lines if line["kind"] == "result"]
    assert (good["name"], good["passed"], good["checks"][0]["held"]) == ("Good", True, True)
    assert (bad["name"], bad["passed"], bad["checks"][0]["held"]) == ("Bad", False, False)
    assert good["digest"] == bad["digest"]
    assert good["downtime_s"]["vm:102"] > 60
    assert lines.index(good) == good["records"]


@pytest.mark.usefixtures("files")
def test_the_seed_and_the_mode_are_options() -> None:
    def digest(*options: str) -> str:
        last = rehearse("good.toml", "--format", "jsonl", *options).stdout.splitlines()[-1]
        return str(json.loads(last)["digest"])

    assert digest() == digest("--polled") == digest("--seed", "1")
    assert digest("--seed", "2") != digest()


@pytest.mark.usefixtures("files")
def test_events_are_printed_as_text() -> None:
    result = rehearse("good.toml", "--events")
    assert "00:02:00.0  world        !  fault 1: power node3" in result.output


def test_a_report_is_written(files: Path) -> None:
    result = rehearse("good.toml", "--report", "build/report.html")
    assert result.exit_code == 0
    assert "report: build/report.html" in result.output
    assert "All is well." in (files / "build/report.html").read_text("utf-8")


@pytest.mark.usefixtures("files")
def test_the_live_view_prints_lines_where_there_is_no_terminal() -> None:
    result = rehearse("good.toml", "--live")
    assert result.exit_code == 0
    assert "fault 1: power node3" in result.output
    assert "held    all guests running" in result.output


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("option", [("--report", "r.html"), ("--live",), ("--events",)])
def test_what_shows_one_file_takes_one(option: tuple[str, ...]) -> None:
    result = rehearse("good.toml", "bad.toml", *option)
    assert result.exit_code == 2
    assert f"{option[0]} shows one file, not 2" in result.output


@pytest.mark.usefixtures("files")
def test_options_that_cannot_be_had_together() -> None:
    result = rehearse("good.toml", "--live", "--format", "jsonl")
    assert result.exit_code == 2
    assert "exclude each other" in result.output


def test_a_report_cannot_be_a_folder(files: Path) -> None:
    result = rehearse("good.toml", "--report", str(files / "deep"))
    assert result.exit_code == 2
    assert "is a folder" in result.output
    assert "simulated" not in result.output


def test_a_bad_file_is_told_with_its_place_before_anything_runs(files: Path) -> None:
    (files / "wrong.toml").write_text(GOOD.replace("all guests", "all guest"), "utf-8")
    result = rehearse("good.toml", "wrong.toml")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: wrong.toml:21: expect.that: ")
    message, text, caret = result.stderr.splitlines()
    assert "(column" in message
    assert text == "  all guest running"
    assert caret.strip() == "^"


@pytest.mark.usefixtures("files")
def test_no_such_file() -> None:
    result = rehearse("nothing.toml")
    assert result.exit_code == 2
    assert "nothing.toml: no such scenario file" in result.stderr


def test_an_empty_folder(files: Path) -> None:
    (files / "empty").mkdir()
    result = rehearse("empty")
    assert result.exit_code == 2
    assert "empty: no scenario file in this folder" in result.stderr


def test_a_command_that_does_not_exist_is_told_with_its_place(files: Path) -> None:
    odd = GOOD + '\n[[step]]\nat = "1m"\noperator = "ha-manager dance vm:100"\n'
    (files / "odd.toml").write_text(odd, "utf-8")
    result = rehearse("odd.toml")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: odd.toml:27: step.operator: ")
