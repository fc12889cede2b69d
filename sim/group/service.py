"""Corosync's process groups of all nodes, by name. Each group has an order of its own."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.ports.membership import View
from sim.entropy import Entropy
from sim.group.hub import GroupHub
from sim.kernel import Kernel


class GroupService:
    """Listens to the membership engine, and to the fate of nodes, for all groups."""

    def __init__(self, kernel: Kernel, entropy: Entropy) -> None:
        self._kernel, self._entropy = kernel, entropy
        self._bare = GroupHub(kernel, entropy)  # of no group: what rings there are
        self._hubs: dict[str, GroupHub] = {}

    @property
    def messages(self) -> int:
        """How many were sent, joins and leaves included."""
        return sum(hub.messages for hub in self._hubs.values())

    def hub(self, group: str) -> GroupHub:
        """The group of that name, which begins to exist when it is first asked for."""
        if group not in self._hubs:
            hub = GroupHub(self._kernel, self._entropy.child(group))
            hub.take_rings(self._bare)
            self._hubs[group] = hub
        return self._hubs[group]

    def running(self, node: str) -> bool:
        """Whether corosync answers there."""
        return self._bare.running(node)

    def _all(self) -> tuple[GroupHub, ...]:
        return (self._bare, *self._hubs.values())

    def died(self, node: str) -> None:
        """The process on that node died, the node goes on."""
        for hub in self._all():
            hub.died(node)

    def lost(self, node: str) -> None:
        """Corosync of that node died; its processes go on, outside."""
        for hub in self._all():
            hub.lost(node)

    def forget(self, node: str) -> None:
        """The node lost its power."""
        for hub in self._all():
            hub.forget(node)

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        for hub in self._all():
            hub.unsettled(nodes)

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        for hub in self._all():
            hub.installed(group, views)
