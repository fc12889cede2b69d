"""What the store of a node stands on: corosync, or nothing but this node."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from appliance.daemon.keeper import DatabaseKeeper
from appliance.daemon.switch import MembershipSwitch
from appliance.model.corosync_conf import CorosyncConf, parse_corosync_conf
from appliance.model.errors import (
    ConfigError,
    DiskError,
    DiskFullError,
    QuorateError,
    UnavailableError,
)
from appliance.model.events.node import StoreDamaged, StoreOpened, StoreWaits
from appliance.ports.clock import Clock
from appliance.ports.entropy import Entropy
from appliance.ports.group_channel import GroupChannel
from appliance.ports.journal import Journal
from appliance.ports.membership import LiveMembership
from appliance.ports.signals import Signals
from appliance.ports.tasks import Task, Tasks
from appliance.services.store.ports import StorePorts
from appliance.services.store.service import StoreService
from drivers.corosync.channel import CorosyncChannel
from drivers.corosync.membership import CorosyncMembership
from drivers.lone.channel import LoneChannel
from drivers.lone.membership import LoneMembership

RETRY_S: Final = 1.0
MEND_S: Final = 5.0
SOURCE: Final = "store"


class LayoutFile:
    """The corosync.conf in place, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[tuple[int, int, int], CorosyncConf] | None = None

    def read(self) -> CorosyncConf | None:
        """None if there is none. ConfigError if it cannot be understood."""
        try:
            stat = self.path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if self._seen is None or self._seen[0] != stamp:
                text = self.path.read_text("utf-8")
                self._seen = stamp, parse_corosync_conf(text, file=str(self.path))
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise ConfigError("is not UTF-8", file=str(self.path)) from None
        return self._seen[1]


class Shares(Mapping[str, int]):
    """Votes of the configured nodes as of now; this node's own one vote while it is alone."""

    def __init__(self, node: str, layout: LayoutFile) -> None:
        self._node, self._layout = node, layout
        self._last: dict[str, int] = {node: 1}

    def _now(self) -> dict[str, int]:
        # Somebody may be half way through editing the file: what was known last holds on.
        with contextlib.suppress(ConfigError, OSError):
            conf = self._layout.read()
            self._last = (
                {node.name: node.votes for node in conf.nodes()} if conf else {self._node: 1}
            )
        return self._last

    def __getitem__(self, node: str) -> int:
        return self._now()[node]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


class Stand:
    """The store of one node with all it runs on. It is opened again and again until it is open."""

    def __init__(
        self,
        node: str,
        layout: LayoutFile,
        keeper: DatabaseKeeper,
        system: tuple[Clock, Tasks, Signals, Entropy],
        journal: Journal,
    ) -> None:
        self.node, self.layout, self.keeper = node, layout, keeper
        self._clock, self._tasks, self._signals, self._entropy = system
        self._journal = journal
        self._shares = Shares(node, layout)
        self._corosync: CorosyncMembership | None = None
        self._opening: Task[None] | None = None
        self.membership = MembershipSwitch(LoneMembership(node))
        self.store = StoreService(self._ports(LoneChannel(node), LoneMembership(node)))

    def _ports(self, channel: GroupChannel, membership: LiveMembership) -> StorePorts:
        return StorePorts(
            self.node,
            self._clock,
            self._tasks,
            self._signals,
            self._entropy,
            channel,
            self.keeper.disk,
            membership,
            self._shares,
            alone=isinstance(channel, LoneChannel),
        )

    async def open(self) -> None:
        """Stand on what is in place, and open the store, or go on trying.

        Returns after the first try.
        """
        alone = self.layout.read() is None
        if alone:
            channel, membership = LoneChannel(self.node), LoneMembership(self.node)
            self.membership.stand_on(membership)
            self.store.stand_on(self._ports(channel, membership))
        else:
            self._corosync = CorosyncMembership(self.layout.path)
            await self._corosync.start()
            self.membership.stand_on(self._corosync)
            self.store.stand_on(self._ports(CorosyncChannel(), self._corosync))
        if not await self._try():
            self._opening = self._tasks.spawn(self._keep_trying(), "store open")

    async def _try(self) -> bool:
        try:
            await self.store.open()
        except UnavailableError:
            return False
        how = "alone" if self._corosync is None else "as a member of the cluster"
        self._journal.emit(SOURCE, StoreOpened(how))
        if self.store.damaged:
            self._journal.emit(SOURCE, StoreDamaged(", ".join(self.store.damaged[:5])))
        return True

    async def _keep_trying(self) -> None:
        self._journal.emit(SOURCE, StoreWaits("corosync does not answer"))
        while True:
            await self._clock.sleep(RETRY_S)
            # Opening reads the whole database: not before somebody is there.
            if self.membership.refresh() and await self._try():
                return

    async def mend(self) -> None:
        """Runs for ever: when the disk has failed, look at it again and begin anew.

        A disk that was only full the store itself comes back to.
        """
        while True:
            await self._clock.sleep(MEND_S)
            failure = self.store.failure
            if failure is None or self.store.running or isinstance(failure, DiskFullError):
                continue
            self._journal.emit(SOURCE, StoreDamaged(str(failure)))
            await self.close()
            await self.keeper.close()
            with contextlib.suppress(DiskError):
                await self.keeper.open(alone=self.layout.read() is None)
                await self.open()

    async def close(self) -> None:
        """Close the store; what it stood on is let go."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self.store.running:
            with contextlib.suppress(QuorateError):
                await self.store.close()
        if self._corosync is not None:
            self._corosync.close()
            self._corosync = None
