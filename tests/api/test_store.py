"""The store's operations, on simulated nodes."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.rig import Nodes


@pytest.fixture(scope="module")
def nodes() -> Nodes:
    """Shared: each test uses names of its own."""
    return Nodes()


def test_a_file_written_on_one_node_is_read_on_another(nodes: Nodes) -> None:
    version = nodes.put("a/b.cfg", "hello\n")
    latest = nodes.ask("GET", "/store/files/a/b.cfg", {"latest": 1}, node="n3").data
    assert latest["content"] == "hello\n"
    assert (latest["encoding"], latest["version"], latest["size"]) == ("utf-8", version, 6)
    assert (latest["path"], latest["writer"]) == ("a/b.cfg", "n1")


def test_what_is_no_text_comes_as_base64_and_back(nodes: Nodes) -> None:
    content = bytes(range(256))
    text = base64.b64encode(content).decode()
    nodes.put("binary", text, encoding="base64")
    found = nodes.ask("GET", "/store/files/binary").data
    assert (found["encoding"], found["content"]) == ("base64", text)
    assert nodes.ask("PUT", "/store/files/binary", {"content": "!", "encoding": "base64"}).errors


def test_an_empty_file(nodes: Nodes) -> None:
    nodes.ask("PUT", "/store/files/empty")
    assert nodes.ask("GET", "/store/files/empty").data["content"] == ""


def test_names_that_need_encoding(nodes: Nodes) -> None:
    nodes.put("dir%2Fa%20b%25.cfg", "x")
    listed = nodes.ask("GET", "/store/files", {"prefix": "dir/"}).data
    assert [one["path"] for one in listed] == ["dir/a b%.cfg"]
    assert nodes.ask("GET", "/store/files/dir/a b%25.cfg").data["content"] == "x"


def test_listing_has_private_files_and_no_contents(nodes: Nodes) -> None:
    nodes.put("priv/secret", "s3cret")
    listed = nodes.ask("GET", "/store/files", {"prefix": "priv/s"}).data
    assert [sorted(one) for one in listed] == [["mtime", "path", "size", "version", "writer"]]


def test_versions_guard_changes(nodes: Nodes) -> None:
    first = nodes.put("guarded", "1", expect=0)
    again = nodes.ask("PUT", "/store/files/guarded", {"content": "2", "expect": 0})
    assert (again.status, again.body["code"]) == (500, "exists")
    assert "guarded exists" in again.reason
    second = nodes.put("guarded", "2", expect=first)
    stale = nodes.ask("DELETE", "/store/files/guarded", {"expect": first})
    assert (stale.status, stale.body["code"]) == (500, "stale")
    assert nodes.ask("DELETE", "/store/files/guarded", {"expect": second}).data["version"] > second
    gone = nodes.ask("GET", "/store/files/guarded")
    assert (gone.status, gone.reason) == (500, "guarded does not exist")
    assert gone.body["code"] == "missing"


def test_several_steps_are_one_change(nodes: Nodes) -> None:
    nodes.put("many/one", "1")
    steps: list[dict[str, Any]] = [
        {"put": "many/two", "content": "2", "expect": 0},
        {"rename": "many/one", "target": "many/three"},
        {"delete": "many/two"},
    ]
    nodes.ask("POST", "/store/changes", {"steps": json.dumps(steps)})
    listed = nodes.ask("GET", "/store/files", {"prefix": "many/"}).data
    assert [one["path"] for one in listed] == ["many/three"]
    refused = nodes.ask("POST", "/store/changes", {"steps": json.dumps(steps[::-1])})
    assert refused.body["code"] == "missing"
    assert len(nodes.ask("GET", "/store/files", {"prefix": "many/"}).data) == 1


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ("", "steps"),
        ("[", "steps"),
        ("{}", "steps"),
        ("[]", "steps"),
        ("[1]", "steps[0]"),
        ('[{"put": "a", "delete": "a"}]', "steps[0]"),
        ('[{"put": 1}]', "steps[0]"),
        ('[{"put": "a"}, {"rename": "a"}]', "steps[1]"),
        ('[{"put": "a", "mode": 1}]', "steps[0]"),
        ('[{"put": "a", "expect": "1"}]', "steps[0]"),
        ('[{"put": "a", "expect": true}]', "steps[0]"),
        ('[{"put": "a", "content": "?", "encoding": "base64"}]', "content"),
        ('[{"put": "../a"}]', "path"),
    ],
)
def test_bad_steps_are_named(nodes: Nodes, steps: str, field: str) -> None:
    assert list(nodes.ask("POST", "/store/changes", {"steps": steps}).errors) == [field]


@pytest.mark.parametrize("path", ["..", "a/../b", "%2e%2e", "a%2F%2Fb", "a%00b", "x" * 901])
def test_names_that_cannot_be(nodes: Nodes, path: str) -> None:
    assert "path" in nodes.ask("PUT", f"/store/files/{path}", {"content": "x"}).errors


def test_limits_are_told(nodes: Nodes) -> None:
    large = nodes.ask("PUT", "/store/files/large", {"content": "x" * (1024 * 1024 + 1)})
    assert (large.status, large.body["code"]) == (400, "too_large")
    nodes.put("large", "x" * (1024 * 1024))


def test_watching(nodes: Nodes) -> None:
    answer = nodes.ask("GET", "/store/watch", {"prefix": "seen/"})
    stream = answer.whole.stream
    assert stream is not None
    lines: list[Any] = []

    async def read(stream: AsyncIterator[bytes]) -> None:
        async for line in stream:
            lines.append(json.loads(line)["data"])  # noqa: PERF401 - seen as they come

    nodes.cluster.daemon("n1").boot.spawn(read(stream), "watch")
    nodes.cluster.run(1)
    nodes.put("seen/a", "1", node="n2")
    nodes.put("unseen", "1", node="n2")
    nodes.ask("DELETE", "/store/files/seen/a", node="n3")
    nodes.cluster.run(1)
    assert lines[0]["paths"] == []
    assert [line["paths"] for line in lines[1:]] == [["seen/a"], ["seen/a"]]
    assert lines[1]["version"] < lines[2]["version"]


def test_status_and_check() -> None:
    nodes = Nodes()
    nodes.api("n1")
    nodes.cluster.run(1)
    before = nodes.ask("GET", "/store/status").data  # the keys of tickets are there by themselves
    nodes.put("a", "12345")
    status = nodes.ask("GET", "/store/status", node="n2").data
    assert (status["node"], status["state"], status["quorate"]) == ("n2", "serving", True)
    assert status["files"] - before["files"] == 1
    assert (status["size_bytes"] - before["size_bytes"], status["whole"]) == (5, True)
    assert status["members"] == ["n1", "n2", "n3"]
    assert nodes.ask("POST", "/store/check").data["damaged"] == []
    nodes.cluster.machines["n1"].platter.damage("meta")
    assert nodes.ask("POST", "/store/check").data["damaged"] == ["meta"]
    assert nodes.ask("POST", "/store/backup", {"file": "/tmp/x"}).body["code"] == "refused"
    assert "file" in nodes.ask("POST", "/store/backup", {"file": "x"}).errors


def test_without_quorum_reads_go_on_and_changes_are_refused() -> None:
    nodes = Nodes()
    nodes.put("a", "1")
    nodes.cluster.cut(("n1",), ("n2", "n3"))
    nodes.cluster.run(10)
    assert nodes.ask("GET", "/store/files/a").data["content"] == "1"
    refused = nodes.ask("PUT", "/store/files/a", {"content": "2"})
    assert (refused.status, refused.body["code"]) == (500, "not_quorate")
    assert "no quorum" in refused.reason
    assert nodes.ask("GET", "/store/files/a", {"latest": 1}).status == 500
    status = nodes.ask("GET", "/store/status").data
    assert (status["state"], status["quorate"]) == ("waiting", False)
    nodes.put("a", "3", node="n2")


def test_a_closed_store_says_so() -> None:
    nodes = Nodes()
    closing = nodes.cluster.daemon("n1").boot.spawn(nodes.cluster.store("n1").close(), "close")
    nodes.cluster.run(1)
    assert closing.done()
    refused = nodes.ask("GET", "/store/files")
    assert (refused.status, refused.body["code"]) == (503, "unavailable")
    assert nodes.ask("GET", "/store/status").data["state"] == "closed"
