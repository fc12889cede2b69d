"""Any call of a port fails: things are as before, or it is said what is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from appliance.model.errors import OutcomeUnknownError
from appliance.services.guests.change import Wish, change
from appliance.services.guests.create import NewGuest, create
from appliance.services.guests.destroy import Farewell, destroy
from appliance.services.guests.growth import resize
from appliance.services.guests.life import Life, Stopping
from appliance.services.guests.suspend import suspend_to_disk
from tests.services.guest_changes.instant import Pool, context, run
from tests.services.guest_changes.rig import every_step
from tests.services.guests.rig import Rig


def running() -> Rig:
    rig = Rig()
    rig.hosts.run("vm:100")
    rig.hosts.run("ct:101")
    return rig


def every(act: Callable[[Rig], None], rig: Callable[[], Rig] = Rig) -> list[Rig]:
    found: list[Any] = every_step(act, rig)  # type: ignore[arg-type]
    return found


def failed(rig: Rig) -> str:
    return rig.steps.taken[rig.steps.fail_at]


# making


async def _joined(rig: Rig) -> None:
    rig.steps.take("join")


async def _left(rig: Rig) -> None:
    rig.steps.taken.append("leave")


def make(rig: Rig, kind: Any = "vm") -> None:
    disks = {"rootfs": "thin:4", "mp0": "zfs:1,mp=/d"} if kind == "ct" else {
        "scsi0": "thin:8",
        "virtio1": "local:1,format=qcow2",
        "ide2": "thin:cloudinit",
        "net0": "virtio,bridge=vmbr0",
    }  # fmt: skip
    wish = NewGuest(
        kind,
        200,
        disks,
        start=True,
        managed=kind == "vm",
        join=lambda: _joined(rig),
        leave=lambda: _left(rig),
    )
    run(create(rig.guests, wish, "root@pam"))


@pytest.mark.parametrize("kind", ["vm", "ct"])
def test_a_guest_that_cannot_be_made_leaves_nothing(kind: str) -> None:
    whole = Rig()
    for rig in every(lambda one: make(one, kind)):
        if failed(rig) == f"start {kind}:200":
            assert "lock" not in rig.guest(200).config.current.values
            continue
        assert rig.store.paths("nodes/") == whole.store.paths("nodes/"), failed(rig)
        assert rig.shelf.ids() == whole.shelf.ids(), failed(rig)
        resources = "ha/resources.cfg"
        if resources in rig.store.paths(""):
            assert "200" not in rig.store.text(resources)
        assert rig.steps.taken.count("leave") == ("join" in rig.steps.taken[: rig.steps.fail_at])


def test_what_was_made_is_whole() -> None:
    rig = Rig()
    make(rig)
    text = rig.text(200)
    assert "lock" not in text
    assert "scsi0: thin:vm-200-disk-0,size=8G" in text
    assert "virtio1: local:200/vm-200-disk-0.qcow2,size=1G" in text
    assert "ide2: thin:vm-200-cloudinit,media=cdrom,size=4M" in text
    assert rig.leftovers() == []
    assert "vm: 200" in rig.store.text("ha/resources.cfg")


def test_what_may_have_been_written_is_not_taken_back() -> None:
    rig = Rig()
    written = rig.store.change

    async def unsure(*steps: Any, timeout_s: float = 15.0) -> int:
        await written(*steps, timeout_s=timeout_s)
        raise OutcomeUnknownError("no answer")

    task, log = context()
    rig.store.change = unsure  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknownError):
        run(change(rig.guests, rig.guest(100), Wish({"scsi5": "ceph:1"}), task))
    assert "scsi5: ceph:vm-100-disk-1" in rig.text(100)
    assert "ceph:vm-100-disk-1" in rig.shelf.ids()
    assert any("may be left" in line for line in log)


# changing

CHANGES: dict[str, Wish] = {
    "a new disk": Wish({"scsi5": "ceph:1", "cores": "2"}),
    "a disk unplugged": Wish({}, ("scsi1",)),
    "a disk removed": Wish({}, ("scsi1",), force=True),
    "a disk replaced": Wish({"scsi1": "zfs:2"}),
    "an unused disk removed": Wish({}, ("unused0",)),
    "an unused disk plugged in": Wish({"scsi7": "thin:vm-100-disk-9"}),
    "names and notes": Wish({"name": "x", "tags": "a"}, description="new"),
}


def do(rig: Rig, wish: Wish) -> None:
    run(change(rig.guests, rig.guest(100), wish, rig.context()))


@pytest.mark.parametrize("state", [Rig, running])
@pytest.mark.parametrize("wish", CHANGES.values(), ids=list(CHANGES))
def test_a_change_that_fails_leaves_no_loose_volume(wish: Wish, state: Callable[[], Rig]) -> None:
    before = state()
    for rig in every(lambda one: do(one, wish), state):
        named = set(before.shelf.ids()) - set(before.leftovers())
        gone = [v for v in sorted(named) if v not in rig.shelf.ids() and v in rig.text(100)]
        assert gone == [], failed(rig)
        assert rig.leftovers() == before.leftovers(), failed(rig)
        assert rig.locks() == []
        if failed(rig).startswith(("allocate", "look")):
            assert rig.text(100) == before.text(100)


def test_what_cannot_be_removed_is_kept_as_unused() -> None:
    rig = Rig()
    rig.steps.fail_on = "free vm-100-disk-0"
    with pytest.raises(Exception, match=r"kept as unused"):
        do(rig, Wish({}, ("scsi1",), force=True))
    assert "unused1: ceph:vm-100-disk-0" in rig.text(100)
    assert "scsi1" not in rig.text(100)


def test_what_the_running_guest_does_not_take_waits() -> None:
    rig = running()
    rig.steps.fail_on = "apply"
    with pytest.raises(Exception, match="Parameter verification failed") as caught:
        do(rig, Wish({"scsi5": "ceph:1"}))
    assert "hotplug problem" in caught.value.errors["scsi5"]  # type: ignore[attr-defined]
    assert "[PENDING]\nscsi5: ceph:vm-100-disk-1,size=1G" in rig.text(100)
    assert rig.leftovers() == []


# destroying


@pytest.mark.parametrize("vmid", [100, 101])
def test_a_guest_that_is_destroyed_in_part_names_what_is_left(vmid: int) -> None:
    def act(rig: Rig) -> None:
        run(destroy(rig.guests, rig.guest(vmid), Farewell(unreferenced=True), "root@pam"))

    for rig in every(act):
        own = [v for v in rig.shelf.ids() if f"vm-{vmid}-" in v]
        if own:
            assert all(volume in rig.text(vmid) for volume in own), failed(rig)
        rig.steps.fail_at = -1
        act(rig)  # once more, and it is gone
        assert [v for v in rig.shelf.ids() if f"vm-{vmid}-" in v] == []
        assert vmid not in rig.store.guests()


# growing, suspending, starting


@pytest.mark.parametrize("state", [Rig, running])
def test_a_disk_that_grows_in_part_says_so(state: Callable[[], Rig]) -> None:
    async def grow(self: Any, name: str, size_bytes: int) -> None:
        self.shelf.steps.take(f"resize {name}")
        self.get(name).size_bytes = size_bytes

    def act(rig: Rig) -> None:
        Pool.resize = grow  # type: ignore[attr-defined]
        guest = rig.guest(100)
        run(resize(rig.guests, guest, "scsi0", "+1G", rig.context()))

    for rig in every(act, state):
        grew = rig.shelf.image("thin:vm-100-disk-0").size_bytes == 9 << 30
        assert grew == (not failed(rig).startswith(("look", "resize"))), failed(rig)
        if not grew:
            assert rig.text(100) == state().text(100)


def test_a_suspension_that_fails_lets_the_guest_run_on() -> None:
    def act(rig: Rig) -> None:
        run(suspend_to_disk(rig.guests, rig.guest(100), rig.context()))

    before = running()
    for rig in every(act, running):
        if failed(rig) == "stop vm:100":
            assert rig.guest(100).config.current.get("lock") == "suspended"
            continue
        assert rig.text(100) == before.text(100), failed(rig)
        assert rig.shelf.ids() == before.shelf.ids(), failed(rig)
        assert rig.hosts.up["vm:100"].qmp == "running", failed(rig)


def test_a_start_that_fails_keeps_what_waited() -> None:
    def act(rig: Rig) -> None:
        do_later = Wish({"cores": "2"})
        if "cores" not in rig.text(100):
            do(rig, do_later)
        guest = rig.guest(100)
        run(Life(rig.guests).start_now(guest, rig.context()))

    for rig in every(act):
        rig.steps.fail_at = -1
        act(rig)
        assert "cores: 2" in rig.text(100)
        assert "vm:100" in rig.hosts.up
        run(Life(rig.guests).stop_now(rig.guest(100), rig.context(), Stopping()))
