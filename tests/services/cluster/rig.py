"""A simulated cluster to operate, with its clock in the test's hand."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.model.cluster.status import ClusterStatus
from appliance.model.corosync_conf import CorosyncConf
from appliance.model.store.changes import Put
from appliance.ports.cluster_service import ClusterService
from appliance.ports.peers import Credentials, Peer, Peers
from appliance.services.cluster.join import JoinRequest
from appliance.services.cluster.layout import LAYOUT, layout_of
from appliance.services.cluster.ports import ClusterPorts
from appliance.services.cluster.status import status
from sim.kernel import to_us
from sim.layout import ClusterLayout, LinkSpec, NodeSpec, QuorumSpec
from sim.operations.calls import certificate_of
from sim.operations.cluster import PASSWORDS, OperatedCluster
from sim.tasks import Signal

T = TypeVar("T")
PATIENCE_S = 200.0


def machines(count: int, links: int = 1, **quorum: Any) -> ClusterLayout:
    nodes = tuple(NodeSpec(f"n{number}") for number in range(1, count + 1))
    wires = tuple(LinkSpec(f"link{one}", {"site1": f"switch{one}"}) for one in range(links))
    return ClusterLayout(nodes, wires, QuorumSpec(token_s=1.0, **quorum), name="lab")


class Rig:
    """`count` machines n1, n2, ...; those outside are alone."""

    def __init__(
        self, count: int, *outside: str, links: int = 1, guests: Any = None, **quorum: Any
    ) -> None:
        layout = machines(count, links, **quorum)
        self.cluster = OperatedCluster(layout, outside=outside, guests=guests or {})
        self.run(20)

    def run(self, seconds: float) -> None:
        self.cluster.run(seconds)

    def ports(self, node: str) -> ClusterPorts:
        return self.cluster.ports[node]

    def do(self, node: str, coro: Coroutine[Any, Any, T], *, patience_s: float = PATIENCE_S) -> T:
        """Let a node do it and wait; its value, or its error raised."""
        task = self.begin(node, coro)
        kernel = self.cluster.kernel
        due_us = kernel.now_us + to_us(patience_s)
        while not task.done():
            assert kernel.now_us < due_us, f"{node} is not done after {patience_s:g} s"
            kernel.run(kernel.now_us + to_us(0.02))
        result: T = task.result()
        return result

    def begin(self, node: str, coro: Coroutine[Any, Any, T]) -> Any:
        return self.cluster.daemon(node).boot.spawn(coro, "operation")

    def defects(self) -> list[str]:
        """What tasks died of that nobody waited for."""
        failed = self.cluster.failures
        return [f"{who}: {error!r}" for who, error in failed if "operation" not in who]

    def status(self, node: str) -> ClusterStatus:
        return self.do(node, status(self.ports(node)))

    def stored(self, node: str) -> CorosyncConf:
        """The layout in the store, as that node has it."""
        return layout_of(self.ports(node).store.read(LAYOUT))

    def in_place(self, node: str) -> CorosyncConf | None:
        return self.cluster.engine.layout(node)

    def put(self, node: str, path: str, content: bytes = b"x") -> None:
        self.do(node, self.ports(node).store.change(Put(path, content)))

    def request(self, member: str, **changes: Any) -> JoinRequest:
        """To join at that member, as an administrator does who knows all."""
        address = self.cluster.addresses(member)[0]
        fingerprint = fingerprint_of_pem(certificate_of(member))
        given = JoinRequest(address, Credentials(fingerprint, PASSWORDS["root"]))
        return replace(given, **changes)


# failures at chosen moments

MOMENTS = (
    "before login",
    "after login",
    "before GET",
    "after GET",
    "before POST",
    "after POST",
    "before enter",
    "after enter",
)


class Saboteur:
    """Ports of a node that strike at one moment of an operation, once.

    strike: an error to raise, something to do, or None for a power cut of that node.
    """

    def __init__(
        self,
        rig: Rig,
        node: str,
        moment: str,
        strike: Exception | Callable[[], None] | None,
    ) -> None:
        self._rig, self._node, self._moment, self._strike = rig, node, moment, strike
        self._boot = rig.cluster.daemon(node).boot
        self.struck = False

    def ports(self) -> ClusterPorts:
        real = self._rig.ports(self._node)
        return replace(
            real,
            peers=SabotagedPeers(self, real.peers),
            service=SabotagedService(self, real.service),
        )

    async def pass_by(self, moment: str) -> None:
        if self.struck or moment != self._moment:
            return
        self.struck = True
        if isinstance(self._strike, Exception):
            raise self._strike
        if self._strike is not None:
            self._strike()
        else:
            self._rig.cluster.power_off(self._node)
            await Signal(self._boot)  # nothing of this boot goes on


class SabotagedPeers:
    def __init__(self, saboteur: Saboteur, real: Peers) -> None:
        self._saboteur, self._real = saboteur, real

    async def login(self, address: str, credentials: Credentials) -> Peer:
        await self._saboteur.pass_by("before login")
        peer = await self._real.login(address, credentials)
        await self._saboteur.pass_by("after login")
        return SabotagedPeer(self._saboteur, peer)


class SabotagedPeer:
    def __init__(self, saboteur: Saboteur, real: Peer) -> None:
        self._saboteur, self._real = saboteur, real

    async def call(self, verb: str, path: str, parameters: Mapping[str, Any]) -> Any:
        await self._saboteur.pass_by(f"before {verb}")
        value = await self._real.call(verb, path, parameters)
        await self._saboteur.pass_by(f"after {verb}")
        return value

    async def close(self) -> None:
        await self._real.close()


class SabotagedService:
    def __init__(self, saboteur: Saboteur, real: ClusterService) -> None:
        self._saboteur, self._real = saboteur, real

    def layout(self) -> CorosyncConf | None:
        return self._real.layout()

    def make_key(self) -> bytes:
        return self._real.make_key()

    async def found(self, layout: CorosyncConf, key: bytes) -> None:
        await self._saboteur.pass_by("before found")
        await self._real.found(layout, key)
        await self._saboteur.pass_by("after found")

    async def enter(self, layout: CorosyncConf, key: bytes) -> str:
        await self._saboteur.pass_by("before enter")
        backup = await self._real.enter(layout, key)
        await self._saboteur.pass_by("after enter")
        return backup

    async def leave(self) -> None:
        await self._real.leave()

    async def device_files(self, host: str, cluster: str) -> Mapping[str, bytes]:
        return await self._real.device_files(host, cluster)

    async def follow_device(self, files: Mapping[str, bytes]) -> None:
        await self._real.follow_device(files)
