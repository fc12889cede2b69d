"""A node whose store, storages and guests answer at once, so that every call can be counted.

What a storage refuses comes from the same tables as elsewhere; only time and space are missing.
Each call of a port is a step: `Steps.fail_at` lets the k-th of them fail.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from appliance.core.store.judge import judge
from appliance.core.store.tree import Tree
from appliance.model.errors import (
    ExistsError,
    MissingError,
    NotQuorateError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from appliance.model.guest.running import GuestState, Launch
from appliance.model.storage.config import parse_storages
from appliance.model.storage.pool import Archive, PoolInfo, Volume, VolumeSnapshot
from appliance.model.storage.volumes import (
    VolumeName,
    base_name,
    linked_name,
    named,
    next_disk,
    parse_name,
    split_id,
)
from appliance.model.store.changes import FIRST_EPOCH, Entry, File, Point, Step
from appliance.model.upid import Upid
from appliance.ports.guest_moves import Commit
from appliance.ports.storage import PLAIN, Effort, Place
from appliance.services.tasks.context import TaskContext

T = TypeVar("T")
STORAGES = """dir: local
\tpath /var/lib/vz
\tcontent images,rootdir,backup,iso

lvmthin: thin
\tvgname pve
\tthinpool data
\tcontent images,rootdir

lvm: thick
\tvgname old
\tcontent images

rbd: ceph
\tpool rbd
\tcontent images,rootdir

nfs: share
\tserver 192.0.2.1
\texport /x
\tpath /mnt/share
\tcontent images,backup

