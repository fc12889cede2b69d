"""A crash between any two operations of the disk, and within any append, loses nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.core.store.durable import Disk, Write, founding, load
from appliance.core.store.log import Log
from appliance.core.store.tree import Tree
from appliance.model.store.changes import ORIGIN, Cells, Entry, Epoch, File, Point
from appliance.model.store.forms import make_entry
from tests.sim.store.mutants import NARROW

EPOCH = Epoch(1, "n1", "x")
LATER = Epoch(2, "n2", "y")


class Bench:
    """A disk, and every state in which a crash may leave it."""

    def __init__(self) -> None:
        self.done: list[Write] = list(founding())
        self.disk = Disk(self.done.append, 0)
        self.log, self.tree = Log(ORIGIN), Tree()

    def add(self, key: str, content: bytes | None, epoch: Epoch = EPOCH) -> Entry:
        version = self.log.last.version + 1
        cells: Cells = ((key, File(content, version, 0, "n1") if content else None),)
        entry = make_entry(self.log.last, epoch, None, cells)
        self.log.append(entry)
        self.tree.apply(entry)
        self.disk.append(entry)
        return entry

    def commit(self, version: int) -> None:
        entries = self.log.commit(version)
        for entry in entries:
            self.tree.commit(entry)
        self.disk.committed(entries, self.log, self.tree)


def apply(files: dict[str, bytes], write: Write) -> dict[str, bytes]:
    files = dict(files)
    if write.kind == "remove":
        files.pop(write.name, None)
    else:
        before = files.get(write.name, b"") if write.kind == "append" else b""
        files[write.name] = before + write.content
    return files


def crashes(synced: list[Write], open_: list[Write]) -> Iterator[dict[str, bytes]]:
    """What the disk may hold when everything in `synced` is durable and nothing else need be."""
    files: dict[str, bytes] = {}
    for write in synced:
        files = apply(files, write)
    yield files
    for write in open_:
        if write.kind == "append":
            for size in range(1, len(write.content)):
                yield apply(files, Write("append", write.name, write.content[:size]))
        files = apply(files, write)
        yield files


def history(files: dict[str, bytes]) -> tuple[Point, dict[str, bytes]]:
    """Where a disk's history ends, and the contents there."""
    loaded = load(files)
    assert loaded.trusted
    for repair in loaded.repairs:
        files = apply(files, repair)
    again = load(files)
    assert again.log.last == loaded.log.last
    assert not any(repair.name.startswith("log") for repair in again.repairs)
    cells = dict(loaded.tree.committed)
    for entry in loaded.log.pending():
        for key, cell in entry.cells:
            if cell is None:
                cells.pop(key, None)
            else:
                cells[key] = cell
    return loaded.log.last, {k: c.content for k, c in cells.items() if isinstance(c, File)}


def test_a_torn_record_is_cut_off_and_what_was_synced_is_there() -> None:
    bench = Bench()
    points = [bench.add("a", b"1").point]
    synced = list(bench.done)
    points += [bench.add("b", b"2").point, bench.add("a", None).point]
    contents = {0: {}, 1: {"a": b"1"}, 2: {"a": b"1", "b": b"2"}, 3: {"b": b"2"}}
    seen = set()
    for files in crashes(synced, bench.done[len(synced) :]):
        last, cells = history(files)
        assert last in points
        assert cells == contents[last.version]
        seen.add(last.version)
    assert seen == {1, 2, 3}


def test_a_crash_within_a_checkpoint_changes_nothing() -> None:
    bench = Bench()
    for number in range(6):
        bench.add("abc"[number % 3], b"%d" % number)
    bench.add("b", None)
    bench.commit(5)
    synced = list(bench.done)
    bench.disk.checkpoint(bench.log, bench.tree)
    bench.add("d", b"later")
    bench.commit(8)
    bench.disk.checkpoint(bench.log, bench.tree)
    before = history(next(crashes(synced, [])))
    for files in crashes(synced, bench.done[len(synced) :]):
        last, cells = history(files)
        assert last.version in {7, 8}
        assert cells == {**before[1], **({"d": b"later"} if last.version == 8 else {})}


