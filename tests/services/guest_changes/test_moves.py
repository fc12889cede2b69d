"""Moves to another node: what is where afterwards, whatever call fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.core.guest.moving import MoveWish, StorageMap, storage_map
from appliance.model.errors import OutcomeUnknownError, QuorateError, RefusedError
from appliance.services.guest_changes import moves, snapshots
from appliance.services.guest_changes.moves import MoveOrder
from tests.services.guest_changes.instant import run
from tests.services.guest_changes.rig import CT, VM, Rig, every_step, running

NO_ISO = VM.replace("ide2: local:iso/debian.iso,media=cdrom\n", "")
NO_BIND = CT.replace("mp1: /mnt/host,mp=/host\n", "")
LIVE = MoveOrder(MoveWish("n2", online=True, local_disks=True))
RESTART = MoveOrder(MoveWish("n2"), restart=True)
OFFLINE = MoveOrder(MoveWish("n2"))


def migrate(rig: Rig, order: MoveOrder = OFFLINE, vmid: int = 100) -> None:
    run(moves.migrate(rig.ports, rig.guest(vmid), order, rig.task))


def stopped() -> Rig:
    return Rig(NO_ISO, NO_BIND)


def awake() -> Rig:
    rig = stopped()
    rig.hosts.run("vm:100")
    rig.hosts.run("ct:101")
    return rig


def test_while_stopped() -> None:
    rig = stopped()
    migrate(rig)
    assert rig.guest().node == "n2"
    assert rig.text() == NO_ISO
    assert rig.shelf.image("thin:vm-100-disk-0", "n2").content == "thin:vm-100-disk-0"
    assert [v for v in rig.shelf.ids("n1") if "100" in v] == ["ceph:vm-100-disk-0"]


def test_to_other_storages() -> None:
    rig = stopped()
    names = storage_map("thin:local,zfs")
    assert names == StorageMap({"thin": "local"}, "zfs")
    migrate(rig, MoveOrder(MoveWish("n2", storages=names)))
    current = rig.guest().config.current
    assert current.get("scsi0") == "local:100/vm-100-disk-0.raw,discard=on,size=8G"
    assert current.get("unused0") == "local:100/vm-100-disk-9.raw"
    assert current.get("scsi1") == "ceph:vm-100-disk-0,size=1G"


def test_while_it_runs() -> None:
    rig = awake()
    migrate(rig, LIVE)
    assert (rig.guest().node, rig.text()) == ("n2", NO_ISO)
    assert "vm:100" in rig.there
    assert not rig.hosts.up.get("vm:100")
    assert [v for v in rig.shelf.ids("n1") if "100" in v] == ["ceph:vm-100-disk-0"]


def test_a_container_is_started_there() -> None:
    rig = awake()
    migrate(rig, RESTART, 101)
    assert rig.guest(101).node == "n2"
    assert "ct:101" in rig.there
    assert [v for v in rig.shelf.ids("n1") if "101" in v] == []


@pytest.mark.parametrize(
    ("order", "vmid", "awakened"),
    [(OFFLINE, 100, False), (LIVE, 100, True), (RESTART, 101, True), (OFFLINE, 101, False)],
)
def test_a_move_that_fails_anywhere(order: MoveOrder, vmid: int, awakened: bool) -> None:
    make = awake if awakened else stopped
    before = make()
    for rig in every_step(lambda rig: migrate(rig, order, vmid), make):
        failed = rig.steps.taken[rig.steps.fail_at]
        sid = rig.guest(vmid).sid
        assert rig.locks() == []
        assert rig.text(vmid) == before.text(vmid)
        if rig.guest(vmid).node == "n2":
            assert failed.startswith(("free", "start"))
            there = rig.shelf.ids("n2")
            assert all(volid in there for volid in before.shelf.ids() if str(vmid) in volid)
        else:
            assert (sid in rig.hosts.up) == awakened, failed
            assert rig.shelf.images == before.shelf.images, failed


def test_what_is_in_the_way() -> None:
    def refused(rig: Rig, order: MoveOrder, vmid: int = 100) -> str:
        before = rig.text(vmid)
        with pytest.raises(QuorateError) as error:
            migrate(rig, order, vmid)
        assert rig.text(vmid) == before
        return str(error.value)

    assert "without --online" in refused(awake(), OFFLINE)
    assert "without with-local-disks" in refused(awake(), MoveOrder(MoveWish("n2", online=True)))
    assert "local cdrom image" in refused(running(), LIVE)
    assert "bind mount point 'mp1'" in refused(Rig(), OFFLINE, 101)
    assert "--restart" in refused(awake(), OFFLINE, 101)
    assert "not implemented" in refused(awake(), MoveOrder(MoveWish("n2", online=True)), 101)
    devices = Rig(vm=f"hostpci0: 00:02.0\nusb0: spice\nserial0: socket\n{NO_ISO}")
    assert "local devices: hostpci0" in refused(devices, OFFLINE)
    mapped = StorageMap({"thin": "nowhere"})
    gone = MoveOrder(MoveWish("n2", storages=mapped))
    assert "'nowhere' does not exist" in refused(stopped(), gone)


def test_snapshots_stay_with_disks_that_can_take_them() -> None:
    rig = stopped()
    run(snapshots.take(rig.ports, rig.guest(), "one", "", rig.task))
    with pytest.raises(RefusedError, match="non-migratable snapshot exists"):
        migrate(rig)
    zfs = Rig(vm=NO_ISO.replace("thin:", "zfs:"))
    for volume in ("zfs:vm-100-disk-0", "zfs:vm-100-disk-9"):
        zfs.shelf.put(volume, 1)
    run(snapshots.take(zfs.ports, zfs.guest(), "one", "", zfs.task))
    migrate(zfs)
    assert "one" in zfs.shelf.image("zfs:vm-100-disk-0", "n2").snapshots
    assert "one" in zfs.guest().config.snapshots


@pytest.mark.parametrize(("order", "make"), [(OFFLINE, stopped), (LIVE, awake)])
def test_when_nobody_knows_whose_it_is_nothing_is_removed(
    order: MoveOrder, make: Callable[[], Rig]
) -> None:
    rig = make()
    rig.store.unsure = "Rename"
    with pytest.raises(OutcomeUnknownError):
        migrate(rig, order)
    assert rig.guest().node == "n2"  # it was written, only the answer was lost
    for node in ("n1", "n2"):
        assert "thin:vm-100-disk-0" in rig.shelf.ids(node)