zfspool: zfs
\tpool tank
\tcontent images,rootdir
"""


def run(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine comes to that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise AssertionError("it waits")


@dataclass
class Steps:
    """Calls that change something or could fail."""

    taken: list[str] = field(default_factory=list)
    fail_at: int = -1
    fail_on: str | None = None  # how its name begins

    def take(self, what: str) -> None:
        self.taken.append(what)
        named = self.fail_on is not None and what.startswith(self.fail_on)
        if named or len(self.taken) - 1 == self.fail_at:
            raise UnavailableError(f"injected: {what}")


class InstantStore:
    """The ConfigStore port of a cluster that is always quorate."""

    def __init__(self, steps: Steps) -> None:
        self._tree, self._steps, self._version = Tree(), steps, 0
        self.unsure: str | None = None  # a kind of step behind which the answer is lost

    def read(self, path: str, *, privileged: bool = False) -> File:
        del privileged
        cell = self._tree.committed.get(path)
        if not isinstance(cell, File):
            raise MissingError(f"{path} does not exist")
        return cell

    def paths(self, prefix: str = "", *, privileged: bool = False) -> tuple[str, ...]:
        del privileged
        return tuple(sorted(path for path in self._tree.committed if path.startswith(prefix)))

    def guests(self) -> Mapping[int, str]:
        return MappingProxyType(dict(self._tree.placed))

    async def change(self, *steps: Step, timeout_s: float = 15.0) -> int:
        del timeout_s
        self._steps.take("store")
        self._version += 1
        cells = judge(self._tree, steps, "n1", 0, self._version)
        point = Point(FIRST_EPOCH, self._version, b"")
        entry = Entry(point, None, cells, b"")
        self._tree.apply(entry)
        self._tree.commit(entry)
        if self.unsure in [type(step).__name__ for step in steps]:
            raise OutcomeUnknownError("the answer was lost")
        return self._version

    async def catch_up(self, *, timeout_s: float = 15.0) -> None:
        del timeout_s

    def text(self, path: str) -> str:
        return self.read(path).content.decode()

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not for guests")


@dataclass
class Image:
    """A volume that is there."""

    size_bytes: int
    content: str
    snapshots: dict[str, str] = field(default_factory=dict)
    parent: str | None = None
    notes: str = ""
    protected: bool = False


class Shelf:
    """All images of all storages, by node for local ones."""

    def __init__(self, steps: Steps, text: str = STORAGES) -> None:
        self.steps = steps
        self.storages = parse_storages(text).storages
        self.images: dict[tuple[str, str], Image] = {}  # (node or "", volume id)
        self.archives: dict[str, tuple[Archive, dict[str, str]]] = {}

    def key(self, volid: str, node: str) -> tuple[str, str]:
        return ("" if self.storages[split_id(volid)[0]].shared else node, volid)

    def put(self, volid: str, size_bytes: int, content: str = "", node: str = "n1") -> None:
        self.images[self.key(volid, node)] = Image(size_bytes, content or volid)

    def ids(self, node: str = "n1") -> list[str]:
        return sorted(volid for home, volid in self.images if home in ("", node))

    def image(self, volid: str, node: str = "n1") -> Image:
        return self.images[self.key(volid, node)]


class Pool:
    """StoragePool and Snapshots of one storage on one node."""

    def __init__(self, shelf: Shelf, storage: str, node: str) -> None:
        self.shelf, self.storage, self.node = shelf, shelf.storages[storage], node
        self.info = PoolInfo(self.storage, node)
        self.snapshots = self

    def parse(self, name: str) -> VolumeName:
        return parse_name(self.storage.type, name)

    def get(self, name: str) -> Image:
        found = self.shelf.images.get(self.shelf.key(f"{self.storage.id}:{name}", self.node))
        if found is None:
            raise MissingError(f"volume '{self.storage.id}:{name}' does not exist")
        return found

    def _put(self, name: str, image: Image) -> str:
        key = self.shelf.key(f"{self.storage.id}:{name}", self.node)
        if key in self.shelf.images:
            raise ExistsError(f"volume '{key[1]}' exists")
        self.shelf.images[key] = image
        return name

    def names(self) -> list[str]:
        ids = [split_id(volid) for volid in self.shelf.ids(self.node)]
        return [name for storage, name in ids if storage == self.storage.id]

    def new_name(self, vmid: int, form: str | None) -> str:
        form = form or self.info.formats[0]
        return next_disk(self.storage.type, vmid, form, self.names())

    async def volume(self, name: str) -> Volume:
        self.shelf.steps.take(f"look {name}")
        image = self.get(name)
        return Volume(
            f"{self.storage.id}:{name}",
            self.parse(name),
            image.size_bytes,
            parent=image.parent,
            notes=image.notes,
            protected=image.protected,
        )

    async def list(self, *given: Any, **more: Any) -> tuple[Any, ...]:
        """Of the pool, or of a volume's snapshots when named."""
        if given and isinstance(given[0], str):
            names = tuple(self.get(given[0]).snapshots)
            return tuple(VolumeSnapshot(name, 0) for name in names)
        vmid = more.get("vmid")
        volumes = [await self.volume(name) for name in self.names()]
        return tuple(v for v in volumes if vmid in (None, v.vmid))

    async def allocate(
        self, vmid: int, size_bytes: int, form: str | None = None, name: str | None = None
    ) -> str:
        self.shelf.steps.take(f"allocate on {self.storage.id}")
        if not self.info.formats:
            raise RefusedError(f"storage '{self.storage.id}' has no images")
        return self._put(name or self.new_name(vmid, form), Image(size_bytes, ""))

    async def free(self, name: str) -> None:
        self.shelf.steps.take(f"free {name}")
        image = self.get(name)
        if image.protected:
            raise RefusedError(f"volume '{name}' is protected")
        volid = f"{self.storage.id}:{name}"
        if any(other.parent == volid for other in self.shelf.images.values()):
            raise RefusedError(f"base volume '{name}' is still in use by linked clones")
        del self.shelf.images[self.shelf.key(volid, self.node)]

    async def annotate(
        self, name: str, notes: str | None = None, protected: bool | None = None
    ) -> None:
        self.shelf.steps.take(f"annotate {name}")
        image = self.get(name)
        image.notes = image.notes if notes is None else notes
        image.protected = image.protected if protected is None else protected

    async def take(self, name: str, snapshot: str) -> None:
        self.shelf.steps.take(f"take {name}@{snapshot}")
        image = self.get(name)
        if snapshot in image.snapshots:
            raise ExistsError(f"{name}@{snapshot} exists")
        image.snapshots[snapshot] = image.content

    async def remove(self, name: str, snapshot: str) -> None:
        self.shelf.steps.take(f"remove {name}@{snapshot}")
        if self.get(name).snapshots.pop(snapshot, None) is None:
            raise MissingError(f"{name}@{snapshot} does not exist")

    async def roll_back(self, name: str, snapshot: str) -> None:
        self.shelf.steps.take(f"roll back {name}@{snapshot}")
        image = self.get(name)
        image.content = image.snapshots[snapshot]

    async def make_base(self, name: str) -> str:
        self.shelf.steps.take(f"base {name}")
        image, volid = self.get(name), f"{self.storage.id}:{name}"
        del self.shelf.images[self.shelf.key(volid, self.node)]
        return self._put(base_name(self.parse(name)), image)

    async def clone(self, name: str, vmid: int, snapshot: str | None = None) -> str:
        self.shelf.steps.take(f"clone {name}")
        image, base = self.get(name), self.parse(name)
        if not self.info.can("clone", base, snapshot):
            raise RefusedError(f"storage '{self.storage.id}' cannot clone '{name}'")
        own = self.new_name(vmid, base.format)
        made = linked_name(self.storage.type, base, own) if base.is_base else own
        return self._put(made, Image(image.size_bytes, image.content,
                                     parent=f"{self.storage.id}:{name}"))  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not called here")


