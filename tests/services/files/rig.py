"""File views on the nodes of a simulated cluster, used by path as programs do."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from appliance.model.errors import QuorateError
from appliance.model.events import Event
from appliance.model.store.changes import Put
from appliance.services.files.attributes import Attributes, Owner
from appliance.services.files.errors import errno_name
from appliance.services.files.inodes import ROOT
from appliance.services.files.open_files import Handle
from appliance.services.files.ports import FilePorts
from appliance.services.files.view import FileView
from sim.clock import BootClock
from sim.group.cluster import StoreCluster
from tests.sim.network.lab import cluster

OWNER = Owner(0, 33)


class Told:
    """A journal that is only kept."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, source: str, event: Event) -> None:
        assert source == "files"
        self.events.append(event)


@dataclass
class Task:
    """A program that does one thing with the file system."""

    value: Any = None
    error: QuorateError | None = None
    ended: bool = False

    async def run(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            self.value = await work
        except QuorateError as error:
            self.error = error
        self.ended = True


@dataclass
class Mount:
    """One node's view."""

    world: StoreCluster
    node: str
    journal: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        machine = self.world.machines[self.node]
        daemon = machine.daemon
        assert daemon is not None
        self.boot = daemon.boot
        self.clock = BootClock(daemon.boot, machine.wall, machine.drift_ppm)
        ports = FilePorts(
            self.node, daemon.store, daemon.membership, self.clock, daemon.boot, self.journal
        )
        self.view = FileView(ports, OWNER)
        self.view.start()

    def begin(self, work: Coroutine[Any, Any, Any]) -> Task:
        """A program that goes on by itself while time passes."""
        task = Task()
        self.boot.spawn(task.run(work), "program")
        return task

    def do(self, work: Coroutine[Any, Any, Any], patience_s: float = 20.0) -> Any:
        """A program that everybody waits for."""
        task = self.begin(work)
        while not task.ended and patience_s > 0:
            self.world.run(0.02)
            patience_s -= 0.02
        assert task.ended, "still waiting"
        if task.error is not None:
            raise task.error
        return task.value

    # by path

    def number(self, path: str) -> int:
        """As the kernel finds it: name by name, remembered for good."""
        number = ROOT
        for name in path.split("/") if path else ():
            number = self.view.lookup(number, name.encode()).number
        return number

    def place(self, path: str) -> tuple[int, bytes]:
        folder, _, name = path.rpartition("/")
        number = self.number(folder)
        self.view.names(number)  # it is a folder, else the kernel would not come this far
        return number, name.encode()

    def stat(self, path: str) -> Attributes:
        return self.view.attributes(self.number(path))

    def exists(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return name in self.view.names(self.number(folder))

    def ls(self, path: str = "") -> list[str]:
        return list(self.view.names(self.number(path)))

    def open(self, path: str, **modes: bool) -> Handle:
        """O_RDONLY unless told otherwise."""
        return self.view.open(self.number(path), **modes)

    def create(self, path: str, *, exclusive: bool = False, append: bool = False) -> Handle:
        handle: Handle
        parent, name = self.place(path)
        make = self.view.create(parent, name, exclusive=exclusive, write=True, append=append)
        _, handle = self.do(make)
        return handle

    def read(self, path: str) -> bytes:
        handle = self.open(path)
        data = self.view.read(handle, 0, 1 << 30)
        self.view.close(handle)
        return data

    def put(self, handle: Handle, data: bytes, offset: int = 0) -> None:
        assert self.do(self.view.write(handle, offset, data)) == len(data)

    def end(self, handle: Handle) -> None:
        """As close(2)."""
        try:
            self.do(self.view.flush(handle))
        finally:
            self.view.close(handle)

    def write(self, path: str, data: bytes) -> None:
        """As Python's open(path, "wb")."""
        if self.exists(path):
            handle = self.open(path, write=True, truncate=True)
        else:
            handle = self.create(path)
        try:
            if data:
                self.put(handle, data)
        finally:
            self.end(handle)

    def write_elsewhere(self, path: str) -> None:
        """An empty file put into the store, not through a view."""
        self.do(self.world.store(self.node).change(Put(path, b"")))

    def append(self, path: str, data: bytes) -> None:
        self.patch(path, data, append=True)

    def patch(self, path: str, data: bytes, offset: int = 0, *, append: bool = False) -> None:
        """Write over a part of it."""
        handle = self.open(path, write=True, append=append)
        try:
            if data:  # the kernel asks for nothing else
                self.put(handle, data, offset)
        finally:
            self.end(handle)

    def mkdir(self, path: str) -> None:
        self.do(self.view.mkdir(*self.place(path)))

    def rmdir(self, path: str) -> None:
        self.do(self.view.rmdir(*self.place(path)))

    def unlink(self, path: str) -> None:
        self.do(self.view.unlink(*self.place(path)))

    def rename(self, source: str, target: str, *, replace: bool = True) -> None:
        self.do(self.view.rename(*self.place(source), *self.place(target), replace=replace))

    def truncate(self, path: str, size: int) -> None:
        self.do(self.view.truncate(self.number(path), size))

    def touch(self, path: str, mtime_s: float | None = None) -> None:
        when_s = self.clock.wall() if mtime_s is None else mtime_s
        self.do(self.view.touch(self.number(path), when_s))


def refused(errno: str, work: Any, *words: Any, **modes: Any) -> str:
    """This fails with that errno; what the error says."""
    with pytest.raises(QuorateError) as told:
        work(*words, **modes)
    assert errno_name(told.value) == errno, f"{errno_name(told.value)}: {told.value}"
    return str(told.value)


def mounts(size: int = 3, **quorum: Any) -> tuple[StoreCluster, list[Mount]]:
    """A cluster and the views of its nodes."""
    settings = {"token_s": 1.0, "token_coefficient_s": 0.0, **quorum}
    world = StoreCluster(cluster(size, **settings), 1)
    world.run(1.0)
    views = [Mount(world, node) for node in world.machines]
    world.run(0.1)
    return world, views
