"""What is on the disk, and what a crash at any point leaves of it.

`fresh`    on a member that joined and never had anything
`promise`  the highest epoch that this member takes part in
`meta`     generation and point of the checkpoint; missing on a member that has nothing yet
`log<g>`   records: entries, notes how far is committed, transfers of a part
`file<g>/` a cell each, as of the checkpoint, or newer while the log says that this is committed

Operations reach the disk in order, each whole but for the last append. So `meta` names a generation
only after all of it is there, and a record is either there or torn at the very end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zlib import crc32

from appliance.core.store.log import Log
from appliance.core.store.tree import Tree
from appliance.model.errors import DamagedError
from appliance.model.store.changes import FIRST_EPOCH, ORIGIN, Cell, Entry, Epoch, Point
from appliance.model.store.codec import Reader, Writer
from appliance.model.store.forms import (
    read_cell,
    read_entry,
    read_epoch,
    read_point,
    write_cell,
    write_epoch,
    write_point,
)

PROMISE: Final = "promise"
META: Final = "meta"
FRESH: Final = "fresh"
CHECKPOINT_BYTES: Final = 8 * 1024 * 1024  # of the log
CHECKPOINT_RECORDS: Final = 8000
_HEAD: Final = struct.Struct(">II")
_ENTRY, _COMMITTED, _PART = 1, 2, 3
_KINDS: Final = (b"\0", b"\1", b"\2", b"\3")
_ENTRY_MARK: Final = _KINDS[_ENTRY]
_ENTRY_CRC: Final = crc32(_ENTRY_MARK)


class Write(NamedTuple):
    """An operation of the local disk: `replace`, `append` or `remove`."""

    kind: str
    name: str
    content: bytes = b""


def log_name(generation: int) -> str:
    return f"log{generation}"


def cell_name(generation: int, key: str) -> str:
    return f"file{generation}/{key}"


def record(kind: int, body: bytes) -> bytes:
    mark = _KINDS[kind]
    return b"".join((_HEAD.pack(len(body) + 1, crc32(body, crc32(mark))), mark, body))


def entry_records(entries: Iterable[Entry]) -> bytes:
    """A record each."""
    parts: list[bytes] = []
    for entry in entries:
        body = entry.body
        parts += _HEAD.pack(len(body) + 1, crc32(body, _ENTRY_CRC)), _ENTRY_MARK, body
    return b"".join(parts)


def _note(version: int) -> bytes:
    return record(_COMMITTED, Writer().number(version).done())


def meta_file(generation: int, point: Point) -> bytes:
    return write_point(Writer().number(generation), point).done()


def cell_file(cell: Cell) -> bytes:
    return write_cell(Writer(), cell).done()


def founding() -> tuple[Write, ...]:
    """What makes an empty disk that of a member that founds a cluster."""
    return (Write("replace", META, meta_file(0, ORIGIN)),)


def joining() -> tuple[Write, ...]:
    """What makes an empty disk that of a member that joins a cluster.

    An empty disk without this mark has lost what was on it, which may have been the only copy but
    one: such a member does not count until the others have given it everything. Nor does a fresh
    one, but it is not missed either.
    """
    return (Write("replace", FRESH, b"1"),)


class Disk:
    """Turns what happens to the history into operations of the disk, for `put` to queue."""

    __slots__ = ("_dirty", "_log_bytes", "_noted", "_put", "_records", "generation")

    def __init__(
        self, put: Callable[[Write], None], generation: int, dirty: Iterable[str] = ()
    ) -> None:
        self._put, self.generation = put, generation
        self._dirty = dict.fromkeys(dirty)  # keys committed since the checkpoint
        self._log_bytes = self._records = 0
        self._noted = 0  # the log says that all up to this version is committed

    def promise(self, epoch: Epoch) -> None:
        self._put(Write("replace", PROMISE, write_epoch(Writer(), epoch).done()))

    def append(self, *entries: Entry, committed: int = 0) -> None:
        """committed: of those before. Said along, it costs no write of its own, and a node that
        comes back without quorum shows all but the last of what it knew.
        """
        content = entry_records(entries)
        if committed > self._noted:
            self._noted = committed
            content = _note(committed) + content
        self._append(content, len(entries))

    def splice(self, keep: int, entries: Sequence[Entry]) -> None:
        """What is newer than `keep` is taken back and these entries follow: all at once."""
        out = Writer().number(keep).number(len(entries))
        for entry in entries:
            out.data(entry.body)
        self._append(record(_PART, out.done()))

    def committed(self, entries: Sequence[Entry], log: Log, tree: Tree) -> None:
        """These became safe. From time to time the log is folded into the cells."""
        for entry in entries:
            for key, _ in entry.cells:
                self._dirty[key] = None
        if self._log_bytes > CHECKPOINT_BYTES or self._records > CHECKPOINT_RECORDS:
            self.checkpoint(log, tree)

    def note_committed(self, version: int) -> None:
        """It will be known after a crash that all up to that version is committed."""
        self._noted = max(self._noted, version)
        self._append(_note(version))

    def checkpoint(self, log: Log, tree: Tree) -> None:
        # Cells on the disk may be newer than `meta` only if the log says they are committed.
        self.note_committed(log.committed)
        for key in self._dirty:
            self._put_cell(self.generation, key, tree.committed.get(key))
        self._put(Write("replace", META, meta_file(self.generation, log.committed_point())))
        self._restart_log(log.pending())
        self._dirty.clear()

    def install(
        self, point: Point, cells: Mapping[str, Cell], pending: Sequence[Entry], old: Iterable[str]
    ) -> None:
        """A whole copy from another member replaces everything, in one instant: that of `meta`.

        old: keys of the cells that are on the disk now.
        """
        gone = self.generation
        self.generation += 1
        for key, cell in cells.items():
            self._put_cell(self.generation, key, cell)
        self._restart_log(pending)
        self._put(Write("replace", META, meta_file(self.generation, point)))
        self._put(Write("remove", FRESH))
        self._put(Write("remove", log_name(gone)))
        for key in dict.fromkeys((*old, *self._dirty)):
            self._put(Write("remove", cell_name(gone, key)))
        self._dirty.clear()

    def _put_cell(self, generation: int, key: str, cell: Cell | None) -> None:
        name = cell_name(generation, key)
        if cell is None:
            self._put(Write("remove", name))
        else:
            self._put(Write("replace", name, cell_file(cell)))

    def _restart_log(self, pending: Sequence[Entry]) -> None:
        content = entry_records(pending)
        self._put(Write("replace", log_name(self.generation), content))
        self._log_bytes, self._records = len(content), len(pending)

    def _append(self, content: bytes, records: int = 1) -> None:
        self._put(Write("append", log_name(self.generation), content))
        self._log_bytes += len(content)
        self._records += records


@dataclass(slots=True)
class Loaded:
    """What was found on the disk. `repairs` must be done before anything else is written.

    dirty: keys that the log says are committed, and whose cells may be older.
    """

    trusted: bool
    fresh: bool = False
    promise: Epoch = FIRST_EPOCH
    generation: int = 0
    tree: Tree = field(default_factory=Tree)
    log: Log = field(default_factory=lambda: Log(ORIGIN))
    repairs: tuple[Write, ...] = ()
    damaged: tuple[str, ...] = ()
    dirty: tuple[str, ...] = ()


def load(files: Mapping[str, bytes], damaged: Sequence[str] = ()) -> Loaded:
    """Read a disk back. Any damage makes the member untrusted: it starts with nothing."""
    names, meta = tuple(damaged), files.get(META)
    promise = _promise_of(files, damaged)
    if names or meta is None:
        return _nothing(files, promise, names)
    try:
        data = Reader(meta)
        generation, point = data.number(), read_point(data)
        prefix = cell_name(generation, "")
        cells = {
            name.removeprefix(prefix): cell
            for name, content in files.items()
            if name.startswith(prefix) and (cell := read_cell(Reader(content))) is not None
        }
        content = files.get(log_name(generation), b"")
        log, tree, whole = _replay(point, Tree(cells), content)
    except DamagedError:
        return _nothing(files, promise, (META,))
    repairs = [Write("remove", name) for name in _leftovers(files, generation)]
    if whole < len(content):
        repairs.append(Write("replace", log_name(generation), content[:whole]))
    known = log.after(point.version)[: log.committed - point.version]
    dirty = tuple(key for entry in known for key, _ in entry.cells)
    return Loaded(True, False, promise, generation, tree, log, tuple(repairs), dirty=dirty)


def _promise_of(files: Mapping[str, bytes], damaged: Sequence[str]) -> Epoch:
    content = files.get(PROMISE)
    return read_epoch(Reader(content)) if content and PROMISE not in damaged else FIRST_EPOCH


def _nothing(files: Mapping[str, bytes], promise: Epoch, damaged: tuple[str, ...]) -> Loaded:
    names = sorted({*files, *damaged} - {PROMISE, FRESH})
    # `meta` first: without it the rest means nothing, whatever a crash leaves of it.
    order = [META, *(name for name in names if name != META)] if names else []
    repairs = tuple(Write("remove", name) for name in order)
    fresh = FRESH in files and META not in files and not damaged
    return Loaded(False, fresh, promise, repairs=repairs, damaged=damaged)


def _leftovers(files: Mapping[str, bytes], generation: int) -> list[str]:
    """Files of a transfer that did not finish, or of the generation before."""
    kept = (cell_name(generation, ""), log_name(generation))
    return [
        name
        for name in files
        if name.startswith(("file", "log")) and not name.startswith(kept[0]) and name != kept[1]
    ]


def _replay(point: Point, tree: Tree, content: bytes) -> tuple[Log, Tree, int]:
    """History, tree, and how many bytes of the log were whole."""
    log, committed, whole = Log(point), point.version, 0
    for kind, body, end in _records(content):
        if kind == _COMMITTED:
            committed = max(committed, Reader(body).number())
        elif kind == _ENTRY:
            _replay_entry(log, body)
        else:
            data = Reader(body)
            keep = max(data.number(), point.version)
            bodies = [data.data() for _ in range(data.number())]
            log.take_back(keep)
            for each in bodies:
                _replay_entry(log, each)
        whole = end
    for entry in log.pending():
        tree.apply(entry)
    for entry in log.commit(committed):
        tree.commit(entry)
    return log, tree, whole


def _replay_entry(log: Log, body: bytes) -> None:
    data = Reader(body)
    read_epoch(data)
    if data.number() > log.floor.version:  # else the checkpoint has it
        log.append(read_entry(log.last, body))


def _records(content: bytes) -> list[tuple[int, bytes, int]]:
    """Kind, body, end of each whole record. DamagedError where one is not what was written."""
    found, at = [], 0
    while at + _HEAD.size <= len(content):
        size, checksum = _HEAD.unpack_from(content, at)
        end = at + _HEAD.size + size
        if end > len(content):
            break  # torn: never synced, so never confirmed
        payload = content[at + _HEAD.size : end]
        if crc32(payload) != checksum:
            raise DamagedError(f"record at byte {at} is not what was written")
        found.append((payload[0], payload[1:], end))
        at = end
    return found
