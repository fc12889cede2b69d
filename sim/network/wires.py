"""One cluster network (link) as a networkx graph, and who hears whom over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import networkx as nx

from sim.layout import LinkSpec

DEAD_LOSS: Final = 0.9  # a link that loses this share of packets or more carries nothing useful
RETRANSMIT_S: Final = 0.2  # what a lost packet costs: TCP's least retransmission time on Linux

Vertex = tuple[str, str]  # ("nic", node) or ("switch", name)


class Wires:
    """A link's cables and what was last computed of them.

    plugs: who has a NIC here -> name of the switch it is plugged into.
    """

    __slots__ = (
        "_heard",
        "_hops",
        "added_ms",
        "cables",
        "dirty",
        "graph",
        "lost",
        "spec",
        "trunks",
    )

    def __init__(self, spec: LinkSpec, plugs: Mapping[str, str]) -> None:
        self.spec = spec
        self.cables = [(("nic", who), ("switch", switch)) for who, switch in plugs.items()]
        switches = sorted(set(spec.switches.values()))
        self.trunks = [
            (("switch", one), ("switch", other))
            for index, one in enumerate(switches)
            for other in switches[index + 1 :]
        ]
        self.added_ms: dict[int, float] = {}  # by what adds it
        self.lost: dict[int, float] = {}  # share of packets, by what loses them
        self.dirty = True
        self.graph: nx.Graph[Vertex] = nx.Graph()
        self._heard: list[int] = []
        self._hops: dict[str, dict[Vertex, int]] = {}

    def refresh(
        self, up: Callable[[Vertex], bool], trunks_up: bool, index: Mapping[str, int]
    ) -> None:
        """Rebuild the graph of what is up, and the masks, after a change."""
        graph: nx.Graph[Vertex] = nx.Graph()
        graph.add_nodes_from(nic for nic, _ in self.cables)
        edges = self.cables + self.trunks if trunks_up else self.cables
        graph.add_edges_from((one, other) for one, other in edges if up(one) and up(other))
        heard = [0] * len(index)
        for connected in nx.connected_components(graph):
            mask = 0
            for kind, name in connected:
                if kind == "nic":
                    mask |= 1 << index[name]
            for at in range(len(heard)):
                if mask >> at & 1:
                    heard[at] = mask & ~(1 << at)
        self.graph, self._heard, self._hops, self.dirty = graph, heard, {}, False

    def heard(self, dead_latency_s: float) -> Sequence[int]:
        """For each host the mask of those it is connected to, nobody when the link is no use."""
        if self.loss() >= DEAD_LOSS or self._added_s() >= dead_latency_s:
            return [0] * len(self._heard)
        return self._heard

    def loss(self) -> float:
        """Share of packets lost, by all causes together."""
        passed = 1.0
        for share in self.lost.values():
            passed *= 1.0 - share
        return 1.0 - passed

    @property
    def slowed(self) -> bool:
        """Whether latency or loss was added to what the layout says."""
        return bool(self.added_ms or self.lost)

    def _added_s(self) -> float:
        return sum(self.added_ms.values()) / 1000

    def latency_s(self, a: str, b: str) -> float:
        """One way between two that are connected, with what retransmissions cost on average."""
        if a not in self._hops:
            self._hops[a] = nx.single_source_shortest_path_length(self.graph, ("nic", a))
        switches_passed = self._hops[a]["nic", b] - 1
        loss = self.loss()
        way_s = switches_passed * self.spec.latency_ms / 1000 + self._added_s()
        return way_s + loss / (1.0 - loss) * RETRANSMIT_S

    def bandwidth_bytes_s(self) -> float:
        return self.spec.bandwidth_bytes_s * (1.0 - self.loss())
