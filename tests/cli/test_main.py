"""The `quorate` command itself: help, version, completion, and one line for what went wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conformance.cases import REPOSITORY

# A command that fails as asked, installed for one process by way of the same entry point group.
PLUGIN = """
import typer
from appliance.model.errors import ConfigError

def fail(how: str) -> None:
    if how == "config":
        raise ConfigError("not a number\\n(of seconds)", file="ha.cfg", line=3, field="timeout")
    if how == "file":
        open("/nonexistent/file")
    if how == "defect":
        raise RuntimeError("boom")

def register(app: typer.Typer) -> None:
    app.command("fail")(fail)
"""
METADATA = "Metadata-Version: 2.1\nName: failing\nVersion: 1\n"


def quorate(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    program = Path(sys.executable).with_name("quorate")
    return subprocess.run(
        [program, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    """A folder that adds the command `fail` to a process which has it on PYTHONPATH."""
    (tmp_path / "failing.py").write_text(PLUGIN)
    metadata = tmp_path / "failing-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(METADATA)
    (metadata / "entry_points.txt").write_text("[quorate.commands]\nfailing = failing:register\n")
    return str(tmp_path)


def test_version() -> None:
    result = quorate("--version")
    assert (result.returncode, result.stdout) == (0, f"quorate {version('quorate')}\n")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_teaches(flag: str) -> None:
    result = quorate(flag)
    assert result.returncode == 0
    assert "Examples" in result.stdout
    assert "Exit codes" in result.stdout


def test_a_plug_in_is_found(plugin: str) -> None:
    assert "fail" in quorate("--help", PYTHONPATH=plugin).stdout
    assert quorate("fail", "no", PYTHONPATH=plugin).returncode == 0


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("config", "error: ha.cfg:3: timeout: not a number (of seconds)\n"),
        ("file", "error: /nonexistent/file: No such file or directory\n"),
    ],
)
def test_a_mistake_is_one_line(plugin: str, how: str, line: str) -> None:
    result = quorate("fail", how, PYTHONPATH=plugin)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", line)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fnord",), "fnord"),
        (("--fnord",), "--fnord"),
        (("rehearse",), "FILE..."),
        (("rehearse", "--format", "xml", "x"), "'--format': 'xml' is not one of 'text', 'jsonl'"),
        (("rehearse", "--seed", "-1", "x"), "--seed"),
        (("explore", "--hours", "0"), "--hours"),
        (("replay",), "CASE_DIR"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_command_line_is_one_line(arguments: tuple[str, ...], told: str) -> None:
    result = quorate(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_defect_keeps_its_traceback(plugin: str) -> None:
    result = quorate("fail", "defect", PYTHONPATH=plugin)
    assert result.returncode == 1
    assert "RuntimeError: boom" in result.stderr


def test_an_unknown_command_is_refused() -> None:
    result = quorate("fnord")
    assert result.returncode == 2
    assert "fnord" in result.stderr
    assert "Traceback" not in result.stderr


def test_completion_completes() -> None:
    result = quorate(_QUORATE_COMPLETE="complete_bash", COMP_WORDS="quorate --vers", COMP_CWORD="1")
    assert result.stdout.split() == ["--version"]


def test_start_imports_nothing_heavy() -> None:
    """Every start pays for what command modules import at their top, so they import little."""
    program = (
        "import sys, typer.main\n"
        "from appliance.cli.main import build_app\n"
        "typer.main.get_command(build_app())\n"
        "heavy = {'rich', 'plotly', 'networkx', 'simpy', 'asyncio', 'sim', 'appliance.core',\n"
        "         'multiprocessing', 'concurrent.futures', 'tomllib'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
