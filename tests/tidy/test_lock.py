"""The lock: all that is installed, by version and hash, from wherever pip is told to look."""

from __future__ import annotations

import re
import tomllib

from tests.tidy.tree import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
# What is compiled on the machine, and installed only where that can be done.
FUSE_LOCK = (ROOT / "requirements-fuse.lock").read_text("utf-8")
LOCKS = (LOCK, FUSE_LOCK)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINNED = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^ ;\\]+)", re.MULTILINE)


def test_the_lock_names_no_registry() -> None:
    """No option line (`--index-url`, `--find-links`, ...), no address, no local path."""
    lines = [line for lock in LOCKS for line in lock.splitlines()]
    assert [line for line in lines if line.startswith("-") or "://" in line or " @ " in line] == []


def test_every_requirement_is_locked() -> None:
    locked = {package for lock in LOCKS for package, _ in PINNED.findall(lock)}
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(line for lines in extras.values() for line in lines)]
    names = {re.split(r"[<>=!~;\[ ]", line, maxsplit=1)[0].lower() for line in wanted}
    assert sorted(names - locked) == []


def test_every_package_has_a_hash() -> None:
    for lock in LOCKS:
        for block in re.split(r"\n(?=[a-z0-9])", lock.strip()):
            assert "--hash=sha256:" in block, block.splitlines()[0]


def test_what_needs_a_compiler_is_in_no_lock_that_everybody_installs() -> None:
    assert "pyfuse3" in dict(PINNED.findall(FUSE_LOCK))
    assert "pyfuse3" not in dict(PINNED.findall(LOCK))
