"""Simulated storages that are away, full, slow or lost while something is under way."""

from __future__ import annotations

import pytest

from appliance.model.errors import MissingError, RefusedError, UnavailableError
from appliance.ports.storage import Effort, Place
from sim.faults import Fault
from sim.layout import GIB, StorageSpec
from tests.contract.pools import MIB, Text
from tests.sim.storage.rig import StorageRig

BIG = 20 * GIB


@pytest.fixture
def rig() -> StorageRig:
    return StorageRig()


def disk(rig: StorageRig, storage: str, size: int = BIG) -> str:
    return f"{storage}:{rig.finish('n1', rig.ports().pools.pool(storage).allocate(100, size))}"


@pytest.mark.parametrize("storage", ["dir", "nfs", "rbd", "lvm"])
def test_what_begins_while_it_is_away_fails(rig: StorageRig, storage: str) -> None:
    pool = rig.ports().pools.pool(storage)
    rig.world.storage.begin_outage(storage, "n1")
    assert not rig.finish("n1", pool.status()).active
    for call in (pool.list, lambda: pool.allocate(100, MIB)):
        with pytest.raises(UnavailableError, match="is not online"):
            rig.finish("n1", call())
    rig.world.storage.end_outage(storage, "n1")
    assert rig.finish("n1", pool.list()) == ()


@pytest.mark.parametrize(("storage", "hangs"), [("nfs", True), ("rbd", True), ("lvm", False)])
def test_what_is_under_way_stands_still_or_fails(
    rig: StorageRig, storage: str, hangs: bool
) -> None:
    source = disk(rig, "spare")
    task = rig.spawn("n1", rig.ports().transfer.copy(source, Place(storage, 101)))
    rig.world.run(rig.world.now_s + 5)
    rig.world.storage.begin_outage(storage)
    rig.world.run(rig.world.now_s + 600)
    assert task.done() != hangs
    rig.world.storage.end_outage(storage)
    rig.wait(task)
    left = rig.finish("n1", rig.ports().pools.pool(storage).list())
    if hangs:
        assert [one.id for one in left] == [task.result()]
    else:
        with pytest.raises(UnavailableError):
            task.result()
        assert left == ()


def test_copies_share_the_bandwidth(rig: StorageRig) -> None:
    ports, volid = rig.ports(), disk(rig, "spare")

    def took(*limits: int) -> float:
        begin_s = rig.world.now_s
        tasks = [
            rig.spawn("n1", ports.transfer.copy(volid, Place("rbd", 101), None, Effort(limit)))
            for limit in limits
        ]
        for task in tasks:
            rig.wait(task)
        return rig.world.now_s - begin_s

    alone = took(0)
    assert took(0, 0) == pytest.approx(2 * alone, rel=0.05)
    assert took(int(BIG / 200)) == pytest.approx(200, rel=0.05)
    rig.world.storage.begin_slow("rbd", 4)
    assert took(0) == pytest.approx(4 * alone, rel=0.05)


def test_a_copy_that_is_called_off_leaves_nothing(rig: StorageRig) -> None:
    task = rig.spawn("n1", rig.ports().transfer.copy(disk(rig, "spare"), Place("nfs", 101)))
    rig.world.run(rig.world.now_s + 5)
    pool = rig.ports().pools.pool("nfs")
    assert len(rig.finish("n1", pool.list())) == 1
    task.cancel()
    rig.wait(task, 60)
    assert rig.finish("n1", pool.list()) == ()


def test_the_far_node_goes_down_during_a_copy(rig: StorageRig) -> None:
    volid = disk(rig, "spare")
    task = rig.spawn("n1", rig.ports().transfer.send(volid, "n2", Place("spare", 101)))
    rig.world.run(rig.world.now_s + 5)
    rig.world.inject(Fault("power", "n2"))
    rig.wait(task, 60)
    with pytest.raises(UnavailableError, match="n2 cannot be reached"):
        task.result()
    assert rig.world.storage.used_bytes("spare", "n2") == 0
    assert rig.world.storage.used_bytes("spare", "n1") == BIG


def test_a_full_storage_takes_nothing_more(rig: StorageRig) -> None:
    rig.world.storage.begin_full("spare", "n1")
    pool, files = rig.ports().pools.pool("spare"), rig.ports().files
    with pytest.raises(RefusedError, match="full"):
        rig.finish("n1", pool.allocate(100, MIB))
    with pytest.raises(RefusedError, match="full"):
        rig.finish("n1", files.write("spare:iso/a.iso", Text(b"abc")))
    assert rig.finish("n1", pool.status()).available_bytes == 0


def test_local_storages_share_nothing(rig: StorageRig) -> None:
    here, there = (rig.ports(node).pools.pool("spare") for node in ("n1", "n2"))
    name = rig.finish("n1", here.allocate(100, MIB))
    with pytest.raises(MissingError):
        rig.finish("n2", there.volume(name))
    shared = rig.finish("n1", rig.ports().pools.pool("rbd").allocate(100, MIB))
    assert rig.finish("n2", rig.ports("n2").pools.pool("rbd").volume(shared)).size_bytes == MIB


def test_an_open_disk_is_not_removed(rig: StorageRig) -> None:
    pool = rig.ports().pools.pool("rbd")
    name = rig.finish("n1", pool.allocate(100, MIB))
    image = rig.world.storage.volume("rbd", "n1", name)
    before = rig.contents(f"rbd:{name}").mark
    rig.world.storage.open(image, "n2")
    assert rig.contents(f"rbd:{name}").mark != before
    with pytest.raises(RefusedError, match="in use on n2"):
        rig.finish("n1", pool.free(name))
    rig.world.storage.close(image, "n2")
    rig.finish("n1", pool.free(name))


def test_pools_are_found_by_the_file() -> None:
    text = "dir: one\n\tpath /one\n\tnodes n2\n\ndir: off\n\tpath /off\n\tdisable\n"
    rig = StorageRig(StorageSpec("one", shared=False), storages=text)
    pools = rig.ports().pools
    assert pools.ids() == ("local", "one", "off")
    for storage, words in [("one", "not available on node 'n1'"), ("off", "is disabled")]:
        with pytest.raises(RefusedError, match=words):
            pools.pool(storage)
    with pytest.raises(MissingError, match="storage 'two' does not exist"):
        pools.pool("two")
    assert rig.ports("n2").pools.pool("one").info.usable
