"""The group channel of a node that is alone: it hears itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from appliance.model.errors import RefusedError, TooLargeError, UnavailableError
from appliance.ports.group_channel import MAX_MESSAGE_BYTES, Delivered, GroupEvent, GroupView

_QUEUED_BYTES: Final = 64 * 1024 * 1024  # beyond these, senders wait for the receiver


class LoneChannel:
    """Implements the `GroupChannel` port. Use it from one event loop."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._group = ""  # empty: not joined
        self._events: list[GroupEvent] = []
        self._queued_bytes = self._ticket = 0
        self._turn = asyncio.Lock()  # senders come to their turn in the order of their calls
        self._moved = asyncio.Event()  # something was queued or taken

    async def join(self, group: str) -> None:
        if self._group:
            raise RefusedError(f"already in the group {self._group}")
        self._group = group
        self._queue(GroupView((self._node,), (self._node,)))

    async def send(self, payload: bytes) -> int:
        if len(payload) > MAX_MESSAGE_BYTES:
            raise TooLargeError(f"{len(payload)} bytes; a message has {MAX_MESSAGE_BYTES} at most")
        async with self._turn:
            while self._group and self._queued_bytes > _QUEUED_BYTES:
                await self._move()
            if not self._group:
                raise UnavailableError("not in a group")
            self._ticket += 1
            self._queued_bytes += len(payload)
            self._queue(Delivered(self._node, bytes(payload), self._ticket))
            return self._ticket

    async def receive(self) -> Sequence[GroupEvent]:
        while not self._events:
            if not self._group:
                raise UnavailableError("not in a group")
            await self._move()
        events, self._events, self._queued_bytes = self._events, [], 0
        self._moved.set()
        return events

    async def leave(self) -> None:
        if self._group:
            self._group = ""
            self._queue(GroupView((), ()))

    def _queue(self, event: GroupEvent) -> None:
        self._events.append(event)
        self._moved.set()

    async def _move(self) -> None:
        self._moved.clear()
        await self._moved.wait()
