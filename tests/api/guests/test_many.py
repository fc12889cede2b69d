"""Many guests at once, nodes that go down and come back, consoles, cloud-init, history."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.guests.rig import GuestRig
from tests.api.rig import ELSEWHERE


@pytest.fixture
def rig() -> GuestRig:
    rig = GuestRig(guests=1)
    for vmid, startup in ((200, "order=2"), (201, "order=1,up=5"), (202, "")):
        given = {"startup": startup} if startup else {}
        rig.make(vmid, onboot=int(vmid != 202), scsi0="ceph:1", **given)
    return rig


def running(rig: GuestRig, node: str = "pve1") -> list[int]:
    rows = rig.call(node, "GET", f"/nodes/{node}/qemu")
    return [row["vmid"] for row in rows if row["status"] == "running" and row["vmid"] > 199]


def test_guests_of_a_node_start_in_their_order_and_stop_in_the_reverse(rig: GuestRig) -> None:
    upid = rig.call("pve1", "POST", "/nodes/pve1/startall")
    assert rig.end_of(upid) == "OK"
    lines = [line for line in rig.log(upid) if line.startswith("Starting")]
    assert lines == ["Starting VM 201", "Starting VM 200"]
    assert running(rig) == [200, 201]
    assert rig.do("POST", "/nodes/pve1/startall", {"force": 1, "vms": "202"}) == "OK"
    assert running(rig) == [200, 201, 202]
    upid = rig.call("pve1", "POST", "/nodes/pve1/stopall")
    assert rig.end_of(upid) == "OK"
    lines = [line for line in rig.log(upid) if line.startswith("Stopping")]
    assert lines == ["Stopping VM 202", "Stopping VM 200", "Stopping VM 201"]
    assert running(rig) == []


def test_guests_that_start_with_the_node_do(rig: GuestRig) -> None:
    rig.make(203, onboot=1, agent=1)
    rig.call("pve1", "POST", "/nodes/pve1/status", command="reboot")
    rig.run(400)
    assert running(rig) == [200, 201, 203]
    rows = rig.call("pve1", "GET", "/nodes/pve1/tasks", source="all", typefilter="startall")
    assert [row["status"] for row in rows] == ["OK"]


def test_a_bulk_action_goes_to_every_node(rig: GuestRig) -> None:
    rig.make(210, node="pve2", scsi0="ceph:1")
    given = {"vms": [200, 202, 210]}
    assert rig.do("POST", "/cluster/bulk-action/guest/start", given) == "OK"
    assert (running(rig), running(rig, "pve2")) == ([200, 202], [210])
    move = {"vms": [200, 210], "target": "pve3"}
    assert rig.do("POST", "/cluster/bulk-action/guest/migrate", move) == "OK"
    assert running(rig, "pve3") == [200, 210]
    assert rig.do("POST", "/cluster/bulk-action/guest/suspend", {"vms": [202]}) == "OK"
    assert rig.do("POST", "/cluster/bulk-action/guest/shutdown", {"vms": [200, 210]}) == "OK"
    assert running(rig, "pve3") == []
    again = rig.do("POST", "/cluster/bulk-action/guest/shutdown", {"vms": [200]})
    assert again == "WARNINGS: 1"


def test_a_token_acts_for_its_user_and_for_nobody_else(rig: GuestRig) -> None:
    """What it starts elsewhere is asked by the user behind it: a token's secret is not kept."""
    rig.call("pve1", "POST", "/access/users", userid="ann@pve")
    made = rig.call("pve1", "POST", "/access/users/ann@pve/token/tok", privsep=0)
    acl = {"path": "/vms/200", "roles": "PVEVMUser", "users": "ann@pve"}
    rig.call("pve1", "PUT", "/access/acl", acl)
    shown = {"authorization": f"PVEAPIToken=ann@pve!tok={made['value']}"}
    asked: dict[str, Any] = {"headers": shown, "address": ELSEWHERE, "node": "pve1"}
    start = "/cluster/bulk-action/guest/start"
    assert rig.ask("POST", start, {"vms": [200, 202]}, **asked).status == 403
    upid = rig.ask("POST", start, {"vms": [200]}, **asked).data
    assert rig.end_of(upid) == "OK"
    rows = rig.call("pve1", "GET", "/nodes/pve1/tasks", vmid=200, typefilter="qmstart")
    assert [row["user"] for row in rows] == ["ann@pve"]


