"""The API on the boots of a whole world: power, quorum, logins on every node."""

from __future__ import annotations

import pytest

from appliance.model.errors import NotQuorateError, UnauthenticatedError
from sim.faults import Fault
from tests.api.world_rig import NoAnswerError, WorldRig


@pytest.fixture(scope="module")
def rig() -> WorldRig:
    return WorldRig()


def test_every_node_answers_and_sees_all_of_them(rig: WorldRig) -> None:
    for node in ("pve1", "pve2", "pve3"):
        rows = rig.call(node, "GET", "/cluster/status")
        assert [row["online"] for row in rows if row["type"] == "node"] == [1, 1, 1]
        assert next(row for row in rows if row["type"] == "cluster")["quorate"] == 1


def test_what_one_node_was_told_the_others_know(rig: WorldRig) -> None:
    rig.call("pve1", "PUT", "/store/files/notes", content="hello")
    assert rig.call("pve3", "GET", "/store/files/notes", latest=1)["content"] == "hello"


def test_a_ticket_is_good_on_every_node(rig: WorldRig) -> None:
    root = rig.login("root@pam", "correct horse", "pve2")
    assert rig.call("pve3", "GET", "/version", user=root)["release"]
    with pytest.raises(UnauthenticatedError):
        rig.call("pve3", "GET", "/version", user={})


def test_the_store_has_the_configuration_of_a_cluster(rig: WorldRig) -> None:
    paths = [row["path"] for row in rig.call("pve1", "GET", "/store/files")]
    for path in ("corosync.conf", "storage.cfg", "user.cfg", "ha/resources.cfg"):
        assert path in paths
    assert "nodes/pve1/qemu-server/100.conf" in paths
    assert "nodes/pve3/lxc/102.conf" in paths


def test_a_node_without_power_does_not_answer_and_comes_back() -> None:
    rig = WorldRig(guests=0)
    fault = rig.world.inject(Fault("power", "pve2"))
    with pytest.raises(NoAnswerError):
        rig.call("pve2", "GET", "/version")
    rig.run(10)
    nodes = [row for row in rig.call("pve1", "GET", "/cluster/status") if row["type"] == "node"]
    assert {row["name"]: row["online"] for row in nodes} == {"pve1": 1, "pve2": 0, "pve3": 1}
    rig.world.heal(fault)
    rig.run(60)
    assert rig.call("pve2", "GET", "/version")["release"]


def test_a_power_cut_takes_the_request_with_it() -> None:
    rig = WorldRig(guests=0)
    rig.kernel.call_in(1_000, lambda: rig.world.machines["pve1"].power_fault("test"))
    with pytest.raises(NoAnswerError):
        rig.call("pve1", "PUT", "/store/files/notes", content="hello")


def test_without_quorum_reads_are_answered_and_writes_refused() -> None:
    rig = WorldRig(guests=0)
    rig.world.inject(Fault("isolate", "pve1"))
    rig.run(10)
    assert rig.call("pve1", "GET", "/store/files/user.cfg")["content"]
    with pytest.raises(NotQuorateError):
        rig.call("pve1", "PUT", "/store/files/notes", content="hello")
    answer = rig.ask("PUT", "/store/files/notes", {"content": "hello"})
    assert answer.status == 500
    assert answer.reason.startswith("cluster not ready - no quorum?")
