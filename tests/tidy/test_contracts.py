"""The architecture holds, and each contract catches the import that it exists to forbid."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGES, ROOT

# contract: (module that gets a bad import, the import)
VIOLATIONS: dict[str, list[tuple[str, str]]] = {
    "layers": [
        ("appliance/core/__init__.py", "import appliance.services"),
        ("appliance/model/__init__.py", "import appliance.ports"),
        ("appliance/services/__init__.py", "import appliance.api"),
        ("appliance/api/__init__.py", "import appliance.cli.main"),
        ("appliance/cli/__init__.py", "import appliance.daemon"),
        ("appliance/unplaced.py", '"""In no layer."""'),
    ],
    "no-simulation": [
        ("appliance/core/__init__.py", "import sim"),
        ("appliance/cli/main.py", "import scenarios.cli"),
        ("appliance/daemon/__init__.py", "import simpy"),
        ("drivers/__init__.py", "import simpy.events"),
    ],
    "no-io": [
        ("appliance/core/__init__.py", "import time"),
        ("appliance/model/__init__.py", "from random import Random"),
        ("appliance/services/__init__.py", "import asyncio"),
        ("appliance/ports/__init__.py", "from pathlib import Path"),
        ("appliance/api/__init__.py", "def handler():\n    import os.path"),
    ],
    "two-worlds": [
        ("sim/__init__.py", "import drivers"),
        ("drivers/__init__.py", "import sim"),
    ],
    "driver-families": [("drivers/sqlite/__init__.py", "import drivers.corosync.parts")],
    "scenarios-on-top": [("sim/__init__.py", "import scenarios")],
    "drivers-by-daemon": [
        ("appliance/services/__init__.py", "import drivers"),
        ("scenarios/__init__.py", "import drivers"),
    ],
    "one-kernel": [
        ("sim/hardware_model.py", "import simpy"),
        ("scenarios/__init__.py", "from simpy import Environment"),
    ],
}
CASES = [
    pytest.param(contract, *violation, id=f"{contract}: {violation[0]}: {violation[1]}")
    for contract, violations in VIOLATIONS.items()
    for violation in violations
]


def lint_imports(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages of `folder`, on all contracts or on one."""
    chosen = ["--contract", contract] if contract else []
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", "--config", "pyproject.toml", *chosen],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, free to be spoilt."""
    ignore = shutil.ignore_patterns("__pycache__", "*.toml", "*.html")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("contract", "module", "bad_import"), CASES)
def test_violation_is_caught(copy: Path, contract: str, module: str, bad_import: str) -> None:
    before = lint_imports(copy, contract)
    assert before.returncode == 0, before.stdout + before.stderr

    path = copy / module
    text = path.read_text("utf-8") if path.exists() else ""
    path.write_text(f"{text}\n{bad_import}\n", "utf-8")
    after = lint_imports(copy, contract)

    assert after.returncode == 1, after.stdout + after.stderr
    assert "Contracts: 0 kept, 1 broken." in after.stdout


def test_every_contract_has_a_violation() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    declared = {contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]}
    assert declared == set(VIOLATIONS)


def test_the_kernel_may_import_simpy(copy: Path) -> None:
    kernel = copy / "sim" / "kernel.py"
    kernel.write_text('"""The one place."""\nimport simpy\nimport simpy.events\n', "utf-8")
    result = lint_imports(copy, "one-kernel")
    assert result.returncode == 0, result.stdout
