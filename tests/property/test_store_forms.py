"""What is written out for speed says the same as what is general."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.store.durable import META, entry_records, load, meta_file, record
from appliance.core.store.judge import judge
from appliance.core.store.log import KEPT_ENTRIES, Log
from appliance.core.store.tree import Tree
from appliance.model.errors import QuorateError
from appliance.model.store.changes import (
    ORIGIN,
    Cells,
    Delete,
    Entry,
    Epoch,
    Expect,
    File,
    Lease,
    Put,
    RequestId,
    Step,
    Steps,
    TakeLease,
    lease_key,
)
from appliance.model.store.codec import Reader, Writer, number, text
from appliance.model.store.forms import make_entry, read_entry, read_steps, steps_parts

EPOCH = Epoch(7, "n1", "nonce")
PATHS = st.sampled_from(["a", "b/c", "nodes/n1/qemu-server/100.conf", "ä" * 70])
NUMBERS = st.integers(0, 2**40)
CONTENTS = st.binary(max_size=300)
FILES = st.builds(File, CONTENTS, NUMBERS, NUMBERS, st.sampled_from(["n1", "node-2"]))
LEASES = st.builds(Lease, st.sampled_from(["n1", "n2"]), NUMBERS, st.floats(0, 1e6))
CELLS = st.lists(
    st.tuples(PATHS, FILES | st.none()) | st.tuples(PATHS.map(lease_key), LEASES | st.none()),
    max_size=4,
).map(tuple)
REQUESTS = st.none() | st.builds(RequestId, st.sampled_from(["n1", "n2"]), st.text(), NUMBERS)
EXPECTED = st.none() | NUMBERS
PUTS = st.builds(Put, PATHS, CONTENTS, EXPECTED)
STEPS = st.lists(PUTS | st.builds(Delete, PATHS, EXPECTED), max_size=3).map(tuple)


@given(NUMBERS)
def test_numbers(value: int) -> None:
    assert number(value) == Writer().number(value).done()
    assert Reader(number(value)).number() == value


@given(st.text(max_size=300))
def test_texts(value: str) -> None:
    assert text(value) == Writer().text(value).done()


@given(CELLS, REQUESTS)
def test_entries(cells: Cells, request: RequestId | None) -> None:
    entry = make_entry(ORIGIN, EPOCH, request, cells)
    assert read_entry(ORIGIN, entry.body) == entry


@given(STEPS)
def test_steps(steps: Steps) -> None:
    data = Reader(b"".join(steps_parts(steps)))
    assert read_steps(data) == steps
    assert data.ended


@given(st.lists(CELLS, max_size=3))
def test_records_of_several_entries_are_one_each(several: list[Cells]) -> None:
    entries = list[Entry]()
    for cells in several:
        before = entries[-1].point if entries else ORIGIN
        entries.append(make_entry(before, EPOCH, None, cells))
    content = entry_records(entries)
    assert content == b"".join(record(1, entry.body) for entry in entries)
    loaded = load({META: meta_file(0, ORIGIN), "log0": content})
    assert loaded.log.pending() == entries
    assert loaded.repairs == ()


@given(PUTS, st.none() | FILES, st.booleans())
def test_what_one_put_comes_to_does_not_depend_on_how_it_is_judged(
    put: Put, before: File | None, fits: bool
) -> None:
    """A step before it that changes nothing keeps it from being looked at alone."""
    tree = Tree({} if before is None else {put.path: before})
    if fits and before is not None:
        put = put._replace(expect=before.version)
    here = Expect("elsewhere", 0)

    assert _outcome(tree, put) == _outcome(tree, here, put)


@given(LEASES | st.none(), st.sampled_from(["n1", "n2"]))
def test_nor_does_what_a_lease_comes_to(lease: Lease | None, node: str) -> None:
    tree = Tree({} if lease is None else {lease_key("a"): lease})
    take = TakeLease("a", 60.0)
    assert _outcome(tree, take, node=node) == _outcome(tree, Expect("b", 0), take, node=node)


def _outcome(tree: Tree, *steps: Step, node: str = "n2") -> object:
    try:
        return judge(tree, steps, node, 5, 9)
    except QuorateError as error:
        return str(error)


@settings(max_examples=10)
@given(st.lists(st.integers(0, 4000), min_size=1, max_size=5))
def test_a_log_that_forgets_counts_on(sizes: list[int]) -> None:
    log = Log(ORIGIN)
    for size in itertools.islice(itertools.cycle(sizes), 2 * KEPT_ENTRIES + 9):
        cells = (("a", File(bytes(size), 1, 0, "n1")),)
        log.append(make_entry(log.last, EPOCH, None, cells))
        log.commit(log.last.version)
    assert log.floor.version > 0
    assert log._bytes == sum(len(entry.body) for entry in log._entries)
    assert len(log.after(0)) == log.last.version - log.floor.version
