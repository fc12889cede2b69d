"""Paths, verbs, bodies and forms of answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.api.http import HttpRequest
from appliance.api.operations import all_operations, build_table
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request, Table, parts_of
from appliance.model.option import Option
from tests.api.rig import ELSEWHERE, Nodes


async def nothing(_request: Request, _ports: ApiPorts) -> None:
    """A handler that is not called."""


def operation(path: str, verb: str = "GET") -> Operation:
    names = [part[1:-1] for part in parts_of(path) if part.startswith("{")]
    return Operation(verb, path, nothing, path, tuple(Option(name, "") for name in names))


@pytest.fixture(scope="module")
def nodes() -> Nodes:
    return Nodes()


TABLE = Table(
    operation(path)
    for path in (
        "/nodes",
        "/nodes/{node}",
        "/nodes/{node}/status",
        "/nodes/{node}/storage/{storage}/content/{volume}",
        "/nodes/localtime",
        "/files/{path}",
    )
)


@pytest.mark.parametrize(
    ("path", "found", "values"),
    [
        ("/nodes", "/nodes", {}),
        ("//nodes//", "/nodes", {}),
        ("/nodes/n1", "/nodes/{node}", {"node": "n1"}),
        ("/nodes/localtime", "/nodes/localtime", {}),
        ("/nodes/n1/status", "/nodes/{node}/status", {"node": "n1"}),
        ("/nodes/localtime/status", "/nodes/{node}/status", {"node": "localtime"}),
        (
            "/nodes/n1/storage/s/content/s:iso/a/b.iso",
            "/nodes/{node}/storage/{storage}/content/{volume}",
            {"node": "n1", "storage": "s", "volume": "s:iso/a/b.iso"},
        ),
        ("/files/a/b/c", "/files/{path}", {"path": "a/b/c"}),
        ("/files", None, None),
        ("/nodes/n1/nothing", "/nodes/{node}", {"node": "n1/nothing"}),
        ("/nothing", None, None),
        ("", None, None),
    ],
)
def test_paths(path: str, found: str | None, values: dict[str, str] | None) -> None:
    there = TABLE.find(parts_of(path))
    if there is None:
        assert found is None
    else:
        assert (there.operations["GET"].path, there.values) == (found, values)


@pytest.mark.parametrize(
    "paths", [("/a", "/a"), ("/a/{x}", "/a/{y}/b")], ids=["twice", "two names for one place"]
)
def test_tables_that_contradict_themselves(paths: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="/a"):
        Table(operation(path) for path in paths)


def test_a_parameter_of_a_path_must_be_declared() -> None:
    with pytest.raises(ValueError, match="node is no option"):
        Table([Operation("GET", "/nodes/{node}", nothing, "")])


def test_the_table_is_sound() -> None:
    operations = build_table().operations
    assert len(operations) == len(all_operations()) > 10
    for one in operations:
        assert one.sentence
        assert one.node is None or one.node in {option.name for option in one.options}
        for option in one.options:
            assert option.sentence, f"{one.path} {option.name}"


def test_unknown_paths_and_verbs(nodes: Nodes) -> None:
    for verb, path in (("GET", "/nothing"), ("DELETE", "/version"), ("PATCH", "/version")):
        answer = nodes.ask(verb, path)
        assert (answer.status, answer.body["code"]) == (501, "not_implemented")
        assert path in answer.reason
    for path in ("/", "/api2", "/api2/xml/version", "/api3/json/version"):
        assert nodes.handle("n1", HttpRequest("GET", path)).status == 501


def test_strangers_do_not_learn_which_paths_there_are(nodes: Nodes) -> None:
    assert nodes.ask("GET", "/nothing", address=ELSEWHERE).status == 401


def test_extjs_carries_the_status_in_the_body(nodes: Nodes) -> None:
    good = nodes.handle("n1", HttpRequest("GET", "/api2/extjs/version"))
    assert (good.status, good.body["success"]) == (200, 1)
    bad = nodes.handle("n1", HttpRequest("GET", "/api2/extjs/store/files/none"))
    assert (bad.status, bad.body["success"], bad.body["status"]) == (200, 0, 500)
    assert bad.body["message"] == "none does not exist"


def test_answers_say_what_they_are(nodes: Nodes) -> None:
    headers = dict(nodes.ask("GET", "/version").whole.headers)
    assert headers == {"Content-Type": "application/json;charset=UTF-8"}


def body(content: Any, kind: str = "application/json") -> HttpRequest:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return HttpRequest(
        "PUT", "/api2/json/store/files/body", headers={"content-type": kind}, body=data
    )


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (body(b"{"), "body"),
        (body(b"[" * 100_000), "body"),
        (body([]), "body"),
        (body(b"\xff"), "body"),
        (body({"nothing": 1}), "nothing"),
        (body({"content": {"a": 1}}), "content"),
        (body({"content": ["a", "b"]}), "content"),
        (body(b"content=a&content=b", ""), "content"),
        (body({"content": "a", "expect": "x"}), "expect"),
        (body({"content": "a", "expect": -1}), "expect"),
        (body({"content": "a", "expect": 1.5}), "expect"),
        (body({"content": "a", "encoding": "rot13"}), "encoding"),
        (body({"path": "other"}), "path"),
        (body(b"path=other", ""), "path"),
    ],
)
def test_bad_parameters_are_named(nodes: Nodes, request_: HttpRequest, field: str) -> None:
    assert list(nodes.handle("n1", request_).errors) == [field]


def test_all_bad_parameters_are_told_at_once(nodes: Nodes) -> None:
    errors = nodes.handle("n1", body({"expect": "x", "encoding": "y", "z": 1})).errors
    assert sorted(errors) == ["encoding", "expect", "z"]


@pytest.mark.parametrize(
    "request_",
    [
        body({"content": "good", "expect": 0}),
        body({"content": "good"}, "application/json; charset=utf-8"),
        body(b"content=go%6Fd&encoding=utf-8", "application/x-www-form-urlencoded"),
        body(b"content=good", ""),
    ],
    ids=["json", "json with charset", "form", "nothing said"],
)
def test_good_bodies(nodes: Nodes, request_: HttpRequest) -> None:
    nodes.ask("DELETE", "/store/files/body")
    assert nodes.handle("n1", request_).status == 200
    assert nodes.ask("GET", "/store/files/body").data["content"] == "good"


def test_bodies_that_are_too_large(nodes: Nodes) -> None:
    assert nodes.handle("n1", body(bytes(5_000_000), "")).body["code"] == "too_large"
    many = b"&".join(b"a%d=1" % number for number in range(3000))
    assert nodes.handle("n1", body(many, "")).body["code"] == "too_large"


def test_a_reason_is_one_line_of_ascii(nodes: Nodes) -> None:
    answer = nodes.ask("GET", "/store/files/%C3%A4%0A%0Db")
    assert answer.status in (400, 500)
    assert answer.reason.isascii()
    assert "\n" not in answer.reason
    assert len(nodes.ask("GET", "/store/files/" + "x" * 800).reason) <= 400


def test_what_cannot_be_the_last_parameter_is_no_path() -> None:
    table = build_table()
    assert table.find(("nodes", "n1")) is not None
    assert table.find(("nodes", "n1", "there-is-no-such-thing")) is None
    found = table.find(("store", "files", "nodes", "n1", "lrm_status"))
    assert found is not None
    assert found.values == {"path": "nodes/n1/lrm_status"}
