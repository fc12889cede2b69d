"""Sizes that keep a file and a function readable, and what every module begins with."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGES, name, python, syntax, texts

FILE_LINES = 450
FUNCTION_LINES = 60
COLUMNS = 100
PROSE_COLUMNS = {
    ".md",
    ".html",
    ".css",
    ".js",
}  # prose and generated pages wrap where they are read

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Every function and method of a file."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, Function):
            yield node


def test_files_are_short() -> None:
    sizes = {name(path): len(path.read_text("utf-8").splitlines()) for path in python(*PACKAGES)}
    assert {path: size for path, size in sizes.items() if size > FILE_LINES} == {}


def test_functions_are_short() -> None:
    sizes = {
        f"{name(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in python(*PACKAGES)
        for node in functions(path)
    }
    assert {place: size for place, size in sizes.items() if size > FUNCTION_LINES} == {}


def test_lines_are_short() -> None:
    wide = [
        f"{name(path)}:{number}"
        for path in texts()
        if path.suffix not in PROSE_COLUMNS and path.name not in ("Makefile", "LICENSE")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if len(line) > COLUMNS
    ]
    # One sentence that describes the project may not wrap in TOML.
    assert [place for place in wide if not place.startswith("pyproject.toml:8")] == []


def test_text_files_are_clean() -> None:
    """No tabs (but in the Makefile), no trailing blanks, one newline at the end."""
    dirty = []
    for path in texts():
        text = path.read_text("utf-8")
        blanks = any(line != line.rstrip() for line in text.splitlines())
        tabs = "\t" in text and path.name != "Makefile"
        end = text != "" and not (text.endswith("\n") and not text.endswith("\n\n"))
        if blanks or tabs or end:
            dirty.append(name(path))
    assert dirty == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_code_is_a_package_that_says_what_it_is(package: str) -> None:
    folders = {path.parent for path in python(package)}
    assert folders
    for folder in sorted(folders):
        init = folder / "__init__.py"
        assert init.is_file(), f"{name(folder)} has no __init__.py"
        assert ast.get_docstring(syntax(init)), f"{name(init)} has no docstring"


def test_every_module_postpones_annotations() -> None:
    """`from __future__ import annotations` keeps start-up fast and names free of order."""
    missing = []
    for path in python():
        body = [node for node in syntax(path).body if not isinstance(node, ast.Expr)]
        if not any(isinstance(node, Function | ast.ClassDef | ast.AnnAssign) for node in body):
            continue
        first = body[0]
        if not (isinstance(first, ast.ImportFrom) and first.module == "__future__"):
            missing.append(name(path))
    assert missing == []


def test_the_walk_sees_the_tree() -> None:
    """The tests above prove something: the walk finds the files that are known to be there."""
    seen = {name(path) for path in texts()}
    assert {"Makefile", "README.md", ".ci/run", "appliance/cli/main.py", "docs/index.md"} <= seen
    assert not any(path.startswith((".venv", "build")) for path in seen)
