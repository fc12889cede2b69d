"""Disks that get another storage or another guest."""

from __future__ import annotations

import pytest

from appliance.model.errors import QuorateError, RefusedError
from appliance.model.store.changes import Put
from appliance.services.guest_changes import disks, snapshots
from appliance.services.guest_changes.disks import DiskMove, Handover
from tests.services.guest_changes.instant import run
from tests.services.guest_changes.rig import CT, VM, Rig, every_step, running


def move(rig: Rig, order: DiskMove, vmid: int = 100) -> None:
    run(disks.move_disk(rig.ports, rig.guest(vmid), order, rig.task))


def hand_over(rig: Rig, order: Handover, vmid: int = 100) -> None:
    run(disks.hand_over(rig.ports, rig.guest(vmid), order, rig.task))


def two() -> Rig:
    rig = Rig()
    run(rig.store.change(Put("nodes/n1/qemu-server/102.conf", b"name: other\n")))
    return rig


def test_moved_while_stopped() -> None:
    rig = Rig()
    move(rig, DiskMove("scsi0", "share", "qcow2"))
    current = rig.guest().config.current
    assert current.get("scsi0") == "share:100/vm-100-disk-0.qcow2,discard=on,size=8G"
    assert current.get("unused1") == "thin:vm-100-disk-0"
    assert rig.shelf.image("share:100/vm-100-disk-0.qcow2").content == "thin:vm-100-disk-0"
    move(rig, DiskMove("scsi1", "thin", delete=True))
    assert "ceph:vm-100-disk-0" not in rig.shelf.ids()
    assert rig.guest().config.current.get("scsi1") == "thin:vm-100-disk-1,size=1G"


def test_moved_while_it_runs() -> None:
    rig = running()
    move(rig, DiskMove("scsi0", "ceph", delete=True))
    assert rig.hosts.swapped == {"scsi0": "ceph:vm-100-disk-1"}
    assert rig.guest().config.current.get("scsi0") == "ceph:vm-100-disk-1,discard=on,size=8G"
    assert "thin:vm-100-disk-0" not in rig.shelf.ids()
    with pytest.raises(RefusedError, match="running container"):
        move(rig, DiskMove("mp0", "ceph"), 101)


@pytest.mark.parametrize("live", [False, True])
def test_a_move_that_fails_anywhere_leaves_the_old_disk(live: bool) -> None:
    order = DiskMove("scsi0", "ceph", delete=True)
    for rig in every_step(lambda rig: move(rig, order), running if live else Rig):
        assert (rig.text(), rig.shelf.ids()) == (VM, Rig().shelf.ids()), rig.steps.taken
        assert rig.hosts.swapped.get("scsi0", "thin:vm-100-disk-0") == "thin:vm-100-disk-0"


def test_an_old_volume_that_stays_is_told() -> None:
    rig = Rig()
    move(rig, DiskMove("scsi0", "ceph"))
    count = len(rig.steps.taken)
    rig = Rig()
    rig.steps.fail_at = count  # the removal
    move(rig, DiskMove("scsi0", "ceph", delete=True))
    assert rig.task.warnings == 1
    assert "thin:vm-100-disk-0' is left" in rig.log[-1]


def test_moves_that_are_refused() -> None:
    rig = Rig()
    run(snapshots.take(rig.ports, rig.guest(), "one", "", rig.task))
    with pytest.raises(RefusedError, match="with snapshots and delete the source"):
        move(rig, DiskMove("scsi0", "ceph", delete=True))
    with pytest.raises(RefusedError, match="same storage with same format"):
        move(rig, DiskMove("scsi0", "thin"))
    with pytest.raises(RefusedError, match="can't move a cdrom"):
        move(rig, DiskMove("ide2", "thin"))
    with pytest.raises(QuorateError, match="scsi9 is no volume"):
        move(rig, DiskMove("scsi9", "ceph"))


def test_given_to_another_guest() -> None:
    rig = two()
    hand_over(rig, Handover("scsi1", 102, "virtio0"))
    assert "scsi1" not in rig.text()
    assert rig.guest(102).config.current.get("virtio0") == "ceph:vm-102-disk-0,size=1G"
    assert "ceph:vm-102-disk-0" in rig.shelf.ids()
    hand_over(rig, Handover("unused0", 102, "unused0"))
    assert rig.guest(102).config.current.get("unused0") == "thin:vm-102-disk-0"


def test_a_gift_that_fails_anywhere_is_not_given() -> None:
    for rig in every_step(lambda rig: hand_over(rig, Handover("scsi1", 102, "scsi0")), two):
        assert rig.text() == VM
        assert rig.text(102) == "name: other\n"
        assert rig.shelf.ids() == Rig().shelf.ids()


def test_gifts_that_are_refused() -> None:
    rig = two()
    with pytest.raises(QuorateError, match="another guest"):
        hand_over(rig, Handover("scsi1", 100, "scsi5"))
    with pytest.raises(QuorateError, match="'net5' is no disk"):
        hand_over(rig, Handover("scsi1", 102, "net5"))
    with pytest.raises(QuorateError, match="does not exist"):
        hand_over(rig, Handover("scsi1", 101, "mp5"))  # a container
    other = CT.replace("vm-101", "vm-103")
    run(rig.store.change(Put("nodes/n1/lxc/103.conf", other.encode())))
    with pytest.raises(RefusedError, match="rootfs cannot be given"):
        hand_over(rig, Handover("rootfs", 103, "mp5"), 101)
    rig.hosts.run("vm:100")
    with pytest.raises(RefusedError, match="running guest"):
        hand_over(rig, Handover("scsi1", 102, "scsi0"))
