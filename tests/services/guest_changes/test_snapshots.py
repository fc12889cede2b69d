"""Snapshots carried out: what is left when any call fails."""

from __future__ import annotations

import pytest

from appliance.core.guest.locks import unlocked
from appliance.model.errors import QuorateError, RefusedError
from appliance.services.guest_changes import snapshots
from tests.services.guest_changes.instant import run
from tests.services.guest_changes.rig import CT, VM, Rig, every_step, running


def take(rig: Rig, vmid: int = 100, name: str = "one", *, memory: bool = False) -> None:
    run(snapshots.take(rig.ports, rig.guest(vmid), name, "notes", rig.task, memory=memory))


def delete(rig: Rig, vmid: int = 100, name: str = "one", *, force: bool = False) -> None:
    run(snapshots.delete(rig.ports, rig.guest(vmid), name, rig.task, force=force))


@pytest.mark.parametrize(("vmid", "text"), [(100, VM), (101, CT)])
def test_taken_and_deleted_is_as_before(vmid: int, text: str) -> None:
    rig = Rig()
    rig.hosts.run(rig.guest(vmid).sid)
    before = rig.shelf.ids()
    take(rig, vmid)
    assert "parent: one\n" in rig.text(vmid)
    assert rig.shelf.image(f"thin:vm-{vmid}-disk-0").snapshots
    delete(rig, vmid)
    assert (rig.text(vmid), rig.shelf.ids()) == (text, before)
    assert not any(image.snapshots for image in rig.shelf.images.values())
    assert rig.hosts.frozen == set()
    assert all(state.qmp == "running" for state in rig.hosts.up.values())


def test_memory_is_kept_and_started_from_again() -> None:
    rig = Rig()
    rig.hosts.run("vm:100")
    take(rig, memory=True)
    assert "vmstate: ceph:vm-100-state-one\n" in rig.text()
    assert "runningmachine: pc-q35-10.0+pve0\n" in rig.text()
    assert rig.shelf.image("ceph:vm-100-state-one").size_bytes == (2 * 1024 + 500) << 20
    assert rig.hosts.up["vm:100"].qmp == "running"
    rig.shelf.image("thin:vm-100-disk-0").content = "overwritten"
    run(snapshots.roll_back(rig.ports, rig.guest(), "one", rig.task))
    assert rig.shelf.image("thin:vm-100-disk-0").content == "thin:vm-100-disk-0"
    assert rig.hosts.launches[-1].state_volume == "ceph:vm-100-state-one"
    delete(rig)
    assert "ceph:vm-100-state-one" not in rig.shelf.ids()


@pytest.mark.parametrize(("vmid", "memory"), [(100, False), (100, True), (101, False)])
def test_a_snapshot_that_fails_anywhere_leaves_nothing(vmid: int, memory: bool) -> None:
    text = VM if vmid == 100 else CT
    for rig in every_step(lambda rig: take(rig, vmid, memory=memory), running):
        failed = rig.steps.taken[rig.steps.fail_at]
        done = "parent: one\n" in rig.text(vmid)  # only the guest could not go on
        assert done == (failed == "resume vm:100"), failed
        if not done:
            assert rig.text(vmid) == text, failed
            assert rig.shelf.ids() == running().shelf.ids(), failed
            assert not any(image.snapshots for image in rig.shelf.images.values()), failed
            assert rig.hosts.frozen == set()
            assert all(state.qmp == "running" for state in rig.hosts.up.values()), failed


def _taken() -> Rig:
    rig = running()
    take(rig, memory=True)
    return rig


def test_a_deletion_that_fails_anywhere_goes_on() -> None:
    for rig in every_step(delete, _taken):
        rig.steps.fail_at = -1
        if "lock: snapshot-delete" in rig.text():
            with pytest.raises(RefusedError, match="locked"):
                delete(rig)
            run(rig.ports.files.change(rig.guest(), lambda c: unlocked(c, "snapshot-delete")))
        delete(rig)
        assert (rig.text(), rig.shelf.ids()) == (VM, running().shelf.ids())


def test_a_rollback_that_fails_says_so() -> None:
    def act(rig: Rig) -> None:
        run(snapshots.roll_back(rig.ports, rig.guest(), "one", rig.task))

    whole = _taken().text()
    for rig in every_step(act, _taken):
        done, failed = rig.steps.taken[: rig.steps.fail_at], rig.steps.taken[rig.steps.fail_at]
        if failed == "start vm:100":
            assert "lock" not in rig.text()
        elif any(step.startswith("roll back") for step in done):
            assert "lock: rollback\n" in rig.text()
        else:
            assert rig.text() == whole, failed


def test_forced_deletion_leaves_what_it_cannot_remove() -> None:
    rig = _taken()
    del rig.shelf.images["", "ceph:vm-100-disk-0"]
    with pytest.raises(QuorateError, match="does not exist"):
        delete(rig)
    delete(rig, force=True)
    assert "[one]" not in rig.text()


def test_storages_that_cannot() -> None:
    rig = Rig(vm=VM.replace("thin:vm-100-disk-0", "thick:vm-100-disk-0"))
    with pytest.raises(RefusedError, match="snapshot feature is not available"):
        take(rig)
    assert "parent" not in rig.text()


def test_an_agent_that_is_silent_is_a_warning() -> None:
    rig = running()
    rig.steps.fail_at = next(
        index for index, step in enumerate(_agent_steps()) if step == "agent fsfreeze-freeze"
    )
    take(rig)
    assert rig.task.warnings == 1
    assert "parent: one\n" in rig.text()


def _agent_steps() -> list[str]:
    rig = running()
    take(rig)
    return rig.steps.taken
