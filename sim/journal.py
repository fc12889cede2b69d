"""The journal of a world: every fact with its time and who told it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from appliance.model.events import Event, as_fields
from sim.kernel import US, Kernel


@dataclass(frozen=True, slots=True)
class Record:
    """One fact: `t_us` since the world began, `actor` such as `node1/crm`, `world` or `check`."""

    t_us: int
    actor: str
    event: Event


def as_data(record: Record) -> dict[str, Any]:
    """The record as plain data; `t` in seconds."""
    return {"t": record.t_us / US, "actor": record.actor, **as_fields(record.event)}


def as_json(record: Record) -> str:
    """The record as one line of JSON."""
    return json.dumps(as_data(record), ensure_ascii=False)


class WorldJournal:
    """Records in the order in which they happened."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._listeners: list[Callable[[Record], None]] = []
        self.records: list[Record] = []

    def emit(self, actor: str, event: Event) -> None:
        record = Record(self._kernel.now_us, actor, event)
        self.records.append(record)
        for listener in self._listeners:
            listener(record)

    def subscribe(self, listener: Callable[[Record], None]) -> None:
        """Call it with every record from now on."""
        self._listeners.append(listener)

    def digest(self) -> str:
        """SHA-256 over all records as JSON lines: equal journals, equal digests."""
        whole = hashlib.sha256()
        for record in self.records:
            whole.update(as_json(record).encode())
            whole.update(b"\n")
        return whole.hexdigest()


class NodeJournal:
    """The `Journal` port of one node."""

    def __init__(self, journal: WorldJournal, node: str) -> None:
        self._journal, self._node = journal, node

    def emit(self, source: str, event: Event) -> None:
        self._journal.emit(f"{self._node}/{source}", event)
