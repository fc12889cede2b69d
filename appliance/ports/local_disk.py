"""Small files of one service on this node's own disk, durable when it says so.

Operations take effect in the order of the calls. They are on the disk for sure once a later `sync`
has returned; before, they may be or not. After a crash the disk holds what a prefix of the
operations made: at least all before the last `sync` that returned, and of the next operations none,
some or all. The last of these may be torn if it was an append: only the beginning of its bytes is
there. A replace is never torn.

What is read is what was written last, synced or not, and is checked: bytes that are not those
that were written raise DamagedError instead of being returned.

Errors of the disk come out of `sync` (and of reading). After DiskFullError the operations since the
last sync are undone, reading shows so, and the disk can be used on. After any other DiskError
nothing more can be written by this process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class LocalDisk(Protocol):
    """Names are non-empty texts of at most 1,024 bytes; `/` has no special meaning."""

    async def read(self, name: str) -> bytes | None:
        """The whole file, None if there is none. DamagedError if it is not what was written."""
        ...

    async def read_all(self, prefix: str = "") -> Mapping[str, bytes]:
        """All files whose names begin so, in the order of their names. DamagedError as `read`."""
        ...

    async def list(self, prefix: str = "") -> tuple[str, ...]:
        """The names that begin so, sorted, damaged ones included."""
        ...

    def replace(self, name: str, content: bytes) -> None:
        """Make this the whole file, new or not. A crash leaves the old content or the new."""
        ...

    def append(self, name: str, content: bytes) -> None:
        """Add to the end of the file, which is created if there is none."""
        ...

    def remove(self, name: str) -> None:
        """Delete the file; nothing happens if there is none."""
        ...

    async def sync(self) -> None:
        """Return when all operations so far are durable. Concurrent callers share the work."""
        ...

    async def verify(self) -> tuple[str, ...]:
        """Read everything; the names of the damaged files, sorted. Replace or remove mends them."""
        ...
