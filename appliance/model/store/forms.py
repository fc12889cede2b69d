"""Encoded forms of what is in the store: cells, points, entries, steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from appliance.model.errors import DamagedError
from appliance.model.store.changes import (
    Cell,
    Cells,
    Delete,
    DropLease,
    Entry,
    Epoch,
    Expect,
    ExpireLease,
    File,
    HoldLease,
    Lease,
    Point,
    Put,
    Rename,
    RequestId,
    Step,
    Steps,
    TakeLease,
)
from appliance.model.store.codec import Reader, Writer, number, text

DIGEST_BYTES: Final = 16


@lru_cache(maxsize=16)
def _epoch(epoch: Epoch) -> bytes:
    """All messages and entries of a session begin alike."""
    return Writer().number(epoch.number).text(epoch.founder).text(epoch.nonce).done()


def write_epoch(out: Writer, epoch: Epoch) -> Writer:
    return out.encoded(_epoch(epoch))


def read_epoch(data: Reader) -> Epoch:
    return Epoch(data.number(), data.text(), data.text())


def write_point(out: Writer, point: Point) -> Writer:
    return write_epoch(out, point.epoch).number(point.version).data(point.digest)


def read_point(data: Reader) -> Point:
    return Point(read_epoch(data), data.number(), data.data())


def write_cell(out: Writer, cell: Cell | None) -> Writer:
    match cell:
        case None:
            return out.number(0)
        case File():
            out.number(1).data(cell.content).number(cell.version)
            return out.number(cell.mtime_s).text(cell.writer)
        case Lease():
            return out.number(2).text(cell.holder).number(cell.version).real(cell.life_s)


def read_cell(data: Reader) -> Cell | None:
    kind = data.number()
    if kind == 0:
        return None
    if kind == 1:
        return File(data.data(), data.number(), data.number(), data.text())
    if kind == 2:
        return Lease(data.text(), data.number(), data.real())
    raise DamagedError(f"no cell is of kind {kind}")


def make_entry(before: Point, epoch: Epoch, request: RequestId | None, cells: Cells) -> Entry:
    """The entry that follows that point."""
    version = before.version + 1
    encoded = number(version)
    parts = [_epoch(epoch), encoded]
    if request is None:
        parts.append(b"\0")
    else:
        node, nonce, asked = request
        parts += _sender(node, nonce), number(asked)
    parts.append(number(len(cells)))
    for key, cell in cells:
        if isinstance(cell, File):
            content, own, mtime_s, writer = cell
            written = encoded if own == version else number(own)
            parts += text(key), b"\1", _size(len(content)), content, written
            parts += _mtime(mtime_s), text(writer)
        else:
            parts += text(key), write_cell(Writer(), cell).done()
    body = b"".join(parts)
    return Entry(Point(epoch, version, chained(before.digest, body)), request, cells, body)


_mtime: Final = lru_cache(maxsize=16)(number)  # the second is the same for many
_size: Final = lru_cache(maxsize=1024)(number)


@lru_cache(maxsize=16)
def _sender(node: str, nonce: str) -> bytes:
    return Writer().flag(True).text(node).text(nonce).done()


def read_entry(before: Point, body: bytes) -> Entry:
    """The entry with this body after that point. DamagedError if it is not the next."""
    data = Reader(body)
    epoch, version = read_epoch(data), data.number()
    if version != before.version + 1:
        raise DamagedError(f"entry {version} does not follow {before.version}")
    request = RequestId(data.text(), data.text(), data.number()) if data.flag() else None
    cells = tuple((data.text(), read_cell(data)) for _ in range(data.number()))
    return Entry(Point(epoch, version, chained(before.digest, body)), request, cells, body)


def chained(digest: bytes, body: bytes) -> bytes:
    """The digest of a history and one more entry."""
    return blake2b(body, digest_size=DIGEST_BYTES, key=digest).digest()


def steps_parts(steps: Steps) -> tuple[bytes, ...]:
    """Their encoded form, in parts. Most changes are one file put there."""
    if len(steps) == 1 and isinstance(put := steps[0], Put):
        path, content, expect = put
        expected = b"\0" if expect is None else number(expect + 1)
        return b"\1\1", text(path), _size(len(content)), content, expected
    out = Writer().number(len(steps))
    for step in steps:
        _write_step(out, step)
    return (out.done(),)


def _write_step(out: Writer, step: Step) -> Writer:
    match step:
        case Put():
            return out.number(1).text(step.path).data(step.content).optional(step.expect)
        case Delete():
            return out.number(2).text(step.path).optional(step.expect)
        case Rename():
            return out.number(3).text(step.path).text(step.target).optional(step.expect)
        case Expect():
            return out.number(4).text(step.path).number(step.version)
        case TakeLease():
            return out.number(5).text(step.name).real(step.life_s)
        case DropLease():
            return out.number(6).text(step.name)
        case ExpireLease():
            return out.number(7).text(step.name).number(step.version)
        case HoldLease():
            return out.number(8).text(step.name)


_READ_STEP: Final[Mapping[int, Callable[[Reader], Step]]] = {
    2: lambda data: Delete(data.text(), data.optional()),
    3: lambda data: Rename(data.text(), data.text(), data.optional()),
    4: lambda data: Expect(data.text(), data.number()),
    5: lambda data: TakeLease(data.text(), data.real()),
    6: lambda data: DropLease(data.text()),
    7: lambda data: ExpireLease(data.text(), data.number()),
    8: lambda data: HoldLease(data.text()),
}


def read_steps(data: Reader) -> Steps:
    found: list[Step] = []
    for _ in range(data.number()):
        kind = data.number()
        if kind == 1:
            found.append(Put(data.text(), data.data(), data.optional()))
        elif kind in _READ_STEP:
            found.append(_READ_STEP[kind](data))
        else:
            raise DamagedError(f"no step is of kind {kind}")
    return tuple(found)
