"""Cells as committed, and above them an overlay of what is ordered but not yet known to be safe.

Readers see what is committed. Changes are judged on both together ("applied").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from appliance.model.store.changes import LEASE_MARK, Cell, Cells, Entry, File
from appliance.model.store.paths import folders_of, guest_of


class Tree:
    """size_bytes, files, guests and folders are those of the applied state.

    placed: each guest's file as committed; another object whenever a guest comes, goes or moves.
    """

    __slots__ = ("_overlay", "committed", "files", "folders", "guests", "placed", "size_bytes")

    def __init__(self, cells: Mapping[str, Cell] | None = None) -> None:
        self.committed: dict[str, Cell] = dict(cells or {})
        self._overlay: dict[str, tuple[Cell | None, int]] = {}
        self._recount()
        self.placed: Mapping[int, str] = MappingProxyType(dict(self.guests))

    def _recount(self) -> None:
        self.size_bytes = self.files = 0
        self.guests: dict[int, str] = {}
        self.folders: dict[str, int] = {}  # how many files are below
        for key, cell in self.committed.items():
            self._count(key, None, cell)

    def get(self, key: str) -> Cell | None:
        """As applied."""
        above = self._overlay.get(key)
        return above[0] if above is not None else self.committed.get(key)

    def apply(self, entry: Entry) -> None:
        """Put an entry on top."""
        for key, cell in entry.cells:
            self._count(key, self.get(key), cell)
            self._overlay[key] = (cell, entry.version)

    def commit(self, entry: Entry) -> None:
        """The oldest entry that was applied is safe now."""
        committed, overlay, moved = self.committed, self._overlay, False
        for key, cell in entry.cells:
            moved = moved or (key in committed) != (cell is not None)
            if cell is None:
                committed.pop(key, None)
            else:
                committed[key] = cell
            if overlay[key][1] == entry.version:
                del overlay[key]
        if moved:
            self._place(entry.cells)

    def settle(self, entry: Entry) -> None:
        """Apply and commit at once, where nothing lies above what is committed."""
        committed, moved = self.committed, False
        for key, cell in entry.cells:
            before = committed.get(key)
            self._count(key, before, cell)
            moved = moved or (before is None) != (cell is None)
            if cell is None:
                committed.pop(key, None)
            else:
                committed[key] = cell
        if moved:
            self._place(entry.cells)

    def take_back(self, kept: Iterable[Entry]) -> None:
        """Forget what was applied and not committed, but these entries."""
        self._overlay.clear()
        self._recount()
        for entry in kept:
            self.apply(entry)

    def _count(self, key: str, before: Cell | None, after: Cell | None) -> None:
        if key.startswith(LEASE_MARK):
            return
        if isinstance(after, File) and isinstance(before, File):
            self.size_bytes += len(after.content) - len(before.content)
            return
        self.size_bytes += size_of(after) - size_of(before)
        step = (after is not None) - (before is not None)
        if not step:
            return
        self.files += step
        for folder in folders_of(key):
            self.folders[folder] = self.folders.get(folder, 0) + step
        guest = guest_of(key)
        if guest is not None:
            self._count_guest(guest, key, after)

    def _place(self, cells: Cells) -> None:
        """Files come or go with these; guests perhaps."""
        placed = dict(self.placed)
        for key, cell in cells:
            guest = guest_of(key)
            if guest is not None and cell is not None:
                placed[guest] = key
            elif guest is not None and placed.get(guest) == key:
                del placed[guest]
        if placed != self.placed:
            self.placed = MappingProxyType(placed)

    def _count_guest(self, guest: int, key: str, after: Cell | None) -> None:
        if after is not None:
            self.guests[guest] = key
        elif self.guests.get(guest) == key:
            del self.guests[guest]


def size_of(cell: Cell | None) -> int:
    """What it counts towards the limit of the tree, in bytes."""
    return len(cell.content) if isinstance(cell, File) else 0


def changed_files(keys: Sequence[str], prefix: str) -> tuple[str, ...]:
    """The paths among these keys that begin so, each once, in order."""
    found = (key for key in keys if key.startswith(prefix) and not key.startswith(LEASE_MARK))
    return tuple(dict.fromkeys(found))
