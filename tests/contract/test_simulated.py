"""The contracts of group channel, membership and local disk, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import pytest

from appliance.model.corosync_conf import parse_corosync_conf
from appliance.model.errors import QuorateError
from appliance.ports.group_channel import Delivered, GroupEvent, GroupView
from appliance.ports.membership import View
from sim.entropy import Entropy
from sim.group.channel import SimChannel
from sim.group.disk import Platter, SimDisk
from sim.group.membership import SimLiveMembership
from sim.group.service import GroupService
from sim.kernel import Kernel, to_us
from sim.layout import LinkSpec
from sim.network.fabric import Fabric
from sim.network.membership import MembershipEngine
from sim.tasks import Boot, SimTask
from tests.contract.group_channel import GroupChannelContract
from tests.contract.local_disk import LocalDiskContract
from tests.contract.membership import MembershipContract
from tests.contract.worlds import mark, stream_payload
from tests.sim.network.lab import cluster

T = TypeVar("T")
PATIENCE_S = 120.0


class SimCall:
    """A call that goes on while time passes."""

    def __init__(self, boot: Boot, work: Coroutine[Any, Any, Any]) -> None:
        self._value: Any = None
        self._error: str | None = None
        self._task: SimTask[None] = boot.spawn(self._run(work), "call")

    async def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            self._value = await work
        except QuorateError as error:
            self._error = error.code

    @property
    def done(self) -> bool:
        return self._task.done()

    @property
    def error(self) -> str | None:
        return self._error

    @property
    def value(self) -> Any:
        return self._value


class SimDaemon:
    """One life of a process that joins, sends and listens."""

    def __init__(
        self, kernel: Kernel, groups: GroupService, engine: MembershipEngine, node: str, number: int
    ) -> None:
        self.node, self.history = node, list[GroupEvent]()
        self.views: list[View] = []
        self.boot = Boot(kernel, node, number, lambda who, error: None)
        self.membership = SimLiveMembership(self.boot, engine)
        self.boot.spawn(self._follow(), "follow")
        self._channel = SimChannel(self.boot, groups)
        self._listening: SimTask[None] | None = None

    @property
    def view(self) -> GroupView | None:
        found = (event for event in reversed(self.history) if isinstance(event, GroupView))
        return next(found, None)

    async def _listen(self) -> None:
        while True:
            for event in await self._channel.receive():
                if isinstance(event, Delivered):
                    marked = Delivered(event.sender, mark(event.payload), event.ticket)
                    self.history.append(marked)
                else:
                    self.history.append(event)

    def join(self, group: str) -> SimCall:
        return SimCall(self.boot, self._join(group))

    async def _join(self, group: str) -> None:
        await self._channel.join(group)
        if self._listening is None or self._listening.done():
            self._listening = self.boot.spawn(self._listen(), "listen")

    def leave(self) -> SimCall:
        return SimCall(self.boot, self._channel.leave())

    def send(self, payload: bytes) -> SimCall:
        return SimCall(self.boot, self._channel.send(payload))

    def stream(
        self, name: str, seconds: float, size_bytes: int = 0, every_s: float = 0.0
    ) -> SimCall:
        return SimCall(self.boot, self._stream(name, seconds, size_bytes, max(every_s, 0.001)))

    async def _stream(
        self, name: str, seconds: float, size_bytes: int, every_s: float
    ) -> list[tuple[int, int]]:
        kernel, accepted, number = self.boot.kernel, list[tuple[int, int]](), 0
        end_us = kernel.now_us + to_us(seconds)
        while kernel.now_us < end_us:
            try:
                payload = stream_payload(name, number, size_bytes)
                accepted.append((number, await self._channel.send(payload)))
            except QuorateError:
                pass
            number += 1
            await self.boot.sleep(to_us(every_s))
        return accepted

    async def _follow(self) -> None:
        self.views.append(self.membership.view())
        while True:
            self.views.append(await self.membership.changed(self.views[-1].epoch))

    def changed(self, after_epoch: int) -> SimCall:
        return SimCall(self.boot, self._epoch(after_epoch))

    async def _epoch(self, after_epoch: int) -> int:
        return (await self.membership.changed(after_epoch)).epoch

    def refresh(self) -> SimCall:
        return SimCall(self.boot, self._refresh())

    async def _refresh(self) -> bool:
        return self.membership.refresh()

    def votes(self) -> SimCall:
        return SimCall(self.boot, self.membership.votes())

    def expect(self, votes: int) -> SimCall:
        return SimCall(self.boot, self.membership.expect(votes))

    def apply(self, text: str) -> SimCall:
        return SimCall(self.boot, self._apply(text))

    async def _apply(self, text: str) -> None:
        await self.membership.apply(parse_corosync_conf(text))


class SimWorld:
    """Three nodes on the simulated network."""

    def __init__(self, seed: int) -> None:
        link = (LinkSpec("link0"),)
        layout = cluster(3, link, token_s=1.0, token_coefficient_s=0.0)
        self.names = layout.node_names()
        self._kernel, entropy = Kernel(), Entropy(seed)
        self._fabric = Fabric(layout)
        self._groups = GroupService(self._kernel, entropy)
        self._engine = MembershipEngine(self._kernel, self._fabric, layout, entropy, self)
        self._daemons: list[SimDaemon] = []
        self._blocks: list[int] = []
        self._engine.begin(self.names)
        for name in self.names:
            self.start_daemon(name)

    def daemon(self, node: str) -> SimDaemon:
        return next(daemon for daemon in reversed(self._daemons) if daemon.node == node)

    def daemons(self) -> Sequence[SimDaemon]:
        return self._daemons

    def layout(self) -> str:
        conf = self._engine.layout(self.names[0])
        assert conf is not None
        return conf.text()

    # what the membership engine tells

    def unsettled(self, nodes: tuple[str, ...]) -> None:
        self._groups.unsettled(nodes)

    def installed(self, group: tuple[str, ...], views: Mapping[str, View]) -> None:
        self._groups.installed(group, views)
        for daemon in self._daemons:
            if daemon.node in group:
                daemon.membership.told()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end_us = self._kernel.now_us + to_us(PATIENCE_S)
        while not condition():
            assert self._kernel.now_us < end_us, f"waited in vain for {what}"
            self._kernel.run(self._kernel.now_us + to_us(0.002))

    def sleep(self, seconds: float) -> None:
        self._kernel.run(self._kernel.now_us + to_us(seconds))

    def power_off(self, node: str) -> None:
        self.daemon(node).boot.cut()
        self._groups.forget(node)
        self._engine.kill_node(node)

    def power_on(self, node: str) -> None:
        self.start_service(node)
        self.start_daemon(node)

    def end_daemon(self, node: str) -> None:
        self.daemon(node).boot.cut()
        self._groups.died(node)

    def start_daemon(self, node: str) -> None:
        number = len(self._daemons) + 1
        self._daemons.append(SimDaemon(self._kernel, self._groups, self._engine, node, number))

    def end_service(self, node: str) -> None:
        self._groups.lost(node)
        self._engine.kill_node(node)
        self.daemon(node).membership.told()

    def start_service(self, node: str) -> None:
        self._engine.start_node(node)
        self.until(lambda: self._engine.started(node), "corosync to answer")

    def pause(self, node: str) -> None:
        self.daemon(node).boot.pause()
        self._engine.pause_node(node)

    def resume(self, node: str) -> None:
        self.daemon(node).boot.resume()
        self._engine.resume_node(node)

    def partition(self, *groups: Iterable[str]) -> None:
        whole = [tuple(group) for group in groups]
        named = [node for group in whole for node in group]
        alone = [(node,) for node in self.names if node not in named]
        self._blocks.append(self._fabric.block([*whole, *alone]))
        self._engine.fabric_changed()

    def deafen(self, node: str) -> None:
        others = [name for name in self.names if name != node]
        self._blocks.append(self._fabric.block_one_way(others, (node,)))
        self._engine.fabric_changed()

    def heal(self) -> None:
        while self._blocks:
            self._fabric.unblock(self._blocks.pop())
        self._engine.fabric_changed()


class TestSimulatedChannel(GroupChannelContract):
    """Inherits all tests; each is another history for another seed."""

    @pytest.fixture(params=range(4))
    def world(self, request: pytest.FixtureRequest) -> SimWorld:
        return SimWorld(request.param)


class TestSimulatedMembership(MembershipContract):
    """Inherits all tests."""

    @pytest.fixture(params=range(2))
    def world(self, request: pytest.FixtureRequest) -> SimWorld:
        return SimWorld(request.param)


class SimDiskWorld:
    """A disk of one node, whose life begins anew after each crash."""

    def __init__(self) -> None:
        self._kernel = Kernel()
        self._platter = Platter(Entropy(1))
        self._open()

    def _open(self) -> None:
        self._boot = Boot(self._kernel, "n1", 1, lambda who, error: None)
        self.disk = SimDisk(self._boot, self._platter)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        task = self._boot.spawn(work, "work")
        while not task.done():
            self._kernel.run(self._kernel.now_us + 1000)
        return task.result()

    def crash(self) -> None:
        self._boot.cut()
        self._platter.crash()
        self._open()

    def fill(self) -> None:
        self._platter.full = True

    def make_room(self) -> None:
        self._platter.full = False

    def damage(self, name: str) -> None:
        self._platter.damage(name)


class TestSimulatedDisk(LocalDiskContract):
    @pytest.fixture
    def world(self) -> SimDiskWorld:
        return SimDiskWorld()
