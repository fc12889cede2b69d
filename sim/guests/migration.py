"""All moves of guests between nodes. What one move does and why it is safe: see `move.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sim.guests.move import Move, MoveRequest
from sim.guests.needs import Chance, Paths, jitter
from sim.guests.precopy import MoveLimits
from sim.guests.processes import GuestHost
from sim.guests.storage import Volume


class Mover:
    """All moves of the world. At most one a guest at a time.

    The world calls `fabric_changed` after each change of the network; nodes and storage tell by
    themselves.
    """

    def __init__(
        self, host: GuestHost, paths: Paths, chance: Chance, limits: MoveLimits | None = None
    ) -> None:
        self.host, self.paths, self._chance = host, paths, chance
        self.limits = limits or MoveLimits()
        self._moves: dict[str, Move] = {}
        self._crowd: Counter[str] = Counter()  # node -> moves from it or to it
        host.watch_nodes(self)
        host.storage.listen(lambda pool, node: self._retune())

    def moving(self, sid: str) -> Move | None:
        return self._moves.get(sid)

    def begin(self, request: MoveRequest) -> None:
        """Move a guest away from the node of the boot. `refusal` must have said None just now."""
        move = Move(self, request)
        self._moves[move.sid] = move
        self._crowd.update((move.source, move.target))
        move.begin()
        self._retune_beside(move)  # it takes its share of the bandwidth

    def refusal(
        self,
        sid: str,
        source: str,
        target: str,
        *,
        online: bool,
        copies: Mapping[Volume, Volume] | None = None,
    ) -> str | None:
        """Why such a move cannot begin now, or None."""
        host = self.host
        if target not in host.nodes:
            return f"there is no node {target}"
        if target == source:
            return f"it is on {target} already"
        if sid in self._moves:
            return f"it is being moved to {self._moves[sid].target}"
        if not host.is_up(target) or not self.paths.mutual(source, target):
            return f"{target} cannot be reached"
        usual = zip(host.volumes(sid, source), host.volumes(sid, target), strict=True)
        for volume, copy in ({**dict(usual), **(copies or {})}).items():
            trouble = self._no_copy(volume, copy, source, target)
            if trouble is not None:
                return trouble
        return self._no_room(sid, target, online=online)

    def _no_room(self, sid: str, target: str, *, online: bool) -> str | None:
        host, spec = self.host, self.host.catalog.spec(sid)
        if online and host.process(sid, target) is not None:
            return f"a process of it is on {target} already"
        free = host.nodes[target].memory_bytes - host.used_memory_bytes(target)
        if online and spec.memory_bytes > free:
            return f"{target} has not enough free memory"
        return None

    def _no_copy(self, volume: Volume, copy: Volume, source: str, target: str) -> str | None:
        storage, pool = self.host.storage, copy.pool
        if not storage.meant(pool, target):
            return f"storage {pool} is not available on {target}"
        for used, node in ((volume.pool, source), (pool, target)):
            if not storage.reachable(used, node):
                return f"storage {used} does not answer on {node}"
        if not storage.exists(volume):
            return f"its volume {volume} does not exist"
        new_bytes = storage.size_bytes(volume) if copy.home and not storage.exists(copy) else 0
        if new_bytes > storage.free_bytes(pool, target):
            return f"storage {pool} is full on {target}"
        return None

    def share(self, move: Move) -> float:
        """Bytes per second that this move gets: moves of one node share its path."""
        crowd = max(self._crowd[move.source], self._crowd[move.target], 1)
        return max(self.paths.bandwidth(move.source, move.target) / crowd, 1.0)

    def forget(self, move: Move) -> None:
        """It is over."""
        if self._moves.get(move.sid) is move:
            del self._moves[move.sid]
            self._crowd.subtract((move.source, move.target))
            self._retune_beside(move)  # the others get its share

    def jitter(self, what: str, move: Move) -> float:
        now_us = self.host.kernel.now_us
        return jitter(self._chance, "move", what, move.sid, move.source, now_us, spread=0.25)

    # what happens around the moves

    def fabric_changed(self) -> None:
        """Who reaches whom, or how fast, may have changed."""
        self._retune()

    def node_lost(self, node: str) -> None:
        for move in self._all():
            if move.source == node:
                move.source_lost()
            elif move.target == node:
                move.target_lost()

    def node_paced(self, node: str) -> None:
        self._retune()

    def _all(self) -> tuple[Move, ...]:
        return tuple(self._moves[sid] for sid in sorted(self._moves))

    def _retune(self) -> None:
        for move in self._all():
            move.retune()

    def _retune_beside(self, move: Move) -> None:
        ends = (move.source, move.target)
        for other in self._all():
            if other.source in ends or other.target in ends:
                other.retune()
