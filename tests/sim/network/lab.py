"""A cluster's network and membership alone, with a listener that writes down what it hears."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.ports.membership import View
from sim.entropy import Entropy
from sim.kernel import ORDER_FAULT, Kernel, to_us
from sim.layout import ClusterLayout, LinkSpec, NodeSpec, QuorumSpec
from sim.network.fabric import Fabric
from sim.network.membership import MembershipEngine


@dataclass
class Heard:
    """One call of the listener: `views` None for unsettled."""

    at_s: float
    nodes: tuple[str, ...]
    views: Mapping[str, View] | None = None


@dataclass
class Log:
    """The listener. It also holds every call against what must always be true."""

    kernel: Kernel
    calls: list[Heard] = field(default_factory=list)
    engine: MembershipEngine | None = None
    splits: list[tuple[float, list[tuple[str, ...]]]] = field(default_factory=list)

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        assert nodes
        assert nodes == tuple(sorted(nodes))
        assert self.engine is not None
        assert not any(self.engine.settled(node) for node in nodes)
        self.calls.append(Heard(self.kernel.now_s, nodes))

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        assert self.engine is not None
        assert group == tuple(views) == tuple(sorted(group))
        for node in group:
            assert self.engine.view(node) == views[node]
            assert self.engine.settled(node)
            assert self.engine.started(node)
            assert self.engine.group(node) == group
            assert views[node].online == (group if views[node].quorate else ())
        self.calls.append(Heard(self.kernel.now_s, group, dict(views)))
        acting = acting_groups(self.engine, group)
        if len(acting) > 1:
            self.splits.append((self.kernel.now_s, acting))


def acting_groups(engine: MembershipEngine, nodes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The quorate groups whose nodes can act."""
    machines = engine.machines
    members = [name for name in engine.view(nodes[0]).members if name in machines]
    groups = {engine.group(n) for n in members if engine.view(n).quorate and engine.settled(n)}
    return sorted(groups)


def void(_result: object) -> None:
    """For calls whose result nobody wants."""


class Lab:
    """n1, n2, ... with their network. Times are seconds since the lab began."""

    def __init__(self, layout: ClusterLayout, seed: int = 1, *, begin: bool = True) -> None:
        self.kernel = Kernel()
        self.fabric = Fabric(layout)
        self.log = Log(self.kernel)
        self.engine = MembershipEngine(self.kernel, self.fabric, layout, Entropy(seed), self.log)
        self.log.engine = self.engine
        self.nodes = layout.node_names()
        if begin:
            self.engine.begin(self.nodes)
        self.log.calls.clear()

    def at(self, at_s: float, call: Callable[..., object], *args: Any) -> None:
        self.kernel.call_at(to_us(at_s), lambda: void(call(*args)), ORDER_FAULT)

    def run(self, until_s: float) -> None:
        self.kernel.run(to_us(until_s))

    def isolate(self, *nodes: str, up: bool = False, links: tuple[str, ...] = ()) -> None:
        """All NICs of these nodes."""
        for node in nodes:
            for link in links or ("link0", "link1"):
                self.fabric.set_nic(node, link, up)
        self.engine.fabric_changed()

    def heal(self, *nodes: str) -> None:
        self.isolate(*nodes, up=True)

    def block(self, *groups: tuple[str, ...]) -> int:
        handle = self.fabric.block(groups)
        self.engine.fabric_changed()
        return handle

    def unblock(self, handle: int) -> None:
        self.fabric.unblock(handle)
        self.engine.fabric_changed()

    def installs(self, node: str) -> list[tuple[float, View]]:
        """When that node was told a new view, and which; a stall that was over is none."""
        told: list[tuple[float, View]] = []
        for heard in self.log.calls:
            if heard.views and node in heard.views:
                view = heard.views[node]
                if not told or told[-1][1] != view:
                    told.append((heard.at_s, view))
        return told

    def quorate(self) -> tuple[str, ...]:
        return tuple(node for node in self.nodes if self.engine.view(node).quorate)

    def settled(self) -> tuple[str, ...]:
        return tuple(node for node in self.nodes if self.engine.settled(node))


def cluster(size: int, links: tuple[LinkSpec, ...] | None = None, **quorum: Any) -> ClusterLayout:
    """So many nodes in one site on two links, with those options of quorum."""
    nodes = tuple(
        NodeSpec(f"n{number:02}" if size > 9 else f"n{number}") for number in range(1, size + 1)
    )
    layout = ClusterLayout(nodes=nodes, quorum=QuorumSpec(**quorum))
    return layout if links is None else ClusterLayout(nodes, links, layout.quorum)
