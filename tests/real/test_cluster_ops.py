"""Cluster operations on real nodes: real corosyncs, real daemons, a real quorum device.

One story, as an administrator lives it; each test goes on where the one before ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.cli.connection import LocalConnection
from appliance.model.errors import MissingError, UnreachableError
from tests.lab.daemons import DaemonLab
from tests.lab.qnetd import (
    ADDRESS_NUMBER,
    lacks_qnetd,
    lacks_sshd,
    let_root_in,
    start_qnetd,
    tells_tls,
)
from tests.lab.remote import wait_until
from tests.lab.world import why_not

REASON = why_not()
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]
NAMES = ("n1", "n2", "n3")
OTHER_LINK = [f"{name}=10.77.1.{number}" for number, name in enumerate(NAMES, 1)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonLab]:
    lab = DaemonLab(tmp_path_factory.mktemp("cluster_ops") / "lab", NAMES, links=2)
    try:
        lab.build_alone()
        yield lab
    finally:
        lab.end()


def agreed(lab: DaemonLab, *names: str, present: int, expected: int) -> None:
    """Wait until these nodes count so."""

    def all_agree() -> bool:
        told = [lab.status(name) for name in names]
        return all(
            (one["quorate"], one["total_votes"], one["expected_votes"]) == (True, present, expected)
            for one in told
        )

    # knet may leave a link that has just come up unused until it measures its MTU again.
    wait_until(all_agree, f"{names} to count {present} of {expected}", patience_s=150)


def test_a_cluster_is_made(lab: DaemonLab) -> None:
    assert lab.status("n1")["cluster"] is None
    (lab.folder / "hello").write_text("from n1\n")
    lab.told("n1", "store", "put", "hello.cfg", str(lab.folder / "hello"))
    assert "longer than 15 characters" in lab.refused("n1", "cluster", "create", "a-name-of-16-chr")
    told = lab.refused("n1", "cluster", "create", "lab", "--link0", "10.77.0.9")
    assert told.startswith("link0: 10.77.0.9 is not an address of n1, which has 10.77.0.1")
    assert lab.told("n1", "cluster", "create", "lab") == (
        "cluster 'lab' is created, n1 is its first node"
    )
    agreed(lab, "n1", present=1, expected=1)
    assert lab.told("n1", "store", "cat", "hello.cfg") == "from n1"
    assert "n1 is in cluster 'lab' already" in lab.refused("n1", "cluster", "create", "lab")


def test_whom_the_cluster_does_not_take(lab: DaemonLab) -> None:
    information = json.loads(lab.told("n1", "cluster", "join-info", "--json"))
    join = ("cluster", "join", "10.77.0.1", "--password-file")
    right, wrong = lab.password_file(), lab.folder / "wrong"
    wrong.write_text("guess\n")
    known = ("--fingerprint", information["fingerprint"])
    other = ("--fingerprint", ":".join(["00"] * 32))
    assert lab.refused("n2", *join, right, *other).startswith("fingerprint: ")
    assert "authentication failure" in lab.refused("n2", *join, str(wrong), *known)
    lab.told("n2", "store", "put", "nodes/n2/qemu-server/100.conf", str(lab.folder / "hello"))
    assert lab.refused("n2", *join, right, *known).startswith("n2 has guests (100)")
    lab.told("n2", "store", "rm", "nodes/n2/qemu-server/100.conf")
    assert lab.status("n1")["config_version"] == 1


def test_nodes_join_by_fingerprint_and_by_join_information(lab: DaemonLab) -> None:
    password = ("--password-file", lab.password_file())
    word = lab.told("n1", "cluster", "join-info")
    fingerprint = json.loads(lab.told("n1", "cluster", "join-info", "--json"))["fingerprint"]
    lab.told("n2", "cluster", "join", "10.77.0.1", "--fingerprint", fingerprint, *password)
    lab.told("n3", "cluster", "join", word, *password)
    agreed(lab, *NAMES, present=3, expected=3)
    for name in NAMES:
        assert lab.told(name, "store", "cat", "hello.cfg") == "from n1"
        assert lab.status(name)["config_version_in_place"] == 3
    lab.told("n3", "store", "put", "hello.cfg", str(lab.folder / "hello"))


def test_any_node_answers_for_any_other_while_that_one_is_there(lab: DaemonLab) -> None:
    first = LocalConnection(lab.folder / "n1/run/api.sock")
    for name in NAMES:
        assert first.call("GET", f"/nodes/{name}/tasks") == []
    lab.end_daemon("n3")
    with pytest.raises(UnreachableError):
        first.call("GET", "/nodes/n3/tasks")
    lab.start_daemon("n3")
    wait_until(lambda: first.call("GET", "/nodes/n3/tasks") == [], "n3 to answer again")
    with pytest.raises(MissingError, match="hostname lookup 'n9' failed"):
        first.call("GET", "/nodes/n9/tasks")


def test_a_link_comes_and_goes(lab: DaemonLab) -> None:
    lab.told("n2", "cluster", "link", "add", "1", *OTHER_LINK)
    in_place = [lab.folder / name / "etc/corosync.conf" for name in NAMES]
    wait_until(
        lambda: all("ring1_addr: 10.77.1.3" in file.read_text() for file in in_place),
        "all nodes to have the link",
    )
    agreed(lab, *NAMES, present=3, expected=3)
    lab.told("n1", "cluster", "link", "remove", "1")
    wait_until(
        lambda: all("ring1_addr" not in file.read_text() for file in in_place),
        "all nodes to have it no more",
    )
    assert "is the only link" in lab.refused("n1", "cluster", "link", "remove", "0")
    agreed(lab, *NAMES, present=3, expected=3)


def test_a_quorum_device_votes(lab: DaemonLab) -> None:
    """Its certificate is signed over SSH and goes to the other nodes through the store."""
    reason = lacks_qnetd() or lacks_sshd()
    if reason:
        pytest.skip(reason)
    start_qnetd(lab, tls=True)
    device = ("cluster", "qdevice", "add", f"10.77.0.{ADDRESS_NUMBER}")
    assert "the cluster has 3 nodes" in lab.refused("n1", *device)
    told = lab.refused("n1", *device, "--force")
    assert "try `ssh root@10.77.0.100`, or use --tls off" in told
    let_root_in(lab, "n1")
    lab.told("n1", *device, "--force")
    agreed(lab, *NAMES, present=5, expected=5)
    assert tells_tls(lab).count("TLS active:\t\tYes (client certificate verified)") == len(NAMES)
    lab.told("n3", "cluster", "qdevice", "remove")
    agreed(lab, *NAMES, present=3, expected=3)
    lab.told("n1", *device, "--tls", "off", "--force")
    assert lab.told("n2", "store", "ls", "priv/qdevice/") == ""
    lab.told("n1", "cluster", "qdevice", "remove")
    agreed(lab, *NAMES, present=3, expected=3)


def test_a_node_leaves_and_comes_back_with_a_clean_store(lab: DaemonLab) -> None:
    assert "n3 is online" in lab.refused("n1", "cluster", "leave", "n3")
    lab.end_daemon("n3")
    lab.stop("n3")
    agreed(lab, "n1", "n2", present=2, expected=3)
    assert "2 votes are present" in lab.refused("n1", "cluster", "expected", "1")
    lab.told("n1", "cluster", "expected", "2")
    lab.told("n1", "cluster", "leave", "n3")
    agreed(lab, "n1", "n2", present=2, expected=2)
    lab.start_daemon("n3")
    word, password = lab.told("n1", "cluster", "join-info"), lab.password_file()
    join = ("cluster", "join", word, "--password-file", password)
    assert "n3 is in cluster 'lab' already" in lab.refused("n3", *join)
    lab.told("n3", *join, "--force")
    agreed(lab, *NAMES, present=3, expected=3)
    assert lab.told("n3", "store", "cat", "hello.cfg") == "from n1"
    assert list(Path(lab.folder / "n3/state/backup").glob("*.db"))
