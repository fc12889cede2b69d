"""The whole life of guests through the API, and what their state forbids."""

from __future__ import annotations

import pytest

from appliance.api.http import HttpRequest
from sim.faults import Fault
from tests.api.guests.rig import POOL, GuestRig, template


@pytest.fixture(scope="module")
def rig() -> GuestRig:
    return GuestRig()


def test_the_life_of_a_vm(rig: GuestRig) -> None:
    assert rig.call("pve1", "GET", "/cluster/nextid") == 106
    given = {
        "vmid": 200,
        "name": "web",
        "memory": 1024,
        "cores": 2,
        "net0": "virtio,bridge=vmbr0",
        "scsi0": f"{POOL}:8,ssd=1",
        "ide2": f"{POOL}:cloudinit",
        "description": "two\nlines\n",
        "onboot": "true",
    }
    assert rig.do("POST", "/nodes/pve1/qemu", given) == "OK"
    config = rig.config(200)
    assert config["scsi0"] == f"{POOL}:vm-200-disk-0,size=8G,ssd=1"
    assert config["ide2"] == f"{POOL}:vm-200-cloudinit,media=cdrom,size=4M"
    assert config["net0"].startswith("virtio=BC:24:11:")
    assert (config["cores"], config["memory"], config["onboot"]) == (2, "1024", 1)
    assert config["description"] == "two\nlines\n"
    assert config["boot"] == "order=scsi0;net0"
    for unset in ("sockets", "cpu", "balloon", "ostype", "acpi", "lock"):
        assert unset not in config
    base = "/nodes/pve1/qemu/200"
    assert rig.status(200) == "stopped"
    assert rig.do("POST", f"{base}/status/start") == "OK"
    assert rig.status(200) == "running"
    current = rig.call("pve1", "GET", f"{base}/status/current")
    assert (current["cpus"], current["maxmem"], current["qmpstatus"]) == (2, 1 << 30, "running")
    assert rig.do("POST", f"{base}/status/start") == "VM 200 already running"
    assert rig.do("POST", f"{base}/status/suspend") == "OK"
    assert rig.call("pve1", "GET", f"{base}/status/current")["qmpstatus"] == "paused"
    assert rig.do("POST", f"{base}/status/resume") == "OK"
    assert rig.do("POST", f"{base}/status/reset") == "OK"
    assert rig.do("POST", f"{base}/status/reboot") == "OK"
    assert rig.status(200) == "running"
    assert "running - destroy failed" in rig.refused("DELETE", base)
    assert rig.do("POST", f"{base}/status/shutdown") == "OK"
    assert rig.status(200) == "stopped"
    assert rig.do("POST", f"{base}/status/stop") == "OK"
    for what in ("shutdown", "reboot", "reset", "suspend", "resume"):
        assert "not running" in rig.refused("POST", f"{base}/status/{what}")
    assert rig.do("DELETE", base, {"purge": 1}) == "OK"
    assert "does not exist" in rig.refused("GET", f"{base}/config")
    assert rig.volumes() == []


def test_the_life_of_a_container(rig: GuestRig) -> None:
    given = {
        "vmid": 300,
        "hostname": "box",
        "ostemplate": template(rig),
        "rootfs": f"{POOL}:4",
        "mp0": f"{POOL}:1,mp=/data",
        "net0": "name=eth0,bridge=vmbr0,ip=192.0.2.7/24",
        "memory": 512,
        "password": "secret",
    }
    assert rig.do("POST", "/nodes/pve1/lxc", given) == "OK"
    config = rig.config(300, kind="lxc")
    assert config["rootfs"] == f"{POOL}:subvol-300-disk-0,size=4G"
    assert config["mp0"] == f"{POOL}:subvol-300-disk-1,mp=/data,size=1G"
    assert "password" not in config
    base = "/nodes/pve1/lxc/300"
    assert rig.do("POST", f"{base}/status/start") == "OK"
    assert "already running" in rig.refused("POST", f"{base}/status/start")
    row = rig.call("pve1", "GET", f"{base}/status/current")
    assert (row["status"], row["type"], row["maxmem"]) == ("running", "lxc", 512 << 20)
    assert rig.do("POST", f"{base}/status/reboot") == "OK"
    assert rig.do("POST", f"{base}/status/shutdown", {"timeout": 30}) == "OK"
    assert "not running" in rig.refused("POST", f"{base}/status/stop")
    assert rig.do("POST", f"{base}/status/start") == "OK"
    assert rig.do("DELETE", base, {"force": 1}) == "OK"
    assert [name for name in rig.volumes() if "300" in name] == []


