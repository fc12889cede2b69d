"""Power cuts in the middle of what is done to guests: locks stay and say what was going on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from appliance.model.errors import QuorateError
from sim.faults import Fault
from tests.api.changes.rig import Guests, served

VM = "/nodes/pve2/qemu/101"


def cut_during(path: str, given: Mapping[str, Any], lock: str) -> Guests:
    """The guest 101 without HA, and its node without power in the middle of the call's task."""
    rig = served()
    rig.call("pve1", "DELETE", "/cluster/ha/resources/vm:101")
    rig.run(30)
    upid = rig.call("pve2", "POST", path, given)
    for _ in range(600):
        if rig.config(101).get("lock") == lock:
            break
        rig.run(0.05)
    assert rig.config(101)["lock"] == lock, upid
    rig.world.inject(Fault("power", "pve2"))
    rig.run(5)
    rig.world.heal_all()
    rig.run(120)
    return rig


def unlock(rig: Guests) -> None:
    with pytest.raises(QuorateError, match="locked"):
        rig.call("pve2", "POST", f"{VM}/snapshot", snapname="other")
    rig.call("pve2", "PUT", f"{VM}/config", {"delete": "lock", "skiplock": 1})


def test_a_backup_that_was_cut_off() -> None:
    rig = cut_during("/nodes/pve2/vzdump", {"vmid": "101", "storage": "nfs"}, "backup")
    assert rig.call("pve1", "GET", "/nodes/pve1/storage/nfs/content", content="backup") == []
    unlock(rig)
    given = {"vmid": "101", "storage": "nfs"}
    assert rig.task("POST", "/nodes/pve2/vzdump", given) == "OK"


def test_a_snapshot_that_was_cut_off() -> None:
    rig = cut_during(f"{VM}/snapshot", {"snapname": "one", "vmstate": 1}, "snapshot")
    rows = rig.call("pve2", "GET", f"{VM}/snapshot")
    assert rows[0]["snapstate"] == "prepare"
    unlock(rig)
    with pytest.raises(QuorateError, match="incomplete snapshot 'one'"):
        rig.call("pve2", "POST", f"{VM}/snapshot/one/rollback")
    assert rig.task("DELETE", f"{VM}/snapshot/one", force=1) == "OK"
    assert [row["name"] for row in rig.call("pve2", "GET", f"{VM}/snapshot")] == ["current"]


def test_a_live_migration_that_was_cut_off() -> None:
    rig = cut_during(f"{VM}/migrate", {"target": "pve1", "online": 1}, "migrate")
    assert rig.world.guests.runs_on("vm:101") == ()
    assert "locked" in rig.task("POST", f"{VM}/status/start")
    unlock(rig)
    assert rig.task("POST", f"{VM}/status/start") == "OK"
    assert rig.world.guests.runs_on("vm:101") == ("pve2",)


def test_a_target_that_goes_down_leaves_the_guest_where_it_was() -> None:
    rig = served()
    rig.call("pve1", "DELETE", "/cluster/ha/resources/vm:101")
    rig.run(30)
    given = {"disk": "scsi0", "storage": "local-zfs", "delete": 1}
    assert rig.task("POST", f"{VM}/move_disk", given) == "OK"
    given = {"target": "pve1", "online": 1, "with-local-disks": 1}
    upid = rig.call("pve2", "POST", f"{VM}/migrate", given)
    rig.run(1)
    assert rig.config(101)["lock"] == "migrate"
    rig.world.inject(Fault("power", "pve1"))
    assert "pve1" in rig.ended("pve2", upid)
    assert rig.world.guests.runs_on("vm:101") == ("pve2",)
    assert "lock" not in rig.config(101, at="pve2")
    volumes = rig.world.guests.storage
    assert volumes.exists(volumes.volume("local-zfs", "pve2", "vm-101-disk-0"))
    assert not volumes.exists(volumes.volume("local-zfs", "pve1", "vm-101-disk-0"))


def test_without_quorum_nothing_begins() -> None:
    rig = served()
    for node in ("pve1", "pve3"):
        rig.world.inject(Fault("power", node))
    rig.run(10)
    before = rig.config(101, at="pve2")
    upid = rig.call("pve2", "POST", f"{VM}/snapshot", {"snapname": "one", "vmstate": 1})
    assert "quorum" in rig.ended("pve2", upid)
    assert rig.config(101, at="pve2") == before
    volumes = rig.world.guests.storage
    assert not volumes.exists(volumes.volume("ceph", "pve2", "vm-101-state-one"))
