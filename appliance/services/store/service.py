"""Runs one member of the store: hands it what the ports tell, and does what it says.

A batch of messages costs one sync of the disk and one confirmation. Reads are local and immediate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from appliance.core.store.durable import Loaded, Write, load
from appliance.core.store.replica import NO_CENSUS, Replica
from appliance.core.store.tree import changed_files
from appliance.model.errors import (
    DamagedError,
    DiskError,
    DiskFullError,
    ForbiddenError,
    MissingError,
    OutcomeUnknownError,
    QuorateError,
    RefusedError,
    UnavailableError,
)
from appliance.model.store.changes import LEASE_MARK, File, Lease, Step
from appliance.model.store.paths import is_private
from appliance.ports.config_store import TIMEOUT_S, StoreWatch
from appliance.ports.group_channel import Delivered, GroupEvent, GroupView
from appliance.ports.signals import Signal
from appliance.ports.tasks import Task
from appliance.services.store.ports import StorePorts, census_of

GROUP: Final = "quorate.store"
REOPEN_S: Final = 10.0  # after the disk was full
TOGETHER_BYTES: Final = 128 * 1024


@dataclass(slots=True)
class Watch:
    """Waits for changes of files whose names begin with `prefix`."""

    prefix: str
    _new: Callable[[], Signal]
    _signal: Signal
    _paths: dict[str, None] = field(default_factory=dict)

    async def next(self) -> tuple[str, ...]:
        """The files changed since the last call, removed ones included; waits for one."""
        while not self._paths:
            await self._signal
            self._signal = self._new()
        paths, self._paths = tuple(self._paths), {}
        return paths

    def tell(self, paths: tuple[str, ...]) -> None:
        self._paths.update(dict.fromkeys(paths))
        self._signal.fire(None)


class StoreService:
    """The store on one node, for one boot. `open` first.

    Writes raise what `judge` does, NotQuorateError, UnavailableError (nothing was changed) or
    OutcomeUnknownError. `failure` is what the disk did when it ended the service, else None.
    """

    def __init__(self, ports: StorePorts) -> None:
        self._ports = ports
        self.failure: DiskError | None = None
        self.damaged: tuple[str, ...] = ()
        self._replica: Replica | None = None
        self._tasks: list[Task[Any]] = []
        self._answers: dict[int, Signal] = {}
        self._watches: list[Watch] = []
        self._outgoing: deque[bytes] = deque()
        self._synced = 0
        self._alarm_s: float | None = None
        self._runs = 0
        self._to_sync = self._to_send = ports.signals.new()

    # life

    async def open(self) -> None:
        """Read the disk and join the group. UnavailableError if the group service is not there."""
        ports = self._ports
        loaded = await self._load()
        nonce = ports.entropy.token(8)
        now_s = ports.clock.monotonic()
        self._replica = Replica(ports.node, nonce, loaded, now_s, alone=ports.alone)
        self.failure, self.damaged = None, loaded.damaged
        self._synced, self._alarm_s = 0, None
        self._runs += 1
        self._outgoing.clear()
        self._to_sync, self._to_send = ports.signals.new(), ports.signals.new()
        self._act()
        await ports.channel.join(GROUP)
        for name, loop in (
            ("receive", self._receive()),
            ("sync", self._sync()),
            ("send", self._send()),
            ("count", self._count()),
        ):
            self._spawn(loop, f"store {name}")

    async def close(self) -> None:
        """Leave the group. Whoever waits for an answer gets none but an error."""
        replica = self._replica
        if replica is not None and replica.trusted and self.failure is None:
            # Next time the node shows it, too, also if it comes back without quorum.
            replica.disk.note_committed(replica.log.committed)
            self._act()
            with suppress(DiskError):
                await self._ports.disk.sync()
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._replica, answers = None, self._answers
        self._answers = {}
        for signal in answers.values():
            signal.fire(OutcomeUnknownError("the store was closed before it was confirmed"))
        await self._ports.channel.leave()

    def stand_on(self, ports: StorePorts) -> None:
        """Run on other ports from the next `open` on. RefusedError unless it is closed."""
        if self.running:
            raise RefusedError("the store is open")
        self._ports = ports

    async def _load(self) -> Loaded:
        disk = self._ports.disk
        damaged = await disk.verify()
        if damaged:
            names = [name for name in await disk.list() if name not in damaged]
            files = {name: await disk.read(name) or b"" for name in names}
            return load(files, damaged)
        return load(await disk.read_all())

    def _spawn(self, loop: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(self._ports.tasks.spawn(loop, name))

    # reading and writing

    @property
    def running(self) -> bool:
        """Whether it is open."""
        return self._replica is not None

    @property
    def replica(self) -> Replica:
        """The member itself. UnavailableError when the service is not open."""
        if self._replica is None:
            raise UnavailableError("the store is not open on this node")
        return self._replica

    def read(self, path: str, *, privileged: bool = False) -> File:
        """A file as committed here. MissingError, ForbiddenError."""
        _allow(path, privileged)
        cell = self.replica.tree.committed.get(path)
        if not isinstance(cell, File):
            raise MissingError(f"{path} does not exist")
        return cell

    def paths(self, prefix: str = "", *, privileged: bool = False) -> tuple[str, ...]:
        """The names of files that begin so, sorted; private ones for privileged readers only."""
        return tuple(
            sorted(
                key
                for key in self.replica.tree.committed
                if key.startswith(prefix)
                and not key.startswith(LEASE_MARK)
                and (privileged or not is_private(key))
            )
        )

    async def catch_up(self, *, timeout_s: float = TIMEOUT_S) -> None:
        """What is read after this is at least as new as when it was called, cluster-wide."""
        await self.change(timeout_s=timeout_s)

    async def read_latest(self, path: str, *, privileged: bool = False) -> File:
        """A linearizable read."""
        _allow(path, privileged)
        await self.catch_up()
        return self.read(path, privileged=privileged)

    async def change(self, *steps: Step, timeout_s: float = TIMEOUT_S) -> int:
        """Make a change, all of its steps or none; the version of the store with it."""
        clock = self._ports.clock
        deadline_s = clock.monotonic() + timeout_s
        number = self.replica.submit(steps, int(clock.wall()), deadline_s)
        answer = self._answers[number] = self._ports.signals.new()
        self._to_send.fire(None)
        self._wake_at(deadline_s)
        outcome = await answer
        if isinstance(outcome, QuorateError):
            raise outcome
        version: int = outcome
        return version

    def guests(self) -> Mapping[int, str]:
        """Each guest's number and its file as committed; the same object until that changes."""
        return self.replica.tree.placed

    def leases(self) -> tuple[str, ...]:
        """The names of those that are held, sorted."""
        keys = self.replica.tree.committed
        return tuple(sorted(key[len(LEASE_MARK) :] for key in keys if key.startswith(LEASE_MARK)))

    def lease(self, name: str) -> Lease | None:
        """Who holds it, as committed here."""
        return self.replica.lease(name)

    def lease_seen_s(self, name: str) -> float | None:
        """When this node learned of its last change."""
        return self.replica.lease_seen_s(name)

    def watch(self, prefix: str = "") -> Watch:
        """Committed changes below a prefix from now on; private files too, by name only."""
        new = self._ports.signals.new
        watch = Watch(prefix, new, new())
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: StoreWatch) -> None:
        self._watches = [kept for kept in self._watches if kept is not watch]

    # loops: each ends with the replica that it began with, also when cancelling comes too late

    async def _receive(self) -> None:
        replica = self.replica
        while True:
            events = await self._ports.channel.receive()
            if self._replica is not replica:
                return
            now_s = self._ports.clock.monotonic()
            for event in events:
                self._take(event, now_s)
            del events, event  # perhaps a whole transfer, which must not stay until the next one
            self.replica.flush()
            self._act()
            self._tick()

    def _take(self, event: GroupEvent, now_s: float) -> None:
        match event:
            case GroupView():
                self._outgoing.clear()  # of a session that is over: nobody would heed it
                self.replica.viewed(event, now_s)
                self._act()
            case Delivered():
                try:
                    self.replica.delivered(event.sender, event.payload, now_s)
                except DamagedError:
                    return  # not of this store's making; ignored by all members alike

    async def _sync(self) -> None:
        replica = self.replica
        while self._replica is replica:
            written = replica.out.written
            if written == self._synced:
                await self._to_sync
                self._to_sync = self._ports.signals.new()
                continue
            try:
                await self._ports.disk.sync()
            except DiskError as error:
                self._fail(error)
                return
            if self._replica is replica:
                self._synced = written
                replica.synced(written)
                replica.flush()
                self._act()

    async def _send(self) -> None:
        replica = self.replica
        while self._replica is replica:
            if not self._outgoing:
                replica.propose()  # all that was asked for while the last message was on its way
                self._act()
            if not self._outgoing:
                await self._to_send
                self._to_send = self._ports.signals.new()
                continue
            try:
                await self._ports.channel.send(self._next_payload())
            except UnavailableError:
                continue  # outside the group; a view will follow, and what was lost is found out

    def _next_payload(self) -> bytes:
        """The next messages, as many as travel well together."""
        outgoing, parts, size = self._outgoing, list[bytes](), 0
        while outgoing and (not parts or size + len(outgoing[0]) <= TOGETHER_BYTES):
            parts.append(outgoing.popleft())
            size += len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _count(self) -> None:
        membership, replica = self._ports.membership, self.replica
        while True:
            view = membership.view()
            try:
                votes = await membership.votes()
                census = census_of(self._ports.node, view, votes, self._ports.shares)
            except UnavailableError:
                census = NO_CENSUS
            if self._replica is not replica:
                return
            replica.counted(census)
            replica.flush()
            self._act()
            self._tick()
            await membership.changed(view.epoch)

    # acting

    def _act(self) -> None:
        """Do what the replica wants done."""
        out = self.replica.out
        if out.writes:
            writes, out.writes = out.writes, []
            for (kind, name), run in groupby(writes, key=_kind_and_name):
                self._write(kind, name, [write.content for write in run])
        if out.written != self._synced:
            self._to_sync.fire(None)
        if out.sends:
            self._outgoing.extend(out.sends)
            out.sends.clear()
        if self._outgoing or self.replica.proposing:
            self._to_send.fire(None)
        if out.changed:
            self._tell_watches(out.changed)
            out.changed.clear()
        results, self.replica.requests.results = self.replica.requests.results, []
        for number, outcome in results:
            self._answers.pop(number).fire(outcome)

    def _write(self, kind: str, name: str, contents: list[bytes]) -> None:
        """Operations of one kind on one file, which is all one when they are appends."""
        disk = self._ports.disk
        match kind:
            case "append":
                disk.append(name, contents[0] if len(contents) == 1 else b"".join(contents))
            case "replace":
                disk.replace(name, contents[-1])
            case _:
                disk.remove(name)

    def _tell_watches(self, keys: list[str]) -> None:
        for watch in self._watches:
            paths = changed_files(keys, watch.prefix)
            if paths:
                watch.tell(paths)

    # time

    def _tick(self) -> None:
        at_s = self.replica.tick(self._ports.clock.monotonic())
        self._act()
        if at_s is not None:
            self._wake_at(at_s)

    def _wake_at(self, at_s: float) -> None:
        if self._alarm_s is None or at_s < self._alarm_s:
            self._alarm_s = at_s
            self._spawn(self._sleep(at_s, self._runs), "store alarm")

    async def _sleep(self, at_s: float, run: int) -> None:
        clock = self._ports.clock
        await clock.sleep(max(0.001, at_s - clock.monotonic()))
        if run == self._runs and self._replica is not None and self._alarm_s == at_s:
            self._alarm_s = None
            self._tick()

    # failure

    def _fail(self, error: DiskError) -> None:
        self.failure = error
        self._ports.tasks.spawn(self._restart(error), "store restart")

    async def _restart(self, error: DiskError) -> None:
        """Step aside. When the disk was only full, try again after a while."""
        await self.close()
        while isinstance(error, DiskFullError):
            await self._ports.clock.sleep(REOPEN_S)
            try:
                await self.open()
            except (DiskFullError, UnavailableError):
                continue
            return


def _kind_and_name(write: Write) -> tuple[str, str]:
    return write[:2]


def _allow(path: str, privileged: bool) -> None:
    if is_private(path) and not privileged:
        raise ForbiddenError(f"{path} is for privileged readers")
