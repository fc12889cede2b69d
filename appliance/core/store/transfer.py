"""What a member that is behind gets from one that is not: the difference, or everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.core.store.durable import Disk
from appliance.core.store.log import Log
from appliance.core.store.tree import Tree
from appliance.model.errors import DamagedError
from appliance.model.store.changes import Cell, Entry, Point
from appliance.model.store.codec import Reader, Writer
from appliance.model.store.forms import read_cell, read_entry, read_point, write_cell, write_point
from appliance.model.store.messages import Need, Transfer

CHUNK_BYTES = 1024 * 1024


def common_version(log: Log, need: Need) -> int | None:
    """Up to where the two histories are one; None if the donor cannot tell any more."""
    if need.whole:
        return None
    if log.holds(need.last):
        return need.last.version
    # It went another way for a while. What it knows to be committed is everybody's.
    return need.committed.version if log.holds(need.committed) else None


def answer(
    need: Need,
    receiver: str,
    ordinal: int,
    changes: tuple[tuple[int, int], ...],
    log: Log,
    tree: Tree,
) -> Iterator[Transfer]:
    """The pieces to send, oldest first."""
    epoch, committed = need.epoch, log.committed
    keep = common_version(log, need)
    blob = part_blob(log, keep) if keep is not None else whole_blob(log, tree)
    parts = max(1, -(-len(blob) // CHUNK_BYTES))
    for part in range(parts):
        chunk = blob[part * CHUNK_BYTES : (part + 1) * CHUNK_BYTES]
        yield Transfer(epoch, receiver, ordinal, committed, changes, keep, part, parts, chunk)


def part_blob(log: Log, keep: int) -> bytes:
    return _entries(write_point(Writer(), log.last), log.after(keep)).done()


def whole_blob(log: Log, tree: Tree) -> bytes:
    out = write_point(write_point(Writer(), log.last), log.committed_point())
    out.number(len(tree.committed))
    for key, cell in tree.committed.items():
        write_cell(out.text(key), cell)
    return _entries(out, log.pending()).done()


def _entries(out: Writer, entries: list[Entry]) -> Writer:
    out.number(len(entries))
    for entry in entries:
        out.data(entry.body)
    return out


def read_part(blob: bytes, before: Point) -> list[Entry]:
    """The entries that follow that point. DamagedError if they do not lead where they should."""
    data = Reader(blob)
    last = read_point(data)
    return _read_entries(data, before, last)


def read_whole(blob: bytes) -> tuple[Point, dict[str, Cell], list[Entry]]:
    """The committed point, the cells there, and the entries after it."""
    data = Reader(blob)
    last, point = read_point(data), read_point(data)
    cells: dict[str, Cell] = {}
    for _ in range(data.number()):
        key, cell = data.text(), read_cell(data)
        if cell is None:
            raise DamagedError(f"{key} was sent without content")
        cells[key] = cell
    return point, cells, _read_entries(data, point, last)


def _read_entries(data: Reader, before: Point, last: Point) -> list[Entry]:
    found = []
    for _ in range(data.number()):
        entry = read_entry(before, data.data())
        before = entry.point
        found.append(entry)
    if before != last:
        raise DamagedError(f"the history sent ends at {before.version}, not at {last.version}")
    return found


def install_part(blob: bytes, keep: int, log: Log, tree: Tree, disk: Disk) -> None:
    """What is newer than that version is replaced. DamagedError: nothing was changed."""
    before = log.point(keep)
    if before is None or keep < log.committed:
        raise DamagedError(f"nothing is known here of version {keep}")
    entries = read_part(blob, before)
    disk.splice(keep, entries)
    log.take_back(keep)
    tree.take_back(log.pending())
    for entry in entries:
        log.append(entry)
        tree.apply(entry)


def install_whole(blob: bytes, old: Tree, disk: Disk) -> tuple[Log, Tree, list[str]]:
    """Everything is replaced; the keys of what is committed and differs now. DamagedError: nothing
    was changed.
    """
    point, cells, entries = read_whole(blob)
    changed = [
        key
        for key in dict.fromkeys((*old.committed, *cells))
        if old.committed.get(key) != cells.get(key)
    ]
    disk.install(point, cells, entries, old.committed)
    tree = Tree(cells)
    for entry in entries:
        tree.apply(entry)
    return Log.of(point, entries), tree, changed


@dataclass(slots=True)
class Collector:
    """Joins the pieces of one answer; a new first piece begins anew."""

    donor: str = ""
    chunks: list[bytes] = field(default_factory=list)

    def take(self, sender: str, piece: Transfer) -> bytes | None:
        """The whole when it is complete."""
        if piece.part == 0:
            self.donor, self.chunks = sender, []
        if sender != self.donor or piece.part != len(self.chunks):
            return None
        self.chunks.append(piece.chunk)
        if len(self.chunks) < piece.parts:
            return None
        blob, self.chunks, self.donor = b"".join(self.chunks), [], ""
        return blob
