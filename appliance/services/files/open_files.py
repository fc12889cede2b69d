"""Open files: each write is committed by the cluster before it returns.

Only a truncation to nothing waits, for the first write or the end of the handle: so that a file
that is written anew in one piece is never seen empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appliance.model.errors import FileError, TooLargeError
from appliance.model.store.changes import Put, Steps
from appliance.model.store.limits import MAX_FILE_BYTES, MAX_TREE_BYTES
from appliance.services.files.attributes import Kind
from appliance.services.files.changes import Changes
from appliance.services.files.inodes import Inode, Inodes
from appliance.services.files.names import is_lock
from appliance.services.files.tree import Tree


@dataclass(slots=True)
class Handle:
    """seen: what a program that reads on from `next_at` is reading: one version of the file."""

    inode: Inode
    write: bool
    append: bool
    seen: bytes | None = None
    next_at: int = 0


class OpenFiles:
    def __init__(self, tree: Tree, inodes: Inodes, changes: Changes) -> None:
        self._tree, self._inodes, self._changes = tree, inodes, changes

    def open(self, inode: Inode, *, write: bool, append: bool, truncate: bool) -> Handle:
        """FileError EACCES for writing without quorum: not every shell looks at errors of close."""
        if inode.kind is not Kind.FILE:
            raise FileError("EISDIR", f"{inode.path} is a {inode.kind.value}")
        content = self.content(inode)
        if write:
            self._check_writable(inode)
        handle = Handle(inode, write, append)
        if self._computed(inode):
            handle.seen = content
        elif truncate and content:
            inode.cut += 1
        inode.handles += 1
        return handle

    def close(self, handle: Handle) -> None:
        handle.inode.handles -= 1
        if handle.inode.handles == 0:
            handle.inode.cut = 0
        self._inodes.drop(handle.inode)

    def _computed(self, inode: Inode) -> bool:
        return inode.path is not None and self._tree.virtual.is_file(inode.path)

    def _check_writable(self, inode: Inode) -> None:
        if inode.path is not None and self._computed(inode):
            self._tree.virtual.check_writable(inode.path)
        elif not self._tree.writable:
            raise FileError("EACCES", f"no quorum: {inode.path} cannot be written")

    def content(self, inode: Inode) -> bytes:
        """What is in it for programs on this node. ESTALE if another node removed it."""
        if inode.path is None:
            if inode.rest is None:
                raise FileError("ESTALE", "the file was removed")
            return inode.rest
        if self._computed(inode):
            return self._tree.virtual.content(inode.path)
        file = self._tree.file(inode.path)
        if file is None:
            raise FileError("ESTALE", f"{inode.path} was removed")
        return b"" if inode.cut else file.content

    def read(self, handle: Handle, offset: int, size: int) -> bytes:
        """Reading on gives the version that was begun with."""
        seen, computed = handle.seen, self._computed(handle.inode)
        fresh = seen is None or offset != handle.next_at or not 0 < offset < len(seen)
        if seen is None or (fresh and not computed):
            seen = self.content(handle.inode)
        data = seen[offset : offset + size]
        handle.seen, handle.next_at = seen, offset + len(data)
        return data

    async def write(self, handle: Handle, offset: int, data: bytes) -> int:
        """Committed when it returns. EFBIG, ENOSPC, and what the store says."""
        inode = handle.inode
        if self._computed(inode):
            assert inode.path is not None
            self._tree.virtual.write(inode.path, data)
            return len(data)
        handle.seen = None

        def spliced(content: bytes) -> bytes:
            at = len(content) if handle.append else offset
            return content[:at].ljust(at, b"\0") + data + content[at + len(data) :]

        await self._edit(inode, spliced)
        return len(data)

    async def truncate(self, inode: Inode, size: int, handle: Handle | None) -> None:
        """To nothing through a handle: with the next write or the end of the handle."""
        if inode.kind is not Kind.FILE:
            raise FileError("EISDIR", f"{inode.path} is a {inode.kind.value}")
        if self._computed(inode):
            self._check_writable(inode)
        elif size == 0 and handle is not None and inode.rest is None:
            self._check_writable(inode)
            handle.seen = None
            if self.content(inode):
                inode.cut += 1
        else:
            await self._edit(inode, lambda content: content[:size].ljust(size, b"\0"))

    async def settle(self, inode: Inode) -> None:
        """Commit what waits. If that fails it is waited for no longer: the program was told."""
        if inode.cut:
            try:
                await self._edit(inode, lambda content: content)
            finally:
                inode.cut = 0

    async def touch(self, inode: Inode, mtime_s: int) -> None:
        """The time of a file is that of its last change: to set it to now is one."""
        if inode.path is not None and is_lock(inode.path):
            await self._tree.locks.touch(inode.path, mtime_s)
        elif inode.kind is Kind.FILE and not self._computed(inode):
            await self._edit(inode, lambda content: content)

    async def _edit(self, inode: Inode, change: Callable[[bytes], bytes]) -> None:
        if inode.rest is not None:
            inode.rest = self._fitting(b"", change(inode.rest))
            return
        cut = inode.cut

        def plan() -> Steps:
            file = self._tree.file(inode.path) if inode.path is not None else None
            if file is None or inode.path is None:
                raise FileError("ESTALE", f"{inode.path or 'the file'} was removed")
            content = change(b"" if cut else file.content)
            return (Put(inode.path, self._fitting(file.content, content), expect=file.version),)

        try:
            await self._changes.make(plan)
        except TooLargeError as error:
            raise FileError("ENOSPC", str(error)) from error
        if inode.cut == cut:  # else it was truncated once more meanwhile
            inode.cut = 0

    def _fitting(self, before: bytes, content: bytes) -> bytes:
        if len(content) > MAX_FILE_BYTES:
            raise FileError("EFBIG", f"a file has at most {MAX_FILE_BYTES} bytes")
        grown = len(content) - len(before)
        if grown > 0 and self._tree.index.size_bytes + grown > MAX_TREE_BYTES:
            raise FileError("ENOSPC", f"the tree has at most {MAX_TREE_BYTES} bytes")
        return content
