"""Use of the online nodes, and how good each of them is for starting a service.

Three ways to compare nodes. Basic counts services. Static adds up what services are configured to
have, dynamic starts from what nodes are measured to use. Proxmox VE HA manager 5.2 behaviour.

Registration stores a pair and nothing else, as it happens for every service in every round;
loads are computed when somebody asks, from scratch, so they never drift and never depend on the
order of registration.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from appliance.core.ha.crs.load import criteria, imbalance, rank
from appliance.model.ha.stats import NodeStats, ServiceStats

_SIZE_NAMES = {"maxcpu": "number of CPUs", "maxmem": "memory size"}


class Usage(ABC):
    """What the services take of the online nodes, for one round.

    `warnings` collects what the manager has to report: sentences, in the order they occurred.
    """

    __slots__ = ("_nodes", "_services", "online", "warnings")

    def __init__(self, nodes: Sequence[str]) -> None:
        self._nodes = tuple(sorted(nodes))
        self.online = frozenset(self._nodes)
        self.warnings: list[str] = []
        self._services: dict[str, tuple[str | None, str | None, bool]] = {}

    def nodes(self) -> Sequence[str]:
        """The online nodes, sorted."""
        return self._nodes

    def register(self, sid: str, current: str | None, target: str | None, running: bool) -> None:
        """Count a service on the online nodes it uses; replaces what was registered of it."""
        if current is None and target is None:
            self._services.pop(sid, None)
        else:
            self._services[sid] = (current, target, running)

    @abstractmethod
    def scores(self, sid: str) -> Mapping[str, float]:
        """How good each online node is for starting the service: lower is better."""

    @abstractmethod
    def imbalance(self) -> float | None:
        """How unevenly the nodes are loaded, 0 is even; None if this usage cannot tell."""


class BasicUsage(Usage):
    """The number of services on a node; one that moves counts on both its nodes."""

    __slots__ = ()

    def scores(self, sid: str) -> Mapping[str, float]:
        counts = dict.fromkeys(self._nodes, 0.0)
        for current, target, _ in self._services.values():
            if current in counts:
                counts[current] += 1
            if target != current and target in counts:
                counts[target] += 1
        return counts

    def imbalance(self) -> float | None:
        return None


class MeasuredUsage(Usage):
    """Load in CPU cores and bytes of memory."""

    __slots__ = ("_loads", "_node_stats", "_service_stats", "_sizes")
    mode = ""

    def __init__(
        self,
        nodes: Sequence[str],
        node_stats: Mapping[str, NodeStats],
        service_stats: Mapping[str, ServiceStats],
    ) -> None:
        """ValueError, with the sentence to report, if a node's size is not known."""
        super().__init__(nodes)
        self._node_stats = node_stats
        self._service_stats = service_stats
        self._sizes = [self._size(node) for node in self._nodes]
        self._loads: tuple[list[float], list[float]] | None = None

    def register(self, sid: str, current: str | None, target: str | None, running: bool) -> None:
        self._loads = None
        if current is None:
            current, target = target, None
        if current is None:
            self._services.pop(sid, None)
        elif current == target:
            self._refuse(sid, f"its target is the node '{current}' it is on")
        elif sid not in self._service_stats:
            self._refuse(sid, f"there are no {self.mode} numbers for it")
        else:
            self._services[sid] = (current, target, running)

    def scores(self, sid: str) -> Mapping[str, float]:
        """Without numbers for the service all nodes are alike, with a warning."""
        stats = self._service_stats.get(sid)
        if stats is None:
            self.warnings.append(
                f"cannot compare nodes for service '{sid}': there are no {self.mode} numbers for it"
            )
            return dict.fromkeys(self._nodes, 0.0)
        if not self._nodes:
            return {}
        cpu, mem = self.starting_use()
        cpu_loads, mem_loads = self.fractions(cpu, mem)
        alternatives = []
        for index, (max_cpu, max_mem) in enumerate(self._sizes):
            cpu_before, mem_before = cpu_loads[index], mem_loads[index]
            cpu_loads[index] = (cpu[index] + (stats.maxcpu or max_cpu)) / max_cpu
            mem_loads[index] = (mem[index] + stats.maxmem) / max_mem
            alternatives.append(criteria(cpu_loads, mem_loads))
            cpu_loads[index], mem_loads[index] = cpu_before, mem_before
        return dict(zip(self._nodes, [-score for score in rank(alternatives)], strict=True))

    def imbalance(self) -> float:
        return imbalance(self.node_loads(*self.balance_use()))

    def node_loads(self, cpu: Sequence[float], mem: Sequence[float]) -> list[float]:
        """The load of each node, half CPU and half memory, for this use of them."""
        return [
            (c / size[0] + m / size[1]) / 2
            for c, m, size in zip(cpu, mem, self._sizes, strict=True)
        ]

    def fractions(
        self, cpu: Sequence[float], mem: Sequence[float]
    ) -> tuple[list[float], list[float]]:
        """CPU and memory load of each node, as fractions of its size."""
        return (
            [used / size[0] for used, size in zip(cpu, self._sizes, strict=True)],
            [used / size[1] for used, size in zip(mem, self._sizes, strict=True)],
        )

    def place(self, sid: str) -> tuple[str | None, str | None] | None:
        """(current, target) as registered; None if the service is not."""
        entry = self._services.get(sid)
        return None if entry is None else entry[:2]

    @abstractmethod
    def demand(self, sid: str) -> tuple[float, float]:
        """CPU and memory that move with a registered service."""

    @abstractmethod
    def balance_use(self) -> tuple[list[float], list[float]]:
        """CPU and memory used on each node, as balancing sees it."""

    @abstractmethod
    def starting_use(self) -> tuple[list[float], list[float]]:
        """CPU and memory used on each node, as the start of a service sees it."""

    def _add_as_started(self, cpu: list[float], mem: list[float], only_idle: bool) -> None:
        """Add registered services at their full configured size, in the order of their ids."""
        index = {node: position for position, node in enumerate(self._nodes)}
        for sid in sorted(self._services):
            current, target, running = self._services[sid]
            if only_idle and running:
                continue
            stats = self._service_stats[sid]
            for node in (current, target):
                if node is not None and node in index:
                    position = index[node]
                    cpu[position] += stats.maxcpu or self._sizes[position][0]
                    mem[position] += stats.maxmem

    def _refuse(self, sid: str, why: str) -> None:
        self._services.pop(sid, None)
        self.warnings.append(f"cannot count service '{sid}': {why}")

    def _size(self, node: str) -> tuple[float, float]:
        stats = self._node_stats.get(node, NodeStats())
        for name in ("maxcpu", "maxmem"):
            if not getattr(stats, name):
                what = _SIZE_NAMES[name]
                raise ValueError(f"{self.mode} numbers of node '{node}' lack its {what}")
        assert stats.maxcpu is not None
        assert stats.maxmem is not None
        return stats.maxcpu, stats.maxmem


