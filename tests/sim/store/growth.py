"""What operators do to a cluster's layout, and the nodes that follow what is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.core.store.durable import joining
from appliance.model.corosync_conf import (
    CorosyncConf,
    add_node,
    parse_corosync_conf,
    remove_device,
    remove_node,
    set_device,
    set_votes,
)
from appliance.model.errors import ConfigError, QuorateError
from appliance.model.store.changes import File, Put
from appliance.model.store.electorate import LAYOUT_PATH
from appliance.services.store.service import StoreService
from sim.group.cluster import Daemon, StoreCluster
from sim.kernel import to_us
from sim.network.conf import DEVICE_HOST, address_of

FOLLOW_US = to_us(0.25)
Change = Callable[[CorosyncConf], CorosyncConf]


def layout_in(store: StoreService) -> tuple[CorosyncConf, int] | None:
    """The layout in the store and its version, if it is there."""
    cell = store.replica.tree.committed.get(LAYOUT_PATH) if store.running else None
    if not isinstance(cell, File):
        return None
    return parse_corosync_conf(cell.content.decode()), cell.version


@dataclass
class Growth:
    """Changes of who is configured, while everything else goes on. done: those that were made."""

    cluster: StoreCluster
    done: dict[str, int] = field(default_factory=dict)
    _left: list[str] = field(default_factory=list)  # taken out, their disks not yet cleaned

    def attend(self, node: str, daemon: Daemon) -> None:
        """A daemon was started: it follows the layout in its store."""
        daemon.boot.spawn(self._follow(node, daemon), "follow")

    async def _follow(self, node: str, daemon: Daemon) -> None:
        while True:
            await daemon.boot.sleep(FOLLOW_US)
            found = layout_in(daemon.store)
            if found is None or found[0].node(node) is None:
                continue
            try:
                # What it runs with, not which file is there: it may have been starting when that
                # came.
                if (await daemon.membership.votes()).layout < found[0].version:
                    await daemon.membership.apply(found[0])
            except QuorateError:
                continue

    # operations: each runs on a member, and can be cut off anywhere

    async def found(self, node: str, daemon: Daemon) -> None:
        """The layout goes into the store."""
        conf = self.cluster.engine.layout(node)
        assert conf is not None
        await daemon.store.change(Put(LAYOUT_PATH, conf.text().encode()))

    async def join(self, daemon: Daemon, node: str) -> None:
        """A machine that is on and in no cluster becomes a node."""
        number = int(node.removeprefix("n"))
        links = range(len(self.cluster.layout.links))
        addresses = {link: address_of(number, link) for link in links}

        def grown(conf: CorosyncConf) -> CorosyncConf:
            return conf if conf.node(node) else add_node(conf, node, addresses)

        conf = await self._change(daemon, grown)
        if conf is not None:
            self.enter(node, conf)
            self._count("join")

    def enter(self, node: str, conf: CorosyncConf) -> None:
        """The new node takes what it was given, and begins with an empty disk."""
        machine = self.cluster.machines[node]
        if not machine.on or machine.daemon is not None or self.cluster.engine.configured(node):
            return
        self.cluster.format(node, joining())
        self.cluster.engine.put_layout(node, conf)
        self.cluster.start_corosync(node)
        self.cluster.start_daemon(node)

    async def leave(self, daemon: Daemon, node: str) -> None:
        """A node is taken out, and turned off if it is not.

        When nothing needs its disk any more, it is cleaned.
        """
        conf = await self._change(daemon, lambda conf: remove_node(conf, node))
        if conf is None:
            return
        self._left.append(node)
        self._count("leave")
        self.cluster.power_off(node)
        try:
            await daemon.store.catch_up()
        except QuorateError:
            return  # perhaps it is still needed
        self.clean(node)

    def has_left(self, node: str) -> bool:
        """Whether it is no node any more, or surely on its way."""
        return node in self._left or not self.cluster.engine.configured(node)

    def clean(self, node: str) -> None:
        """It is a machine in no cluster again."""
        machine = self.cluster.machines[node]
        if node in self._left and not machine.on:
            self._left.remove(node)
            self.cluster.engine.drop_layout(node)
            machine.platter.wipe()

    async def revote(self, daemon: Daemon, node: str, votes: int) -> None:
        if await self._change(daemon, lambda conf: set_votes(conf, node, votes)) is not None:
            self._count("revote")

    async def toggle(self, daemon: Daemon) -> None:
        """A quorum device comes or goes."""
        if await self._change(daemon, _toggled) is not None:
            self._count("device")

    async def _change(self, daemon: Daemon, change: Change) -> CorosyncConf | None:
        """The layout after it; None if it was not made, or nobody knows."""
        found = layout_in(daemon.store)
        if found is None:
            return None
        try:
            conf = change(found[0])
            if conf != found[0]:
                step = Put(LAYOUT_PATH, conf.text().encode(), expect=found[1])
                await daemon.store.change(step, timeout_s=8.0)
        except ConfigError:
            return None  # nonsense by now: it is gone already, or the last one
        except QuorateError:
            self._count("layout unchanged or unknown")
            return None
        return conf

    def complete(self) -> None:
        """What an operator does in the end, by the newest layout that is known to be committed.

        Who never came comes now, who was taken out is turned off. Who missed it, and so does not
        hear those who came meanwhile, gets the file by hand. So many votes are expected as it
        says, which those who were taken out while they ran keep from sinking.
        """
        found = [
            layout_in(machine.daemon.store)
            for machine in self.cluster.machines.values()
            if machine.daemon is not None
        ]
        confs = [one[0] for one in found if one is not None]
        newest = max(confs, key=lambda conf: conf.version, default=None)
        if newest is None:
            return
        for name in self.cluster.machines:
            if newest.node(name) is None:
                self.cluster.power_off(name)
            else:
                self.cluster.power_on(name)
                self.enter(name, newest)
                self._hand_over(name, newest)
                self._expect(name, newest)

    def _hand_over(self, node: str, conf: CorosyncConf) -> None:
        engine = self.cluster.engine
        present = engine.layout(node)
        if present is not None and present.version < conf.version:
            engine.put_layout(node, conf)
        if engine.started(node) and engine.tally(node).layout < conf.version:
            engine.reload(node)

    def _expect(self, node: str, conf: CorosyncConf) -> None:
        engine = self.cluster.engine
        device = conf.device()
        votes = sum(one.votes for one in conf.nodes()) + (device.votes if device else 0)
        if engine.started(node) and engine.tally(node).expected > votes:
            engine.expect(node, votes)

    def _count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1


def _toggled(conf: CorosyncConf) -> CorosyncConf:
    """With a quorum device if there is none, else without."""
    if conf.device() is not None:
        return remove_device(conf)[0]
    conf = set_device(conf, DEVICE_HOST, algorithm="ffsplit")
    device = conf.quorum.section("device")
    assert device is not None
    device = device.with_value("timeout", "3000").with_value("sync_timeout", "4000")
    return conf.with_section(conf.quorum.with_sections("device", (device,)))
