"""The check of answers itself: each kind of misfit is found, and good answers pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.returns import contract, misfits, problems, template_of
from tests.api.rig import Nodes
from tests.conformance.cases import need

ROW = {
    "type": "object",
    "properties": {
        "node": {"type": "string", "format": "pve-node"},
        "online": {"type": "boolean", "optional": True},
        "cpu": {"type": "number", "optional": True, "minimum": 0},
        "vmid": {"type": "integer", "optional": 1, "maximum": 200},
        "state": {"type": "string", "optional": 1, "enum": ["on", "off"]},
        "nodes": {"type": "string", "optional": 1, "format": "pve-node-list"},
        "id": {"type": "string", "optional": 1, "pattern": "[a-f]+"},
    },
}
CLOSED = {**ROW, "additionalProperties": 0}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
RULE = {"pos": "0", "type": "in", "action": "ACCEPT"}


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({}, {"anything": True}),
        ({"type": "null"}, None),
        (ROW, {"node": "n1"}),
        (ROW, {"node": "n1", "online": 1, "cpu": 0.5, "vmid": 100, "more": [None]}),
        (ROW, {"node": "n1", "cpu": 0, "state": "off", "nodes": "a,b", "id": ""}),
        ({"type": "array", "items": ROW}, [{"node": "a"}, {"node": "b"}]),
        ({"type": "array"}, [1, "2"]),
        (TEXTS, {"a": "b"}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 5),
        ({"type": "string", "pattern": "(?<broken"}, "x"),
    ],
)
def test_good_answers(schema: dict[str, Any], data: Any) -> None:
    assert list(misfits(schema, data)) == []


@pytest.mark.parametrize(
    ("schema", "data", "place"),
    [
        ({"type": "null"}, {}, ""),
        (ROW, [], ""),
        (ROW, {}, "node"),
        (ROW, {"node": None}, "node"),
        (ROW, {"node": "n_1"}, "node"),
        (ROW, {"node": "a", "online": True}, "online"),
        (ROW, {"node": "a", "online": 2}, "online"),
        (ROW, {"node": "a", "online": "1"}, "online"),
        (ROW, {"node": "a", "cpu": "0.5"}, "cpu"),
        (ROW, {"node": "a", "cpu": -0.5}, "cpu"),
        (ROW, {"node": "a", "cpu": float("nan")}, "cpu"),
        (ROW, {"node": "a", "vmid": 1.0}, "vmid"),
        (ROW, {"node": "a", "vmid": "100"}, "vmid"),
        (ROW, {"node": "a", "vmid": 201}, "vmid"),
        (ROW, {"node": "a", "state": "paused"}, "state"),
        (ROW, {"node": "a", "nodes": ["a"]}, "nodes"),
        (ROW, {"node": "a", "nodes": "a,b_c"}, "nodes"),
        (ROW, {"node": "a", "id": "xyz"}, "id"),
        (CLOSED, {"node": "a", "more": 1}, "more"),
        (TEXTS, {"a": 1}, "a"),
        ({"type": "array", "items": ROW}, [{"node": "a"}, {}], "[1].node"),
        ({"type": "array"}, {}, ""),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, None, ""),
    ],
)
def test_misfits_are_found(schema: dict[str, Any], data: Any, place: str) -> None:
    assert [where for where, _why in misfits(schema, data)] == [place]


def test_the_contract_is_asked_by_path() -> None:
    need(contract(), "api/pve-*")
    assert problems("GET", "/version", {"release": "9", "version": "9.2", "repoid": "0" * 8}) == []
    assert problems("GET", "/version", {"release": "9"}) == [
        "repoid: is missing",
        "version: is missing",
    ]
    assert problems("GET", "/nothing/of/theirs", object()) == []


def test_known_differences_are_let_through() -> None:
    need(contract(), "api/pve-*")
    assert problems("GET", "/cluster/firewall/rules/{pos}", RULE) == []
    found = problems("GET", "/cluster/firewall/rules", [{"pos": "0"}])
    assert any(line.startswith("[0].pos") for line in found)


def test_paths_are_recognised() -> None:
    table = Nodes().api("n1").table
    for path in ("/store/files/a/b", "/api2/json/store/files/a%2Fb", "api2/extjs//store/files/x?y"):
        assert template_of("GET", path, table) == "/store/files/{path}"
    assert template_of("PATCH", "/version", table) == ""
    assert template_of("GET", "/nothing", table) == ""
