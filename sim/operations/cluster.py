"""A simulated cluster that can be operated: a daemon on every machine, in the cluster or alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from appliance.api.api import Api
from appliance.api.peers import ApiPeers
from appliance.core.store.durable import founding
from appliance.model.corosync_conf import CorosyncConf
from appliance.model.store.changes import Put
from appliance.ports.group_channel import GroupChannel
from appliance.ports.membership import LiveMembership
from appliance.services.cluster.follower import Follower
from appliance.services.cluster.layout import KEY, LAYOUT, settle
from appliance.services.cluster.ports import ClusterPorts
from appliance.services.store.leases import StoreLeases
from appliance.services.store.ports import StorePorts
from appliance.services.store.service import StoreService
from sim.clock import BootClock
from sim.group.channel import SimChannel
from sim.group.cluster import Daemon, StoreCluster
from sim.group.disk import SimDisk
from sim.group.lone import SimLoneChannel, SimLoneMembership
from sim.group.membership import SimLiveMembership
from sim.group.signals import SimSignals
from sim.journal import NodeJournal, WorldJournal
from sim.network.conf import address_of
from sim.node_api import node_api
from sim.operations.calls import SimHost, SimTransport, certificate_of
from sim.operations.standing import KEY_BYTES, Place, SimClusterService, SwitchedMembership
from sim.tasks import Boot

PASSWORDS = {"root": "quorate"}  # on every simulated node


class Shares(Mapping[str, int]):
    """Votes by node, as the layout in place on one node has them at the moment."""

    def __init__(self, cluster: StoreCluster, node: str) -> None:
        self._cluster, self._node = cluster, node

    def _now(self) -> dict[str, int]:
        conf = self._cluster.engine.layout(self._node)
        return {node.name: node.votes for node in conf.nodes()} if conf else {self._node: 1}

    def __getitem__(self, name: str) -> int:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


@dataclass
class OperatedCluster(StoreCluster):
    """As a StoreCluster, and machines outside have a daemon too: alone, they wait to be told.

    guests: contents of guests' files by path; they are in the cluster's store from the beginning.
    """

    guests: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ports: dict[str, ClusterPorts] = {}
        self.apis: dict[str, Api] = {}
        self._places: dict[str, Place] = {}
        super().__post_init__()
        for name in self.outside:
            self.start_daemon(name)
        inside = [name for name in self.machines if name not in self.outside]
        if inside:
            self.daemon(min(inside)).boot.spawn(self._fill(min(inside)), "first contents")

    @cached_property
    def journal(self) -> WorldJournal:
        return WorldJournal(self.kernel)

    async def _fill(self, node: str) -> None:
        """What the store of a cluster that runs has in it."""
        conf, ports = self.engine.layout(node), self.ports[node]
        assert conf is not None
        await settle(ports)
        files = {LAYOUT: conf.text().encode(), KEY: self._key(), **self.guests}
        await ports.store.change(*(Put(path, content) for path, content in files.items()))

    def _key(self) -> bytes:
        return bytes.fromhex(self.entropy.child("key").token(KEY_BYTES))

    # daemons

    def start_daemon(self, node: str) -> None:
        """In the cluster or alone, as the machine's files say."""
        if self.engine.configured(node):
            super().start_daemon(node)
        else:
            self._start_alone(node)
        self._equip(node)

    def power_on(self, node: str) -> None:
        was_on = self.machines[node].on
        super().power_on(node)
        if not was_on and self.machines[node].daemon is None:
            self.start_daemon(node)

    def _start_alone(self, node: str) -> None:
        machine = self.machines[node]
        machine.boots += 1
        if not machine.platter.files:
            self.format(node, founding())
        boot = Boot(self.kernel, node, machine.boots, self._failed)
        clock = BootClock(boot, machine.wall, machine.drift_ppm)
        channel, membership = self.alone(boot)
        ports = StorePorts(
            node,
            clock,
            boot,
            SimSignals(boot),
            self.entropy.child("daemon", node, machine.boots),
            channel,
            SimDisk(boot, machine.platter),
            membership,
            Shares(self, node),
            alone=True,
        )
        store = StoreService(ports)
        leases = StoreLeases(node, store, clock)
        switched = SwitchedMembership(membership)
        machine.daemon = daemon = Daemon(boot, channel, switched, store, leases, ports)
        boot.spawn(self._open(daemon), "open")

    def _equip(self, node: str) -> None:
        """Give a new daemon what operations need."""
        machine, daemon = self.machines[node], self.daemon(node)
        if not isinstance(daemon.membership, SwitchedMembership):
            daemon.membership = SwitchedMembership(daemon.membership)
            daemon.ports = replace(daemon.ports, shares=Shares(self, node))
            daemon.store.stand_on(daemon.ports)
        entropy = self.entropy.child("operations", node, machine.boots)
        service = SimClusterService(
            self, daemon.boot, self.place(node), daemon.membership, daemon.store, entropy.token
        )
        self.ports[node] = ports = ClusterPorts(
            node,
            daemon.ports.clock,
            daemon.store,
            daemon.membership,
            service,
            SimHost(self, node),
            ApiPeers(SimTransport(self, daemon.boot)),
        )
        self.apis[node] = node_api(self, node, self.journal, PASSWORDS, ports)
        follower = Follower(ports, NodeJournal(self.journal, node))
        daemon.boot.spawn(follower.run(), "follower")

    def place(self, node: str) -> Place:
        """What that machine keeps beside its database."""
        return self._places.setdefault(node, Place(self.machines[node].platter))

    # the ground that the cluster service stands on

    def layout_of(self, node: str) -> CorosyncConf | None:
        return self.engine.layout(node)

    def put_layout(self, node: str, conf: CorosyncConf) -> None:
        self.engine.put_layout(node, conf)

    def drop_layout(self, node: str) -> None:
        self.engine.drop_layout(node)

    def device_answers(self, node: str) -> bool:
        return self.fabric.qdevice_reachable(node)

    def in_cluster(self, boot: Boot) -> tuple[GroupChannel, SimLiveMembership]:
        return SimChannel(boot, self.groups), SimLiveMembership(boot, self.engine)

    def alone(self, boot: Boot) -> tuple[GroupChannel, SimLoneMembership]:
        return SimLoneChannel(boot), SimLoneMembership(boot)

    def rest_the_store(self, boot: Boot, channel: GroupChannel, membership: LiveMembership) -> None:
        node = boot.node
        daemon, disk = self.daemon(node), SimDisk(boot, self.machines[node].platter)
        daemon.channel = channel
        daemon.ports = replace(
            daemon.ports,
            channel=channel,
            membership=membership,
            disk=disk,
            shares=Shares(self, node),
            alone=isinstance(membership, SimLoneMembership),
        )
        daemon.store.stand_on(daemon.ports)

    # the town that calls go through

    def addresses(self, node: str) -> tuple[str, ...]:
        """As the layout at the beginning had them; machines outside come after those inside."""
        if node not in self.machines:
            return ()
        inside = [name for name in sorted(self.machines) if name not in self.outside]
        number = (*inside, *sorted(self.outside)).index(node) + 1
        return tuple(address_of(number, link) for link in range(len(self.layout.links)))

    def node_at(self, address: str) -> str | None:
        known = (name for name in sorted(self.machines) if address in self.addresses(name))
        return next(known, None)

    def reaches(self, node: str, other: str) -> bool:
        there = self.machines.get(other)
        if there is None or not there.on or not self.machines[node].on:
            return False
        return node == other or self.fabric.mutual(node, other)

    def certificate(self, node: str) -> bytes:
        return certificate_of(node)

    def process(self, node: str) -> tuple[Boot, Api] | None:
        daemon = self.machines[node].daemon
        return None if daemon is None else (daemon.boot, self.apis[node])
