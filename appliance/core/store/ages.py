"""How old leases are, as this member knows: by its own clock, from when it learned of a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from appliance.model.store.changes import LEASE_MARK, Cell, Entry, Lease


class LeaseAges:
    """When each lease's present version was first seen here."""

    __slots__ = ("_seen",)

    def __init__(self, cells: Mapping[str, Cell], now_s: float) -> None:
        self._seen: dict[str, tuple[int, float]] = {}
        self.replace(cells, now_s)

    def seen_s(self, name: str) -> float | None:
        """When this member learned of the lease's last change."""
        seen = self._seen.get(LEASE_MARK + name)
        return seen[1] if seen else None

    def commit(self, entries: Iterable[Entry], now_s: float) -> None:
        """What these entries say of leases holds from now on."""
        for entry in entries:
            for key, cell in entry.cells:
                if isinstance(cell, Lease):
                    self._seen[key] = (cell.version, now_s)
                elif key.startswith(LEASE_MARK):
                    self._seen.pop(key, None)

    def replace(self, cells: Mapping[str, Cell], now_s: float) -> None:
        """Leases of unknown age: as if they had changed now, unless they are known unchanged."""
        before, self._seen = self._seen, {}
        for key, cell in cells.items():
            if isinstance(cell, Lease):
                seen = before.get(key)
                same = seen is not None and seen[0] == cell.version
                self._seen[key] = seen if same and seen else (cell.version, now_s)