def test_all_guests_leave_a_node(rig: GuestRig) -> None:
    assert rig.do("POST", "/nodes/pve1/qemu/200/status/start") == "OK"
    assert rig.do("POST", "/nodes/pve1/migrateall", {"target": "pve2", "vms": "200,201"}) == "OK"
    assert running(rig, "pve2") == [200]
    assert rig.config(201, node="pve2")["name"] == "vm201"


def test_a_console_has_a_port_and_a_ticket_of_its_own(rig: GuestRig) -> None:
    first = rig.call("pve1", "POST", "/nodes/pve1/qemu/200/vncproxy", {"generate-password": 1})
    second = rig.call("pve1", "POST", "/nodes/pve1/qemu/201/termproxy")
    assert first["port"] != second["port"]
    assert first["ticket"].startswith("PVEVNC:")
    assert "BEGIN CERTIFICATE" in first["cert"]
    assert first["password"]
    assert rig.end_of(first["upid"]) == "connection timed out"
    third = rig.call("pve1", "POST", "/nodes/pve1/termproxy")
    assert third["port"] == first["port"]
    assert "serial" in rig.refused("POST", "/nodes/pve1/qemu/200/termproxy", {"serial": "serial0"})


def test_cloud_init(rig: GuestRig) -> None:
    base = "/nodes/pve1/qemu/200"
    given = {
        "ciuser": "ann",
        "cipassword": "correct horse",
        "ipconfig0": "ip=192.0.2.5/24,gw=192.0.2.1",
        "net0": "virtio=BC:24:11:00:00:05,bridge=vmbr0",
        "nameserver": "192.0.2.2",
        "sshkeys": "ssh-ed25519%20AAAA%20ann%40here",
    }
    rig.call("pve1", "PUT", f"{base}/config", given)
    user = rig.call("pve1", "GET", f"{base}/cloudinit/dump", type="user")
    assert "user: ann\n" in user
    assert "ssh-ed25519 AAAA ann@here" in user
    assert "correct horse" not in user
    network = rig.call("pve1", "GET", f"{base}/cloudinit/dump", type="network")
    assert "mac_address: 'bc:24:11:00:00:05'" in network
    assert "gateway: '192.0.2.1'" in network
    before = rig.call("pve1", "GET", f"{base}/cloudinit/dump", type="meta")
    assert rig.do("POST", f"{base}/status/start") == "OK"
    rig.call("pve1", "PUT", f"{base}/config", ciuser="bob")
    rows = {row["key"]: row for row in rig.call("pve1", "GET", f"{base}/cloudinit")}
    assert rows["ciuser"] == {"key": "ciuser", "value": "ann", "pending": "bob"}
    assert rows["cipassword"]["value"] == "**********"
    rig.call("pve1", "PUT", f"{base}/cloudinit")
    rows = {row["key"]: row for row in rig.call("pve1", "GET", f"{base}/cloudinit")}
    assert rows["ciuser"] == {"key": "ciuser", "value": "bob"}
    assert rig.call("pve1", "GET", f"{base}/cloudinit/dump", type="meta") != before


def test_history_tells_when_it_ran(rig: GuestRig) -> None:
    rig.run(600)
    assert rig.do("POST", "/nodes/pve1/qemu/200/status/start") == "OK"
    rig.run(600)
    rows = rig.call("pve1", "GET", "/nodes/pve1/qemu/200/rrddata", timeframe="hour")
    assert len(rows) == 70
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    known = [row for row in rows if "cpu" in row]
    assert 9 <= len(known) <= 11
    assert all(0 <= row["cpu"] <= 1 and 0 < row["mem"] <= row["maxmem"] for row in known)
    assert len({row["cpu"] for row in known}) > 1
    again = rig.call("pve2", "GET", "/nodes/pve1/qemu/200/rrddata", timeframe="hour", cf="MAX")
    assert len(again) == 70
    node = rig.call("pve2", "GET", "/nodes/pve1/rrddata", timeframe="hour")
    assert 0 < node[-1]["memused"] < node[-1]["memtotal"]
    assert len(rig.call("pve2", "GET", "/nodes/pve1/rrddata", timeframe="decade")) == 70
