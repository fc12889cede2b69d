"""Backups and restores: what comes back, and what is left when any call fails."""

from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError, ExistsError, QuorateError, RefusedError
from appliance.model.store.changes import Put
from appliance.services.guest_changes import backups, restores
from appliance.services.guest_changes.backups import BackupOrder
from appliance.services.guest_changes.restores import RestoreOrder
from tests.services.guest_changes.instant import run
from tests.services.guest_changes.rig import CT, VM, Rig, every_step, running

NAME = "share:backup/vzdump-{}-{}-2009_02_13-23_31_30.{}"
VM_BACKUP = NAME.format("qemu", 100, "vma.zst")
CT_BACKUP = NAME.format("lxc", 101, "tar.zst")


def back_up(rig: Rig, vmid: int = 100, mode: str = "snapshot") -> str:
    order = BackupOrder("share", mode, "zstd", "of mine", True)
    return run(backups.back_up(rig.ports, rig.guest(vmid), order, rig.task))


def restore(rig: Rig, order: RestoreOrder) -> None:
    run(restores.restore(rig.ports, order, rig.task))


def saved() -> Rig:
    rig = Rig()
    assert back_up(rig) == VM_BACKUP
    assert back_up(rig, 101) == CT_BACKUP
    return rig


@pytest.mark.parametrize("mode", ["snapshot", "suspend", "stop"])
@pytest.mark.parametrize("vmid", [100, 101])
def test_a_guest_that_runs_goes_on(vmid: int, mode: str) -> None:
    rig = running()
    volume = back_up(rig, vmid, mode)
    assert rig.text(vmid) == (VM if vmid == 100 else CT)
    assert rig.hosts.up[rig.guest(vmid).sid].qmp == "running"
    assert rig.hosts.frozen == set()
    image = rig.shelf.image(volume)
    assert (image.notes, image.protected) == ("of mine", True)
    assert not any(one.snapshots for one in rig.shelf.images.values())
    archive, _contents = rig.shelf.archives[volume]
    assert "lock" not in archive.config


def test_containers_whose_volumes_have_no_snapshots() -> None:
    rig = Rig(ct=CT.replace("thin:", "thick:"))
    for number in (0, 1):
        rig.shelf.put(f"thick:vm-101-disk-{number}", 1)
    rig.hosts.run("ct:101")
    back_up(rig, 101)
    assert any("trying 'suspend' instead" in line for line in rig.log)
    assert rig.hosts.up["ct:101"].qmp == "running"


@pytest.mark.parametrize("mode", ["snapshot", "suspend", "stop"])
@pytest.mark.parametrize("vmid", [100, 101])
def test_a_backup_that_fails_anywhere(vmid: int, mode: str) -> None:
    def act(rig: Rig) -> None:
        back_up(rig, vmid, mode)

    for rig in every_step(act, running):
        failed = rig.steps.taken[rig.steps.fail_at]
        made = [volid for volid in rig.shelf.ids() if ":backup/" in volid]
        if made:  # it is whole, and the end of the task says what is left
            assert rig.task.warnings == 0
            assert rig.shelf.image(made[0]).notes == "of mine", failed
        else:
            assert rig.text(vmid) == (VM if vmid == 100 else CT), failed
            assert rig.hosts.up[rig.guest(vmid).sid].qmp == "running", failed
            assert not any(one.snapshots for one in rig.shelf.images.values()), failed
        assert rig.hosts.frozen == set(), failed


def test_what_is_left_out_of_a_backup() -> None:
    rig = Rig(vm=VM.replace("scsi1: ceph:vm-100-disk-0,", "scsi1: ceph:vm-100-disk-0,backup=0,"))
    back_up(rig)
    restore(rig, RestoreOrder("vm", 200, VM_BACKUP))
    assert "#scsi1: ceph:vm-100-disk-0,backup=0,size=1G\n" in rig.text(200)


def test_a_vm_beside_its_source() -> None:
    rig = saved()
    rig.shelf.image("thin:vm-100-disk-0").content = "newer"
    order = RestoreOrder("vm", 200, VM_BACKUP, "ceph", unique=True, texts={"name": "two"})
    restore(rig, order)
    made, source = rig.guest(200).config.current, rig.guest().config.current
    assert made.get("scsi0") == "ceph:vm-200-disk-0,discard=on,size=8G"
    assert rig.shelf.image("ceph:vm-200-disk-0").content == "thin:vm-100-disk-0"
    assert (made.get("name"), made.get("lock"), made.get("unused0")) == ("two", None, None)
    for key in ("net0", "smbios1", "vmgenid"):
        assert made.get(key) not in (None, source.get(key))


