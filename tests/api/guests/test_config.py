"""Options are changed: at once, while the guest runs, for its next start; and read back."""

from __future__ import annotations

from typing import Any

import pytest

from sim.faults import Fault
from tests.api.guests.rig import POOL, GuestRig, template

BASE = "/nodes/pve1/qemu/200"


@pytest.fixture
def rig() -> GuestRig:
    rig = GuestRig(guests=1)
    rig.make(200, cores=2, net0="virtio=BC:24:11:00:00:09,bridge=vmbr0", agent=1)
    return rig


@pytest.fixture(scope="module")
def kept() -> GuestRig:
    """Nothing that is asked of it is done."""
    rig = GuestRig(guests=1)
    rig.make(200)
    return rig


def change(rig: GuestRig, **given: Any) -> None:
    rig.call("pve1", "PUT", f"{BASE}/config", given)


def pending(rig: GuestRig) -> dict[str, dict[str, Any]]:
    rows = rig.call("pve1", "GET", f"{BASE}/pending")
    return {row["key"]: row for row in rows if "pending" in row or "delete" in row}


def test_what_is_written_is_read_back(rig: GuestRig) -> None:
    given = {
        "agent": "enabled=1,fstrim_cloned_disks=1",
        "boot": "order=scsi0",
        "cpu": "host,flags=+aes",
        "description": "line\n\nlast",
        "memory": "2048",
        "name": "other",
        "nameserver": "192.0.2.1 192.0.2.2",
        "numa": "0",
        "onboot": "0",
        "ostype": "l26",
        "serial0": "socket",
        "sshkeys": "ssh-ed25519%20AAAA%20me%40here",
        "startup": "order=3,up=10",
        "tags": "one;two",
        "vga": "serial0",
    }
    change(rig, **given)
    config = rig.config(200)
    assert {key: str(config[key]) for key in given} == given
    change(rig, delete="description,tags,vga")
    assert {"description", "tags", "vga"} & set(rig.config(200)) == set()


def test_while_it_runs_some_changes_wait(rig: GuestRig) -> None:
    assert rig.do("POST", f"{BASE}/status/start") == "OK"
    change(rig, cores=4, name="now", memory=2048, balloon=512)
    assert set(pending(rig)) == {"cores", "memory"}
    assert pending(rig)["cores"] == {"key": "cores", "value": "2", "pending": "4"}
    assert rig.config(200)["cores"] == 4
    present = rig.call("pve1", "GET", f"{BASE}/config", current=1)
    assert (present["cores"], present["name"], present["balloon"]) == (2, "now", 512)
    change(rig, revert="memory")
    assert set(pending(rig)) == {"cores"}
    change(rig, delete="agent")
    assert pending(rig)["agent"]["delete"] == 1
    assert rig.do("POST", f"{BASE}/status/reboot") == "OK"
    assert pending(rig) == {}
    assert rig.config(200)["cores"] == 4
    assert "agent" not in rig.config(200)


def test_disks_come_and_go(rig: GuestRig) -> None:
    assert rig.do("POST", f"{BASE}/status/start") == "OK"
    change(rig, scsi1=f"{POOL}:1", net1="e1000,bridge=vmbr1")
    config = rig.config(200)
    assert config["scsi1"] == f"{POOL}:vm-200-disk-1,size=1G"
    assert config["net1"].startswith("e1000=BC:24:11:")
    assert pending(rig) == {}
    volume = rig.world.storage.volume(POOL, "pve1", "vm-200-disk-1")
    assert rig.world.storage.writers(volume) == ("pve1",)
    change(rig, ide0=f"{POOL}:1")  # no bus for that
    assert set(pending(rig)) == {"ide0"}
    change(rig, delete="scsi1")
    assert rig.world.storage.writers(volume) == ()
    assert rig.config(200)["unused0"] == f"{POOL}:vm-200-disk-1"
    change(rig, scsi3=f"{POOL}:vm-200-disk-1")
    assert rig.config(200)["scsi3"] == f"{POOL}:vm-200-disk-1,size=1G"
    assert "unused0" not in rig.config(200)
    rig.call("pve1", "PUT", f"{BASE}/unlink", idlist="scsi3", force=1)
    assert not rig.world.storage.exists(volume)
    change(rig, revert="ide0")
    assert rig.config(200)["unused0"] == f"{POOL}:vm-200-disk-2"
    change(rig, delete="unused0")
    assert [name for name in rig.volumes() if "vm-200" in name] == [f"{POOL}@pve1:vm-200-disk-0"]


