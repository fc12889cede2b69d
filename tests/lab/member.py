"""One node's member of the store on the real drivers, for the agents of the lab."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from pathlib import Path

from appliance.core.store.durable import founding, joining
from appliance.model.corosync_conf import ConfNode, parse_corosync_conf
from appliance.model.errors import UnavailableError
from appliance.services.store.leases import StoreLeases
from appliance.services.store.ports import StorePorts
from appliance.services.store.service import StoreService
from drivers.corosync.channel import CorosyncChannel
from drivers.corosync.membership import CONFIGURATION, CorosyncMembership
from drivers.sqlite.disk import SqliteDisk
from drivers.system.clock import SystemClock
from drivers.system.entropy import SystemEntropy
from drivers.system.memory import collect_seldom
from drivers.system.tasks import SystemSignals, SystemTasks

_RETRY_S = 0.2


def _failed(name: str, error: BaseException) -> None:
    sys.stderr.write(f"task {name} failed\n")
    traceback.print_exception(error, file=sys.stderr)
    sys.stderr.flush()


class Member:
    """What of a node's daemon makes it a member of the store, and nothing else of it."""

    def __init__(self, node: str, database: Path) -> None:
        collect_seldom()
        self.node = node
        self.clock = SystemClock()
        self.disk = SqliteDisk(database)
        self.channel = CorosyncChannel()
        self.membership = CorosyncMembership()
        self.tasks = SystemTasks(_failed)
        shares = {each.name: each.votes for each in _nodes()}
        ports = StorePorts(
            node,
            self.clock,
            self.tasks,
            SystemSignals(),
            SystemEntropy(),
            self.channel,
            self.disk,
            self.membership,
            shares,
        )
        self.store = StoreService(ports)
        self.leases = StoreLeases(node, self.store, self.clock)

    async def open(self, *, joins: bool = False) -> None:
        """Open the database, prepare it if it is new, and join the group when corosync answers."""
        await self.disk.open()
        if not await self.disk.list():
            for write in joining() if joins else founding():
                self.disk.replace(write.name, write.content)
            await self.disk.sync()
        await self.membership.start()
        while True:
            with contextlib.suppress(UnavailableError):
                return await self.store.open()
            await asyncio.sleep(_RETRY_S)


def _nodes() -> tuple[ConfNode, ...]:
    return parse_corosync_conf(CONFIGURATION.read_text()).nodes()
