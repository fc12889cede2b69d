"""Storages as one node uses them: volumes, snapshots, copies, files and archives.

Names are volume names as `model/storage/volumes` reads them, volume ids have the storage in front.
Every call may raise UnavailableError (the storage does not answer), MissingError (no such volume)
and RefusedError (it cannot do that, or the volume is in use); after any error nothing is half done:
what was begun is removed again, or the error says what is left. A copy under way stands still
while a storage hangs, so whoever must not wait sets a limit of his own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from appliance.model.storage.config import Storage
from appliance.model.storage.pool import Archive, PoolInfo, PoolStatus, Volume, VolumeSnapshot

Progress: TypeAlias = Callable[[float], None]
"""Told how much of the work is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy goes. format, name: None for the usual one and the next free one."""

    storage: str
    vmid: int
    format: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Effort:
    """How a long operation is done. limit_bytes_s: at most so fast, 0 is as fast as it goes."""

    limit_bytes_s: int = 0
    progress: Progress | None = None


PLAIN = Effort()


class Snapshots(Protocol):
    """Snapshots of volumes, base images and what is cloned from them."""

    async def take(self, name: str, snapshot: str) -> None:
        """ExistsError if there is one of that name."""
        ...

    async def remove(self, name: str, snapshot: str) -> None: ...

    async def roll_back(self, name: str, snapshot: str) -> None:
        """Make the volume what it was. RefusedError where newer snapshots forbid it."""
        ...

    async def list(self, name: str) -> tuple[VolumeSnapshot, ...]:
        """From the oldest to the newest."""
        ...

    async def make_base(self, name: str) -> str:
        """Make it a base image, to be read only from now on: its new name."""
        ...

    async def clone(self, name: str, vmid: int, snapshot: str | None = None) -> str:
        """A linked clone for a guest, of a base image or of a snapshot: its name."""
        ...


class StoragePool(Protocol):
    """One storage on this node."""

    @property
    def info(self) -> PoolInfo: ...

    @property
    def snapshots(self) -> Snapshots: ...

    async def status(self) -> PoolStatus:
        """How full it is. One that does not answer is not active; nothing is raised for that."""
        ...

    async def list(
        self, content: tuple[str, ...] | None = None, vmid: int | None = None
    ) -> tuple[Volume, ...]:
        """The volumes that are there, by id; only those kinds, and of that guest."""
        ...

    async def volume(self, name: str) -> Volume: ...

    async def allocate(
        self, vmid: int, size_bytes: int, form: str | None = None, name: str | None = None
    ) -> str:
        """Make an empty image for a guest: its name.

        name: the whole name; None for the next free one. RefusedError without room, ExistsError.
        """
        ...

    async def free(self, name: str) -> None:
        """Remove it, whatever it is. RefusedError while it is protected, open or a base in use."""
        ...

    async def resize(self, name: str, size_bytes: int) -> None:
        """Give an image that size; it is not made smaller."""
        ...

    async def annotate(
        self, name: str, notes: str | None = None, protected: bool | None = None
    ) -> None:
        """Set notes or protection of a backup; None leaves them."""
        ...

    def path(self, name: str, snapshot: str | None = None) -> str:
        """Where QEMU or LXC find it on this node. RefusedError for what has no path."""
        ...


class FileSource(Protocol):
    """Bytes on their way into a storage."""

    @property
    def size_bytes(self) -> int: ...

    async def read(self, count_bytes: int) -> bytes:
        """The next bytes, at most so many; nothing at the end."""
        ...


class Files(Protocol):
    """Whole files of a storage: images of installers, templates, snippets, imports."""

    async def write(
        self,
        volid: str,
        source: FileSource,
        effort: Effort = PLAIN,
        *,
        replace: bool = False,
    ) -> Volume:
        """Keep what the source gives under that id. Nobody sees it before it is whole.

        ExistsError if there is one, unless it is to be replaced; RefusedError without room.
        """
        ...

    async def read(self, volid: str, offset: int, count_bytes: int) -> bytes:
        """A part of a file; nothing behind its end."""
        ...


class Transfer(Protocol):
    """Copies of whole images."""

    async def copy(
        self, volid: str, to: Place, snapshot: str | None = None, effort: Effort = PLAIN
    ) -> str:
        """A full copy, of the volume as it is or of a snapshot, on this node: its id."""
        ...

    async def send(
        self, volid: str, node: str, to: Place, snapshots: bool = False, effort: Effort = PLAIN
    ) -> str:
        """A full copy on another node, with its snapshots if asked: its id there."""
        ...

    async def retract(self, volid: str, node: str) -> None:
        """Remove a copy that `send` made on another node; nothing if it is not there."""
        ...

    async def rename(self, volid: str, vmid: int, name: str | None = None) -> str:
        """Give a volume to another guest, where it lies: its new id."""
        ...


class Archives(Protocol):
    """Backups of guests, whole."""

    async def create(
        self,
        volid: str,
        archive: Archive,
        disks: Mapping[str, str],
        snapshot: str | None = None,
        effort: Effort = PLAIN,
    ) -> Volume:
        """Write a backup: `disks` are the volume ids by key of the configuration."""
        ...

    async def describe(self, volid: str) -> Archive:
        """What is in it, but for the disks' content."""
        ...

    async def restore(self, volid: str, disks: Mapping[str, str], effort: Effort = PLAIN) -> None:
        """Fill volumes that are there already from it, by key of the configuration."""
        ...


class StorageBackends(Protocol):
    """What a node can do with storages whose configuration somebody else has read."""

    def open(self, storage: Storage) -> StoragePool: ...


class StoragePools(Protocol):
    """The storages of the cluster, by their ids, on this node."""

    def ids(self) -> tuple[str, ...]:
        """All of them, in the order of the file, used by this node or not."""
        ...

    def info(self, storage: str) -> PoolInfo:
        """MissingError: `storage 'x' does not exist`."""
        ...

    def pool(self, storage: str) -> StoragePool:
        """RefusedError for one that is disabled or not for this node; MissingError."""
        ...
