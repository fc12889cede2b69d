"""The cluster at a glance, from any node."""

from __future__ import annotations

from typing import Any

import pytest

from sim.faults import Fault
from tests.api.guests.rig import GuestRig
from tests.api.rig import Nodes


@pytest.fixture(scope="module")
def rig() -> GuestRig:
    rig = GuestRig()
    rig.call("pve1", "POST", "/pools", poolid="web")
    rig.make(200, pool="web", tags="b;a")
    rig.make(201, node="pve2", template=1)
    return rig


def rows(rig: GuestRig, node: str = "pve3", **given: Any) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rig.call(node, "GET", "/cluster/resources", given)}


def test_every_kind_is_there(rig: GuestRig) -> None:
    rig.run(15)
    found = rows(rig)
    guest = found["qemu/200"]
    assert (guest["node"], guest["status"], guest["pool"], guest["tags"], guest["template"]) == (
        "pve1", "stopped", "web", "b;a", 0)  # fmt: skip
    assert (guest["maxmem"], guest["maxdisk"]) == (1 << 30, 2 << 30)
    assert found["qemu/201"]["template"] == 1
    running = found["qemu/100"]
    assert (running["status"], running["hastate"]) == ("running", "started")
    assert 0 < running["cpu"] < 1
    assert 0 < running["mem"] <= running["maxmem"]
    assert found["lxc/102"]["type"] == "lxc"
    node = found["node/pve2"]
    assert (node["status"], node["maxcpu"], node["level"]) == ("online", 24, "")
    assert 0 < node["cpu"] < 1
    storage = found["storage/pve2/local-zfs"]
    assert (storage["plugintype"], storage["shared"], storage["status"]) == (
        "zfspool", 0, "available")  # fmt: skip
    assert found["storage/pve1/local-zfs"]["disk"] >= 2 << 30
    assert found["storage/pve3/ceph"]["shared"] == 1
    assert found["/pool/web"]["type"] == "pool"
    assert found["sdn/pve1/localnetwork"]["type"] == "sdn"


def test_only_of_one_kind(rig: GuestRig) -> None:
    kinds = {"vm": {"qemu", "lxc"}, "node": {"node"}, "storage": {"storage"}, "sdn": {"sdn"}}
    for kind, types in kinds.items():
        assert {row["type"] for row in rows(rig, type=kind).values()} == types


def test_who_may_look_at_little_sees_little(rig: GuestRig) -> None:
    given = {"userid": "ann@pve", "password": "correct horse battery"}
    rig.call("pve1", "POST", "/access/users", given)
    grant = {"path": "/vms/200", "roles": "PVEVMUser", "users": "ann@pve"}
    rig.call("pve1", "PUT", "/access/acl", grant)
    me = rig.login("ann@pve", "correct horse battery")
    answer = rig.call("pve2", "GET", "/cluster/resources", user=me)
    assert [row["id"] for row in answer if row["type"] != "node"] == ["qemu/200"]
    assert all("cpu" not in row for row in answer if row["type"] == "node")
    assert [row["vmid"] for row in rig.call("pve1", "GET", "/nodes/pve1/qemu", user=me)] == [200]
    reason = rig.ask("DELETE", "/nodes/pve1/qemu/200", headers=me, address="192.0.2.7")
    assert (reason.status, "VM.Allocate" in reason.reason) == (403, True)


def test_a_node_that_is_gone_is_offline_and_its_guests_are_not_said_to_run() -> None:
    rig = GuestRig()
    rig.call("pve1", "GET", "/cluster/resources")
    rig.world.inject(Fault("power", "pve3"))
    rig.run(20)
    found = rows(rig, "pve1")
    assert found["node/pve3"]["status"] == "offline"
    rig.run(300)  # by then its guests run elsewhere
    found = rows(rig, "pve1")
    places = {row["node"] for row in found.values() if row["type"] in ("qemu", "lxc")}
    assert places == {"pve1", "pve2"}
    assert {row["status"] for row in found.values() if row["type"] == "qemu"} == {"running"}
    assert "storage/pve3/local" not in found


def test_a_nodes_own_state(rig: GuestRig) -> None:
    status = rig.call("pve1", "GET", "/nodes/pve1/status")
    assert status["memory"]["total"] == 128 << 30
    assert 0 < status["cpu"] < 1
    assert status["cpuinfo"]["cpus"] == 24
    assert len(status["loadavg"]) == 3
    assert rig.call("pve1", "GET", "/nodes/pve2/version")["release"] == "9.2"


def test_nodes_without_a_hypervisor_tell_what_is_configured() -> None:
    nodes = Nodes()
    nodes.put("nodes/n2/qemu-server/100.conf", "name: web\nmemory: 1024\n")
    nodes.cluster.run(1)
    listed = nodes.ask("GET", "/nodes").data
    assert [(row["node"], row["status"]) for row in listed] == [
        (name, "online") for name in ("n1", "n2", "n3")
    ]
    rows = {row["id"]: row for row in nodes.ask("GET", "/cluster/resources").data}
    guest = rows["qemu/100"]
    assert (guest["node"], guest["name"], guest["maxmem"]) == ("n2", "web", 1 << 30)
    assert nodes.ask("GET", "/nodes/n1/qemu").status == 503
