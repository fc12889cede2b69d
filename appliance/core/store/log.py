"""The last part of the history: what is not committed, and what others may have missed."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.model.store.changes import Entry, Point, RequestId

KEPT_ENTRIES = 1000  # committed ones
KEPT_BYTES = 2 * 1024 * 1024


class Log:
    """Entries (floor, last]. `committed` is the version of the newest committed one."""

    __slots__ = ("_bytes", "_entries", "committed", "floor")

    def __init__(self, floor: Point) -> None:
        self.floor = floor
        self.committed = floor.version
        self._entries: list[Entry] = []
        self._bytes = 0

    @property
    def last(self) -> Point:
        return self._entries[-1].point if self._entries else self.floor

    def point(self, version: int) -> Point | None:
        """The point of that version; None if it is forgotten or yet to come."""
        if version == self.floor.version:
            return self.floor
        at = version - self.floor.version - 1
        return self._entries[at].point if 0 <= at < len(self._entries) else None

    def committed_point(self) -> Point:
        point = self.point(self.committed)
        assert point is not None, "what is committed and newest is never forgotten"
        return point

    def holds(self, point: Point) -> bool:
        """Whether this history goes through that point."""
        return self.point(point.version) == point

    def after(self, version: int) -> list[Entry]:
        """Entries newer than that, oldest first."""
        return self._entries[max(0, version - self.floor.version) :]

    def pending(self) -> list[Entry]:
        """What is not committed, oldest first."""
        return self.after(self.committed)

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._bytes += len(entry.body)

    def commit(self, version: int) -> list[Entry]:
        """Everything up to that version is safe; the entries that became so."""
        entries = self._entries[self.committed - self.floor.version : version - self.floor.version]
        self.committed = max(self.committed, version)
        if len(self._entries) > 2 * KEPT_ENTRIES or self._bytes > 2 * KEPT_BYTES:
            self._forget()
        return entries

    def take_back(self, version: int) -> None:
        """Drop what is newer than that version, which must not be before what is committed."""
        assert version >= self.committed, "what is committed is never taken back"
        del self._entries[version - self.floor.version :]
        self._bytes = sum(len(entry.body) for entry in self._entries)

    def find(self, request: RequestId, after: int) -> Entry | None:
        """The entry that this request made after that version."""
        return next((entry for entry in self.after(after) if entry.request == request), None)

    def _forget(self) -> None:
        entries, count = self._entries, self.committed - self.floor.version
        size = self._bytes - sum(len(entry.body) for entry in entries[count:])
        drop = max(0, count - KEPT_ENTRIES)
        gone = sum([len(entry.body) for entry in entries[:drop]])
        while drop < count and size - gone > KEPT_BYTES:
            gone += len(entries[drop].body)
            drop += 1
        if drop:
            self.floor = entries[drop - 1].point
            self._bytes -= gone
            del entries[:drop]

    @classmethod
    def of(cls, floor: Point, entries: Iterable[Entry]) -> Log:
        log = cls(floor)
        for entry in entries:
            log.append(entry)
        return log
