"""The lock: all that is installed, by version and hash, from wherever pip is told to look."""

from __future__ import annotations

import re
import tomllib

from tests.tidy.tree import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINNED = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^ ;\\]+)", re.MULTILINE)


def test_the_lock_names_no_registry() -> None:
    """No option line (`--index-url`, `--find-links`, ...), no address, no local path."""
    lines = LOCK.splitlines()
    assert [line for line in lines if line.startswith("-") or "://" in line or " @ " in line] == []


def test_every_requirement_is_locked() -> None:
    locked = {package for package, _ in PINNED.findall(LOCK)}
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(line for lines in extras.values() for line in lines)]
    names = {re.split(r"[<>=!~;\[ ]", line, maxsplit=1)[0].lower() for line in wanted}
    assert sorted(names - locked) == []


def test_every_package_has_a_hash() -> None:
    for block in re.split(r"\n(?=[a-z0-9])", LOCK.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]
