"""Backups and restores through the API."""

from __future__ import annotations

import pytest

from appliance.model.errors import QuorateError
from tests.api.changes.rig import Guests, served

CONTENT = "/nodes/pve1/storage/nfs/content"


@pytest.fixture(scope="module")
def rig() -> Guests:
    return served()


def backups_of(rig: Guests, vmid: int) -> list[dict[str, object]]:
    rows = rig.call("pve1", "GET", CONTENT, content="backup", vmid=vmid)
    assert isinstance(rows, list)
    return rows


def test_a_backup_and_what_is_made_of_it(rig: Guests) -> None:
    given = {
        "vmid": "100",
        "storage": "nfs",
        "compress": "zstd",
        "notes-template": "{{guestname}} of {{cluster}}",
        "protected": 1,
    }
    assert rig.task("POST", "/nodes/pve1/vzdump", given) == "OK"
    (row,) = backups_of(rig, 100)
    volume = str(row["volid"])
    assert volume.startswith("nfs:backup/vzdump-qemu-100-")
    assert volume.endswith(".vma.zst")
    assert (row["notes"], row["protected"], row["vmid"]) == ("vm100 of quorate", 1, 100)
    assert rig.world.guests.runs_on("vm:100") == ("pve1",)
    assert "lock" not in rig.config(100)
    text = rig.call("pve1", "GET", "/nodes/pve1/vzdump/extractconfig", volume=volume)
    assert "name: vm100\n" in text
    given = {"vmid": 950, "archive": volume, "storage": "local-zfs", "unique": 1, "name": "again"}
    assert rig.task("POST", "/nodes/pve2/qemu", given) == "OK"
    made = rig.config(950)
    assert made["name"] == "again"
    assert made["scsi0"].startswith("local-zfs:vm-950-disk-0,")
    assert made["net0"] != rig.config(100)["net0"]
    given = {"vmid": 950, "archive": volume, "force": 1, "start": 1}
    assert rig.task("POST", "/nodes/pve2/qemu", given) == "OK"
    assert rig.config(950)["scsi0"].startswith("ceph:vm-950-disk-")
    assert rig.world.guests.runs_on("vm:950") == ("pve2",)


@pytest.mark.parametrize("mode", ["snapshot", "suspend", "stop"])
def test_containers(rig: Guests, mode: str) -> None:
    if mode == "snapshot":  # the first one: from here on HA does not manage it
        rig.call("pve1", "DELETE", "/cluster/ha/resources/ct:105")
        rig.run(30)
    given = {"vmid": "105", "storage": "nfs", "mode": mode}
    assert rig.task("POST", "/nodes/pve3/vzdump", given) == "OK"
    assert rig.world.guests.runs_on("ct:105") == ("pve3",)
    volume = str(backups_of(rig, 105)[-1]["volid"])
    made = {"vmid": 951, "ostemplate": volume, "restore": 1, "storage": "ceph", "unique": 1}
    assert rig.task("POST", "/nodes/pve3/lxc", made) == "OK"
    assert rig.config(951)["rootfs"].startswith("ceph:vm-951-disk-0,")
    assert rig.task("DELETE", "/nodes/pve3/lxc/951") == "OK"


def test_all_guests_of_a_node_and_what_stays(rig: Guests) -> None:
    given = {"all": 1, "exclude": "950", "storage": "nfs", "prune-backups": "keep-last=1"}
    for _ in range(2):
        assert rig.task("POST", "/nodes/pve2/vzdump", given) == "OK"
        rig.run(5)
    assert len(backups_of(rig, 101)) == 1
    assert len(backups_of(rig, 104)) == 1
    assert backups_of(rig, 950) == []


def test_a_job_goes_on_behind_a_guest_that_fails(rig: Guests) -> None:
    rig.call("pve1", "PUT", "/nodes/pve1/qemu/103/config", lock="migrate")
    given = {"vmid": "100,103", "storage": "nfs"}
    upid = rig.call("pve1", "POST", "/nodes/pve1/vzdump", given)
    assert rig.ended("pve1", upid) == "job errors"
    log = rig.log("pve1", upid)
    assert any("Backup of VM 103 failed - VM is locked (migrate)" in line for line in log)
    assert "Finished Backup of VM 100" in log


def test_defaults(rig: Guests) -> None:
    told = rig.call("pve1", "GET", "/nodes/pve1/vzdump/defaults", storage="nfs")
    assert (told["mode"], told["compress"], told["remove"]) == ("snapshot", "0", 1)


def test_what_is_refused(rig: Guests) -> None:
    def refused(path: str, verb: str = "POST", **given: object) -> str:
        with pytest.raises(QuorateError) as error:
            rig.call("pve1", verb, path, {k.replace("_", "-"): v for k, v in given.items()})
        return str(error.value)

    path = "/nodes/pve1/vzdump"
    assert "vmid" in refused(path, storage="nfs")
    assert "does not support backups" in refused(path, vmid="100", storage="ceph")
    assert "does not exist" in refused(path, vmid="999", storage="nfs")
    assert "notes-template" in refused(path, vmid="100", storage="nfs", notes_template="{{x}}")
    assert "dumpdir" in refused(path, vmid="100", dumpdir="/tmp")
    config = f"{path}/extractconfig"
    assert "volume" in refused(config, "GET", volume="../../etc/passwd")
    assert "does not exist" in refused(config, "GET", volume="nfs:backup/vzdump-qemu-1-x.vma")
    assert "already exists" in refused(
        "/nodes/pve1/qemu", vmid=100, archive=str(backups_of(rig, 100)[0]["volid"])
    )
    assert "archive" in refused("/nodes/pve1/qemu", vmid=970, archive="/tmp/x.vma")
