"""Migrations through the API of a served cluster."""

from __future__ import annotations

import pytest

from appliance.model.errors import QuorateError
from tests.api.changes.rig import Guests, served


@pytest.fixture(scope="module")
def rig() -> Guests:
    """Of each kind one that HA does not manage: clones of guests that it does."""
    rig = served()
    assert rig.task("POST", "/nodes/pve1/qemu/100/clone", newid=900) == "OK"
    assert rig.task("POST", "/nodes/pve3/lxc/102/clone", newid=901) == "OK"
    return rig


def node_of(rig: Guests, vmid: int) -> str:
    boot = rig.world.machines[rig.first].boot
    assert boot is not None
    return boot.store.guests()[vmid].split("/")[1]


def test_stopped_on_shared_storage(rig: Guests) -> None:
    told = rig.call("pve1", "GET", "/nodes/pve1/qemu/900/migrate")
    assert (told["local_disks"], told["allowed_nodes"]) == ([], ["pve2", "pve3"])
    assert rig.task("POST", "/nodes/pve1/qemu/900/migrate", target="pve2") == "OK"
    assert node_of(rig, 900) == "pve2"
    assert rig.task("POST", "/nodes/pve2/qemu/900/migrate", target="pve1") == "OK"


def test_a_disk_of_its_own_goes_along(rig: Guests) -> None:
    given = {"newid": 910, "storage": "local-zfs", "full": 1}
    assert rig.task("POST", "/nodes/pve1/qemu/900/clone", given) == "OK"
    told = rig.call("pve1", "GET", "/nodes/pve1/qemu/910/migrate")
    assert [disk["volid"] for disk in told["local_disks"]] == ["local-zfs:vm-910-disk-0"]
    assert rig.task("POST", "/nodes/pve1/qemu/910/migrate", target="pve3") == "OK"
    assert rig.config(910)["scsi0"].startswith("local-zfs:vm-910-disk-0,")
    volumes = rig.world.guests.storage
    assert volumes.exists(volumes.volume("local-zfs", "pve3", "vm-910-disk-0"))
    assert not volumes.exists(volumes.volume("local-zfs", "pve1", "vm-910-disk-0"))
    given = {"target": "pve2", "targetstorage": "ceph"}
    assert rig.task("POST", "/nodes/pve3/qemu/910/migrate", given) == "OK"
    assert rig.config(910)["scsi0"].startswith("ceph:vm-910-disk-0,")


def test_who_is_under_ha_is_moved_by_it(rig: Guests) -> None:
    upid = rig.call("pve2", "POST", "/nodes/pve2/qemu/101/migrate", target="pve1", online=1)
    assert upid.split(":")[5] == "hamigrate"
    assert rig.ended("pve2", upid) == "OK"
    rig.run(120)
    assert node_of(rig, 101) == "pve1"
    assert rig.world.guests.runs_on("vm:101") == ("pve1",)


def test_while_it_runs(rig: Guests) -> None:
    rig.call("pve1", "DELETE", "/cluster/ha/resources/vm:103")
    rig.run(30)
    path = "/nodes/pve1/qemu/103/migrate"
    assert rig.world.guests.runs_on("vm:103") == ("pve1",)
    with pytest.raises(QuorateError, match="without --online"):
        rig.call("pve1", "POST", path, target="pve2")
    assert rig.task("POST", path, target="pve2", online=1) == "OK"
    assert rig.world.guests.runs_on("vm:103") == ("pve2",)
    assert "lock" not in rig.config(103)
    given = {"disk": "scsi0", "storage": "local-zfs", "delete": 1}
    assert rig.task("POST", "/nodes/pve2/qemu/103/move_disk", given) == "OK"
    path = "/nodes/pve2/qemu/103/migrate"
    with pytest.raises(QuorateError, match="with-local-disks"):
        rig.call("pve2", "POST", path, target="pve3", online=1)
    given = {"target": "pve3", "online": 1, "with-local-disks": 1}
    assert rig.task("POST", path, given) == "OK"
    assert rig.world.guests.runs_on("vm:103") == ("pve3",)
    given = {"target": "pve1", "online": 1, "with-local-disks": 1, "targetstorage": "ceph"}
    assert rig.task("POST", "/nodes/pve3/qemu/103/migrate", given) == "OK"
    assert rig.config(103)["scsi0"].startswith("ceph:vm-103-disk-0,")
    assert rig.world.guests.runs_on("vm:103") == ("pve1",)


def test_a_container_is_restarted(rig: Guests) -> None:
    rig.call("pve1", "DELETE", "/cluster/ha/resources/ct:105")
    rig.run(30)
    path = "/nodes/pve3/lxc/105/migrate"
    assert rig.call("pve3", "GET", path)["running"] == 1
    with pytest.raises(QuorateError, match="--restart"):
        rig.call("pve3", "POST", path, target="pve1")
    assert rig.task("POST", path, target="pve1", restart=1) == "OK"
    assert rig.world.guests.runs_on("ct:105") == ("pve1",)


def test_what_is_refused(rig: Guests) -> None:
    path = "/nodes/pve1/qemu/900/migrate"
    for target, words in (("pve9", "no such cluster node"), ("pve1", "target is local")):
        with pytest.raises(QuorateError, match=words):
            rig.call("pve1", "POST", path, target=target)


def test_rules_of_ha_say_where_it_can_go(rig: Guests) -> None:
    given = {"rule": "apart", "type": "resource-affinity", "affinity": "negative"}
    rig.call("pve1", "POST", "/cluster/ha/rules", given, resources="vm:100,ct:102")
    told = rig.call("pve1", "GET", "/nodes/pve1/qemu/100/migrate")
    blocking = [{"sid": "ct:102", "cause": "resource-affinity"}]
    assert told["not_allowed_nodes"] == {"pve3": {"blocking-ha-resources": blocking}}
    told = rig.call("pve3", "GET", "/nodes/pve3/lxc/102/migrate")
    assert (told["allowed-nodes"], list(told["not-allowed-nodes"])) == (["pve2"], ["pve1"])
    rig.call("pve1", "DELETE", "/cluster/ha/rules/apart")
    assert rig.call("pve1", "GET", "/nodes/pve1/qemu/100/migrate")["not_allowed_nodes"] == {}
