"""The documentation is whole: every page can be reached, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from appliance.cli.main import build_app
from tests.tidy.tree import ROOT, name, texts

DOCS = ROOT / "docs"
GENERAL = "quorate"  # docs/commands/quorate.md is about all commands
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)[^)]*\)")
PAGES = [path for path in texts() if path.suffix == ".md"]
DESIGN = sorted((DOCS / "design").glob("*"))
VERSION = re.compile(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}")
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def links(page: Path) -> list[Path]:
    """The files that a page links to."""
    targets = LINK.findall(page.read_text("utf-8"))
    return [(page.parent / target).resolve() for target in targets if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [str(target) for target in links(page) if not target.exists()] == []


def test_every_page_is_linked_from_the_index() -> None:
    linked = set(links(DOCS / "index.md"))
    pages = {page for page in PAGES if page.is_relative_to(DOCS) and page.name != "index.md"}
    assert pages
    assert sorted(name(page) for page in pages - linked) == []


def test_every_command_has_a_page_and_every_page_a_command() -> None:
    group = typer.main.get_group(build_app())
    pages = {page.stem for page in (DOCS / "commands").glob("*.md")}
    assert pages == {*group.commands, GENERAL}


def test_every_option_is_on_its_command_page() -> None:
    group = typer.main.get_group(build_app())
    missing = []
    for command_name, command in group.commands.items():
        page = (DOCS / "commands" / f"{command_name}.md").read_text("utf-8")
        below = getattr(command, "commands", {}).values()
        options = {
            option
            for one in (command, *below)
            for parameter in one.params
            for option in parameter.opts
        }
        missing += [
            f"{command_name} {option}"
            for option in sorted(options)
            if option.startswith("--") and f"{option}" not in page
        ]
    assert missing == []


@pytest.mark.parametrize("note", DESIGN, ids=name)
def test_design_notes_are_numbered(note: Path) -> None:
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", note.name)
    assert note.read_text("utf-8").startswith("# ")
    assert sum(other.name[:4] == note.name[:4] for other in DESIGN) == 1


def test_changelog_has_its_form() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
    assert lines[0] == "# Changelog"
    releases = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert releases[0] == "[Unreleased]"
    assert [line for line in releases[1:] if not VERSION.fullmatch(line)] == []
    assert {line.removeprefix("### ") for line in lines if line.startswith("### ")} <= KINDS
