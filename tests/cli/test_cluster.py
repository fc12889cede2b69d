"""`quorate cluster` on simulated clusters, and what it says where nothing can be done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_main import quorate

POWER_LOSS = ("--sim", "scenarios/ha/power-loss.toml")
NEW = (*POWER_LOSS, "--node", "node6")
OWN = ("--link0", "10.77.0.6", "--link1", "10.78.0.6")


def asked(*words: str, code: int = 0) -> Any:
    done = quorate("cluster", *words, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def refused(*words: str) -> str:
    done = quorate("cluster", *words)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("error: ").rstrip()


def test_status_for_people() -> None:
    done = quorate("cluster", "status", *POWER_LOSS)
    assert done.returncode == 0, done.stderr
    for words in (
        "Config Version:    5",
        "Quorate:           Yes",
        "5 of 5 online",
        "node1 (local)",
    ):
        assert words in done.stdout


def test_status_after_a_fault_and_after_it_has_healed() -> None:
    """Node 3 loses power at 240 s; it is back at 600 s and then needs time to boot."""
    found = asked("status", *POWER_LOSS, "--at", "300", "--node", "node2")
    assert (found["total_votes"], found["quorate"], found["node"]) == (4, True, "node2")
    assert [node["name"] for node in found["nodes"] if not node["online"]] == ["node3"]
    assert asked("status", *POWER_LOSS, "--at", "800")["total_votes"] == 5


def test_a_node_without_quorum_is_told_by_the_exit_code(tmp_path: Path) -> None:
    lonely = tmp_path / "lonely.toml"
    lonely.write_text(
        '[scenario]\nname = "x"\nwhy = "x"\nduration = "5m"\n[cluster]\nnodes = 3\n'
        '[[step]]\nname = "cut"\nat = "30s"\nfault = "isolate"\nnode = "node1"\nheal_after = "2m"\n'
        '[[expect]]\nthat = "not quorate(node1)"\nwithin = "1s"\n'
    )
    assert not asked("status", "--sim", str(lonely), code=1)["quorate"]
    told = refused("link", "remove", "1", "--sim", str(lonely))
    assert told.startswith("node1 has no quorum, so the cluster cannot be changed from here")


def test_nodes() -> None:
    assert [node["nodeid"] for node in asked("nodes", *POWER_LOSS)] == [1, 2, 3, 4, 5]
    assert "node5" in quorate("cluster", "nodes", *POWER_LOSS).stdout


def test_a_join_is_rehearsed() -> None:
    found = asked("join", "node1", *NEW, *OWN)
    assert "node6 is in cluster 'cluster' now" in found["told"]
    status = found["status"]
    assert (status["total_votes"], status["expected_votes"], status["config_version"]) == (6, 6, 6)


def test_a_join_by_join_information() -> None:
    information = quorate("cluster", "join-info", *POWER_LOSS).stdout.strip()
    assert asked("join", information, *NEW, *OWN)["status"]["total_votes"] == 6
    assert asked("join-info", *POWER_LOSS)["address"] == "10.77.0.1"


def test_a_join_by_another_password(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("guess\n")
    file = ("--password-file", str(tmp_path / "password"))
    assert refused("join", "node1", *NEW, *OWN, *file) == "node1: authentication failure"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("join", "node1", *NEW), "link0: the cluster has this link, give an address of node6"),
        (("join", "node9", *NEW, "--fingerprint", "AB"), "fingerprint: must be 32 pairs"),
        (("join", "!!", *NEW), "join information: is not what a cluster shows"),
        (("join", "node1", *POWER_LOSS), "node1 is in cluster 'cluster' already"),
        (("leave", "node2", *POWER_LOSS), "node2 is online: shut it down first"),
        (("leave", "node9", *POWER_LOSS), "node9: is not a node of this cluster"),
        (("expected", "2", *POWER_LOSS), "expected: 5 votes are present"),
        (("qdevice", "add", "10.76.0.1", *POWER_LOSS), "the cluster has 5 nodes"),
        (("qdevice", "remove", *POWER_LOSS), "quorum.device: there is none"),
        (("link", "add", "2", "node1=10.79.0.1", *POWER_LOSS), "link2: give an address of node2"),
        (("link", "add", "2", "node1", *POWER_LOSS), "addresses: "),
        (("link", "remove", "5", *POWER_LOSS), "link5: the cluster does not have this link"),
        (("status", *POWER_LOSS, "--node", "node9"), "--node: no node 'node9', there are node1"),
        (("status", "--at", "5"), "--at, --node: is for simulated clusters, with --sim"),
        (("status", "--socket", "/nowhere/api.sock"), "no daemon answers at /nowhere/api.sock"),
    ],
)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], told: str) -> None:
    assert told in refused(*words)


def test_without_a_person_nobody_is_asked() -> None:
    words = ("join", "192.0.2.1", "--socket", "/nowhere/api.sock")
    assert refused(*words) == "--fingerprint: give it, or join by join information"


def test_a_cluster_is_made_and_changed() -> None:
    made = asked("create", "lab", *NEW)
    assert (made["status"]["cluster"], made["status"]["total_votes"]) == ("lab", 1)
    addresses = [f"node{number}=10.79.0.{number}" for number in range(1, 6)]
    more = asked("link", "add", "2", *addresses, *POWER_LOSS)
    assert more["status"]["nodes"][0]["links"]["2"] == "10.79.0.1"
    less = asked("link", "remove", "1", *POWER_LOSS)
    assert list(less["status"]["nodes"][0]["links"]) == ["0"]
    device = asked("qdevice", "setup", "10.76.0.1", "--force", *POWER_LOSS)
    assert device["status"]["expected_votes"] == 9
    left = asked("delnode", "node3", *POWER_LOSS, "--at", "300")
    assert left["status"]["expected_votes"] == 4
    assert "still configured on it: 10" in left["told"]