class StaticUsage(MeasuredUsage):
    """Every registered service at its configured size, running or not."""

    __slots__ = ()
    mode = "static"

    def demand(self, sid: str) -> tuple[float, float]:
        stats = self._service_stats[sid]
        return stats.maxcpu, stats.maxmem

    def balance_use(self) -> tuple[list[float], list[float]]:
        return self.starting_use()

    def starting_use(self) -> tuple[list[float], list[float]]:
        if self._loads is None:
            cpu, mem = [0.0] * len(self._nodes), [0.0] * len(self._nodes)
            self._add_as_started(cpu, mem, only_idle=False)
            self._loads = cpu, mem
        return self._loads

    def _size(self, node: str) -> tuple[float, float]:
        cpu, mem = super()._size(node)
        return float(int(cpu)), float(int(mem))


class DynamicUsage(MeasuredUsage):
    """What nodes are measured to use, and the size of services that do not run yet."""

    __slots__ = ()
    mode = "dynamic"

    def demand(self, sid: str) -> tuple[float, float]:
        stats = self._service_stats[sid]
        return stats.cpu, stats.mem

    def balance_use(self) -> tuple[list[float], list[float]]:
        stats = [self._node_stats[node] for node in self._nodes]
        return [node.cpu for node in stats], [node.mem for node in stats]

    def starting_use(self) -> tuple[list[float], list[float]]:
        if self._loads is None:
            cpu, mem = self.balance_use()
            self._add_as_started(cpu, mem, only_idle=True)
            self._loads = cpu, mem
        return self._loads


_MODES = {"static": StaticUsage, "dynamic": DynamicUsage}


def make_usage(
    mode: str,
    online_nodes: Sequence[str],
    node_stats: Mapping[str, NodeStats],
    service_stats: Mapping[str, ServiceStats],
) -> tuple[Usage, list[str]]:
    """An empty usage of that mode, and what has to be reported.

    An unknown mode, or a node whose size is not known, gives a basic one and the reason.
    """
    if mode == "basic":
        return BasicUsage(online_nodes), []
    kind = _MODES.get(mode)
    if kind is None:
        return BasicUsage(online_nodes), [f"scheduler mode '{mode}' is not known, using 'basic'"]
    try:
        return kind(online_nodes, node_stats, service_stats), []
    except ValueError as error:
        return BasicUsage(online_nodes), [
            f"cannot use scheduler mode '{mode}', using 'basic': {error}"
        ]
