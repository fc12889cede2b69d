"""Everything that is configured by sections: made, read back as written, changed, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from appliance.api.http import HttpRequest
from sim.network.conf import conf_of
from tests.api.rig import Nodes
from tests.sim.network.lab import cluster

Given = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """path of the list; key and what identifies it; what is given, changed and taken out."""

    path: str
    key: str
    name: str
    given: Given
    changed: Given
    taken: str
    file: str
    make: str = ""
    more: Given | None = None  # in the answer, besides what was given


KINDS = (
    Kind(
        "/cluster/metrics/server",
        "id",
        "graph",
        {"type": "graphite", "server": "192.0.2.9", "port": 2003, "proto": "tcp"},
        {"mtu": 1400, "server": "192.0.2.9", "port": 2004},
        "proto",
        "status.cfg",
        make="/cluster/metrics/server/graph",
    ),
    Kind(
        "/cluster/mapping/pci",
        "id",
        "gpu",
        {
            "map": [
                "node=n1,path=0000:01:00.0,id=10de:1b80",
                "node=n2,path=0000:02:00.0,id=10de:1b80",
            ],
            "description": "two: cards",
        },
        {"mdev": 1},
        "description",
        "mapping/pci.cfg",
        more={"type": "pci"},
    ),
    Kind(
        "/cluster/mapping/dir",
        "id",
        "share",
        {"map": ["node=n1,path=/srv/share"], "description": "files"},
        {"map": ["node=n1,path=/srv/share", "node=n2,path=/srv/share"]},
        "description",
        "mapping/dir.cfg",
        more={"type": "dir"},
    ),
    Kind(
        "/cluster/replication",
        "id",
        "100-0",
        {"type": "local", "target": "n2", "schedule": "*/30", "comment": "a: b"},
        {"rate": 10, "disable": 1},
        "schedule",
        "replication.cfg",
        more={"guest": 100, "jobnum": 0, "source": "n1"},
    ),
    Kind(
        "/cluster/ha/groups",
        "group",
        "near",
        {"nodes": "n1:2,n2", "comment": "x"},
        {"restricted": 1},
        "comment",
        "ha/groups.cfg",
        more={"type": "group"},
    ),
)


@pytest.fixture(scope="module")
def nodes() -> Nodes:
    nodes = Nodes()
    nodes.put("corosync.conf", conf_of(cluster(3)).text())
    nodes.put("nodes/n1/qemu-server/100.conf", "memory: 512\n")
    nodes.put("nodes/n2/lxc/101.conf", "memory: 512\n")
    return nodes


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.path)
def test_what_is_written_is_read_back(nodes: Nodes, kind: Kind) -> None:
    one = f"{kind.path}/{kind.name}"
    named = {} if kind.make else {kind.key: kind.name}
    assert nodes.ask("POST", kind.make or kind.path, {**kind.given, **named}).data is None
    told = nodes.ask("GET", one).data
    assert {k: v for k, v in told.items() if k != "digest"} == {
        kind.key: kind.name,
        **kind.given,
        **(kind.more or {}),
    }
    listed = [row for row in nodes.ask("GET", kind.path).data if row[kind.key] == kind.name]
    assert len(listed) == 1
    again = nodes.ask("POST", kind.make or kind.path, {**kind.given, **named})
    assert (again.status, again.body["code"]) == (500, "exists")

    stale = nodes.ask("PUT", one, {**kind.changed, "digest": "0" * 40})
    assert (stale.status, stale.body["code"]) == (500, "stale")
    nodes.ask("PUT", one, {**kind.changed, "digest": told["digest"], "delete": kind.taken})
    after = nodes.ask("GET", one).data
    assert after.pop("digest") != told["digest"]
    expected = {kind.key: kind.name, **kind.given, **(kind.more or {}), **kind.changed}
    expected.pop(kind.taken, None)
    assert after == expected

    assert nodes.ask("DELETE", one).data is None
    gone = nodes.ask("GET", one)
    assert (gone.status, gone.body["code"]) == (500, "missing")
    assert "does not exist" in gone.reason


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.path)
def test_what_nobody_declared_survives(nodes: Nodes, kind: Kind) -> None:
    nodes.put(kind.file, "# kept\nfuture: thing\n\twhatever 1\n\n")
    named = {} if kind.make else {kind.key: kind.name}
    nodes.ask("POST", kind.make or kind.path, {**kind.given, **named})
    nodes.ask("DELETE", f"{kind.path}/{kind.name}")
    content = nodes.ask("GET", f"/store/files/{kind.file}").data["content"]
    assert content == "# kept\nfuture: thing\n\twhatever 1\n\n"
    nodes.ask("DELETE", f"/store/files/{kind.file}")


def errors(nodes: Nodes, verb: str, path: str, given: Given) -> dict[str, str]:
    return nodes.ask(verb, path, given).errors


def test_a_server_of_metrics_takes_the_options_of_its_type(nodes: Nodes) -> None:
    given = {"type": "graphite", "server": "a.example", "port": 1, "bucket": "x", "mtu": 5}
    assert sorted(errors(nodes, "POST", "/cluster/metrics/server/m1", given)) == ["mtu"]
    given["mtu"] = 1500
    assert errors(nodes, "POST", "/cluster/metrics/server/m1", given) == {
        "bucket": "is not known here, for graphite"
    }


def test_no_line_can_be_smuggled_in(nodes: Nodes) -> None:
    given = {"map": ["node=n1,path=/srv"], "description": "a\n\ndir: other\n\tmap node=n1,path=/"}
    assert errors(nodes, "POST", "/cluster/mapping/dir", {"id": "d1", **given}) == {
        "description": "must be a single line"
    }


def test_copies_go_to_another_node_that_there_is(nodes: Nodes) -> None:
    job = {"type": "local", "id": "100-1"}
    assert list(errors(nodes, "POST", "/cluster/replication", {**job, "target": "n1"})) == [
        "target"
    ]
    assert list(errors(nodes, "POST", "/cluster/replication", {**job, "target": "n9"})) == [
        "target"
    ]
    missing = nodes.ask("POST", "/cluster/replication", {**job, "id": "999-0", "target": "n2"})
    assert "guest '999' does not exist" in missing.reason


def test_what_must_be_there_is_not_deleted(nodes: Nodes) -> None:
    nodes.ask("POST", "/cluster/ha/groups", {"group": "g1", "nodes": "n1"})
    found = errors(nodes, "PUT", "/cluster/ha/groups/g1", {"delete": "nodes"})
    assert found == {"delete": "'nodes' must be there"}
    assert list(errors(nodes, "PUT", "/cluster/ha/groups/g1", {"delete": "x"})) == ["delete"]
    assert list(errors(nodes, "POST", "/cluster/ha/groups", {"group": "h1", "nodes": "n9"})) == [
        "nodes"
    ]


def test_a_mapping_says_what_a_node_lacks(nodes: Nodes) -> None:
    nodes.ask("POST", "/cluster/mapping/usb", {"id": "u1", "map": "node=n1,id=0627:0001"})
    (row,) = nodes.ask("GET", "/cluster/mapping/usb", {"check-node": "n2"}).data
    assert row["error"] == [{"severity": "warning", "message": "No mapping for node n2."}]
    (row,) = nodes.ask("GET", "/cluster/mapping/usb", {"check-node": "n1"}).data
    assert row["error"] == []


def test_of_two_who_make_the_same_at_once_one_wins(nodes: Nodes) -> None:
    """From two nodes: nothing is mixed, and whoever is late is told."""

    def request(server: str) -> HttpRequest:
        form = f"type=graphite&server={server}&port=2003"
        path = "/api2/json/cluster/metrics/server/both"
        return HttpRequest("POST", path, body=form.encode())

    tasks = []
    for node, server in (("n1", "192.0.2.1"), ("n2", "192.0.2.2")):
        boot, api = nodes.process(node)
        tasks.append(boot.spawn(api.handle(request(server)), "request"))
    nodes.cluster.run(20)
    statuses = sorted(task.result().status for task in tasks)
    assert statuses == [200, 500]
    late = next(task.result() for task in tasks if task.result().status == 500)
    assert "already exists" in late.reason
    rows = nodes.ask("GET", "/cluster/metrics/server").data
    assert len([row for row in rows if row["id"] == "both"]) == 1
    nodes.ask("DELETE", "/cluster/metrics/server/both")