def test_committed_cells_are_readable_after_a_crash_within_a_checkpoint() -> None:
    """What readers see is one version, never a mixture of two."""
    bench = Bench()
    bench.add("a", b"1")
    bench.add("b", b"1")
    bench.commit(2)
    bench.disk.checkpoint(bench.log, bench.tree)
    synced = list(bench.done)
    bench.add("a", b"2")
    bench.add("b", b"2")
    bench.commit(4)
    bench.disk.checkpoint(bench.log, bench.tree)
    for files in crashes(synced, bench.done[len(synced) :]):
        cells = load(files).tree.committed.values()
        assert len({cell.content for cell in cells if isinstance(cell, File)}) == 1


def folded_after_a_restart() -> dict[str, bytes]:
    """Contents of a member that knew of a commit when it came back, and then folded its log."""
    bench = Bench()
    bench.add("a", b"1")
    bench.commit(1)
    bench.disk.note_committed(1)
    *_, files = crashes(bench.done, [])
    loaded = load(files)
    done: list[Write] = []
    again = Disk(done.append, loaded.generation, loaded.dirty)
    again.checkpoint(loaded.log, loaded.tree)
    for write in done:
        files = apply(files, write)
    return history(files)[1]


def test_what_the_log_had_at_the_start_is_folded_too() -> None:
    assert folded_after_a_restart() == {"a": b"1"}


def test_folding_what_is_new_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    NARROW["fold_what_is_new"](monkeypatch)
    assert folded_after_a_restart() == {}


def stray() -> tuple[Bench, list[Write], list[Entry]]:
    """A member that confirmed 1 to 3, the last of them astray, and what replaces 2 and 3: the
    second entry is the same.
    """
    bench = Bench()
    bench.add("a", b"1")
    bench.commit(1)
    kept = bench.add("b", b"2")
    bench.add("c", b"astray")
    synced = list(bench.done)
    bench.log.take_back(1)
    third = make_entry(kept.point, LATER, None, ())
    bench.disk.splice(1, [kept, third])
    return bench, synced, [kept, third]


def lost_after_splice() -> list[dict[str, bytes]]:
    bench, synced, _ = stray()
    states = crashes(synced, bench.done[len(synced) :])
    return [files for files in states if history(files)[1].get("b") != b"2"]


def test_a_splice_never_forgets_what_was_confirmed() -> None:
    assert lost_after_splice() == []
    bench, _, entries = stray()
    *_, files = crashes(bench.done, [])
    assert history(files)[0] == entries[-1].point


def test_taking_back_first_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    NARROW["take_back_first"](monkeypatch)
    assert lost_after_splice()


def installed() -> list[dict[str, bytes]]:
    """States after which neither the old content nor the new is there."""
    bench = Bench()
    bench.add("a", b"old")
    bench.add("b", b"old")
    bench.commit(2)
    bench.disk.checkpoint(bench.log, bench.tree)
    synced = list(bench.done)
    point = Point(LATER, 9, b"d" * 16)
    cells = {"a": File(b"new", 9, 0, "n2"), "c": File(b"new", 9, 0, "n2")}
    entry = make_entry(point, LATER, None, (("d", File(b"new", 10, 0, "n2")),))
    bench.disk.install(point, cells, [entry], bench.tree.committed)
    old, new = {"a": b"old", "b": b"old"}, {"a": b"new", "c": b"new", "d": b"new"}
    states = crashes(synced, bench.done[len(synced) :])
    return [files for files in states if history(files)[1] not in (old, new)]


def test_a_full_copy_is_there_whole_or_not_at_all() -> None:
    assert installed() == []


def test_a_full_copy_in_place_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    NARROW["install_in_place"](monkeypatch)
    assert installed()


def test_damage_makes_a_member_untrusted() -> None:
    bench = Bench()
    bench.add("a", b"1")
    bench.add("b", b"2")
    files = next(crashes(bench.done, []))
    log = bytearray(files["log0"])
    log[12] ^= 1
    for loaded in (load({**files, "log0": bytes(log)}), load(files, damaged=("file0/a",))):
        assert not loaded.trusted
        assert not loaded.fresh
        assert loaded.log.last == ORIGIN
        assert {repair.name for repair in loaded.repairs} >= {"meta", "log0"}
        assert loaded.damaged
    assert not load({}).trusted
