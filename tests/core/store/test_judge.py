"""What a change may do, and how errors read."""

from __future__ import annotations

import pytest

from appliance.core.store.judge import check_steps, judge
from appliance.core.store.tree import Tree
from appliance.model.errors import (
    ConfigError,
    ExistsError,
    MissingError,
    QuorateError,
    RefusedError,
    StaleError,
    TooLargeError,
)
from appliance.model.store.changes import (
    ABSENT,
    ORIGIN,
    Delete,
    DropLease,
    Epoch,
    Expect,
    ExpireLease,
    File,
    HoldLease,
    Lease,
    Put,
    Rename,
    Step,
    TakeLease,
    lease_key,
)
from appliance.model.store.forms import make_entry
from appliance.model.store.limits import MAX_FILE_BYTES, MAX_TREE_BYTES

VM = "nodes/n1/qemu-server/100.conf"
ELSEWHERE = "nodes/n2/lxc/100.conf"


def tree(**contents: bytes) -> Tree:
    cells = {name.replace("__", "/"): File(data, 3, 0, "n1") for name, data in contents.items()}
    return Tree({**cells, VM: File(b"vm", 4, 0, "n1"), lease_key("m"): Lease("n1", 5, 120.0)})


def made(start: Tree, *steps: Step, node: str = "n1") -> dict[str, object]:
    check_steps(steps)
    return dict(judge(start, steps, node, 77, 9))


def test_files_are_created_replaced_renamed_and_deleted() -> None:
    start = tree(a=b"1", b=b"2")
    assert made(start, Put("c", b"3", expect=ABSENT)) == {"c": File(b"3", 9, 77, "n1")}
    assert made(start, Put("a", b"3", expect=3)) == {"a": File(b"3", 9, 77, "n1")}
    assert made(start, Delete("a")) == {"a": None}
    assert made(start, Rename("a", "c")) == {"a": None, "c": File(b"1", 9, 77, "n1")}
    assert made(start, Expect("a", 3), Put("b", b"")) == {"b": File(b"", 9, 77, "n1")}
    assert made(start, Expect("a", 3)) == {}
    both = made(start, Put("x", b"1"), Rename("x", "y"), Delete("a"))
    assert both == {"x": None, "y": File(b"1", 9, 77, "n1"), "a": None}


@pytest.mark.parametrize(
    ("steps", "error", "says"),
    [
        ([Put("a", b"", expect=ABSENT)], ExistsError, "a exists, in version 3"),
        ([Put("a", b"", expect=2)], StaleError, "a is of version 3, 2 was expected"),
        ([Put("z", b"", expect=2)], MissingError, "z does not exist, version 2 was expected"),
        ([Delete("z")], MissingError, "z does not exist"),
        ([Rename("z", "y")], MissingError, "z does not exist"),
        ([Rename("a", "b")], ExistsError, "b exists"),
        ([Put("a/x", b"")], ExistsError, "a is a file, there can be nothing below it"),
        ([Put("nodes/n1", b"")], ExistsError, "nodes/n1 is a folder"),
        ([Put("b", b"1"), Put("a", b"", expect=2)], StaleError, "a is of version 3"),
        ([Put(ELSEWHERE, b"")], ExistsError, f"guest 100 is configured already, in {VM}"),
        ([Expect("a", 2)], StaleError, "a is of version 3"),
        ([ExpireLease("m", 4)], StaleError, "lease m has changed"),
        ([DropLease("other")], RefusedError, "lease other is free"),
        ([HoldLease("other")], StaleError, "lease other is free"),
    ],
)
def test_what_is_refused(steps: list[Step], error: type[QuorateError], says: str) -> None:
    with pytest.raises(error, match=says):
        made(tree(a=b"1", b=b"2"), *steps)


def test_a_guest_moves_by_one_rename() -> None:
    assert set(made(tree(), Rename(VM, ELSEWHERE))) == {VM, ELSEWHERE}
    assert set(made(tree(), Delete(VM), Put(ELSEWHERE, b"vm"))) == {VM, ELSEWHERE}
    with pytest.raises(ExistsError):
        made(tree(), Put(ELSEWHERE, b"vm"), Delete(VM))
    with pytest.raises(ExistsError, match="guest 100"):
        made(tree(a=b""), Rename("a", "nodes/n3/qemu-server/100.conf"))


def test_a_folder_can_take_the_place_of_a_file_and_the_other_way_round() -> None:
    assert set(made(tree(a=b""), Delete("a"), Put("a/x", b""))) == {"a", "a/x"}
    assert set(made(tree(d__x=b""), Delete("d/x"), Put("d", b""))) == {"d/x", "d"}
    with pytest.raises(ExistsError, match="d is a folder"):
        made(tree(d__x=b"", d__y=b""), Delete("d/x"), Put("d", b""))


@pytest.mark.parametrize(
    "path", ["", "/a", "a//b", "a/../b", ".", "a/", "a\nb", "a\x01", "x" * 256, "x/" * 500 + "x"]
)
def test_paths_that_cannot_be(path: str) -> None:
    with pytest.raises(ConfigError, match="path"):
        made(tree(), Put(path, b""))


def test_limits() -> None:
    with pytest.raises(TooLargeError, match="a file has at most 1048576"):
        made(tree(), Put("a", b"x" * (MAX_FILE_BYTES + 1)))
    big = File(b"x" * MAX_FILE_BYTES, 1, 0, "n1")
    full = Tree({f"f{number}": big for number in range(MAX_TREE_BYTES // MAX_FILE_BYTES)})
    with pytest.raises(TooLargeError, match="it may have 134217728"):
        made(full, Put("more", b"x"))
    assert made(full, Delete("f0"), Put("more", b"x"))


def test_leases() -> None:
    start, key = tree(), lease_key("m")
    assert made(start, TakeLease("m", 120.0)) == {key: Lease("n1", 9, 120.0)}
    with pytest.raises(StaleError, match="lease m is held by n1"):
        made(start, TakeLease("m", 120.0), node="n2")
    taken = made(start, ExpireLease("m", 5), TakeLease("m", 60.0), node="n2")
    assert taken == {key: Lease("n2", 9, 60.0)}
    assert made(start, DropLease("m")) == {key: None}
    with pytest.raises(RefusedError, match="held by n1"):
        made(start, DropLease("m"), node="n2")
    assert made(start, HoldLease("m"), Delete(VM)) == {VM: None}
    with pytest.raises(StaleError, match="held by n1"):
        made(start, HoldLease("m"), Delete(VM), node="n2")


def test_what_is_taken_back_leaves_no_trace() -> None:
    """Deleting and writing the same file again, taken back at each point in between."""
    start = tree(a=b"1")
    before = (start.size_bytes, start.files, dict(start.guests), dict(start.committed))
    entries, last = [], ORIGIN
    for step in (Delete("a"), Put("a", b"22"), Rename(VM, ELSEWHERE), Delete("a")):
        cells = judge(start, (step,), "n1", 0, last.version + 1)
        entry = make_entry(last, Epoch(1, "n1", ""), None, cells)
        start.apply(entry)
        entries.append(entry)
        last = entry.point
    start.commit(entries[0])
    start.commit(entries[1])
    assert start.get("a") is None
    assert isinstance(start.committed["a"], File)
    start.take_back([])
    assert start.get("a") == start.committed["a"]
    assert start.size_bytes == before[0] + 1
    assert start.files == before[1]
    assert start.guests == before[2]