class Pools:
    """StoragePools, Transfer and Archives of one node."""

    def __init__(self, shelf: Shelf, node: str = "n1") -> None:
        self.shelf, self.node = shelf, node

    def ids(self) -> tuple[str, ...]:
        return tuple(self.shelf.storages)

    def info(self, storage: str) -> PoolInfo:
        if storage not in self.shelf.storages:
            raise MissingError(f"storage '{storage}' does not exist")
        return PoolInfo(self.shelf.storages[storage], self.node)

    def pool(self, storage: str) -> Pool:
        info = self.info(storage)
        if not info.usable:
            raise RefusedError(f"storage '{storage}' is not available on node '{self.node}'")
        return Pool(self.shelf, storage, self.node)

    async def copy(
        self, volid: str, to: Place, snapshot: str | None = None, effort: Effort = PLAIN
    ) -> str:
        del effort
        self.shelf.steps.take(f"copy {volid}")
        return self._copied(volid, to, snapshot, self.node, {})

    async def send(
        self, volid: str, node: str, to: Place, snapshots: bool = False, effort: Effort = PLAIN
    ) -> str:
        del effort
        self.shelf.steps.take(f"send {volid}")
        image = self.shelf.image(volid, self.node)
        return self._copied(volid, to, None, node, image.snapshots if snapshots else {})

    def _copied(
        self, volid: str, to: Place, snapshot: str | None, node: str, kept: Mapping[str, str]
    ) -> str:
        source = self.pool(split_id(volid)[0]).get(split_id(volid)[1])
        content = source.content if snapshot is None else source.snapshots[snapshot]
        pool = Pool(self.shelf, to.storage, node)
        name = to.name or pool.new_name(to.vmid, to.format)
        if pool.info.type not in ("dir", "nfs") and name.endswith((".raw", ".qcow2")):
            name = name.rpartition("/")[2].rpartition(".")[0]
        elif pool.info.type in ("dir", "nfs") and "/" not in name:
            name = named(pool.info.type, to.vmid, to.format or pool.info.formats[0], name)
        made = pool._put(name, Image(source.size_bytes, content, dict(kept)))
        return f"{to.storage}:{made}"

    async def retract(self, volid: str, node: str) -> None:
        self.shelf.steps.take(f"retract {volid}")
        self.shelf.images.pop(self.shelf.key(volid, node), None)

    async def rename(self, volid: str, vmid: int, name: str | None = None) -> str:
        self.shelf.steps.take(f"rename {volid}")
        pool = self.pool(split_id(volid)[0])
        image = pool.get(split_id(volid)[1])
        form = pool.parse(split_id(volid)[1]).format
        made = pool._put(name or pool.new_name(vmid, form), image)
        del self.shelf.images[self.shelf.key(volid, self.node)]
        return f"{pool.storage.id}:{made}"

    # archives

    async def create(
        self,
        volid: str,
        archive: Archive,
        disks: Mapping[str, str],
        snapshot: str | None = None,
        effort: Effort = PLAIN,
    ) -> Volume:
        del effort, snapshot
        self.shelf.steps.take(f"archive {volid}")
        images = {key: self.shelf.image(disk, self.node) for key, disk in disks.items()}
        sizes = tuple((key, image.size_bytes) for key, image in images.items())
        contents = {key: image.content for key, image in images.items()}
        self.shelf.archives[volid] = (replace(archive, disks=sizes), contents)
        storage, name = split_id(volid)
        pool = self.pool(storage)
        pool._put(name, Image(1000, "archive"))
        return Volume(volid, pool.parse(name), 1000)

    async def describe(self, volid: str) -> Archive:
        self.shelf.steps.take(f"describe {volid}")
        if volid not in self.shelf.archives:
            raise MissingError(f"volume '{volid}' does not exist")
        return self.shelf.archives[volid][0]

    async def restore(self, volid: str, disks: Mapping[str, str], effort: Effort = PLAIN) -> None:
        del effort
        self.shelf.steps.take(f"restore {volid}")
        for key, disk in disks.items():
            self.shelf.image(disk, self.node).content = self.shelf.archives[volid][1][key]


