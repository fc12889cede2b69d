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
