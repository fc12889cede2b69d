"""Clones, templates and moved disks through the API."""

from __future__ import annotations

import pytest

from appliance.model.errors import QuorateError
from tests.api.changes.rig import Guests, served

VM = "/nodes/pve2/qemu/101"


@pytest.fixture(scope="module")
def rig() -> Guests:
    return served()


def test_clones_of_a_guest_that_runs(rig: Guests) -> None:
    rig.call("pve1", "POST", "/pools", poolid="mine")
    given = {"newid": 900, "name": "copy", "target": "pve3", "pool": "mine"}
    assert rig.task("POST", f"{VM}/clone", given) == "OK"
    made = rig.config(900)
    assert made["name"] == "copy"
    assert made["scsi0"].startswith("ceph:vm-900-disk-0,")
    assert "lock" not in made
    assert rig.call("pve3", "GET", "/nodes/pve3/qemu/900/snapshot")[0]["running"] == 0
    assert rig.call("pve1", "GET", "/pools/mine")["members"][0]["vmid"] == 900


def test_a_template_and_what_stands_on_it(rig: Guests) -> None:
    assert rig.task("POST", f"{VM}/clone", newid=910) == "OK"
    assert rig.task("POST", "/nodes/pve2/qemu/910/template") == "OK"
    assert rig.config(910)["template"] == "1"
    assert rig.task("POST", "/nodes/pve2/qemu/910/clone", newid=911) == "OK"
    assert "base-910-disk-0" in rig.config(911)["scsi0"]
    with pytest.raises(QuorateError, match="a snapshot of a template"):
        rig.call("pve2", "POST", "/nodes/pve2/qemu/910/snapshot", snapname="one")


def test_a_container_that_becomes_a_template(rig: Guests) -> None:
    assert rig.task("POST", "/nodes/pve3/lxc/105/clone", newid=920, hostname="two") == "OK"
    assert rig.config(920)["hostname"] == "two"
    assert rig.call("pve3", "POST", "/nodes/pve3/lxc/920/template") is None
    assert rig.config(920)["rootfs"].startswith("ceph:base-920-disk-0")


def test_disks_that_move(rig: Guests) -> None:
    given = {"disk": "scsi0", "storage": "nfs", "format": "qcow2", "delete": 1}
    assert rig.task("POST", f"{VM}/move_disk", given) == "OK"
    assert rig.config(101)["scsi0"].startswith("nfs:101/vm-101-disk-0.qcow2,")
    assert rig.task("POST", f"{VM}/clone", newid=930) == "OK"
    assert rig.task("POST", f"{VM}/clone", newid=931) == "OK"
    given = {"disk": "scsi0", "target-vmid": 931, "target-disk": "scsi5"}
    assert rig.task("POST", "/nodes/pve2/qemu/930/move_disk", given) == "OK"
    assert rig.config(931)["scsi5"].startswith("nfs:931/vm-931-disk-1.qcow2,")
    assert "scsi0" not in rig.config(930)


def test_what_is_refused(rig: Guests) -> None:
    def refused(path: str, **given: object) -> str:
        with pytest.raises(QuorateError) as error:
            rig.call("pve2", "POST", path, {k.replace("_", "-"): v for k, v in given.items()})
        return str(error.value)

    assert "already exists" in refused(f"{VM}/clone", newid=100)
    assert "storage" in refused(f"{VM}/clone", newid=940, storage="none")
    assert "not supported" in refused(f"{VM}/clone", newid=940, full=0)
    assert "digest" in refused(f"{VM}/move_disk", disk="scsi0", storage="ceph", digest="0" * 41)
    assert "modified" in refused(f"{VM}/move_disk", disk="scsi0", storage="ceph", digest="00")
    assert "storage" in refused(f"{VM}/move_disk", disk="scsi0")
    assert "running" in refused(f"{VM}/template")


def test_a_clone_that_is_stopped_leaves_nothing(rig: Guests) -> None:
    before = rig.world.guests.storage.free_bytes("ceph", "pve2")
    upid = rig.call("pve2", "POST", f"{VM}/clone", newid=960, storage="ceph", full=1)
    rig.run(2)
    assert rig.config(960)["lock"] == "clone"
    assert rig.world.guests.storage.free_bytes("ceph", "pve2") < before
    rig.call("pve2", "DELETE", f"/nodes/pve2/tasks/{upid}")
    assert rig.ended("pve2", upid) == "interrupted by signal"
    with pytest.raises(KeyError):
        rig.config(960)
    assert rig.world.guests.storage.free_bytes("ceph", "pve2") == before
