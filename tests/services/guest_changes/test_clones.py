"""Clones and templates: what is new in them, and what is left when any call fails."""

from __future__ import annotations

import pytest

from appliance.core.guest.copies import CopyWish
from appliance.model.errors import ConfigError, ExistsError, QuorateError, RefusedError
from appliance.model.guest.config import parse_guest
from appliance.model.store.changes import Put
from appliance.services.guest_changes import clones, disks, snapshots
from appliance.services.guest_changes.clones import CloneOrder
from appliance.services.guest_changes.disks import DiskMove
from tests.services.guest_changes.instant import run
from tests.services.guest_changes.rig import CT, VM, Rig, every_step


def clone(rig: Rig, order: CloneOrder, vmid: int = 100) -> None:
    run(clones.clone(rig.ports, rig.guest(vmid), order, rig.task))


def template(rig: Rig, vmid: int = 100, key: str | None = None) -> None:
    run(clones.make_template(rig.ports, rig.guest(vmid), rig.task, key))


def test_a_full_clone() -> None:
    rig = Rig()
    clone(rig, CloneOrder(200, CopyWish()))
    made = rig.guest(200).config.current
    assert made.get("scsi0") == "thin:vm-200-disk-0,discard=on,size=8G"
    assert made.get("scsi1") == "ceph:vm-200-disk-0,size=1G"
    assert rig.shelf.image("thin:vm-200-disk-0").content == "thin:vm-100-disk-0"
    assert made.get("name") == "Copy-of-VM-web"
    assert made.get("ide2") == "local:iso/debian.iso,media=cdrom"
    assert (made.get("unused0"), made.get("lock")) == (None, None)
    source = rig.guest().config.current
    for key in ("net0", "smbios1", "vmgenid"):
        assert made.get(key) not in (None, source.get(key))
    assert (made.get("net0") or "").startswith("virtio=BC:24:11:")
    assert rig.text() == VM


def test_elsewhere_in_another_format() -> None:
    rig = Rig()
    wish = CopyWish(full=True, storage="share", name="other", notes="of mine")
    clone(rig, CloneOrder(200, wish, form="qcow2", node="n2"))
    made = rig.guest(200)
    assert made.node == "n2"
    assert made.config.current.get("scsi0") == "share:200/vm-200-disk-0.qcow2,discard=on,size=8G"
    assert made.config.current.description == "of mine"
    with pytest.raises(ConfigError, match="'thin' is not shared"):
        clone(rig, CloneOrder(201, CopyWish(), node="n2"))


def test_linked_clones_of_a_template() -> None:
    rig = Rig()
    template(rig)
    assert rig.guest().config.current.get("template") == "1"
    assert rig.guest().config.current.get("scsi0") == "thin:base-100-disk-0,discard=on,size=8G"
    clone(rig, CloneOrder(200, CopyWish()))
    made = rig.guest(200).config.current
    assert made.get("template") is None
    assert made.get("scsi1") == "ceph:base-100-disk-0/vm-200-disk-0,size=1G"
    assert rig.shelf.image("thin:vm-200-disk-0").parent == "thin:base-100-disk-0"
    with pytest.raises(ConfigError, match="'storage' not allowed for linked"):
        clone(rig, CloneOrder(201, CopyWish(storage="ceph")))
    clone(rig, CloneOrder(201, CopyWish(full=True)))
    assert rig.guest(201).config.current.get("scsi0") == "thin:vm-201-disk-0,discard=on,size=8G"


def test_of_a_snapshot() -> None:
    rig = Rig()
    run(snapshots.take(rig.ports, rig.guest(), "one", "", rig.task))
    rig.shelf.image("thin:vm-100-disk-0").content = "newer"
    clone(rig, CloneOrder(200, CopyWish(snapshot="one")))
    assert rig.shelf.image("thin:vm-200-disk-0").content == "thin:vm-100-disk-0"
    made = rig.guest(200).config
    assert (made.snapshots, made.current.get("parent"), made.current.get("snaptime")) == (
        {},
        None,
        None,
    )