def test_a_disk_grows(rig: GuestRig) -> None:
    resize = f"{BASE}/resize"
    assert rig.do("PUT", resize, {"disk": "scsi0", "size": "+1G"}) == "OK"
    assert rig.config(200)["scsi0"].endswith("size=3G")
    assert rig.do("PUT", resize, {"disk": "scsi0", "size": "5G"}) == "OK"
    assert rig.config(200)["scsi0"].endswith("size=5G")
    assert "shrinking" in rig.do("PUT", resize, {"disk": "scsi0", "size": "1G"})
    assert "does not exist" in rig.refused("PUT", resize, {"disk": "scsi9", "size": "1G"})
    assert "size" in rig.ask("PUT", resize, {"disk": "scsi0", "size": "much"}).errors


def test_the_later_of_two_editors_is_told(rig: GuestRig) -> None:
    digest = rig.config(200)["digest"]
    change(rig, cores=3, digest=digest)
    reason = rig.refused("PUT", f"{BASE}/config", {"cores": 4, "digest": digest})
    assert "detected modified configuration" in reason
    assert rig.config(200)["cores"] == 3
    upid = rig.call("pve1", "POST", f"{BASE}/config", {"cores": 5, "scsi1": f"{POOL}:1"})
    assert rig.end_of(upid) == "OK"
    assert rig.config(200)["cores"] == 5


def test_a_password_is_neither_kept_nor_shown(rig: GuestRig) -> None:
    change(rig, cipassword="correct horse", ciuser="me")
    assert rig.config(200)["cipassword"] == "**********"
    text = rig.call("pve1", "GET", "/store/files/nodes/pve1/qemu-server/200.conf")["content"]
    assert "correct horse" not in text
    assert "cipassword: $5$" in text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"cores": "0"}, "cores"),
        ({"nonsense": "1"}, "nonsense"),
        ({"delete": "net"}, "delete"),
        ({"delete": "nonsense"}, "delete"),
        ({"scsi0": "local-zfs:0"}, "scsi0"),
        ({"scsi1": "../../etc/passwd"}, "scsi1"),
        ({"net0": "bridge=vmbr0"}, "net0"),
        ({"memory": "8"}, "memory"),
        ({"cores": "2", "delete": "cores"}, "cores"),
        ({"name": "a b"}, "name"),
        ({"digest": "x" * 41}, "digest"),
    ],
)
def test_bad_values_are_named_and_change_nothing(
    kept: GuestRig, given: dict[str, str], field: str
) -> None:
    rig = kept
    before = rig.config(200)
    answer = rig.ask("PUT", f"{BASE}/config", given)
    assert answer.status == 400, answer.body
    assert field in answer.errors
    assert rig.config(200) == before


def test_storages_that_cannot_are_refused(kept: GuestRig) -> None:
    rig = kept
    assert "does not exist" in rig.refused("PUT", f"{BASE}/config", {"scsi4": "nowhere:1"})
    assert "content-type" in rig.refused("PUT", f"{BASE}/config", {"scsi4": "local:1"})
    assert "does not exist" in rig.refused(
        "PUT", f"{BASE}/config", {"scsi4": f"{POOL}:vm-200-disk-7"}
    )
    assert "belongs to guest 100" in rig.refused(
        "PUT", f"{BASE}/config", {"scsi4": "ceph:vm-100-disk-0"}
    )


