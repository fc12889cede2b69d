"""The past of simulated guests and nodes, computed: what was on when is all that is kept."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.ports.load_history import Kind
from sim.clock import WORLD_BEGAN_S
from sim.guests.needs import Chance
from sim.guests.processes import GuestHost
from sim.guests.usage import Usage, usage
from sim.kernel import US
from sim.layout import GIB

_KEPT: Final = 2000  # changes of one guest
_SYSTEM_BYTES: Final = 2 * GIB


@dataclass(slots=True)
class _Trail:
    """Moments at which it went on or off, and where it was on."""

    at_s: list[float] = field(default_factory=list)
    node: list[str | None] = field(default_factory=list)

    def tell(self, at_s: float, node: str | None) -> None:
        if self.node and self.node[-1] == node:
            return
        self.at_s.append(at_s)
        self.node.append(node)
        if len(self.at_s) > _KEPT:
            del self.at_s[0], self.node[0]

    def where(self, at_s: float) -> str | None:
        index = bisect_right(self.at_s, at_s) - 1
        return self.node[index] if index >= 0 else None


class SimHistory:
    """Implements the `LoadHistory` port, for all nodes of a world from now on."""

    def __init__(self, host: GuestHost, chance: Chance) -> None:
        self._host, self._chance = host, chance
        self._began_s = host.kernel.now_s
        self._trails: dict[str, _Trail] = {}
        for sid in host.catalog.sids():
            self._changed("", sid)
        host.listen(self._changed)

    def _changed(self, _node: str, sid: str) -> None:
        found = self._host.runs_on(sid)
        trail = self._trails.setdefault(sid, _Trail())
        trail.tell(self._host.kernel.now_us / US, found[0] if found else None)

    def at(self, kind: Kind, name: str, wall_s: int) -> Mapping[str, float] | None:
        at_s = wall_s - WORLD_BEGAN_S
        if not self._began_s <= at_s <= self._host.kernel.now_s:
            return None
        if kind == "guest":
            return self._guest(name, at_s)
        return self._node(name, at_s) if kind == "node" else self._storage(name)

    def _usage(self, sid: str, at_s: float) -> Usage:
        catalog = self._host.catalog
        return usage(self._chance, catalog.spec(sid), catalog.load(sid), at_s)

    def _guest(self, sid: str, at_s: float) -> Mapping[str, float] | None:
        if not self._host.catalog.known(sid) or sid not in self._trails:
            return None
        spec = self._host.catalog.spec(sid)
        room = {"maxcpu": float(spec.cpus), "maxmem": float(spec.memory_bytes)}
        if self._trails[sid].where(at_s) is None:
            return None
        now = self._usage(sid, at_s)
        return {
            **room,
            "cpu": now.cpu,
            "mem": float(now.memory_bytes),
            "netin": now.net_in,
            "netout": now.net_out,
            "diskread": now.read,
            "diskwrite": now.written,
        }

    def _node(self, node: str, at_s: float) -> Mapping[str, float] | None:
        if node not in self._host.nodes:
            return None
        spec = self._host.nodes[node]
        busy, memory, came, went = 0.05, float(_SYSTEM_BYTES), 0.0, 0.0
        for sid, trail in self._trails.items():
            if trail.where(at_s) != node or not self._host.catalog.known(sid):
                continue
            now = self._usage(sid, at_s)
            busy += now.cpu * self._host.catalog.spec(sid).cpus
            memory += now.memory_bytes
            came, went = came + now.net_in, went + now.net_out
        return {
            "cpu": min(busy / spec.cpus, 1.0),
            "maxcpu": float(spec.cpus),
            "loadavg": busy,
            "iowait": 0.001,
            "memused": min(memory, float(spec.memory_bytes)),
            "memtotal": float(spec.memory_bytes),
            "netin": came,
            "netout": went,
        }

    def _storage(self, name: str) -> Mapping[str, float] | None:
        """What is in a storage is known of the present alone."""
        node, _, pool = name.partition("/")
        storage = self._host.storage
        if pool not in storage.pools() or not storage.meant(pool, node):
            return None
        return {
            "total": float(storage.spec(pool).capacity_bytes),
            "used": float(storage.used_bytes(pool, node)),
        }