def test_containers() -> None:
    rig = Rig(ct=CT.replace("mp1: /mnt/host,mp=/host\n", ""))
    clone(rig, CloneOrder(201, CopyWish(name="db2")), 101)
    made = rig.guest(201).config.current
    assert made.get("mp0") == "thin:vm-201-disk-1,mp=/srv,backup=1,size=2G"
    assert made.get("hostname") == "db2"
    with pytest.raises(RefusedError, match=r"mountpoint 'mp1' \(type bind\)"):
        clone(Rig(), CloneOrder(201, CopyWish()), 101)


@pytest.mark.parametrize(
    "order", [CloneOrder(200, CopyWish()), CloneOrder(200, CopyWish(full=False))]
)
def test_a_clone_that_fails_anywhere_leaves_nothing(order: CloneOrder) -> None:
    def made() -> Rig:
        rig = Rig()
        if order.wish.full is False:
            template(rig)
        return rig

    before = made()
    for rig in every_step(lambda rig: clone(rig, order), made):
        assert not rig.ports.files.exists(200), rig.steps.taken
        assert rig.shelf.ids() == before.shelf.ids(), rig.steps.taken
        assert rig.text() == before.text()


def test_a_template_that_fails_anywhere_goes_on() -> None:
    for rig in every_step(template):
        rig.steps.fail_at = -1
        bases = [volid for volid in rig.shelf.ids() if ":base-" in volid]
        if not bases:
            assert rig.text() == VM
        else:
            assert rig.guest().config.current.get("template") == "1"
        template(rig)
        assert "ceph:base-100-disk-0," in rig.text()
        assert "thin:base-100-disk-0," in rig.text()


def test_what_is_refused() -> None:
    rig = Rig()
    with pytest.raises(ExistsError, match="config file already exists"):
        clone(rig, CloneOrder(101, CopyWish()))
    with pytest.raises(RefusedError, match="Linked clone feature is not supported"):
        clone(rig, CloneOrder(200, CopyWish(full=False)))
    with pytest.raises(ConfigError, match="'qcow2' is not possible on storage 'ceph'"):
        clone(rig, CloneOrder(200, CopyWish(storage="ceph"), form="qcow2"))
    with pytest.raises(QuorateError, match="storage 'no' does not exist"):
        clone(rig, CloneOrder(200, CopyWish(storage="no")))
    rig.hosts.run("vm:100")
    with pytest.raises(RefusedError, match="is running"):
        template(rig)
    assert rig.leftovers() == []
    locked = Rig(vm=f"lock: backup\n{VM}")
    with pytest.raises(RefusedError, match="locked"):
        clone(locked, CloneOrder(200, CopyWish()))
    assert not parse_guest(locked.text(), "vm").snapshots


CLOUD = f"ide0: thin:vm-100-cloudinit,media=cdrom\nciuser: me\n{VM}"


def test_a_drive_of_cloud_init_stays_one() -> None:
    rig = Rig(vm=CLOUD)
    rig.shelf.put("thin:vm-100-cloudinit", 4 << 20)
    clone(rig, CloneOrder(200, CopyWish(storage="share", full=True), form="raw"))
    text = rig.guest(200).config.current.get("ide0")
    assert text == "share:200/vm-200-cloudinit.raw,media=cdrom"
    run(disks.move_disk(rig.ports, rig.guest(), DiskMove("ide0", "ceph"), rig.task))
    assert rig.guest().config.current.get("ide0") == "ceph:vm-100-cloudinit,media=cdrom"


def test_addresses_begin_as_the_datacenter_says() -> None:
    rig = Rig()
    run(rig.store.change(Put("datacenter.cfg", b"mac_prefix: 02:AB\n")))
    clone(rig, CloneOrder(200, CopyWish()))
    net = rig.guest(200).config.current.get("net0") or ""
    assert net.startswith("virtio=02:AB:")
    assert len(net.partition("=")[2].partition(",")[0]) == 17
