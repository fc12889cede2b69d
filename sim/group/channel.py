"""The `GroupChannel` port of one process in simulated time."""

from __future__ import annotations

from asyncio import CancelledError
from collections import deque
from collections.abc import Sequence

from appliance.model.errors import RefusedError, TooLargeError, UnavailableError
from appliance.ports.group_channel import MAX_MESSAGE_BYTES, GroupEvent, GroupView
from sim.group.hub import GroupHub
from sim.group.service import GroupService
from sim.tasks import Boot, Signal


class SimChannel:
    """Of one process. `kill` is its sudden end."""

    def __init__(self, boot: Boot, service: GroupService) -> None:
        self._boot, self._service = boot, service
        self._hub: GroupHub | None = None
        self._inbox: list[GroupEvent] = []
        self._reader: Signal[None] | None = None
        self._waiting: deque[Signal[None]] = deque()
        self._tickets = 0
        self._inside = self._wanted = False

    async def join(self, group: str) -> None:
        if self._wanted:
            raise RefusedError("this process is in a group already")
        if not self._service.running(self._boot.node):
            raise UnavailableError("corosync does not answer")
        self._wanted = True
        self._hub = self._service.hub(group)
        self._hub.join(self._boot.node, self)

    async def send(self, payload: bytes) -> int:
        if len(payload) > MAX_MESSAGE_BYTES:
            raise TooLargeError(f"a message has at most {MAX_MESSAGE_BYTES} bytes")
        if self._waiting or (self._hub and not self._hub.accepts(self._boot.node)):
            await self._turn()
        if not self._inside or self._hub is None or not self._wanted:
            raise UnavailableError("not a member of the group")
        self._tickets += 1
        self._hub.send(self._boot.node, payload, self._tickets)
        return self._tickets

    async def _turn(self) -> None:
        if not self._inside:
            raise UnavailableError("not a member of the group")
        turn: Signal[None] = Signal(self._boot)
        self._waiting.append(turn)
        try:
            await turn
        except CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            raise

    async def receive(self) -> Sequence[GroupEvent]:
        while not self._inbox:
            if not self._wanted:
                raise UnavailableError("left the group")
            self._reader = Signal(self._boot)
            await self._reader
        events, self._inbox = self._inbox, []
        return events

    async def leave(self) -> None:
        if self._wanted and self._hub is not None:
            self._wanted = False
            self._hub.leave(self._boot.node)

    # from the hub

    def take(self, event: GroupEvent) -> None:
        """An event, in order. A paused process finds it when it wakes."""
        self._inbox.append(event)
        if isinstance(event, GroupView):
            self._inside = bool(event.members)
            if not event.members:
                self.go_on()
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.fire_now(None)

    def go_on(self) -> None:
        """Those who wait to send may, in their order."""
        waiting, self._waiting = self._waiting, deque()
        for turn in waiting:
            turn.fire(None)
