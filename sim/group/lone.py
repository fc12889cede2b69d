"""Group and membership of a simulated node that is in no cluster: itself, always quorate."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.model.corosync_conf import CorosyncConf
from appliance.model.errors import RefusedError, TooLargeError, UnavailableError
from appliance.ports.group_channel import MAX_MESSAGE_BYTES, Delivered, GroupEvent, GroupView
from appliance.ports.membership import View, Votes
from sim.tasks import Boot, Signal


class SimLoneChannel:
    """Implements the `GroupChannel` port for one process: it hears itself, at once."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot
        self._joined = False
        self._inbox: list[GroupEvent] = []
        self._reader: Signal[None] | None = None
        self._tickets = 0

    async def join(self, group: str) -> None:
        if self._joined:
            raise RefusedError(f"this process is in a group already, not in {group}")
        self._joined = True
        self._take(GroupView((self._boot.node,), (self._boot.node,)))

    async def send(self, payload: bytes) -> int:
        if len(payload) > MAX_MESSAGE_BYTES:
            raise TooLargeError(f"a message has at most {MAX_MESSAGE_BYTES} bytes")
        if not self._joined:
            raise UnavailableError("not a member of the group")
        self._tickets += 1
        self._take(Delivered(self._boot.node, payload, self._tickets))
        return self._tickets

    async def receive(self) -> Sequence[GroupEvent]:
        while not self._inbox:
            if not self._joined:
                raise UnavailableError("left the group")
            self._reader = Signal(self._boot)
            await self._reader
        events, self._inbox = self._inbox, []
        return events

    async def leave(self) -> None:
        if self._joined:
            self._joined = False
            self._take(GroupView((), ()))

    def _take(self, event: GroupEvent) -> None:
        self._inbox.append(event)
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.fire(None)


class SimLoneMembership:
    """Implements the `LiveMembership` port: one vote, and nothing ever changes."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot
        self._view = View((boot.node,), (boot.node,), quorate=True, epoch=1)

    def view(self) -> View:
        return self._view

    def refresh(self) -> bool:
        return True

    async def changed(self, after_epoch: int) -> View:
        if after_epoch >= self._view.epoch:
            never: Signal[None] = Signal(self._boot)
            await never
        return self._view

    async def votes(self) -> Votes:
        return Votes(1, 1, 1, ("Quorate",))

    async def expect(self, votes: int) -> None:
        if votes != 1:
            raise RefusedError(f"a node in no cluster has one vote, not {votes}")

    async def apply(self, layout: CorosyncConf) -> None:
        raise RefusedError(f"{self._boot.node} is in no cluster, not in {layout.cluster_name}")
