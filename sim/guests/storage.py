"""Storage pools and volumes: where they are, how full, whether they answer, and who writes to them.

A shared pool has one instance that its nodes reach; a local pool has one on every node. Faults are
counted, so that two overlapping outages of one pool end with the second. Who has a volume open for
writing is kept here and nowhere else: a checker reads it and needs to trust nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from appliance.model.storage.volumes import own_part
from sim.layout import StorageSpec

EVERYWHERE = ""


@dataclass(frozen=True, slots=True, order=True)
class Volume:
    """A disk image. `home` is the node of a local pool that holds it, empty in a shared pool."""

    pool: str
    home: str
    name: str

    def __str__(self) -> str:
        return f"{self.pool}{'@' if self.home else ''}{self.home}:{self.name}"


class Fate(Protocol):
    """Hears what becomes of volumes."""

    def removed(self, volume: Volume) -> None: ...
    def renamed(self, volume: Volume, to: Volume) -> None: ...

    def copied(self, volume: Volume, copy: Volume) -> None:
        """From now on the second holds what the first does."""
        ...

    def opened(self, volume: Volume) -> None:
        """Somebody writes to it from now on."""
        ...


class Storage:
    """All pools of the world.

    Nothing here takes time; whoever copies asks `bandwidth` and pays for it. `listen` calls back
    with (pool, node or None) after each change that running guests may feel.
    """

    def __init__(self, specs: Sequence[StorageSpec], nodes: Sequence[str]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._nodes = tuple(nodes)
        self._sizes: dict[Volume, int] = {}
        self._used: Counter[tuple[str, str]] = Counter()  # (pool, home) -> bytes
        self._outages: Counter[tuple[str, str]] = Counter()  # (pool, node or EVERYWHERE)
        self._full: Counter[tuple[str, str]] = Counter()
        self._slow: dict[str, list[float]] = {}
        self._writers: dict[Volume, dict[str, None]] = {}
        self._listeners: list[Callable[[str, str | None], None]] = []
        self._fates: list[Fate] = []

    def ensure(self, spec: StorageSpec) -> None:
        """Have a pool of that name; one that is there stays as it is."""
        self._specs.setdefault(spec.name, spec)

    def watch_volumes(self, fate: Fate) -> None:
        self._fates.append(fate)

    def listen(self, listener: Callable[[str, str | None], None]) -> None:
        self._listeners.append(listener)

    def _changed(self, pool: str, node: str | None) -> None:
        for listener in self._listeners:
            listener(pool, node)

    # what pools are

    def pools(self) -> Collection[str]:
        return self._specs

    def spec(self, pool: str) -> StorageSpec:
        return self._specs[pool]

    def knows(self, pool: str) -> bool:
        return pool in self._specs

    def volume(self, pool: str, node: str, name: str) -> Volume:
        """The volume of that name as `node` means it; a base in front of the name is left out."""
        own = own_part(name) if "/" in name else name
        return Volume(pool, EVERYWHERE if self._specs[pool].shared else node, own)

    def reachable(self, pool: str, node: str) -> bool:
        """Whether the pool is meant to be on that node and answers it now."""
        away = self._outages[pool, EVERYWHERE] or self._outages[pool, node]
        return self.meant(pool, node) and not away

    def meant(self, pool: str, node: str) -> bool:
        """Whether the pool belongs on that node at all."""
        spec = self._specs[pool]
        return not spec.nodes or node in spec.nodes

    def slowness(self, pool: str) -> float:
        """How many times longer its input and output take now; 1 is healthy."""
        return max(self._slow.get(pool, ()), default=1.0)

    def bandwidth(self, pool: str) -> float:
        """Bytes per second now."""
        return self._specs[pool].bandwidth_bytes_s / self.slowness(pool)

    def free_bytes(self, pool: str, node: str) -> int:
        """What a new volume may take there: nothing while the pool is full or does not answer."""
        if not self.reachable(pool, node) or self.is_full(pool, node):
            return 0
        return self._specs[pool].capacity_bytes - self.used_bytes(pool, node)

    def used_bytes(self, pool: str, node: str) -> int:
        return self._used[pool, self.volume(pool, node, "").home]

    def is_full(self, pool: str, node: str) -> bool:
        """Whether a fault has filled it up (beside what the volumes take)."""
        return bool(self._full[pool, EVERYWHERE] or self._full[pool, node])

    # volumes

    def create(self, volume: Volume, size_bytes: int, node: str) -> str | None:
        """Make a volume from `node`; why not, or None. One that exists is taken over as it is."""
        if volume in self._sizes:
            return None
        if not self.reachable(volume.pool, node):
            return f"storage {volume.pool} is not available on {node}"
        if size_bytes > self.free_bytes(volume.pool, node):
            return f"storage {volume.pool} is full on {node}"
        self._sizes[volume] = size_bytes
        self._used[volume.pool, volume.home] += size_bytes
        return None

    def remove(self, volume: Volume) -> None:
        """Free its space. Harmless when there is none."""
        self._used[volume.pool, volume.home] -= self._sizes.pop(volume, 0)
        for fate in self._fates:
            fate.removed(volume)

    def rename(self, volume: Volume, to: Volume) -> None:
        """Call it otherwise in the same place. Neither may be open, nor the second there."""
        self._sizes[to] = self._sizes.pop(volume)
        for fate in self._fates:
            fate.renamed(volume, to)

    def copied(self, volume: Volume, copy: Volume) -> None:
        """A copy of one volume to another is whole now."""
        for fate in self._fates:
            fate.copied(volume, copy)

    def grow(self, volume: Volume, size_bytes: int, node: str) -> str | None:
        """Let it take so much; why that is not possible, or None."""
        more = size_bytes - self._sizes[volume]
        if not self.reachable(volume.pool, node):
            return f"storage {volume.pool} is not available on {node}"
        if more > 0 and more > self.free_bytes(volume.pool, node):
            return f"storage {volume.pool} is full on {node}"
        self._sizes[volume] += more
        self._used[volume.pool, volume.home] += more
        return None

    def size_bytes(self, volume: Volume) -> int:
        """What it takes of its pool; 0 for one that is not there."""
        return self._sizes.get(volume, 0)

    def exists(self, volume: Volume) -> bool:
        return volume in self._sizes

    def volumes(self) -> tuple[Volume, ...]:
        return tuple(sorted(self._sizes))

    def volumes_of(self, pool: str, node: str) -> tuple[Volume, ...]:
        """Those of one pool that a node sees."""
        home = self.volume(pool, node, "").home
        return tuple(sorted(one for one in self._sizes if (one.pool, one.home) == (pool, home)))

    # writers

    def open(self, volume: Volume, node: str) -> None:
        """`node` has it open for writing. Nothing prevents a second one: checkers look for it."""
        self._writers.setdefault(volume, {})[node] = None
        for fate in self._fates:
            fate.opened(volume)

    def close(self, volume: Volume, node: str) -> None:
        writers = self._writers.get(volume, {})
        writers.pop(node, None)
        if not writers:
            self._writers.pop(volume, None)

    def writers(self, volume: Volume) -> tuple[str, ...]:
        """The nodes that have it open for writing, sorted."""
        return tuple(sorted(self._writers.get(volume, ())))

    def shared_writers(self) -> Iterator[tuple[Volume, tuple[str, ...]]]:
        """Every volume that more than one node has open for writing: always a disaster."""
        for volume in sorted(self._writers):
            if len(self._writers[volume]) > 1:
                yield volume, self.writers(volume)

    # faults; each begin has its end

    def begin_outage(self, pool: str, node: str | None = None) -> None:
        """The pool stops answering, one node or everywhere."""
        self._count(self._outages, pool, node, 1)

    def end_outage(self, pool: str, node: str | None = None) -> None:
        self._count(self._outages, pool, node, -1)

    def begin_full(self, pool: str, node: str | None = None) -> None:
        """No room for new volumes, on one node or everywhere. Existing volumes keep their space."""
        self._count(self._full, pool, node, 1)

    def end_full(self, pool: str, node: str | None = None) -> None:
        self._count(self._full, pool, node, -1)

    def begin_slow(self, pool: str, factor: float) -> None:
        """Everything takes `factor` times as long; of overlapping ones the slowest counts."""
        self._slow.setdefault(pool, []).append(max(factor, 1.0))
        self._changed(pool, None)

    def end_slow(self, pool: str, factor: float) -> None:
        self._slow[pool].remove(max(factor, 1.0))
        self._changed(pool, None)

    def _count(
        self, counts: Counter[tuple[str, str]], pool: str, node: str | None, step: int
    ) -> None:
        key = (pool, EVERYWHERE if node is None else node)
        if counts[key] + step < 0:
            raise ValueError(f"storage {pool}: a fault ends that never began")
        counts[key] += step
        self._changed(pool, node)
