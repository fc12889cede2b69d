"""A cluster of nothing but networks, membership, disks and the store: fault by fault, by name.

For tests and experiments of the store alone. A node has a machine (power, corosync) and on it a
daemon (the store), which can die or stop by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from appliance.core.store.durable import Write, founding, joining
from appliance.model.errors import UnavailableError
from appliance.ports.group_channel import GroupChannel
from appliance.ports.membership import LiveMembership, View
from appliance.services.store.leases import StoreLeases
from appliance.services.store.ports import StorePorts
from appliance.services.store.service import StoreService
from sim.clock import BootClock, WallClock
from sim.entropy import Entropy
from sim.group.channel import SimChannel
from sim.group.disk import Platter, SimDisk
from sim.group.membership import SimLiveMembership
from sim.group.service import GroupService
from sim.group.signals import SimSignals
from sim.kernel import Kernel, to_us
from sim.layout import ClusterLayout
from sim.network.fabric import Fabric
from sim.network.membership import MembershipEngine
from sim.tasks import Boot

RETRY_US = to_us(0.5)


class Told(LiveMembership, Protocol):
    """A membership that learns from the world when its view may have changed."""

    def told(self) -> None: ...


@dataclass(slots=True)
class Daemon:
    """One life of the store on a node."""

    boot: Boot
    channel: GroupChannel
    membership: Told
    store: StoreService
    leases: StoreLeases
    ports: StorePorts


@dataclass(slots=True)
class Machine:
    """A node: what survives of it, and what runs on it."""

    name: str
    platter: Platter
    wall: WallClock
    drift_ppm: int
    on: bool = True
    paused: bool = False
    daemon: Daemon | None = None
    boots: int = 0


@dataclass
class StoreCluster:
    """Machines n1, n2, ... of the layout; all run from the beginning.

    outside: machines that are on and in no cluster: without corosync.conf and without a daemon.
    on_daemon(name, daemon): a daemon was started. failures: what tasks died of.
    """

    layout: ClusterLayout
    seed: int = 1
    founded: bool = True
    outside: tuple[str, ...] = ()
    on_daemon: Callable[[str, Daemon], None] | None = None
    failures: list[tuple[str, Exception]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kernel = Kernel()
        self.entropy = Entropy(self.seed)
        self.fabric = Fabric(self.layout)
        self.groups = GroupService(self.kernel, self.entropy.child("group"))
        engine_entropy = self.entropy.child("network")
        self.engine = MembershipEngine(
            self.kernel, self.fabric, self.layout, engine_entropy, self, self.outside
        )
        self.machines = {
            spec.name: Machine(
                spec.name,
                Platter(self.entropy.child("disk", spec.name)),
                WallClock(spec.skew_s),
                spec.drift_ppm,
            )
            for spec in self.layout.nodes
        }
        inside = [name for name in self.machines if name not in self.outside]
        for name in inside:
            self.format(name, founding() if self.founded else joining())
        self.engine.begin(inside)
        for name in inside:
            self.start_daemon(name)

    def format(self, node: str, writes: tuple[Write, ...]) -> None:
        """Put these files on an empty disk."""
        platter = self.machines[node].platter
        platter.wipe()
        platter.files = {write.name: bytearray(write.content) for write in writes}

    # what the membership engine tells

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        self.groups.unsettled(nodes)

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        self.groups.installed(group, views)
        for node in group:
            self._told(node)

    def _told(self, node: str) -> None:
        daemon = self.machines[node].daemon
        if daemon is not None:
            daemon.membership.told()

    # time

    def run(self, seconds: float) -> None:
        self.kernel.run(self.kernel.now_us + to_us(seconds))

    # daemons

    def start_daemon(self, node: str) -> None:
        machine = self.machines[node]
        machine.boots += 1
        boot = Boot(self.kernel, node, machine.boots, self._failed)
        clock = BootClock(boot, machine.wall, machine.drift_ppm)
        channel = SimChannel(boot, self.groups)
        membership = SimLiveMembership(boot, self.engine)
        ports = StorePorts(
            node,
            clock,
            boot,
            SimSignals(boot),
            self.entropy.child("daemon", node, machine.boots),
            channel,
            SimDisk(boot, machine.platter),
            membership,
            {spec.name: spec.votes for spec in self.layout.nodes if spec.name not in self.outside},
        )
        store = StoreService(ports)
        daemon = Daemon(boot, channel, membership, store, StoreLeases(node, store, clock), ports)
        machine.daemon = daemon
        boot.spawn(self._open(daemon), "open")
        if machine.paused:
            boot.pause()
        if self.on_daemon is not None:
            self.on_daemon(node, daemon)

    async def _open(self, daemon: Daemon) -> None:
        while True:
            try:
                return await daemon.store.open()
            except UnavailableError:
                await daemon.boot.sleep(RETRY_US)

    def _failed(self, who: str, error: Exception) -> None:
        self.failures.append((who, error))

    def daemon(self, node: str) -> Daemon:
        """The present life of the store there. UnavailableError if there is none."""
        daemon = self.machines[node].daemon
        if daemon is None:
            raise UnavailableError(f"no daemon runs on {node}")
        return daemon

    def store(self, node: str) -> StoreService:
        return self.daemon(node).store

    def kill_daemon(self, node: str) -> None:
        """As by SIGKILL. What it had not synced may be lost."""
        machine = self.machines[node]
        if machine.daemon is not None:
            machine.daemon.boot.cut()
            machine.daemon = None
            machine.platter.crash()
            self.groups.died(node)

    def stop_daemon(self, node: str) -> None:
        """As by SIGSTOP; corosync goes on and keeps its messages."""
        daemon = self.machines[node].daemon
        if daemon is not None:
            daemon.boot.pause()

    def continue_daemon(self, node: str) -> None:
        machine = self.machines[node]
        if machine.daemon is not None and not machine.paused:
            machine.daemon.boot.resume()

    # machines

    def power_off(self, node: str) -> None:
        machine = self.machines[node]
        if not machine.on:
            return
        machine.on = machine.paused = False
        if machine.daemon is not None:
            machine.daemon.boot.cut()
            machine.daemon = None
            machine.platter.crash()
        self.groups.forget(node)
        self.engine.kill_node(node)

    def power_on(self, node: str) -> None:
        machine = self.machines[node]
        if not machine.on:
            machine.on = True
            if self.engine.configured(node):
                self.engine.start_node(node)
                self.start_daemon(node)

    def pause(self, node: str) -> None:
        """The whole machine stands still."""
        machine = self.machines[node]
        if machine.on and not machine.paused:
            machine.paused = True
            if machine.daemon is not None:
                machine.daemon.boot.pause()
            self.engine.pause_node(node)

    def resume(self, node: str) -> None:
        machine = self.machines[node]
        if machine.on and machine.paused:
            machine.paused = False
            if machine.daemon is not None:
                machine.daemon.boot.resume()
            self.engine.resume_node(node)

    def restart_corosync(self, node: str) -> None:
        """It dies and is started again; the daemon finds itself outside for a while."""
        if self.machines[node].on and not self.machines[node].paused:
            self.stop_corosync(node)
            self.start_corosync(node)

    def stop_corosync(self, node: str) -> None:
        """It dies."""
        self.groups.lost(node)
        self.engine.kill_node(node)
        self._told(node)

    def start_corosync(self, node: str) -> None:
        """Only where there is a corosync.conf: `engine.put_layout`."""
        if self.engine.configured(node):
            self.engine.start_node(node)

    # network

    def cut(self, *groups: tuple[str, ...]) -> int:
        """These groups do not hear each other; the handle heals it."""
        handle = self.fabric.block(groups)
        self.engine.fabric_changed()
        return handle

    def cut_one_way(self, deaf: tuple[str, ...], mute: tuple[str, ...]) -> int:
        """The first do not hear the second."""
        handle = self.fabric.block_one_way(mute, deaf)
        self.engine.fabric_changed()
        return handle

    def heal(self, handle: int) -> None:
        self.fabric.unblock(handle)
        self.engine.fabric_changed()
