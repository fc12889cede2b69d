"""Whatever happens to a storage during an operation, what is there is as before or as wanted."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from appliance.model.errors import QuorateError
from appliance.model.storage.pool import Archive
from appliance.ports.storage import Place
from appliance.services.storage.ports import StoragePorts
from sim.faults import Fault
from sim.layout import GIB
from tests.contract.pools import Text
from tests.sim.storage.rig import StorageRig

MOMENTS = (0.0, 0.1, 0.25, 0.45, 0.6, 5.0, 11.0)
EVERY_DAY = (0.1, 5.0)
DISK = "vm-100-disk-0"
BACKUP = "dir:backup/vzdump-qemu-100-2026_01_01-00_00_00.vma"
Call = Callable[[StoragePorts], Coroutine[Any, Any, Any]]

CALLS: dict[str, Call] = {
    "allocate": lambda p: p.pools.pool("rbd").allocate(100, GIB),
    "free": lambda p: p.pools.pool("rbd").free(DISK),
    "resize": lambda p: p.pools.pool("rbd").resize(DISK, 20 * GIB),
    "snapshot": lambda p: p.pools.pool("rbd").snapshots.take(DISK, "s2"),
    "roll back": lambda p: p.pools.pool("rbd").snapshots.roll_back(DISK, "s1"),
    "remove a snapshot": lambda p: p.pools.pool("rbd").snapshots.remove(DISK, "s1"),
    "linked clone": lambda p: p.pools.pool("rbd").snapshots.clone("base-99-disk-0", 101),
    "copy": lambda p: p.transfer.copy(f"rbd:{DISK}", Place("lvm", 101)),
    "copy back": lambda p: p.transfer.copy("lvm:vm-102-disk-0", Place("rbd", 101)),
    "send": lambda p: p.transfer.send("lvm:vm-102-disk-0", "n2", Place("dir", 101)),
    "give away": lambda p: p.transfer.rename("rbd:vm-103-disk-0", 104),
    "file": lambda p: p.files.write("dir:iso/a.iso", Text(b"x" * 5000)),
    "replaced file": lambda p: p.files.write("dir:iso/b.iso", Text(b"y" * 5000), replace=True),
    "backup": lambda p: p.archives.create(BACKUP, Archive("vm", 100, ""), {"a": f"rbd:{DISK}"}),
}
LATE = ("backup", "copy", "copy back", "send")  # the others are over by then


def build() -> StorageRig:
    rig = StorageRig()
    ports = rig.ports()

    async def fill() -> None:
        rbd, lvm = ports.pools.pool("rbd"), ports.pools.pool("lvm")
        for vmid in (99, 100, 103):
            await rbd.allocate(vmid, 10 * GIB)
        await rbd.snapshots.take(DISK, "s1")
        await rbd.snapshots.make_base("vm-99-disk-0")
        await lvm.allocate(102, 10 * GIB)
        await ports.files.write("dir:iso/b.iso", Text(b"old"))

    rig.finish("n1", fill())
    rig.contents(f"rbd:{DISK}").mark = 77  # written since the snapshot
    return rig


def told(rig: StorageRig) -> list[Any]:
    """Everything that can be seen of all volumes, and the room they take."""
    storage, found = rig.world.storage, []
    for one in storage.volumes():
        content = rig.world.volumes.shelves.of(one)
        snapshots = [moment.name for moment in content.snapshots]
        kept = (content.size_bytes, content.mark > 0, content.parent, snapshots, content.head)
        found.append((str(one), storage.size_bytes(one), kept, content.archive is not None))
    rooms = [(pool, node) for pool in ("dir", "lvm", "rbd") for node in ("n1", "n2")]
    return [*found, *((*room, storage.used_bytes(*room)) for room in rooms)]


def begin(rig: StorageRig, call: str) -> Any:
    return rig.spawn("n1", CALLS[call](rig.ports()))


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[list[Any], list[Any]]]:
    """How all is before, and after each call that nothing disturbs."""
    found = {}
    for call in CALLS:
        rig = build()
        before = told(rig)
        rig.wait(begin(rig, call))
        found[call] = before, told(rig)
        assert found[call][0] != found[call][1]
    return found


def cases() -> list[Any]:
    found = []
    for call in CALLS:
        for moment in MOMENTS if call in LATE else MOMENTS[:-2]:
            marks = () if moment in EVERY_DAY else (pytest.mark.slow,)
            found.append(pytest.param(call, moment, marks=marks))
    return found


@pytest.mark.parametrize(("call", "moment"), cases())
@pytest.mark.parametrize("trouble", ["outage", "called off", "full"])
def test_all_or_nothing(
    outcomes: dict[str, tuple[list[Any], list[Any]]], call: str, moment: float, trouble: str
) -> None:
    rig = build()
    before, after = outcomes[call]
    task = begin(rig, call)
    rig.world.run(rig.world.now_s + moment)
    numbers = []
    if trouble == "called off":
        task.cancel()
    else:
        kind = "storage" if trouble == "outage" else "disk_full"
        numbers = [rig.world.inject(Fault(kind, storage=pool)) for pool in ("rbd", "lvm", "dir")]
        rig.world.run(rig.world.now_s + 30)
    for number in numbers:
        rig.world.heal(number)
    rig.wait(task)
    try:
        task.result()
    except (QuorateError, CancelledError):
        assert told(rig) == before
    else:
        assert told(rig) == after
