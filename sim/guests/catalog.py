"""The guests that exist: what each is, how much load it makes now, and which attempts will fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sim.layout import GuestSpec


@dataclass(frozen=True, slots=True)
class Load:
    """What a guest uses while it runs: shares (0 to 1) of its CPUs and of its memory."""

    busy: float
    busy_memory: float


class Catalog:
    """Guests by service id. `version` grows with every change of a load or of the list."""

    def __init__(self) -> None:
        self._specs: dict[str, GuestSpec] = {}
        self._loads: dict[str, Load] = {}
        self._failed_starts: Counter[tuple[str, str]] = Counter()
        self._failed_moves: Counter[str] = Counter()
        self._listeners: list[Callable[[str], None]] = []
        self.version = 0

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call with the sid after each change of a load."""
        self._listeners.append(listener)

    def add(self, spec: GuestSpec) -> None:
        if spec.sid in self._specs:
            raise ValueError(f"guest {spec.sid} exists already")
        self._specs[spec.sid] = spec
        self.set_load(spec.sid, spec.busy, spec.busy_memory)

    def sids(self) -> tuple[str, ...]:
        return tuple(sorted(self._specs))

    def spec(self, sid: str) -> GuestSpec:
        return self._specs[sid]

    def put(self, spec: GuestSpec) -> None:
        """It is like that from now on, be it new or not; its load stays what it was."""
        if self._specs.get(spec.sid) == spec:
            return
        known = spec.sid in self._specs
        self._specs[spec.sid] = spec
        self.version += 1
        if not known:
            self.set_load(spec.sid, spec.busy, spec.busy_memory)

    def remove(self, sid: str) -> None:
        """It is gone for good."""
        if self._specs.pop(sid, None) is not None:
            del self._loads[sid]
            self.version += 1

    def disks(self, sid: str) -> tuple[tuple[str, str], ...]:
        """Pool and volume name of each of its disks; none of a guest that never ran."""
        spec = self._specs.get(sid)
        if spec is None:
            return ()
        if spec.disks is not None:
            return spec.disks
        return ((spec.storage, f"vm-{sid.partition(':')[2]}-disk-0"),)

    def known(self, sid: str) -> bool:
        return sid in self._specs

    def load(self, sid: str) -> Load:
        return self._loads[sid]

    def set_load(self, sid: str, busy: float, busy_memory: float | None = None) -> None:
        """What it uses from now on while it runs; `busy_memory` None leaves the memory alone."""
        if busy_memory is None:
            busy_memory = self._loads[sid].busy_memory
        load = Load(busy, busy_memory)
        if self._loads.get(sid) != load:
            self._loads[sid] = load
            self.version += 1
            for listener in self._listeners:
                listener(sid)

    # attempts that are bound to fail

    def starts_to_fail(self, sid: str, node: str) -> bool:
        """Whether the next start there will fail whatever is tried."""
        limit = self._start_limit(sid, node)
        return limit < 0 or self._failed_starts[sid, node] < limit

    def count_start(self, sid: str, node: str) -> bool:
        """One more start there; whether it must fail. Counted per node, not undone by a success."""
        fails = self.starts_to_fail(sid, node)
        self._failed_starts[sid, node] += fails
        return fails

    def count_move(self, sid: str) -> bool:
        """One more move of it; whether it must fail."""
        limit = self._specs[sid].migration_fails
        fails = limit < 0 or self._failed_moves[sid] < limit
        self._failed_moves[sid] += fails
        return fails

    def _start_limit(self, sid: str, node: str) -> int:
        limits = self._specs[sid].start_fails
        return limits.get(node, limits.get("*", 0))
