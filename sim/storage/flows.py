"""Bytes on their way: copies that share the bandwidth of storages and of the network.

A flow goes as fast as the slowest of its ends lets it: a storage's bandwidth is divided among the
flows there. A storage that does not answer makes it stand still or fail, as its kind does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from appliance.model.errors import UnavailableError
from sim.guests.needs import Paths
from sim.guests.processes import GuestHost
from sim.guests.work import Work
from sim.tasks import Boot, Signal

PARTS: Final = 10  # of the way at which progress is told
WHOLE_BYTES: Final = 64 * 1024**2  # less than so much goes in one part
HANGS: Final = ("cephfs", "cifs", "nfs", "rbd")  # what is under way there waits until it answers


@dataclass(frozen=True, slots=True)
class End:
    """A storage that a flow reads or writes on a node. hangs: instead of failing."""

    pool: str
    node: str
    hangs: bool


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """ends: the storages. other: the node at the far end, None when it stays on one."""

    boot: Boot
    ends: tuple[End, ...]
    other: str | None = None
    limit_bytes_s: int = 0
    progress: Callable[[float], None] | None = None


@dataclass(slots=True, eq=False)
class _Flow:
    route: Route
    ended: Signal[None]
    work: Work | None = field(default=None)


class Flows:
    """All flows of a world."""

    def __init__(self, host: GuestHost, paths: Paths) -> None:
        self._host, self._paths, self._kernel = host, paths, host.kernel
        self._flows: list[_Flow] = []
        host.watch_nodes(self)
        host.storage.listen(lambda _pool, _node: self.retune())

    async def run(self, route: Route, amount_bytes: int) -> None:
        """Until all bytes are there. UnavailableError: an end is gone."""
        parts = PARTS if amount_bytes > WHOLE_BYTES else 1
        for number in range(1, parts + 1):
            await self._part(route, amount_bytes / parts)
            if route.progress is not None:
                route.progress(number / parts)

    async def _part(self, route: Route, amount: float) -> None:
        flow = _Flow(route, Signal(route.boot))
        flow.work = Work(self._kernel, amount, lambda: self._end(flow))
        self._flows.append(flow)
        self.retune()
        try:
            await flow.ended
        finally:
            self._drop(flow)

    def _end(self, flow: _Flow) -> None:
        self._drop(flow)
        flow.ended.fire(None)

    def _drop(self, flow: _Flow) -> None:
        if flow.work is not None:
            flow.work.cancel()
            flow.work = None
        if flow in self._flows:
            self._flows.remove(flow)
            self.retune()

    # rates

    def retune(self) -> None:
        """Give every flow the rate that it gets now."""
        crowd = Counter(end.pool for flow in self._flows for end in flow.route.ends)
        for flow in tuple(self._flows):
            trouble = self._trouble(flow.route)
            if trouble is not None:
                self._flows.remove(flow)
                flow.ended.fail(UnavailableError(trouble))
            elif flow.work is not None:
                flow.work.set_rate(self._rate(flow.route, crowd))

    def _trouble(self, route: Route) -> str | None:
        storage = self._host.storage
        for end in route.ends:
            if not end.hangs and not storage.reachable(end.pool, end.node):
                return f"storage '{end.pool}' does not answer on {end.node}"
        other = route.other
        if other is not None and not (
            self._host.is_up(other) and self._paths.mutual(route.boot.node, other)
        ):
            return f"{other} cannot be reached"
        return None

    def _rate(self, route: Route, crowd: Counter[str]) -> float:
        storage, node = self._host.storage, route.boot.node
        if self._host.is_paused(node):
            return 0.0
        if not all(storage.reachable(end.pool, end.node) for end in route.ends):
            return 0.0
        rates = [storage.bandwidth(end.pool) / crowd[end.pool] for end in route.ends]
        if route.other is not None:
            rates.append(self._paths.bandwidth(node, route.other))
        if route.limit_bytes_s:
            rates.append(float(route.limit_bytes_s))
        return max(min(rates), 1.0)

    # what happens around them

    def node_lost(self, node: str) -> None:
        for flow in tuple(self._flows):
            if flow.route.boot.node == node:
                self._drop(flow)
        self._host.kernel.call_soon(self.retune)  # it is not marked as gone before that

    def node_paced(self, _node: str) -> None:
        self.retune()