def test_a_number_is_given_once(rig: GuestRig) -> None:
    rig.make(210)
    there = rig.volumes()
    vm, ct = {"scsi0": f"{POOL}:1"}, {"rootfs": f"{POOL}:1", "ostemplate": "local:vztmpl/x.tar.gz"}
    for node, kind, given in (("pve1", "qemu", vm), ("pve2", "qemu", vm), ("pve2", "lxc", ct)):
        reason = rig.refused("POST", f"/nodes/{node}/{kind}", {"vmid": 210, **given}, node=node)
        assert "already exists" in reason
    unnamed = {"vmid": 999, "rootfs": f"{POOL}:1", "ostemplate": "../x"}
    assert "ostemplate" in rig.ask("POST", "/nodes/pve1/lxc", unnamed).errors
    assert rig.volumes() == there
    assert "already exists" in rig.refused("GET", "/cluster/nextid", {"vmid": 210})
    assert rig.call("pve1", "GET", "/cluster/nextid", vmid=211) == 211


def test_of_two_at_once_one_wins_and_nothing_leaks(rig: GuestRig) -> None:
    before = rig.volumes()
    body = b"vmid=220&memory=512&scsi0=local-zfs:1"
    tasks = []
    for node in ("pve1", "pve2"):
        boot, api = rig.process(node)
        request = HttpRequest("POST", f"/api2/json/nodes/{node}/qemu", body=body)
        tasks.append(boot.spawn(api.handle(request), "create"))
    rig.run(20)
    answers = sorted((task.result().status, task.result().reason) for task in tasks)
    assert [status for status, _reason in answers] == [200, 500]
    assert "already exists" in answers[1][1]
    new = [name for name in rig.volumes() if name not in before]
    assert len(new) == 1
    assert new[0].endswith("vm-220-disk-0")


def test_a_template_does_not_start(rig: GuestRig) -> None:
    rig.make(230, template=1)
    assert "template" in rig.refused("POST", "/nodes/pve1/qemu/230/status/start")


def test_locks_and_protection(rig: GuestRig) -> None:
    rig.make(240, protection=1, scsi1=f"{POOL}:1")
    base = "/nodes/pve1/qemu/240"
    assert "protection" in rig.refused("DELETE", base)
    assert "protection" in rig.refused("PUT", f"{base}/config", {"delete": "scsi1", "force": 1})
    rig.call("pve1", "PUT", f"{base}/config", {"protection": 0, "lock": "backup"})
    for verb, path in (("DELETE", base), ("PUT", f"{base}/config")):
        assert "locked (backup)" in rig.refused(
            verb, path, {} if verb == "DELETE" else {"cores": 2}
        )
    assert rig.do("POST", f"{base}/status/start") == "VM is locked (backup)"
    assert rig.do("POST", f"{base}/status/start", {"skiplock": 1}) == "OK"
    assert rig.do("POST", f"{base}/status/stop") == "OK"
    rig.call("pve1", "PUT", f"{base}/config", {"delete": "lock", "skiplock": 1})
    assert rig.do("DELETE", base) == "OK"


def test_memory_is_kept_on_a_disk(rig: GuestRig) -> None:
    rig.make(250)
    base = "/nodes/pve1/qemu/250"
    assert rig.do("POST", f"{base}/status/start") == "OK"
    assert rig.do("POST", f"{base}/status/suspend", {"todisk": 1}) == "OK"
    config = rig.config(250)
    assert config["lock"] == "suspended"
    assert "state-suspend" in config["vmstate"]
    assert rig.status(250) == "stopped"
    assert rig.do("POST", f"{base}/status/start") == "OK"
    config = rig.config(250)
    assert "lock" not in config
    assert "vmstate" not in config
    assert [name for name in rig.volumes() if "state" in name] == []


def test_what_is_under_high_availability_is_asked_of_the_manager(rig: GuestRig) -> None:
    base = "/nodes/pve1/qemu/100"
    upid = rig.call("pve1", "POST", f"{base}/status/stop")
    assert ":hastop:" in upid
    assert rig.end_of(upid) == "OK"
    rig.run(40)
    assert rig.status(100) == "stopped"
    upid = rig.call("pve1", "POST", f"{base}/status/start")
    assert ":hastart:" in upid
    rig.run(60)
    assert rig.status(100) == "running"
    rig.make(260, ha_managed=1, start=1)
    rig.run(60)
    assert rig.status(260) == "running"
    assert rig.call("pve1", "GET", "/nodes/pve1/qemu/260/status/current")["ha"]["managed"] == 1
    rig.call("pve1", "POST", "/nodes/pve1/qemu/260/status/stop")
    rig.run(60)
    assert "used in HA resources" in rig.refused("DELETE", "/nodes/pve1/qemu/260")
    assert rig.do("DELETE", "/nodes/pve1/qemu/260", {"purge": 1}) == "OK"


def test_a_guest_made_here_starts_elsewhere_after_a_power_cut() -> None:
    rig = GuestRig()
    rig.make(200, scsi0="ceph:1", ha_managed=1, start=1)
    rig.run(60)
    assert rig.status(200) == "running"
    rig.world.inject(Fault("power", "pve1"))
    rig.run(300)
    rows = [
        row["vmid"] for node in ("pve2", "pve3")
        for row in rig.call(node, "GET", f"/nodes/{node}/qemu") if row["status"] == "running"
    ]  # fmt: skip
    assert 200 in rows
