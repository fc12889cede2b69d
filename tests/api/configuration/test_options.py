"""Options of the cluster and of nodes."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.api.operations.configuration.options import cluster_options
from tests.api.rig import Nodes
from tests.conformance.cases import Case, case_id, suite

PARSED = [
    case
    for case in suite("cluster", "datacenter_cfg", observed=True)
    if not case["expect"]["warned"] and "parsed" in case["expect"]
]


def plain(value: Any) -> Any:
    """Numbers are numbers here; where they were recorded some were texts."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return int(value) if isinstance(value, str) and value.isdecimal() else value


@pytest.mark.parametrize("case", PARSED, ids=case_id)
def test_recorded_files_read_the_same(case: Case) -> None:
    assert plain(cluster_options(case["input"]["text"])) == plain(case["expect"]["parsed"])


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


def test_options_of_the_cluster(nodes: Nodes) -> None:
    nodes.put("datacenter.cfg", "future: x\nkeyboard: de\n")
    given = {
        "next-id": "lower=200,upper=300",
        "tag-style": "shape=full,color-map=a:ff0000",
        "description": "two\nlines",
        "registered-tags": "a;b",
        "migration": "insecure,network=10.0.0.0/8",
    }
    nodes.ask("PUT", "/cluster/options", {**given, "delete": "keyboard"})
    found = nodes.ask("GET", "/cluster/options").data
    assert found == {
        "description": "two\nlines\n",
        "mac_prefix": "BC:24:11",
        "next-id": {"lower": 200, "upper": 300},
        "tag-style": {"shape": "full", "color-map": "a:ff0000"},
        "registered-tags": ["a", "b"],
        "migration": {"type": "insecure", "network": "10.0.0.0/8"},
    }
    content = nodes.ask("GET", "/store/files/datacenter.cfg").data["content"]
    assert content.startswith("#two\n#lines\nfuture: x\n")
    nodes.ask("PUT", "/cluster/options", {"delete": "next-id,description"})
    assert "next-id" not in nodes.ask("GET", "/cluster/options").data
    assert sorted(nodes.ask("PUT", "/cluster/options", {"keyboard": "xx"}).errors) == ["keyboard"]
    assert sorted(nodes.ask("PUT", "/cluster/options", {"delete": "xx"}).errors) == ["delete"]


def test_options_of_a_node(nodes: Nodes) -> None:
    path = "/nodes/n1/config"
    assert list(nodes.ask("GET", path).data) == ["digest"]
    given = {"description": "# left\nrack", "startall-onboot-delay": 5, "acmedomain0": "a.example"}
    nodes.ask("PUT", path, given)
    found = nodes.ask("GET", path).data
    assert found["description"] == "# left\nrack\n"
    assert (found["startall-onboot-delay"], found["acmedomain0"]) == (5, "a.example")
    one = nodes.ask("GET", path, {"property": "acmedomain0"}).data
    assert sorted(one) == ["acmedomain0", "digest"]
    stale = nodes.ask("PUT", path, {"delete": "description", "digest": "0" * 40})
    assert stale.body["code"] == "stale"
    nodes.ask("PUT", path, {"delete": "description", "digest": found["digest"]})
    assert "description" not in nodes.ask("GET", path).data
