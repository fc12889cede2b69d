"""What the kernel asks, put to the file view in its own terms."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

import pyfuse3

from appliance.model.errors import FileError, QuorateError
from appliance.model.events.files import FileViewFailed
from appliance.model.store.limits import MAX_NAME_BYTES
from appliance.services.files.attributes import Attributes, Kind
from appliance.services.files.errors import errno_name
from appliance.services.files.open_files import Handle
from appliance.services.files.view import FileView

BLOCK_BYTES: Final = 4096
_FORMATS: Final = {
    Kind.FILE: stat.S_IFREG,
    Kind.FOLDER: stat.S_IFDIR,
    Kind.LINK: stat.S_IFLNK,
}


class FileOperations(pyfuse3.Operations):
    """Every call ends with an answer or an errno; `ending`: those under way end with EIO."""

    supports_dot_lookup = False
    enable_writeback_cache = False  # a write that returned is committed

    def __init__(self, view: FileView) -> None:
        super().__init__()
        self._view = view
        self._files: dict[int, Handle] = {}
        self._folders: dict[int, tuple[str, ...]] = {}
        self._numbers = count(1)
        self._waiting: dict[asyncio.Task[Any], None] = {}
        self._ending = False

    def end(self) -> None:
        """Nobody waits for the cluster any longer."""
        self._ending = True
        for task in self._waiting:
            task.cancel()

    @contextmanager
    def _doing(self, operation: str, number: int, name: bytes = b"") -> Iterator[None]:
        path = self._view.path_of(number, name) if self._view.debug else ""
        task, outcome = asyncio.current_task(), "ok"
        assert task is not None
        self._waiting[task] = None
        try:
            yield
        except QuorateError as error:
            outcome = errno_name(error)
            raise pyfuse3.FUSEError(getattr(errno, outcome)) from error
        except asyncio.CancelledError:
            outcome = "EIO"
            if not self._ending:
                raise
            raise pyfuse3.FUSEError(errno.EIO) from None
        except Exception as error:
            outcome = "EIO"
            place = self._view.path_of(number, name)
            reason = f"{type(error).__name__}: {error}"
            self._view.emit(FileViewFailed(operation, place, reason))
            raise pyfuse3.FUSEError(errno.EIO) from error
        finally:
            self._waiting.pop(task, None)
            self._view.tell(operation, path, outcome)

    def _entry(self, found: Attributes) -> pyfuse3.EntryAttributes:
        """The kernel keeps nothing: other nodes change everything."""
        entry = pyfuse3.EntryAttributes()
        entry.st_ino, entry.generation = found.number, 0
        entry.entry_timeout = entry.attr_timeout = 0
        entry.st_mode = _FORMATS[found.kind] | found.mode
        entry.st_nlink = found.links
        entry.st_uid, entry.st_gid = self._view.owner.uid, self._view.owner.gid
        entry.st_size, entry.st_blksize = found.size_bytes, BLOCK_BYTES
        entry.st_blocks = -(-found.size_bytes // 512)
        entry.st_atime_ns = entry.st_mtime_ns = entry.st_ctime_ns = found.mtime_s * 10**9
        return entry

    # looking

    async def lookup(self, parent_inode: int, name: bytes, ctx: Any) -> Any:
        with self._doing("lookup", parent_inode, name):
            return self._entry(self._view.lookup(parent_inode, name))

    async def forget(self, inode_list: Sequence[tuple[int, int]]) -> None:
        self._view.forget(inode_list)

    async def getattr(self, inode: int, ctx: Any) -> Any:
        with self._doing("getattr", inode):
            return self._entry(self._view.attributes(inode))

    async def readlink(self, inode: int, ctx: Any) -> bytes:
        with self._doing("readlink", inode):
            return self._view.link_target(inode).encode()

    async def opendir(self, inode: int, ctx: Any) -> int:
        with self._doing("opendir", inode):
            names = self._view.names(inode)
        number = next(self._numbers)
        self._folders[number] = (str(inode), *names)
        return number

    async def readdir(self, fh: int, start_id: int, token: Any) -> None:
        """Names are those of when the folder was opened, so that a place in them stays one."""
        parent, *names = self._folders[fh]
        with self._doing("readdir", int(parent)):
            for place, name in enumerate(names[start_id:], start=start_id + 1):
                if not self._list(int(parent), name.encode(), place, token):
                    return

    def _list(self, parent: int, name: bytes, place: int, token: Any) -> bool:
        """Whether there was room for it, or it is gone."""
        try:
            found = self._view.lookup(parent, name)
        except FileError:
            return True
        if pyfuse3.readdir_reply(token, name, self._entry(found), place):
            return True
        self._view.forget([(found.number, 1)])
        return False

    async def releasedir(self, fh: int) -> None:
        del self._folders[fh]

    async def statfs(self, ctx: Any) -> Any:
        with self._doing("statfs", pyfuse3.ROOT_INODE):
            usage = self._view.usage()
        shown = pyfuse3.StatvfsData()
        shown.f_bsize = shown.f_frsize = BLOCK_BYTES
        shown.f_blocks = usage.total_bytes // BLOCK_BYTES
        shown.f_bfree = shown.f_bavail = usage.free_bytes // BLOCK_BYTES
        shown.f_files = usage.total_files
        shown.f_ffree = shown.f_favail = usage.free_files
        shown.f_namemax = MAX_NAME_BYTES
        return shown

    # open files

    def _opened(self, handle: Handle) -> pyfuse3.FileInfo:
        number = next(self._numbers)
        self._files[number] = handle
        return pyfuse3.FileInfo(fh=number, direct_io=True)

    async def open(self, inode: int, flags: int, ctx: Any) -> Any:
        with self._doing("open", inode):
            return self._opened(self._view.open(inode, **_modes(flags)))

    async def create(self, parent_inode: int, name: bytes, mode: int, flags: int, ctx: Any) -> Any:
        exclusive = bool(flags & os.O_EXCL)
        with self._doing("create", parent_inode, name):
            found, handle = await self._view.create(
                parent_inode, name, exclusive=exclusive, **_modes(flags)
            )
            return self._opened(handle), self._entry(found)

    async def read(self, fh: int, off: int, size: int) -> bytes:
        handle = self._files[fh]
        with self._doing("read", handle.inode.number):
            return self._view.read(handle, off, size)

    async def write(self, fh: int, off: int, buf: bytes) -> int:
        handle = self._files[fh]
        with self._doing("write", handle.inode.number):
            return await self._view.write(handle, off, bytes(buf))

    async def flush(self, fh: int) -> None:
        handle = self._files[fh]
        with self._doing("flush", handle.inode.number):
            await self._view.flush(handle)

    async def fsync(self, fh: int, datasync: bool) -> None:
        await self.flush(fh)

    async def fsyncdir(self, fh: int, datasync: bool) -> None:
        """Nothing waits."""

    async def release(self, fh: int) -> None:
        self._view.close(self._files.pop(fh))

    # attributes

    async def setattr(self, inode: int, attr: Any, fields: Any, fh: int | None, ctx: Any) -> Any:
        with self._doing("setattr", inode):
            before = self._view.attributes(inode)
            self._view.check_same(
                inode,
                stat.S_IMODE(attr.st_mode) if fields.update_mode else None,
                attr.st_uid if fields.update_uid else None,
                attr.st_gid if fields.update_gid else None,
            )
            if fields.update_size:
                handle = self._files[fh] if fh is not None else None
                await self._view.truncate(inode, attr.st_size, handle)
            elif fields.update_mtime:
                await self._view.touch(inode, attr.st_mtime_ns / 10**9)
            try:
                return self._entry(self._view.attributes(inode))
            except FileError:  # a lock that a time of 0 has just removed
                return self._entry(before)

    # the tree

    async def mkdir(self, parent_inode: int, name: bytes, mode: int, ctx: Any) -> Any:
        with self._doing("mkdir", parent_inode, name):
            return self._entry(await self._view.mkdir(parent_inode, name))

    async def rmdir(self, parent_inode: int, name: bytes, ctx: Any) -> None:
        with self._doing("rmdir", parent_inode, name):
            await self._view.rmdir(parent_inode, name)

    async def unlink(self, parent_inode: int, name: bytes, ctx: Any) -> None:
        with self._doing("unlink", parent_inode, name):
            await self._view.unlink(parent_inode, name)

    async def rename(
        self,
        parent_inode_old: int,
        name_old: bytes,
        parent_inode_new: int,
        name_new: bytes,
        flags: int,
        ctx: Any,
    ) -> None:
        with self._doing("rename", parent_inode_old, name_old):
            if flags & ~pyfuse3.RENAME_NOREPLACE:
                raise FileError("EINVAL", "files cannot be exchanged")
            replace = not flags & pyfuse3.RENAME_NOREPLACE
            old, new = (parent_inode_old, name_old), (parent_inode_new, name_new)
            await self._view.rename(*old, *new, replace=replace)

    async def symlink(self, parent_inode: int, name: bytes, target: bytes, ctx: Any) -> Any:
        raise pyfuse3.FUSEError(errno.EPERM)

    async def link(self, inode: int, new_parent_inode: int, new_name: bytes, ctx: Any) -> Any:
        raise pyfuse3.FUSEError(errno.EPERM)

    async def mknod(self, parent_inode: int, name: bytes, mode: int, rdev: int, ctx: Any) -> Any:
        raise pyfuse3.FUSEError(errno.EPERM)


def _modes(flags: int) -> dict[str, bool]:
    write = flags & os.O_ACCMODE != os.O_RDONLY
    return {
        "write": write,
        "append": bool(flags & os.O_APPEND),
        "truncate": write and bool(flags & os.O_TRUNC),
    }
