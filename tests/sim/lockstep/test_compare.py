"""What counts as the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.model.errors import ConfigError
from sim.lockstep.compare import first_difference, read_records, read_vocabulary


def event(t: int, actor: str, kind: str = "status", **fields: Any) -> dict[str, Any]:
    return {"t": t, "actor": actor, "kind": kind, **fields}


A, B = event(1, "a", to="x"), event(2, "b")
ALL: frozenset[str] = frozenset()


def test_equal_runs() -> None:
    assert first_difference([A, B], [A, B], ALL) is None


@pytest.mark.parametrize(
    "actual",
    [
        [B, A],
        [A | {"more": 1}, B],
        [A, event(1, "a", "chatter"), B],
    ],
)
def test_what_is_tolerated(actual: list[dict[str, Any]]) -> None:
    assert first_difference([A, B], actual, frozenset({"status"})) is None


@pytest.mark.parametrize(
    ("actual", "said"),
    [
        ([A], "b event 0"),
        ([A, B, B], "b event 1"),
        ([A | {"t": 3}, B], "a event 0"),
        ([A | {"to": "y"}, B], "a event 0"),
        ([event(1, "a"), B], "a event 0"),
        ([A, event(2, "c")], "b event 0"),
    ],
)
def test_what_differs(actual: list[dict[str, Any]], said: str) -> None:
    difference = first_difference([A, B], actual, ALL)
    assert difference is not None
    assert difference.startswith(said)


def test_the_earliest_difference_is_told() -> None:
    wanted = [event(9, "a", to="x"), event(3, "b", to="x")]
    got = [event(9, "a", to="y"), event(3, "b", to="y")]
    assert str(first_difference(wanted, got, ALL)).startswith("b")


def test_removals_of_one_instant_have_no_order() -> None:
    def removals(*services: str) -> list[dict[str, Any]]:
        return [event(5, "a", "service_removed", service=service) for service in services]

    last = event(5, "a")
    assert first_difference([*removals("x", "y"), last], [*removals("y", "x"), last], ALL) is None
    later = event(6, "a", "service_removed", service="x")
    assert first_difference([*removals("y"), later], [later, *removals("y")], ALL) is not None


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "expected.jsonl"
    path.write_text('{"t": 1, "actor": "a", "kind": "k"}\n\n', encoding="utf-8")
    assert read_records(path) == [{"t": 1, "actor": "a", "kind": "k"}]
    path.write_text('{"t": 1, "actor": "a", "kind": "k"}\n{"t": 1}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"expected\.jsonl:2"):
        read_records(path)
    assert read_vocabulary(tmp_path) == frozenset()
    (tmp_path / "VOCABULARY.md").write_text("| kind |\n| `k` | t |\ntext `x`\n", encoding="utf-8")
    assert read_vocabulary(tmp_path) == {"k"}
