"""The files of the repository as the tidy tests see them."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("appliance", "sim", "drivers", "scenarios")
DECIDING = ("model", "core", "ports", "services", "api")
SUFFIXES = {".py", ".md", ".toml", ".html", ".css", ".js"}
NAMES = {"Makefile", "run", "LICENSE", ".gitignore"}
GENERATED = {"build", "dist"}


def _kept(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    hidden = any(part.startswith(".") and part not in (".ci", ".gitignore") for part in parts)
    found = parts[:2] == ("scenarios", "found")  # the explorer writes there
    generated = parts[0] in GENERATED or parts[0].endswith(".egg-info")
    return not (hidden or found or generated)


@functools.cache
def texts() -> tuple[Path, ...]:
    """Every file that people write, in the order of their paths."""
    found = (p for p in ROOT.rglob("*") if p.suffix in SUFFIXES or p.name in NAMES)
    return tuple(sorted(path for path in found if path.is_file() and _kept(path)))


def python(*folders: str) -> list[Path]:
    """The Python files below these folders of the repository (all folders when none is named)."""
    roots = [ROOT / folder for folder in folders] or [ROOT]
    return [
        path
        for path in texts()
        if path.suffix == ".py" and any(path.is_relative_to(root) for root in roots)
    ]


def deciding() -> list[Path]:
    """The Python files that run unchanged in both worlds."""
    return python(*(f"appliance/{layer}" for layer in DECIDING))


@functools.cache
def syntax(path: Path) -> ast.Module:
    """A Python file's syntax tree."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def name(path: Path) -> str:
    """A file's path inside the repository."""
    return path.relative_to(ROOT).as_posix()
