"""What processes wrote down is read back, and what is wrong with it is found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.histories.evidence import Evidence

Line = Sequence[object]
EPOCH = [1, "n1", "boot"]
SESSION = ["session", EPOCH, ["n1", "n2"]]
CALLED = ["called", "a", 7, "WRITE", 1.0, None, 0, None]
ENDED = ["ended", "a", 7, "WRITE", 1.0, 2.0, 0, 2]
COMMITTED = ["committed", [[EPOCH, 2, "ab", [7]]]]
READ = ["ended", "a", 8, "READ", 3.0, 4.0, 7, None]
GOOD = (SESSION, CALLED, COMMITTED, ENDED, READ)


def judged(folder: Path, *lives: tuple[Line, ...]) -> Evidence:
    """Each life is of another node: n1, n2, ..."""
    evidence = Evidence({"n1": 1, "n2": 1, "n3": 1})
    for number, lines in enumerate(lives, start=1):
        file = folder / f"{number}.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        evidence.read(f"n{number}", file)
    evidence.wrong = evidence.judge()
    return evidence


def test_a_good_history(tmp_path: Path) -> None:
    evidence = judged(tmp_path, GOOD, (COMMITTED,))
    assert evidence.wrong == []
    assert (evidence.operations, evidence.answered) == (2, 2)


def test_a_process_killed_in_the_middle_of_a_line(tmp_path: Path) -> None:
    file = tmp_path / "1.jsonl"
    file.write_text(json.dumps(CALLED) + "\n" + json.dumps(ENDED)[:20])
    evidence = Evidence({"n1": 1})
    evidence.read("n1", file)
    assert evidence.outcomes == {"unknown": 1}
    assert evidence.judge() == []


@pytest.mark.parametrize(
    ("lives", "told"),
    [
        pytest.param([(SESSION, CALLED, ENDED)], "is not version 2", id="nobody has it"),
        pytest.param(
            [GOOD, (["committed", [[EPOCH, 2, "cd", [7]]]],)], "two contents", id="members differ"
        ),
        pytest.param(
            [(["session", EPOCH, ["n1"]], *GOOD[1:])], "acknowledged among n1", id="a minority"
        ),
        pytest.param(
            [(*GOOD, ["ended", "a", 9, "READ", 5.0, 6.0, 0, None])],
            "not linearizable",
            id="gone again",
        ),
        pytest.param(
            [(["held", "manager", 1.0, 2.0],), (["held", "manager", 1.5, 1.6],)],
            "n1 and n2 both hold manager",
            id="two holders",
        ),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, lives: list[tuple[Line, ...]], told: str) -> None:
    assert any(told in wrong for wrong in judged(tmp_path, *lives).wrong)
