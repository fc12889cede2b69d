"""The OpenAPI document of the table."""

from __future__ import annotations

import json
import re
from typing import Any

from appliance.api.openapi import all_options, openapi
from appliance.api.operations import all_operations
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, WORLD, Operation, Request
from appliance.model.option import Option
from appliance.model.option_table import OptionTable
from appliance.model.parameters import Parameters, Variants


async def nothing(_request: Request, _ports: ApiPorts) -> None:
    """Never asked here."""


NODE = Option("node", "A node.", required=True)
NAME = Option("name", "A name.", pattern="[a-z]+", max_length=8)
NET = Option("net", "A card.", last=3)


def one(*operations: Operation) -> Any:
    return openapi(operations, "1")["paths"]


def test_a_question_has_its_parameters_in_path_and_query() -> None:
    asked = Operation("GET", "/nodes/{node}/a", nothing, "One.", (NODE, NAME, NET), ANY_USER)
    found = one(asked)["/api2/json/nodes/{node}/a"]["get"]
    places = {parameter["name"]: parameter["in"] for parameter in found["parameters"]}
    assert places == {"node": "path", "name": "query", "net0": "query", "net1": "query"}
    name = found["parameters"][1]
    assert name["schema"]["pattern"] == "^(?:[a-z]+)$"
    assert name["schema"]["maxLength"] == 8
    assert not name["required"]
    assert found["security"] == [{"ticket": []}, {"token": []}]
    assert "requestBody" not in found


def test_a_change_has_them_in_its_body() -> None:
    size = Option("size", "A size.", "integer", required=True, minimum=1)
    asked = Operation("POST", "/a", nothing, "One.", (size, NET), ANY_USER, allow_token=False)
    found = one(asked)["/api2/json/a"]["post"]
    body = found["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert body["required"]
    assert schema["required"] == ["size"]
    assert list(schema["properties"]) == ["size"]
    (pattern,) = schema["patternProperties"]
    assert [bool(re.search(pattern, f"net{n}")) for n in ("0", "3", "4", "", "33")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert not schema["additionalProperties"]
    assert found["security"] == [{"ticket": [], "csrf": []}]


def test_the_public_asks_for_no_login() -> None:
    assert (
        one(Operation("GET", "/a", nothing, "One.", (), WORLD))["/api2/json/a"]["get"]["security"]
        == []
    )


def test_options_of_variants_are_there_and_not_required() -> None:
    kind = Option("type", "Which.", choices=("a", "b"), required=True)
    cases = {
        "a": Parameters(OptionTable((Option("path", "A path.", required=True),))),
        "b": Parameters(OptionTable((Option("server", "A server."),))),
    }
    asked = Operation("POST", "/a", nothing, "One.", (), variants=(Variants(kind, cases),))
    assert [option.name for option in all_options(asked.wanted)] == ["type", "path", "server"]
    schema = one(asked)["/api2/json/a"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert sorted(schema["properties"]) == ["path", "server", "type"]
    assert "path" not in schema.get("required", ())


def test_every_operation_is_in_the_document() -> None:
    document = openapi(all_operations(), "1")
    assert json.loads(json.dumps(document)) == document
    found = [one for verbs in document["paths"].values() for one in verbs.values()]
    assert len(found) == len(all_operations())
    names = [one["operationId"] for one in found]
    assert len(set(names)) == len(names)


def test_every_parameter_of_a_path_is_declared() -> None:
    for path, verbs in openapi(all_operations(), "1")["paths"].items():
        for verb, operation in verbs.items():
            declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert declared == set(re.findall(r"\{([^}]+)\}", path)), f"{verb} {path}"


def test_what_is_secret_says_so() -> None:
    """Then no message repeats it."""
    words = re.compile(r"password|passwd|^otp$|ticket$|challenge$|client-key|encryption-key")
    open_ones = [
        f"{operation.verb} {operation.path} {option.name}"
        for operation in all_operations()
        for option in all_options(operation.wanted)
        if words.search(option.name) and option.kind == "string" and not option.secret
    ]
    assert open_ones == []