def test_who_may_do_little_changes_little(kept: GuestRig) -> None:
    rig = kept
    rig.call("pve1", "POST", "/access/users", userid="ann@pve", password="correct horse battery")
    rig.call("pve1", "POST", "/access/roles", roleid="Cpu", privs="VM.Config.CPU,VM.Audit")
    grant = {"path": "/vms/200", "roles": "Cpu", "users": "ann@pve"}
    rig.call("pve1", "PUT", "/access/acl", grant)
    me = rig.login("ann@pve", "correct horse battery")

    def put(**given: Any) -> tuple[int, str]:
        path = f"{BASE}/config"
        answer = rig.ask("PUT", path, given, headers=me, address="192.0.2.7")
        return answer.status, answer.reason

    assert put(cores=3) == (200, "OK")
    for given, lack in (
        ({"memory": 2048}, "VM.Config.Memory"),
        ({"scsi1": f"{POOL}:1"}, "VM.Config.Disk"),
        ({"name": "x"}, "VM.Config.Options"),
        ({"delete": "scsi0"}, "VM.Config.Disk"),
        ({"args": "-x"}, "only root"),
        ({"hookscript": "local:snippets/x.sh"}, "only root"),
        ({"skiplock": 1, "cores": 2}, "Only root"),
    ):
        status, reason = put(**given)
        assert (status, lack in reason) == (403, True), (given, reason)


def test_a_change_right_after_a_template_waits_for_it(rig: GuestRig) -> None:
    made = rig.call("pve1", "POST", f"{BASE}/template")
    changed = rig.call("pve1", "POST", f"{BASE}/config", {"tags": "golden"})
    assert (rig.end_of(made), rig.end_of(changed)) == ("OK", "OK")
    assert (rig.config(200)["template"], rig.config(200)["tags"]) == (1, "golden")


def test_a_container_takes_changes_while_it_runs(rig: GuestRig) -> None:
    given = {
        "vmid": 300,
        "hostname": "box",
        "ostemplate": template(rig),
        "rootfs": f"{POOL}:1",
        "net0": "name=eth0,bridge=vmbr0",
    }
    assert rig.do("POST", "/nodes/pve1/lxc", given) == "OK"
    base = "/nodes/pve1/lxc/300"
    assert rig.do("POST", f"{base}/status/start") == "OK"
    wanted = {"mp0": f"{POOL}:1,mp=/data", "memory": 1024, "hostname": "other", "tags": "x"}
    rig.call("pve1", "PUT", f"{base}/config", wanted)
    rows = rig.call("pve1", "GET", f"{base}/pending")
    assert {row["key"] for row in rows if "pending" in row} == {"hostname"}
    config = rig.call("pve1", "GET", f"{base}/config", current=1)
    assert config["mp0"] == f"{POOL}:subvol-300-disk-1,mp=/data,size=1G"
    assert (config["memory"], config["hostname"]) == (1024, "box")
    assert rig.do("PUT", f"{base}/resize", {"disk": "rootfs", "size": "+1G"}) == "OK"
    assert rig.do("POST", f"{base}/status/reboot") == "OK"
    assert rig.config(300, kind="lxc")["hostname"] == "other"


def test_a_making_that_was_cut_off_is_cleaned_up_by_destroying(rig: GuestRig) -> None:
    given = {"vmid": 210, "scsi0": f"{POOL}:1", "scsi1": f"{POOL}:1", "memory": 512}
    rig.call("pve1", "POST", "/nodes/pve1/qemu", given)
    for _ in range(1000):
        if any("vm-210" in name for name in rig.volumes()):
            break
        rig.run(0.001)
    rig.world.inject(Fault("power", "pve1", heal_after_s=10))
    rig.run(200)
    assert rig.config(210)["lock"] == "create"
    assert "locked (create)" in rig.do("POST", "/nodes/pve1/qemu/210/status/start")
    assert rig.do("DELETE", "/nodes/pve1/qemu/210") == "OK"
    assert [name for name in rig.volumes() if "vm-210" in name] == []
