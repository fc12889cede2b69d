"""Sizes and load of nodes and guests as the cluster broadcasts them.

Load is the truth of the moment, the same for every node; where a guest lies is what the asking
node's replica says. Answers are kept until something they depend on changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from appliance.model.ha.stats import NodeStats, ServiceStats
from sim.guests.needs import Configs
from sim.guests.process import EXECUTING
from sim.guests.processes import GuestHost
from sim.layout import NodeSpec


class LoadBoard:
    """What all nodes broadcast. One for the world; `version` changes with the answers."""

    def __init__(self, host: GuestHost) -> None:
        self._host = host
        self._seen_at: int | None = None
        self._nodes: Mapping[str, NodeStats] = {}
        self._services: Mapping[str, ServiceStats] = {}
        self._versions = {name: spec.version for name, spec in sorted(host.nodes.items())}
        self._version_changes = 0

    @property
    def host(self) -> GuestHost:
        return self._host

    @property
    def version(self) -> int:
        return self._host.version + self._host.catalog.version + self._version_changes

    def nodes(self) -> Mapping[str, NodeStats]:
        self._refresh()
        return self._nodes

    def services(self) -> Mapping[str, ServiceStats]:
        self._refresh()
        return self._services

    def node_versions(self) -> Mapping[str, str]:
        return MappingProxyType(self._versions)

    def set_node_version(self, node: str, version: str) -> None:
        """The node runs other software now, such as after an upgrade."""
        self._versions = {**self._versions, node: version}
        self._version_changes += 1

    def _refresh(self) -> None:
        if self._seen_at == self.version:
            return
        self._seen_at = self.version
        services = {sid: self._service(sid) for sid in self._host.catalog.sids()}
        nodes = {name: self._node(spec, services) for name, spec in self._specs()}
        self._services, self._nodes = MappingProxyType(services), MappingProxyType(nodes)

    def _specs(self) -> list[tuple[str, NodeSpec]]:
        return sorted(self._host.nodes.items())

    def _service(self, sid: str) -> ServiceStats:
        spec, load = self._host.catalog.spec(sid), self._host.catalog.load(sid)
        maxcpu, maxmem = float(spec.cpus), float(spec.memory_bytes)
        if not self._host.loads(sid):
            return ServiceStats(maxcpu, maxmem)
        return ServiceStats(maxcpu, maxmem, load.busy * maxcpu, load.busy_memory * maxmem)

    def _node(self, spec: NodeSpec, services: Mapping[str, ServiceStats]) -> NodeStats:
        maxcpu, maxmem = float(spec.cpus), float(spec.memory_bytes)
        cpu = mem = 0.0
        for process in self._host.processes(spec.name):
            if process.phase in EXECUTING:
                cpu += services[process.sid].cpu
                mem += services[process.sid].mem
        return NodeStats(min(cpu, maxcpu), maxcpu, min(mem, maxmem), maxmem)


class SimStats:
    """The `Stats` port of one node."""

    def __init__(self, node: str, board: LoadBoard, configs: Configs) -> None:
        self._node, self._board, self._configs = node, board, configs
        self._seen_at: tuple[int, int] | None = None
        self._service_nodes: Mapping[str, tuple[str, bool]] = {}

    @property
    def version(self) -> tuple[int, int]:
        """Differs whenever any answer may."""
        return self._board.version, self._configs.version

    def nodes(self) -> Mapping[str, NodeStats]:
        return self._board.nodes()

    def services(self) -> Mapping[str, ServiceStats]:
        return self._board.services()

    def service_nodes(self) -> Mapping[str, tuple[str, bool]]:
        if self._seen_at != self.version:
            self._seen_at = self.version
            self._service_nodes = MappingProxyType(dict(self._places()))
        return self._service_nodes

    def node_versions(self) -> Mapping[str, str]:
        return self._board.node_versions()

    def _places(self) -> list[tuple[str, tuple[str, bool]]]:
        host, found = self._board.host, []
        for sid in host.catalog.sids():
            node = self._configs.node_of(sid)
            if node is not None:
                found.append((sid, (node, host.present(sid, node))))
        return found
