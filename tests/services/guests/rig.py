"""A node with guests on which every call of a port can be made to fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from appliance.model.errors import QuorateError
from appliance.model.guest.config import Settings
from appliance.model.guest.running import GuestLoad, GuestState
from appliance.model.tasks import OK
from appliance.ports.status_board import Notice
from appliance.services.guests.node import GuestNode
from appliance.services.guests.ports import GuestPorts
from appliance.services.tasks.context import TaskContext
from appliance.services.tasks.work import Job, Work
from tests.services.guest_changes.instant import Hosts, context
from tests.services.guest_changes.rig import CT, VM
from tests.services.guest_changes.rig import Rig as ChangeRig


class PluggingHosts(Hosts):
    """As those, and running guests take up changes."""

    def __init__(self, hosts: Hosts) -> None:
        super().__init__(hosts._steps)
        self.up, self.applied = hosts.up, {}
        self.grown: dict[str, int] = {}

    applied: dict[str, Settings]

    def states(self) -> Mapping[str, GuestState]:
        return dict(self.up)

    def load(self, sid: str) -> GuestLoad | None:
        return GuestLoad(0.5, 1, 1, 2) if sid in self.up else None

    async def apply(self, sid: str, settings: Settings, keys: tuple[str, ...]) -> None:
        self._steps.take(f"apply {','.join(keys)}")
        self.applied[sid] = settings

    async def grow(self, sid: str, key: str, size_bytes: int) -> None:
        self._steps.take(f"grow {key}")
        self.grown[key] = size_bytes


class InstantWork(Work):
    """Tasks that are over when they have begun; what ended the last one is in `status`."""

    def __init__(self) -> None:
        self.status, self.log = "", list[str]()

    async def start(self, kind: str, what: str, user: str, job: Job) -> str:
        del kind, what, user
        task, self.log = context()
        try:
            await job(task)
        except QuorateError as error:
            self.status = str(error)
            self.log.append(f"TASK ERROR: {error}")
            raise
        self.status = OK
        return "UPID"


class Board:
    """Nobody else is there."""

    def offer(self, name: str, produce: Any) -> None:
        del name, produce

    def read(self, name: str) -> Mapping[str, Notice]:
        del name
        return {}


class Rig(ChangeRig):
    """VM 100 and container 101 on n1."""

    def __init__(self, vm: str = VM, ct: str = CT) -> None:
        super().__init__(vm, ct)
        for host in (self.hosts,):
            self.plugging = PluggingHosts(host)
        own = self.ports
        self.work = InstantWork()
        self.guests = GuestPorts(
            node="n1",
            clock=cast(Any, own.clock),
            entropy=own.entropy,
            store=own.store,
            pools=own.pools,
            transfer=own.transfer,
            host=self.plugging,
            vms=self.plugging,
            containers=cast(Any, self.plugging),
            work=self.work,
            board=cast(Any, Board()),
            facts=cast(Any, None),
            power=cast(Any, None),
            history=cast(Any, None),
        )

    def node(self) -> GuestNode:
        return GuestNode(self.guests)

    def context(self) -> TaskContext:
        task, _lines = context()
        return task
