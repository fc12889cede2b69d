"""Words that may not stand in the tree, each with the reason."""

from __future__ import annotations

import re

import pytest

from tests.tidy.tree import name, texts

FORBIDDEN = {
    r"\bis_?simulated\b": "product code never asks which world it runs in: use a port",
    r"\b(TODO|FIXME|XXX|HACK)\b": "finish it, or say in the documentation what is not built",
    r"(?<![\w.~-])/(work|home/\w+|Users)/": "a path of one machine",
    r"\.\./shared/(?!corpus\b)": "a folder that a reader does not have",
    r"\b(design|ha-core|ha-simulator|model-codebases|common)\.md\b|\bfacts/": "no such page here",
    r"\b(subagent|per the brief|as requested|in this session|my worktree)\b": "talk about the work",
    r"\bMock\(|\bMagicMock\b|unittest\.mock": "the simulator's ports are the fakes",
    r"#\s*noqa\s*$|#\s*type:\s*ignore\s*$": "name the rule that is set aside",
}


@pytest.mark.parametrize(("pattern", "reason"), FORBIDDEN.items(), ids=list(FORBIDDEN))
def test_no_forbidden_words(pattern: str, reason: str) -> None:
    searched = re.compile(pattern, re.IGNORECASE if pattern.islower() else 0)
    found = [
        f"{name(path)}:{number}"
        for path in texts()
        if path.name != "test_words.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if searched.search(line)
    ]
    assert found == [], reason


@pytest.mark.parametrize(
    "line",
    [
        "if env.is_simulated:",
        "if env.isSimulated():",
        "# TODO: later",
        "see /home/me/notes",
        "(../shared/notes)",
        "facts/one",
        "as requested",
        "port = Mock()",
        "x = 1  # type: ignore",
    ],
)
def test_the_patterns_match_what_they_are_for(line: str) -> None:
    assert any(re.search(pattern, line, re.IGNORECASE) for pattern in FORBIDDEN)
