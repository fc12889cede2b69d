"""One copy of the store, shared by the nodes that are in step: the core's tree and log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.core.store.judge import judge
from appliance.core.store.log import Log
from appliance.core.store.tree import Tree
from appliance.model.errors import StaleError
from appliance.model.store.changes import (
    FIRST_EPOCH,
    LEASE_MARK,
    Cell,
    Cells,
    Entry,
    Epoch,
    ExpireLease,
    Lease,
    Point,
    RequestId,
    Steps,
)
from sim.kernel import to_us
from sim.pace import Effect
from sim.store.beats import Beats

KEPT: Final = 200  # entries that a branch takes along; acknowledged ones are much younger
Before = tuple[Cell | None, ...]  # what a change found where it wrote
BEGINNING: Final = Point(FIRST_EPOCH, 1, b"")  # what a simulated cluster begins with


@dataclass(slots=True)
class Copy:
    """`nodes`: who has it, sorted. All of it is committed: members in step confirm at once."""

    nodes: tuple[str, ...]
    tree: Tree
    log: Log = field(default_factory=lambda: Log(BEGINNING))
    epoch: Epoch = FIRST_EPOCH
    beats: Beats = field(default_factory=Beats)

    def branch(self, nodes: tuple[str, ...]) -> Copy:
        """For nodes that go their own way from here."""
        floor = self.log.point(max(self.log.floor.version, self.log.last.version - KEPT))
        assert floor is not None
        entries = self.log.after(floor.version)
        log = Log.of(floor, entries)
        log.commit(log.last.version)
        return Copy(nodes, Tree(self.tree.committed), log, self.epoch, self.beats.branch())

    def lease(self, name: str) -> Lease | None:
        cell = self.tree.committed.get(LEASE_MARK + name)
        return cell if isinstance(cell, Lease) else None

    def begin(self, epoch: Epoch) -> None:
        """The nodes that have it agreed to go on from here."""
        self.epoch = epoch
        self._commit(self._next(None, ()))

    def change(
        self, steps: Steps, request: RequestId, mtime_s: int, asked_us: int, effect: Effect
    ) -> tuple[Entry, Before] | None:
        """Judge a change and make it; its entry and what was there, None if it changes nothing.

        Raises what forbids it. `asked_us`: when the steps were put together.
        """
        self._look_for_renewals(steps, asked_us, effect.done_us)
        last = self.log.last
        cells = judge(self.tree, steps, request.node, mtime_s, last.version + 1)
        if not cells:
            return None
        entry = self._next(request, cells)
        before = tuple([self.tree.committed.get(key) for key, _ in cells])
        self._commit(entry)
        for key, cell in cells:
            if key.startswith(LEASE_MARK):
                self._note_lease(key.removeprefix(LEASE_MARK), cell, effect)
        return entry, before

    def _next(self, request: RequestId | None, cells: Cells) -> Entry:
        """The entry that follows, without the encoded form that members would send each other.

        Its digest tells nothing either: an epoch has one copy, so its number and the version name a
        point of one history.
        """
        version = self.log.last.version + 1
        return Entry(Point(self.epoch, version, b""), request, cells, b"")

    def _commit(self, entry: Entry) -> None:
        self.log.append(entry)
        self.log.commit(entry.version)
        self.tree.settle(entry)

    def _look_for_renewals(self, steps: Steps, asked_us: int, now_us: int) -> None:
        """A coasting holder's renewals are not written, but they count."""
        for step in steps:
            if isinstance(step, ExpireLease):
                held = self.beats.holdings.get(step.name)
                if held is not None and held.renewed_us(now_us) > asked_us:
                    raise StaleError(f"lease {step.name} has changed")

    def _note_lease(self, name: str, cell: Cell | None, effect: Effect) -> None:
        if isinstance(cell, Lease):
            self.beats.hold(name, cell.holder, to_us(cell.life_s), effect)
        else:
            self.beats.holdings.pop(name, None)


def renewals(copy: Copy, now_us: int) -> Mapping[str, int]:
    """When each lease was last taken or renewed."""
    return {name: held.renewed_us(now_us) for name, held in copy.beats.holdings.items()}