def test_in_place_of_its_source() -> None:
    rig = saved()
    rig.shelf.image("thin:vm-100-disk-0").content = "newer"
    with pytest.raises(ExistsError, match="already exists"):
        restore(rig, RestoreOrder("vm", 100, VM_BACKUP))
    restore(rig, RestoreOrder("vm", 100, VM_BACKUP, force=True))
    current = rig.guest().config.current
    assert current.get("smbios1") == "uuid=11111111-1111-1111-1111-111111111111"
    assert current.get("net0") == "virtio=BC:24:11:00:00:01,bridge=vmbr0"
    assert current.get("scsi0") == "thin:vm-100-disk-1,discard=on,size=8G"
    assert rig.shelf.image("thin:vm-100-disk-1").content == "thin:vm-100-disk-0"
    assert "thin:vm-100-disk-0" not in rig.shelf.ids()
    assert "thin:vm-100-disk-9" not in rig.shelf.ids()
    rig.hosts.run("vm:100")
    with pytest.raises(RefusedError, match="it is running"):
        restore(rig, RestoreOrder("vm", 100, VM_BACKUP, force=True))


def test_a_container_comes_back() -> None:
    rig = saved()
    restore(rig, RestoreOrder("ct", 201, CT_BACKUP, "zfs"))
    current = rig.guest(201).config.current
    assert current.get("rootfs") == "zfs:subvol-201-disk-0,size=4G"
    assert current.get("mp0") == "zfs:subvol-201-disk-1,mp=/srv,backup=1,size=2G"
    assert current.get("mp1") == "/mnt/host,mp=/host"


def test_firewall_rules_come_back() -> None:
    rig = Rig()
    run(rig.store.change(Put("firewall/100.fw", b"[OPTIONS]\nenable: 1\n")))
    back_up(rig)
    restore(rig, RestoreOrder("vm", 200, VM_BACKUP))
    assert rig.store.text("firewall/200.fw") == "[OPTIONS]\nenable: 1\n"


@pytest.mark.parametrize(
    "order",
    [
        RestoreOrder("vm", 200, VM_BACKUP),
        RestoreOrder("vm", 100, VM_BACKUP, force=True),
        RestoreOrder("ct", 201, CT_BACKUP),
    ],
)
def test_a_restore_that_fails_anywhere(order: RestoreOrder) -> None:
    before = saved()
    for rig in every_step(lambda rig: restore(rig, order), saved):
        assert rig.locks() == []
        assert rig.store.paths("nodes/") == before.store.paths("nodes/"), rig.steps.taken
        assert (rig.text(), rig.text(101)) == (VM, CT)
        assert rig.shelf.ids() == before.shelf.ids(), rig.steps.taken


def test_what_is_refused() -> None:
    rig = saved()
    with pytest.raises(ConfigError, match="is a backup of a container"):
        restore(rig, RestoreOrder("vm", 200, CT_BACKUP))
    with pytest.raises(QuorateError, match="does not exist"):
        restore(rig, RestoreOrder("vm", 200, VM_BACKUP.replace("2009", "2010")))
    with pytest.raises(RefusedError, match="does not support backups"):
        run(backups.back_up(rig.ports, rig.guest(), BackupOrder("ceph"), rig.task))
    locked = Rig(vm=f"lock: migrate\n{VM}")
    with pytest.raises(RefusedError, match=r"VM is locked \(migrate\)"):
        back_up(locked)
    assert locked.locks() == ["lock: migrate"]


def test_a_drive_of_cloud_init_is_made_anew() -> None:
    rig = Rig(vm=f"ide0: thin:vm-100-cloudinit,media=cdrom\n{VM}")
    rig.shelf.put("thin:vm-100-cloudinit", 4 << 20)
    back_up(rig)
    restore(rig, RestoreOrder("vm", 200, VM_BACKUP))
    assert rig.guest(200).config.current.get("ide0") == "thin:vm-200-cloudinit,media=cdrom"
    assert "thin:vm-200-cloudinit" in rig.shelf.ids()
    restore(rig, RestoreOrder("vm", 100, VM_BACKUP, force=True))
    assert rig.guest().config.current.get("ide0") == "thin:vm-100-cloudinit,media=cdrom"
    assert "thin:vm-100-cloudinit" in rig.shelf.ids()
    restore(rig, RestoreOrder("vm", 100, VM_BACKUP, "ceph", force=True))
    assert rig.guest().config.current.get("ide0") == "ceph:vm-100-cloudinit,media=cdrom"
    assert "thin:vm-100-cloudinit" not in rig.shelf.ids()
