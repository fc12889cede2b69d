"""Facts as JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from appliance.model.store.changes import File
from sim.layout import ClusterLayout, LinkSpec, NodeSpec, QuorumSpec, StorageSpec
from sim.stage.plain import from_plain, to_plain


@dataclass(frozen=True)
class Part:
    name: str
    pairs: tuple[tuple[str, int], ...] = ()


@dataclass
class Whole:
    content: bytes
    parts: list[Part]
    by_name: Mapping[str, Part] = field(default_factory=dict)
    maybe: Part | None = None
    number: float | None = None
    file: File | None = None


@pytest.mark.parametrize(
    "value",
    [
        Whole(b"\x00\xff", []),
        Whole(
            b"",
            [Part("a", (("x", 1), ("y", 2)))],
            {"b": Part("b")},
            Part("c"),
            1.5,
            File(b"x", 2, 3, "n1"),
        ),
        ClusterLayout(
            (NodeSpec("n1"), NodeSpec("n2", site="b", votes=2)),
            (LinkSpec("l", {"site1": "s1", "b": "s2"}),),
            QuorumSpec(wait_for_all=True),
            (StorageSpec("p", nodes=("n1",)),),
        ),
    ],
)
def test_what_is_written_is_read_as_the_same(value: object) -> None:
    text = json.dumps(to_plain(value))
    assert from_plain(type(value), json.loads(text)) == value