class Hosts:
    """GuestHost and VmHost of one node."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.up: dict[str, GuestState] = {}
        self.launches: list[Launch] = []
        self.swapped: dict[str, str] = {}
        self.frozen: set[str] = set()

    def run(self, sid: str) -> None:
        self.up[sid] = GuestState(7, machine="pc-q35-10.0+pve0")

    def state(self, sid: str) -> GuestState | None:
        return self.up.get(sid)

    async def start(self, launch: Launch) -> None:
        self._steps.take(f"start {launch.sid}")
        self.launches.append(launch)
        self.run(launch.sid)

    async def stop(self, sid: str) -> None:
        self._steps.take(f"stop {sid}")
        self.up.pop(sid, None)

    async def shut_down(self, sid: str, timeout_s: float) -> bool:
        del timeout_s
        await self.stop(sid)
        return True

    async def pause(self, sid: str) -> None:
        self._steps.take(f"pause {sid}")
        self.up[sid] = replace(self.up[sid], qmp="paused")

    async def resume(self, sid: str) -> None:
        self._steps.take(f"resume {sid}")
        self.up[sid] = replace(self.up[sid], qmp="running")

    async def save_memory(self, sid: str, volid: str, effort: Effort = PLAIN) -> None:
        del volid, effort
        self._steps.take(f"save memory of {sid}")
        self.up[sid] = replace(self.up[sid], qmp="paused")

    async def mirror(self, sid: str, key: str, volid: str, effort: Effort = PLAIN) -> None:
        del sid, effort
        self._steps.take(f"mirror {key}")
        self.swapped[key] = volid

    async def agent(self, sid: str, command: str, arguments: Mapping[str, Any]) -> Any:
        del arguments
        self._steps.take(f"agent {command}")
        if command == "fsfreeze-freeze":
            self.frozen.add(sid)
        if command == "fsfreeze-thaw":
            self.frozen.discard(sid)
        return 1

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not called here")


class Moves:
    """GuestMoves of a cluster of two nodes."""

    def __init__(
        self, shelf: Shelf, hosts: Hosts, there: dict[str, GuestState], node: str = "n1"
    ) -> None:
        self._shelf, self._hosts, self.there, self._node = shelf, hosts, there, node

    async def live(self, sid: str, target: str, disks: Mapping[str, str], commit: Commit) -> None:
        self._shelf.steps.take(f"move {sid}")
        for source, copy in disks.items():
            image = self._shelf.image(source, self._node)
            self._shelf.put(copy, image.size_bytes, image.content, target)
        try:
            await commit()
        except (NotQuorateError, UnavailableError):
            for copy in disks.values():
                del self._shelf.images[self._shelf.key(copy, target)]
            raise
        for source in disks:
            del self._shelf.images[self._shelf.key(source, self._node)]
        self.there[sid] = self._hosts.up.pop(sid)

    async def start_there(self, node: str, launch: Launch) -> None:
        self._shelf.steps.take(f"start {launch.sid} on {node}")
        self.there[launch.sid] = GuestState(9)


class Clock:
    def wall(self) -> float:
        return 1234567890.0

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        del seconds


class Tokens:
    """Entropy that counts."""

    def __init__(self) -> None:
        self.count = 0xA0

    def unit(self, *key: str | int) -> float:
        del key
        return 0.5

    def token(self, size_bytes: int) -> str:
        self.count += 1
        return f"{self.count:0{2 * size_bytes}x}"


def context() -> tuple[TaskContext, list[str]]:
    """A task's context and the lines that it is told."""
    lines: list[str] = []
    upid = Upid("n1", 1, 1, 1, "qmsnapshot", "100", "root@pam")
    return TaskContext(upid, lines.append), lines
