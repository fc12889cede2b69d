"""The group channel over corosync's closed process groups, on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from typing import Final, TypeAlias

from appliance.model.errors import RefusedError, TooLargeError, UnavailableError
from appliance.ports.group_channel import (
    MAX_MESSAGE_BYTES,
    Delivered,
    Dropped,
    GroupEvent,
    GroupView,
)
from drivers.corosync.cpg import GROUP_BYTES, Address, Change, Cpg, Handlers
from drivers.corosync.library import CorosyncError
from drivers.corosync.names import read_node_names
from drivers.corosync.parts import PART_BYTES, Assembler, Part, parts_of, read_header
from drivers.corosync.threads import answer, in_thread, start

_BATCH: Final = 128  # events handled before asyncio's other work gets its turn
_QUEUED_EVENTS: Final = 8192  # beyond these, or these bytes, corosync keeps the rest
_QUEUED_BYTES: Final = 64 * 1024 * 1024
# Parts handed to corosync and not delivered yet. The library rings a bell (a socket) for each, and
# spins in C when about 270 were not heard, as happens when the corosync process is stopped.
_UNDELIVERED_PARTS: Final = 128
_FIRST_WAIT_S: Final = 0.001
_LONGEST_WAIT_S: Final = 0.05
_LEAVE_S: Final = 2.0
_RETRY_S: Final = (0.05, 0.1, 0.2, 0.5)

# What is queued, with nodes by their numbers: a message (sender, payload, ticket), a view (members,
# together), or Dropped.
_Message: TypeAlias = tuple[int, bytes, int | None]
_View: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
_Raw: TypeAlias = _Message | _View | Dropped


class CorosyncChannel:
    """Implements the `GroupChannel` port. Use it from one event loop.

    Two processes of one node cannot be in a group at once: the later one stays outside, and tries
    again, until the earlier one is gone.
    """

    def __init__(self) -> None:
        self._group = ""  # empty: not joined
        self._cpg: Cpg | None = None
        self._own: Address = (0, 0)  # on this connection
        self._names: dict[int, str] = {}
        self._inside = False  # a view with this node in it was seen on this connection
        self._events: list[_Raw] = []
        self._queued_bytes = 0
        self._reading = False
        self._receiver: asyncio.Future[None] | None = None
        self._assembler = Assembler()
        self._turn = asyncio.Lock()  # one message at a time, in the order of the calls
        self._room: asyncio.Future[None] | None = None
        self._ticket = 0
        self._undelivered = 0
        self._sending = 0  # ticket of the message in parts that is being sent
        self._cut = False  # that message was cut by a view change
        self._reconnecting: asyncio.Task[None] | None = None
        self._left: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # the port

    async def join(self, group: str) -> None:
        if self._group:
            raise RefusedError(f"already in the group {self._group}")
        if not 0 < len(group.encode()) <= GROUP_BYTES:
            raise TooLargeError(f"a group's name has 1 to {GROUP_BYTES} bytes")
        self._group = group
        try:
            await self._connect()
        except BaseException:
            self._group = ""
            raise

    async def send(self, payload: bytes) -> int:
        if len(payload) > MAX_MESSAGE_BYTES:
            raise TooLargeError(f"{len(payload)} bytes; a message has {MAX_MESSAGE_BYTES} at most")
        async with self._turn:
            cpg = self._need()
            ticket = self._ticket + 1
            parts = parts_of(len(payload), ticket)
            if len(parts) == 1:
                await self._hand_over(cpg, parts[0], payload)
                self._ticket = ticket
            else:
                await self._send_parts(cpg, parts, payload)
            return ticket

    async def receive(self) -> Sequence[GroupEvent]:
        while not self._events:
            if not self._group:
                raise UnavailableError("not in a group")
            if self._receiver is not None:
                raise RefusedError("somebody else is receiving")
            self._receiver = self._running().create_future()
            try:
                await self._receiver
            finally:
                self._receiver = None
        await self._learn_names()
        events, self._events, self._queued_bytes = self._events, [], 0
        if self._cpg is not None and not self._reading:
            self._listen(self._cpg)
        return [self._named(event) for event in events]

    async def leave(self) -> None:
        if not self._group:
            return
        self._group = ""  # nobody sends from here on, and the connection is not made again
        if self._reconnecting is not None:
            self._reconnecting.cancel()
            self._reconnecting = None
        self._wake_sender()
        cpg = self._cpg
        if cpg is not None:
            with contextlib.suppress(UnavailableError, TimeoutError):
                await asyncio.wait_for(self._say_goodbye(cpg), _LEAVE_S)
        if self._cpg is not None:
            self._drop_connection(self._cpg)
        self._wake_receiver()

    # connection

    async def _connect(self) -> None:
        """Join over a new connection. UnavailableError if that does not work or takes too long."""
        handlers = Handlers(self._on_deliver, self._on_change)

        def connect() -> tuple[Cpg, dict[int, str]]:
            names = read_node_names()
            return Cpg(self._group, handlers), names

        def discard(made: tuple[Cpg, dict[int, str]]) -> None:
            made[0].close()

        cpg, self._names = await answer(connect, discard)
        self._cpg, self._inside, self._undelivered = cpg, False, 0
        self._own = (cpg.node_id, os.getpid())
        self._listen(cpg)

    async def _reconnect(self) -> None:
        delays = iter(_RETRY_S)
        delay_s = next(delays)
        while True:
            await asyncio.sleep(delay_s)
            delay_s = next(delays, _RETRY_S[-1])
            try:
                await self._connect()
            except UnavailableError:
                continue
            self._reconnecting = None
            return

    def _drop_connection(self, cpg: Cpg, error: UnavailableError | None = None) -> None:
        """It is lost or given up: tell whoever receives or waits to send."""
        self._deafen(cpg)
        self._cpg = None
        if self._inside:
            self._inside = False
            self._events.append(((), ()))
        self._assembler = Assembler()
        self._wake_sender()
        self._wake_receiver()
        start(cpg.close, "corosync: close")
        if self._group and error is not None:
            self._reconnecting = asyncio.get_running_loop().create_task(self._reconnect())

    async def _say_goodbye(self, cpg: Cpg) -> None:
        """Leave, and wait for the place in the order at which this happened."""
        self._left = asyncio.get_running_loop().create_future()
        try:
            async with self._turn:  # one request at a time: the library does not lock them
                await in_thread(cpg.leave, name="corosync: leave")
            await self._left
        finally:
            self._left = None

    # receiving

    def _running(self) -> asyncio.AbstractEventLoop:
        """The event loop. To ask for it each time would cost as many system calls."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def _listen(self, cpg: Cpg) -> None:
        self._reading = True
        self._running().add_reader(cpg.fd, self._on_readable, cpg)

    def _deafen(self, cpg: Cpg) -> None:
        self._reading = False
        self._running().remove_reader(cpg.fd)

    def _on_readable(self, cpg: Cpg) -> None:
        if cpg is not self._cpg:
            return
        try:
            count = cpg.dispatch(_BATCH)
        except CorosyncError as error:
            self._drop_connection(cpg, error)
            return
        if count:
            self._wake_sender()
        if self._events:
            self._wake_receiver()
        if len(self._events) > _QUEUED_EVENTS or self._queued_bytes > _QUEUED_BYTES:
            self._deafen(cpg)

    def _on_deliver(self, sender: Address, header: bytes, chunk: bytes) -> None:
        if not self._inside:
            return
        try:
            part = read_header(header)
        except ValueError:
            return  # other software in a group of this name
        own = sender == self._own
        if own:
            self._undelivered -= 1
        whole = self._assembler.feed(sender, part, chunk)
        if whole is None:
            return
        ticket = part.ticket if own else None
        self._queued_bytes += len(whole)
        self._events.append((sender[0], whole, ticket))

    def _on_change(self, change: Change) -> None:
        own = self._own
        if own in change.left:
            if self._left is not None:
                _settle(self._left)
            return
        if own in change.joined:
            if any(node == own[0] and pid != own[1] for node, pid in change.members):
                raise CorosyncError("cpg_join", 0, "another process of this node is in the group")
            self._inside = True
        together = [own]
        if own not in change.joined:
            together = [one for one in change.members if one not in change.joined]
        self._events.append((_ids(change.members), _ids(together)))
        cut = self._assembler.view_changed(own)
        if cut is None:
            return
        if cut == self._sending:
            self._cut = True  # `send` says so when it has stopped
        else:
            self._events.append(Dropped(cut))

    def _wake_receiver(self) -> None:
        if self._receiver is not None:
            _settle(self._receiver)

    # names

    async def _learn_names(self) -> None:
        """Read them again if an event speaks of a node that was configured later."""
        if all(node in self._names for event in self._events for node in _nodes(event)):
            return
        with contextlib.suppress(UnavailableError):
            self._names = await answer(read_node_names)

    def _named(self, event: _Raw) -> GroupEvent:
        if isinstance(event, Dropped):
            return event
        if len(event) == 3:
            return Delivered(self._name(event[0]), event[1], event[2])
        members, together = (tuple(sorted(map(self._name, ids))) for ids in event)
        return GroupView(members, together)

    def _name(self, node: int) -> str:
        return self._names.get(node) or str(node)

    # sending

    def _need(self) -> Cpg:
        if self._cpg is None or not self._inside or not self._group:
            raise UnavailableError("this node is not in the group at the moment")
        return self._cpg

    async def _send_parts(self, cpg: Cpg, parts: Sequence[Part], payload: bytes) -> None:
        """Hand over a large message. Its own `Dropped` comes after `send` has returned."""
        view = memoryview(payload)
        self._sending, self._cut = parts[0].ticket, False
        try:
            for part in parts:
                begin = part.part * PART_BYTES
                await self._hand_over(cpg, part, view[begin : begin + PART_BYTES])
                self._ticket = part.ticket
                if self._cut:
                    break
        except BaseException:
            self._sending = 0
            raise
        self._sending = 0
        if self._cut:
            self._events.append(Dropped(parts[0].ticket))
            self._wake_receiver()

    async def _hand_over(self, cpg: Cpg, part: Part, chunk: bytes | memoryview) -> None:
        """Wait until the group takes it. UnavailableError if the connection is lost before."""
        header = part.header()
        wait_s = _FIRST_WAIT_S
        while self._undelivered >= _UNDELIVERED_PARTS or not cpg.send(header, chunk):
            await self._wait_for_room(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            if self._cpg is not cpg or not self._group:
                raise UnavailableError("this node fell out of the group before it took the message")
        self._undelivered += 1

    async def _wait_for_room(self, at_most_s: float) -> None:
        """Until something was delivered, which may have made room, or for so long."""
        loop = self._running()
        self._room = room = loop.create_future()
        timer = loop.call_later(at_most_s, _settle, room)
        try:
            await room
        finally:
            timer.cancel()
            self._room = None

    def _wake_sender(self) -> None:
        if self._room is not None:
            _settle(self._room)


def _ids(addresses: Sequence[Address]) -> tuple[int, ...]:
    return tuple(sorted({node for node, _ in addresses}))


def _nodes(event: _Raw) -> tuple[int, ...]:
    """The nodes that an event speaks of."""
    if isinstance(event, Dropped):
        return ()
    return (event[0],) if len(event) == 3 else event[0]


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
