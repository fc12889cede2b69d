"""The configuration tree of one node as a file system, in the kernel's terms: numbers and names.

Every method raises QuorateError; `errno_name` says which errno that is. Nothing waits but for the
cluster's answer to a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appliance.model.errors import FileError
from appliance.model.events import Event
from appliance.model.events.files import FileOperation
from appliance.model.store.limits import MAX_FILES, MAX_TREE_BYTES
from appliance.ports.config_store import StoreWatch
from appliance.ports.tasks import Task
from appliance.services.files.attributes import Attributes, Kind, Owner, Usage, mode_of
from appliance.services.files.changes import Changes
from appliance.services.files.inodes import Inode, Inodes
from appliance.services.files.names import child_of, is_lock, parent_of
from appliance.services.files.open_files import Handle, OpenFiles
from appliance.services.files.ports import FilePorts
from appliance.services.files.tree import Tree

SOURCE = "files"
NOW_S = 2.0  # how far from now a time still means now


class FileView:
    """`start` first, when the store is open."""

    def __init__(self, ports: FilePorts, owner: Owner | None = None) -> None:
        self._ports, self.owner = ports, owner or Owner()
        self._tree, self._inodes = Tree(ports), Inodes()
        self._changes = Changes(self._tree, ports.store)
        self._files = OpenFiles(self._tree, self._inodes, self._changes)
        self._following: tuple[StoreWatch, Task[Any]] | None = None

    def start(self) -> None:
        """UnavailableError if the store is not open."""
        watch = self._ports.store.watch()
        self._tree.fill()
        task = self._ports.tasks.spawn(self._follow(watch), "files index")
        self._following = (watch, task)

    def stop(self) -> None:
        if self._following is not None:
            watch, task = self._following
            task.cancel()
            self._ports.store.unwatch(watch)
            self._following = None

    async def _follow(self, watch: StoreWatch) -> None:
        while True:
            self._tree.told(await watch.next())

    @property
    def debug(self) -> bool:
        """Whether operations shall be told to the journal."""
        return self._tree.virtual.debug

    def tell(self, operation: str, path: str, outcome: str) -> None:
        """An operation ended so."""
        if self.debug:
            self.emit(FileOperation(operation, path, outcome))

    def emit(self, event: Event) -> None:
        self._ports.journal.emit(SOURCE, event)

    # looking

    def path_of(self, number: int, name: bytes = b"") -> str:
        """For the journal."""
        try:
            path = self._inodes.get(number).path
        except FileError:
            path = None
        shown = f"#{number}" if path is None else path
        return f"{shown}/{name.decode(errors='replace')}" if name else shown or "/"

    def lookup(self, parent: int, name: bytes) -> Attributes:
        """The kernel remembers what it is told here until `forget`."""
        path = self._child(parent, name)
        kind = self._tree.kind(path)
        if kind is None:
            raise FileError("ENOENT", f"{path} does not exist")
        return self._remembered(path, kind)

    def _remembered(self, path: str, kind: Kind) -> Attributes:
        inode = self._inodes.at(path, kind)
        inode.lookups += 1
        return self._attributes(inode)

    def forget(self, numbers: Sequence[tuple[int, int]]) -> None:
        for number, lookups in numbers:
            self._inodes.forget(number, lookups)

    def attributes(self, number: int) -> Attributes:
        inode = self._inodes.get(number)
        if inode.path and self._tree.kind(inode.path) is not inode.kind:
            raise FileError("ESTALE", f"{inode.path} was removed")
        return self._attributes(inode)

    def _attributes(self, inode: Inode) -> Attributes:
        path, kind, tree = inode.path, inode.kind, self._tree
        if path is None:
            size = len(self._files.content(inode))
            return Attributes(inode.number, kind, 0o600, size, 0, links=0)
        size_bytes = mtime_s = 0
        mode = mode_of(path, kind, writable=tree.writable)
        if kind is Kind.LINK:
            size_bytes = len(tree.virtual.links[path])
        elif kind is Kind.FILE:
            size_bytes = len(self._files.content(inode))
            file = tree.file(path)
            mtime_s = file.mtime_s if file else int(self._ports.clock.wall())
            if tree.virtual.is_file(path):
                mode = tree.virtual.mode(path)
        else:
            mtime_s = tree.locks.mtime_s(path) if is_lock(path) else tree.index.mtime_s(path)
        links = 2 if kind is Kind.FOLDER else 1
        return Attributes(inode.number, kind, mode, size_bytes, mtime_s, links)

    def names(self, number: int) -> tuple[str, ...]:
        """What is in a folder, sorted."""
        return self._tree.names(self._folder(number))

    def parent(self, number: int) -> Attributes:
        path = parent_of(self._folder(number))
        inode = self._inodes.at(path, Kind.FOLDER)
        found = self._attributes(inode)
        self._inodes.drop(inode)
        return found

    def link_target(self, number: int) -> str:
        inode = self._inodes.get(number)
        if inode.kind is not Kind.LINK or inode.path is None:
            raise FileError("EINVAL", "not a link")
        return self._tree.virtual.links[inode.path]

    def usage(self) -> Usage:
        index = self._tree.index
        return Usage(
            MAX_TREE_BYTES,
            max(0, MAX_TREE_BYTES - index.size_bytes),
            MAX_FILES,
            max(0, MAX_FILES - index.files),
        )

    def _folder(self, number: int) -> str:
        inode = self._inodes.get(number)
        if inode.kind is not Kind.FOLDER:
            raise FileError("ENOTDIR", f"{inode.path} is not a folder")
        if inode.path is None:
            raise FileError("ENOENT", "the folder was removed")
        return inode.path

    def _child(self, parent: int, name: bytes) -> str:
        return child_of(self._folder(parent), name)

    # open files

    def open(
        self, number: int, *, write: bool = False, append: bool = False, truncate: bool = False
    ) -> Handle:
        inode = self._inodes.get(number)
        return self._files.open(inode, write=write, append=append, truncate=truncate)

    async def create(
        self, parent: int, name: bytes, *, exclusive: bool = False, **modes: bool
    ) -> tuple[Attributes, Handle]:
        """Make an empty file and open it; one that is there, unless `exclusive`."""
        path = self._child(parent, name)
        try:
            await self._changes.create(path)
        except FileError as error:
            if error.name != "EEXIST" or exclusive or self._tree.kind(path) is not Kind.FILE:
                raise
        found = self.lookup(parent, name)
        try:
            return found, self.open(found.number, **modes)
        except BaseException:
            self.forget([(found.number, 1)])
            raise

    def read(self, handle: Handle, offset: int, size: int) -> bytes:
        return self._files.read(handle, offset, size)

    async def write(self, handle: Handle, offset: int, data: bytes) -> int:
        return await self._files.write(handle, offset, data)

    async def flush(self, handle: Handle) -> None:
        """Everything is committed: at each close, and when a program asks."""
        if handle.write:
            await self._files.settle(handle.inode)

    def close(self, handle: Handle) -> None:
        self._files.close(handle)

    # attributes

    async def truncate(self, number: int, size: int, handle: Handle | None = None) -> None:
        await self._files.truncate(self._inodes.get(number), size, handle)

    async def touch(self, number: int, mtime_s: float) -> None:
        """Now is a change of the file, any other time is heard and forgotten; locks: see there."""
        inode = self._inodes.get(number)
        lock = inode.path is not None and is_lock(inode.path)
        if lock or abs(mtime_s - self._ports.clock.wall()) <= NOW_S:
            await self._files.touch(inode, int(mtime_s))

    def check_same(
        self, number: int, mode: int | None = None, uid: int | None = None, gid: int | None = None
    ) -> None:
        """Modes and owners follow from the path: EPERM unless they are so already."""
        present = self.attributes(number).mode
        if mode not in {None, present, present | 0o200} or (
            uid not in {None, self.owner.uid} or gid not in {None, self.owner.gid}
        ):
            raise FileError("EPERM", "modes and owners follow from the path")

    # the tree

    async def mkdir(self, parent: int, name: bytes) -> Attributes:
        path = self._child(parent, name)
        await self._changes.mkdir(path)
        return self._remembered(path, Kind.FOLDER)

    async def rmdir(self, parent: int, name: bytes) -> None:
        path = self._child(parent, name)
        await self._changes.rmdir(path)
        self._inodes.removed(path)

    async def unlink(self, parent: int, name: bytes) -> None:
        path = self._child(parent, name)
        rest = self._rest(path)
        await self._changes.unlink(path)
        self._inodes.removed(path, rest)

    async def rename(
        self, parent: int, name: bytes, to: int, new_name: bytes, *, replace: bool = True
    ) -> None:
        source, target = self._child(parent, name), self._child(to, new_name)
        inode = self._inodes.known(source)
        if inode is not None:
            await self._files.settle(inode)
        rest = self._rest(target)
        await self._changes.rename(source, target, replace=replace)
        self._inodes.removed(target, rest)
        self._inodes.renamed(source, target)

    def _rest(self, path: str) -> bytes | None:
        """What whoever has it open goes on with when it is gone."""
        inode = self._inodes.known(path)
        if inode is None or not inode.handles or self._tree.file(path) is None:
            return None
        return self._files.content(inode)
