"""Faults of an operated cluster: machines and network. There are no guests and no storage in it."""

from __future__ import annotations

from collections.abc import Callable

from sim.faults import Fault
from sim.kernel import to_us
from sim.layout import NodeSpec
from sim.network.injector import Heal, NetworkInjector, Wiring, nothing
from sim.operations.cluster import OperatedCluster


class OperatedInjector(NetworkInjector):
    """Power comes back with the time that the machine needs to boot."""

    def __init__(self, cluster: OperatedCluster) -> None:
        super().__init__(
            Wiring(cluster.kernel, cluster.journal, cluster.layout, cluster.fabric, cluster.engine)
        )
        self._cluster = cluster
        self._specs = {spec.name: spec for spec in cluster.layout.nodes}
        self._dark: dict[str, int] = {}  # how many faults keep it off

    def call_at(self, due_us: int, call: Callable[[], None], order: int) -> None:
        """Let something happen to the cluster at that instant."""
        self._cluster.kernel.call_at(due_us, call, order)

    def _begin_power(self, fault: Fault) -> Heal:
        spec = self._spec(fault)
        self._cut(spec)
        return lambda: self._power_back(spec)

    def _begin_reset(self, fault: Fault) -> Heal:
        spec = self._spec(fault)
        self._cut(spec)
        self._power_back(spec)
        return nothing

    def _begin_site(self, fault: Fault) -> Heal:
        site, fabric = str(fault.site), self._cluster.fabric
        there = [spec for spec in self._specs.values() if spec.site == site]
        mend = self._wire(
            lambda: fabric.set_site_network(site, up=False),
            lambda: fabric.set_site_network(site, up=True),
        )
        for spec in there:
            self._cut(spec)

        def heal() -> None:
            mend()
            for spec in there:
                self._power_back(spec)

        return heal

    def _begin_pause(self, fault: Fault) -> Heal:
        name = self._spec(fault).name
        self._cluster.pause(name)
        return lambda: self._cluster.resume(name)

    _begin_hang = _begin_pause

    def _begin_clock_jump(self, fault: Fault) -> Heal:
        self._cluster.machines[self._spec(fault).name].wall.jump(fault.value or 0.0)
        return nothing

    def _spec(self, fault: Fault) -> NodeSpec:
        if fault.node not in self._specs:
            raise ValueError(f"no node {fault.node}")
        return self._specs[fault.node]

    def _cut(self, spec: NodeSpec) -> None:
        self._dark[spec.name] = self._dark.get(spec.name, 0) + 1
        self._cluster.power_off(spec.name)

    def _power_back(self, spec: NodeSpec) -> None:
        self._dark[spec.name] -= 1

        def on() -> None:
            if not self._dark[spec.name]:
                self._cluster.power_on(spec.name)

        self._cluster.kernel.call_in(to_us(spec.boot_s), on)
