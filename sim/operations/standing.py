"""Alone or in a cluster: the simulated `ClusterService`, a membership that changes sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from appliance.core.store.durable import Write, joining
from appliance.model.cluster.device import AUTHORITY, NODE
from appliance.model.corosync_conf import CorosyncConf, problems
from appliance.model.errors import QuorateError, UnavailableError
from appliance.ports.group_channel import GroupChannel
from appliance.ports.membership import LiveMembership, View, Votes
from appliance.services.store.service import StoreService
from sim.group.disk import Platter
from sim.group.lone import SimLoneMembership
from sim.group.membership import SimLiveMembership
from sim.kernel import to_us
from sim.tasks import Boot

RETRY_US = to_us(0.5)
PATIENCE_US = to_us(30)
SIGN_US = to_us(1)  # a login on the quorum device's host, keys and a signature
KEY_BYTES = 256


class SwitchedMembership:
    """Implements `LiveMembership` by the one that holds at the moment."""

    def __init__(self, inner: LiveMembership) -> None:
        self.inner = inner

    def told(self) -> None:
        if isinstance(self.inner, SimLiveMembership):
            self.inner.told()

    def view(self) -> View:
        return self.inner.view()

    def refresh(self) -> bool:
        return self.inner.refresh()

    async def changed(self, after_epoch: int) -> View:
        return await self.inner.changed(after_epoch)

    async def votes(self) -> Votes:
        return await self.inner.votes()

    async def expect(self, votes: int) -> None:
        await self.inner.expect(votes)

    async def apply(self, layout: CorosyncConf) -> None:
        await self.inner.apply(layout)


@dataclass(slots=True)
class Place:
    """What a machine keeps beside its database, across boots."""

    platter: Platter
    key: bytes = b""
    backups: list[dict[str, bytearray]] = field(default_factory=list)
    device: bool = False  # the quorum device's client runs


class Ground(Protocol):
    """What the cluster service does to the simulated machine."""

    def layout_of(self, node: str) -> CorosyncConf | None: ...
    def put_layout(self, node: str, conf: CorosyncConf) -> None: ...
    def drop_layout(self, node: str) -> None: ...
    def device_answers(self, node: str) -> bool: ...
    def start_corosync(self, node: str) -> None: ...
    def stop_corosync(self, node: str) -> None: ...
    def format(self, node: str, writes: tuple[Write, ...]) -> None: ...

    def in_cluster(self, boot: Boot) -> tuple[GroupChannel, SimLiveMembership]:
        """Channel and membership of a new process of that boot, over corosync."""
        ...

    def alone(self, boot: Boot) -> tuple[GroupChannel, SimLoneMembership]: ...

    def rest_the_store(self, boot: Boot, channel: GroupChannel, membership: LiveMembership) -> None:
        """Let the closed store stand on these, and on what is on the platter now."""
        ...


class SimClusterService:
    """Implements the `ClusterService` port for one boot.

    Files change in one instant, without an `await` between: a power cut comes before or after.
    """

    def __init__(
        self,
        ground: Ground,
        boot: Boot,
        place: Place,
        membership: SwitchedMembership,
        store: StoreService,
        token: Callable[[int], str],
    ) -> None:
        self._ground, self._boot, self._place = ground, boot, place
        self._membership, self._store, self._token = membership, store, token

    @property
    def _node(self) -> str:
        return self._boot.node

    def layout(self) -> CorosyncConf | None:
        return self._ground.layout_of(self._node)

    def make_key(self) -> bytes:
        return bytes.fromhex(self._token(KEY_BYTES))

    async def found(self, layout: CorosyncConf, key: bytes) -> None:
        await self._store.close()
        self._ground.put_layout(self._node, layout)
        self._place.key = key
        try:
            await self._go_in()
        except QuorateError:
            await self.leave()
            raise

    async def enter(self, layout: CorosyncConf, key: bytes) -> str:
        _refuse(layout)
        await self._store.close()
        before, key_before = self.layout(), self._place.key
        self._end_corosync()
        platter, place = self._place.platter, self._place
        place.backups.append({name: bytearray(data) for name, data in platter.files.items()})
        platter.pending.clear()
        self._ground.format(self._node, joining())
        self._ground.put_layout(self._node, layout)
        place.key = key
        try:
            await self._go_in()
        except QuorateError:
            await self._back(before, key_before)
            raise
        return f"backup-{len(place.backups)}"

    async def _back(self, layout: CorosyncConf | None, key: bytes) -> None:
        """To what it was, with its database."""
        if self._store.running:
            await self._store.close()
        self._end_corosync()
        self._place.platter.files = self._place.backups.pop()
        self._place.platter.pending.clear()
        self._place.key = key
        if layout is None:
            await self._go_out()
        else:
            self._ground.put_layout(self._node, layout)
            await self._go_in()

    async def leave(self) -> None:
        if self._store.running:
            await self._store.close()
        self._end_corosync()
        await self._go_out()

    def _end_corosync(self) -> None:
        if self.layout() is not None:
            self._ground.stop_corosync(self._node)
            self._ground.drop_layout(self._node)
        self._place.device = False

    async def _go_in(self) -> None:
        self._ground.start_corosync(self._node)
        channel, live = self._ground.in_cluster(self._boot)
        self._membership.inner = live
        self._ground.rest_the_store(self._boot, channel, live)
        deadline_us = self._boot.kernel.now_us + PATIENCE_US
        while True:
            try:
                return await self._store.open()
            except UnavailableError:
                if self._boot.kernel.now_us >= deadline_us:
                    raise
                await self._boot.sleep(RETRY_US)

    async def _go_out(self) -> None:
        channel, lone = self._ground.alone(self._boot)
        self._membership.inner = lone
        self._ground.rest_the_store(self._boot, channel, lone)
        self._place.key = b""
        await self._store.open()

    async def device_files(self, host: str, cluster: str) -> Mapping[str, bytes]:
        await self._boot.sleep(SIGN_US)
        if not self._ground.device_answers(self._node):
            raise UnavailableError(f"{host} did not sign a certificate: it does not answer")
        authority = f"the authority of {host}\n".encode()
        return {AUTHORITY: authority, NODE: f"{cluster} {self._token(KEY_BYTES)}\n".encode()}

    async def follow_device(self, files: Mapping[str, bytes]) -> None:
        layout = self.layout()
        device = layout.device() if layout is not None else None
        if device is not None and device.tls != "off" and not {AUTHORITY, NODE} <= files.keys():
            raise UnavailableError("the quorum device's client has no certificates")
        self._place.device = device is not None


def _refuse(layout: CorosyncConf) -> None:
    for problem in problems(layout):
        raise problem
