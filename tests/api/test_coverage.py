"""The comparison of the table with a contract: each kind of difference is told."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.api.coverage import AreaCount, by_area, compare, operation_differences
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.option import Option

AUDIT = {"check": ["perm", "/", ["Sys.Audit"]]}


async def nothing(_request: Request, _ports: ApiPorts) -> None:
    """Never asked here."""


NODE = Option("node", "A node.", required=True)
SIZE = Option("size", "A size.", "integer", minimum=1, default=4)
OURS = Operation("GET", "/nodes/{node}/a", nothing, "One.", (NODE, SIZE), ANY_USER, node="node")
THEIRS: dict[str, Any] = {
    "parameters": {
        "node": {"type": "string"},
        "size": {"type": "integer", "minimum": 1, "default": 4, "optional": True},
    },
    "permissions": {"user": "all"},
    "proxyto": "node",
    "allow_token": True,
}


def changed(**more: Any) -> dict[str, Any]:
    return {**THEIRS, **more}


def with_parameters(**more: Any) -> dict[str, Any]:
    return changed(parameters={**THEIRS["parameters"], **more})


def size(**more: Any) -> dict[str, Any]:
    return with_parameters(size={**THEIRS["parameters"]["size"], **more})


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (THEIRS, []),
        (changed(permissions=None), ["permission"]),
        (changed(permissions=AUDIT), ["permission"]),
        (changed(proxyto=None), ["node"]),
        (changed(proxyto=None, proxyto_callback=True), []),
        (changed(allow_token=False), ["token"]),
        (with_parameters(more={"type": "string"}), ["more: is not taken"]),
        (changed(parameters={"node": {"type": "string"}}), ["size: is not published"]),
        (size(minimum=2), ["size: minimum"]),
        (size(default=5), ["size: default"]),
        (size(default={"computed": True}), []),
        (size(optional=False), ["size: optional"]),
        (size(type="number"), ["size: type"]),
        (size(**{"type-property": "kind"}), []),
        (with_parameters(node={"type": "string", "optional": True}), []),
    ],
)
def test_differences_of_an_operation(theirs: dict[str, Any], found: list[str]) -> None:
    assert operation_differences(OURS, theirs) == found


def test_a_switch_that_is_off_needs_no_default_there() -> None:
    force = Option("force", "Whether.", "boolean", default=False)
    ours = Operation("GET", "/a", nothing, "One.", (force,))
    published = {"parameters": {"force": {"type": "boolean", "optional": True}}}
    assert operation_differences(ours, published) == []
    published["parameters"]["force"]["default"] = True
    assert operation_differences(ours, published) == ["force: default"]


def test_numbered_parameters_are_found_under_their_published_names() -> None:
    options = (Option("net", "Cards.", last=3), Option("rng", "One.", last=0))
    ours = Operation("GET", "/a", nothing, "One.", options)
    text = {"type": "string", "optional": True}
    assert operation_differences(ours, {"parameters": {"net[n]": text, "rng0": text}}) == []


def test_areas_are_counted() -> None:
    contract = {
        "/nodes": {"GET": THEIRS},
        "/nodes/{node}/a": {"GET": THEIRS, "POST": THEIRS},
        "/nodes/{node}/a/{id}": {"GET": THEIRS},
        "/nodes/{node}/b": {"GET": THEIRS},
    }
    own = Operation("GET", "/store", nothing, "Ours alone.")
    unlike = Operation("POST", "/nodes/{node}/a", nothing, "Two.", (NODE,))
    found = compare((own, unlike, OURS), contract)
    states = {(one.verb, one.path): one.state for one in found}
    assert states == {
        ("GET", "/store"): "more",
        ("GET", "/nodes"): "missing",
        ("GET", "/nodes/{node}/a"): "equal",
        ("POST", "/nodes/{node}/a"): "different",
        ("GET", "/nodes/{node}/a/{id}"): "missing",
        ("GET", "/nodes/{node}/b"): "missing",
    }
    assert by_area(found) == (
        AreaCount("nodes", published=2, implemented=0, equal=0),
        AreaCount("nodes/a", published=3, implemented=2, equal=1),
    )
    assert [count.missing for count in by_area(found)] == [2, 1]
