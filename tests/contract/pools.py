"""What every storage must do, simulated or real, as far as its type can.

A back end joins by a `PoolBench`: two nodes, `storage` and a second one that copies can go to. The
suite does not know which world it runs in and says nothing about how long things take. `content`
tells what is in a volume: any text that is equal for equal contents.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

import pytest

from appliance.model.errors import ExistsError, MissingError, QuorateError, RefusedError
from appliance.model.storage.pool import Archive, Volume
from appliance.model.storage.volumes import parse_name, split_id
from appliance.ports.storage import Effort, Place, StoragePool
from appliance.services.storage.ports import StoragePorts

MIB: Final = 1024**2
SIZE: Final = 32 * MIB


class PoolBench(Protocol):
    """Two nodes with a storage to be tried, and another that takes copies of anything."""

    storage: str
    other: str
    here: str
    there: str

    def ports(self) -> StoragePorts:
        """Of the first node."""
        ...

    def run(self, coro: Coroutine[Any, Any, Any]) -> Any:
        """Run what the first node does to its end."""
        ...

    def write(self, volid: str) -> None:
        """Put something new into a volume."""
        ...

    def content(self, volid: str, node: str = "") -> str: ...


class Text:
    """A file of a few bytes. A `FileSource`."""

    def __init__(self, data: bytes, announced: int | None = None) -> None:
        self._data = data
        self.size_bytes = len(data) if announced is None else announced

    async def read(self, count_bytes: int) -> bytes:
        part, self._data = self._data[:count_bytes], self._data[count_bytes:]
        return part


class PoolContract:
    """Tests with a fixture `bench`."""

    def pool(self, bench: PoolBench) -> StoragePool:
        return bench.ports().pools.pool(bench.storage)

    def able(self, bench: PoolBench, what: str, name: str, snapshot: str | None = None) -> bool:
        info = self.pool(bench).info
        return info.can(what, parse_name(info.type, name), snapshot)

    def disk(self, bench: PoolBench, vmid: int = 100, form: str | None = None) -> str:
        """A new disk with something in it, or a skip where there are none."""
        pool = self.pool(bench)
        if "images" not in pool.info.content and "rootdir" not in pool.info.content:
            pytest.skip(f"{pool.info.type} keeps no images")
        try:
            name: str = bench.run(pool.allocate(vmid, SIZE, form))
        except RefusedError:
            pytest.skip(f"{pool.info.type} makes no images")
        bench.write(f"{bench.storage}:{name}")
        return name

    def snapshotted(self, bench: PoolBench) -> str:
        """A disk of a format that can have snapshots, or a skip."""
        pool = self.pool(bench)
        for form in pool.info.formats:
            name = self.disk(bench, form=form)
            if self.able(bench, "snapshot", name):
                return name
            bench.run(pool.free(name))
        pytest.skip(f"{pool.info.type} has no snapshots")

    def ids(self, bench: PoolBench) -> list[str]:
        found: tuple[Volume, ...] = bench.run(self.pool(bench).list())
        return [one.id for one in found]

    # the pool

    def test_its_sizes_add_up(self, bench: PoolBench) -> None:
        status = bench.run(self.pool(bench).status())
        assert status.active
        assert status.used_bytes + status.available_bytes <= status.total_bytes

    def test_a_disk_is_there_until_it_is_freed(self, bench: PoolBench) -> None:
        pool, before = self.pool(bench), self.ids(bench)
        name = self.disk(bench)
        volume: Volume = bench.run(pool.volume(name))
        assert (volume.id, volume.size_bytes, volume.vmid) == (f"{bench.storage}:{name}", SIZE, 100)
        assert self.ids(bench) == sorted([*before, volume.id])
        assert bench.run(pool.list(("iso",))) == () or volume.content != "iso"
        assert volume not in bench.run(pool.list(None, 101))
        bench.run(pool.free(name))
        assert self.ids(bench) == before
        with pytest.raises(MissingError):
            bench.run(pool.volume(name))
        with pytest.raises(MissingError):
            bench.run(pool.free(name))

    def test_names_are_free_or_taken(self, bench: PoolBench) -> None:
        pool = self.pool(bench)
        first, second = self.disk(bench), self.disk(bench)
        assert first != second
        form = parse_name(pool.info.type, first).format
        with pytest.raises(ExistsError):
            bench.run(pool.allocate(100, SIZE, form, first))
        bench.run(pool.free(first))
        assert self.disk(bench) == first

    def test_room_is_given_back(self, bench: PoolBench) -> None:
        pool = self.pool(bench)
        free = bench.run(pool.status()).available_bytes
        name = self.disk(bench)
        with pytest.raises(RefusedError):
            bench.run(pool.allocate(100, 2**60, None))
        bench.run(pool.free(name))
        assert bench.run(pool.status()).available_bytes == free

    def test_a_disk_grows_and_does_not_shrink(self, bench: PoolBench) -> None:
        pool, name = self.pool(bench), self.disk(bench)
        before = bench.content(f"{bench.storage}:{name}")
        bench.run(pool.resize(name, 2 * SIZE))
        assert bench.run(pool.volume(name)).size_bytes == 2 * SIZE
        with pytest.raises(RefusedError):
            bench.run(pool.resize(name, SIZE))
        assert bench.content(f"{bench.storage}:{name}") == before

    # snapshots and clones

    def test_a_snapshot_keeps_what_was(self, bench: PoolBench) -> None:
        pool, name = self.pool(bench), self.snapshotted(bench)
        volid = f"{bench.storage}:{name}"
        before = bench.content(volid)
        bench.run(pool.snapshots.take(name, "s1"))
        with pytest.raises(ExistsError):
            bench.run(pool.snapshots.take(name, "s1"))
        bench.write(volid)
        assert bench.content(volid) != before
        bench.run(pool.snapshots.roll_back(name, "s1"))
        assert bench.content(volid) == before
        assert [one.name for one in bench.run(pool.snapshots.list(name))] == ["s1"]
        bench.run(pool.snapshots.remove(name, "s1"))
        assert bench.run(pool.snapshots.list(name)) == ()
        for call in (pool.snapshots.roll_back, pool.snapshots.remove):
            with pytest.raises(MissingError):
                bench.run(call(name, "s1"))

    def test_snapshots_are_listed_from_the_oldest(self, bench: PoolBench) -> None:
        pool, name = self.pool(bench), self.snapshotted(bench)
        for snapshot in ("b", "a"):
            bench.run(pool.snapshots.take(name, snapshot))
        found = bench.run(pool.snapshots.list(name))
        assert [(one.name, one.parent) for one in found] == [("b", None), ("a", "b")]

    def test_what_it_cannot_do_is_refused(self, bench: PoolBench) -> None:
        pool, name = self.pool(bench), self.disk(bench)
        calls: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "snapshot": lambda: pool.snapshots.take(name, "s1"),
            "template": lambda: pool.snapshots.make_base(name),
            "clone": lambda: pool.snapshots.clone(name, 101),
        }
        for what, call in calls.items():
            if not self.able(bench, what, name):
                with pytest.raises(RefusedError):
                    bench.run(call())

    def test_linked_clones_hold_their_base(self, bench: PoolBench) -> None:
        pool, name = self.pool(bench), self.disk(bench)
        if not self.able(bench, "template", name):
            pytest.skip("no base images")
        before = bench.content(f"{bench.storage}:{name}")
        base = bench.run(pool.snapshots.make_base(name))
        assert parse_name(pool.info.type, base).is_base
        assert f"{bench.storage}:{name}" not in self.ids(bench)
        clone = bench.run(pool.snapshots.clone(base, 101))
        volid = f"{bench.storage}:{clone}"
        assert volid in self.ids(bench)
        assert bench.content(volid) == before
        if pool.info.storage.kind.base_in_name:
            with pytest.raises(RefusedError):
                bench.run(pool.free(base))
        bench.write(volid)
        assert bench.content(f"{bench.storage}:{base}") == before
        bench.run(pool.free(clone))
        bench.run(pool.free(base))

    # copies

    def test_a_copy_is_another_volume_with_the_same_content(self, bench: PoolBench) -> None:
        name = self.disk(bench)
        told: list[float] = []
        volid = f"{bench.storage}:{name}"
        place = Place(bench.other, 102)
        copy = bench.run(bench.ports().transfer.copy(volid, place, None, Effort(0, told.append)))
        assert bench.content(copy) == bench.content(volid)
        assert told == sorted(told)
        assert told[-1] == 1.0
        bench.write(copy)
        assert bench.content(copy) != bench.content(volid)

    def test_a_copy_of_a_snapshot(self, bench: PoolBench) -> None:
        pool, name = self.pool(bench), self.snapshotted(bench)
        if not self.able(bench, "copy", name, "s1"):
            pytest.skip("snapshots cannot be copied")
        volid = f"{bench.storage}:{name}"
        before = bench.content(volid)
        bench.run(pool.snapshots.take(name, "s1"))
        bench.write(volid)
        copy = bench.run(bench.ports().transfer.copy(volid, Place(bench.other, 102), "s1"))
        assert bench.content(copy) == before

    def test_a_copy_on_another_node(self, bench: PoolBench) -> None:
        volid = f"{bench.storage}:{self.disk(bench)}"
        place = Place(bench.other, 102)
        copy = bench.run(bench.ports().transfer.send(volid, bench.there, place))
        assert bench.content(copy, bench.there) == bench.content(volid)
        for _ in range(2):  # what is not there any more is no error
            bench.run(bench.ports().transfer.retract(copy, bench.there))
        again = bench.run(bench.ports().transfer.send(volid, bench.there, place))
        assert again == copy

    def test_a_volume_gets_another_owner(self, bench: PoolBench) -> None:
        name = self.disk(bench)
        if not self.able(bench, "rename", name):
            pytest.skip("no renaming")
        volid = f"{bench.storage}:{name}"
        before = bench.content(volid)
        new = bench.run(bench.ports().transfer.rename(volid, 103))
        assert bench.run(self.pool(bench).volume(split_id(new)[1])).vmid == 103
        assert bench.content(new) == before
        assert volid not in self.ids(bench)

    # files

    def test_files_come_whole_or_not_at_all(self, bench: PoolBench) -> None:
        pool, files = self.pool(bench), bench.ports().files
        volid = f"{bench.storage}:iso/a.iso"
        if "iso" not in pool.info.content:
            with pytest.raises(QuorateError):
                bench.run(files.write(volid, Text(b"abc")))
            return
        with pytest.raises(RefusedError):
            bench.run(files.write(volid, Text(b"abc", announced=10)))
        assert volid not in self.ids(bench)
        bench.run(files.write(volid, Text(b"content")))
        assert bench.run(pool.volume("iso/a.iso")).size_bytes == 7
        assert bench.run(files.read(volid, 3, 100)) == b"tent"
        with pytest.raises(ExistsError):
            bench.run(files.write(volid, Text(b"other")))
        bench.run(files.write(volid, Text(b"another"), replace=True))
        assert bench.run(files.read(volid, 0, 100)) == b"another"
        bench.run(pool.free("iso/a.iso"))
        with pytest.raises(MissingError):
            bench.run(files.read(volid, 0, 1))

    # backups

    def test_a_backup_brings_disks_back(self, bench: PoolBench) -> None:
        pool, archives = self.pool(bench), bench.ports().archives
        if "backup" not in pool.info.content:
            pytest.skip("keeps no backups")
        source = bench.ports().pools.pool(bench.other)
        disk = f"{bench.other}:{bench.run(source.allocate(100, SIZE))}"
        bench.write(disk)
        before = bench.content(disk)
        name = "backup/vzdump-qemu-100-2026_01_01-00_00_00.vma.zst"
        if pool.info.type == "pbs":
            name = "backup/vm/100/2026-01-01T00:00:00Z"
        volid = f"{bench.storage}:{name}"
        archive = Archive("vm", 100, "cores: 2\n")
        bench.run(archives.create(volid, archive, {"scsi0": disk}))
        told = bench.run(archives.describe(volid))
        assert (told.config, told.disks) == ("cores: 2\n", (("scsi0", SIZE),))
        bench.run(pool.annotate(name, notes="mine", protected=True))
        volume = bench.run(pool.volume(name))
        assert (volume.notes, volume.protected, volume.vmid) == ("mine", True, 100)
        with pytest.raises(RefusedError):
            bench.run(pool.free(name))
        bench.run(pool.annotate(name, protected=False))
        bench.write(disk)
        bench.run(archives.restore(volid, {"scsi0": disk}))
        assert bench.content(disk) == before
        bench.run(pool.free(name))
