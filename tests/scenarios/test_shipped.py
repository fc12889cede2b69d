"""Scenario files are found by name, in a checkout and in an installed wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from appliance.model.errors import ConfigError
from scenarios import shipped
from tests.conformance.cases import REPOSITORY


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the installed package, with two scenarios and one finding."""
    for name in ("ha/power-loss", "ha/deep/one", "found/seed-1"):
        path = tmp_path / "scenarios" / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.setattr(shipped, "ROOT", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "scenarios"


def test_findings_are_not_shipped(installed: Path) -> None:
    assert shipped.shipped() == [installed / "ha/deep/one.toml", installed / "ha/power-loss.toml"]


@pytest.mark.parametrize(
    "name", ["ha/power-loss", "ha/power-loss.toml", "scenarios/ha/power-loss.toml"]
)
def test_a_shipped_scenario_is_found_from_anywhere(
    installed: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert shipped.locate(name) == installed / "ha/power-loss.toml"


def test_a_file_that_exists_wins(installed: Path) -> None:
    own = Path("ha/power-loss.toml")
    own.parent.mkdir()
    own.write_text("")
    assert shipped.locate(str(own)) == own
    assert installed.is_dir()


@pytest.mark.parametrize("name", ["ha/nothing", "../outside", "ha", ""])
def test_anything_else_is_refused(installed: Path, name: str) -> None:
    (installed.parent / "outside.toml").write_text("")
    with pytest.raises(ConfigError, match="no such scenario"):
        shipped.locate(name)


@pytest.mark.slow
def test_a_wheel_carries_every_scenario(tmp_path: Path) -> None:
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    ignore = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "found")
    shutil.copytree(REPOSITORY, source, ignore=ignore)
    (source / "scenarios/ha").mkdir(exist_ok=True)
    (source / "scenarios/ha/added-by-test.toml").write_text("")
    wheels.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation", source],
        cwd=wheels,
        check=True,
        capture_output=True,
    )
    (wheel,) = wheels.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    expected = {path.relative_to(source).as_posix() for path in source.glob("scenarios/**/*.toml")}
    assert expected <= carried
    assert "appliance/cli/main.py" in carried
    assert not any(name.startswith("tests/") for name in carried)
