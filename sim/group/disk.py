"""A node's disk that keeps no more than it promises: unsynced writes are lost, or torn.

The platter outlives boots. What was not synced when the node or the daemon dies is there to a drawn
prefix; if that ends in an append, perhaps to a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.model.errors import DamagedError, DiskError, DiskFullError, TooLargeError
from sim.entropy import Entropy
from sim.kernel import to_us
from sim.tasks import Boot, Signal

SYNC_S = (0.0004, 0.004)
MAX_NAME_BYTES = 1024
Operation = tuple[str, str, bytes]  # replace, append or remove; name; content


def _apply(files: dict[str, bytearray], operation: Operation) -> None:
    kind, name, content = operation
    if kind == "remove":
        files.pop(name, None)
    elif kind == "replace":
        files[name] = bytearray(content)
    else:
        files.setdefault(name, bytearray()).extend(content)


@dataclass(slots=True)
class Platter:
    """What survives. `full`, `broken` and `slow` are faults; `slow` multiplies the sync's time."""

    entropy: Entropy
    files: dict[str, bytearray] = field(default_factory=dict)
    pending: list[Operation] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    full: bool = False
    broken: bool = False
    slow: float = 1.0
    syncs: int = 0
    crashes: int = 0

    def crash(self) -> None:
        """The writer is gone; keep some of what it had not synced."""
        self.crashes += 1
        kept = int(self.entropy.unit("kept", self.crashes) * (len(self.pending) + 1))
        for operation in self.pending[:kept]:
            _apply(self.files, operation)
            self.damaged.discard(operation[1])
        if kept < len(self.pending) and self.pending[kept][0] == "append":
            _, name, content = self.pending[kept]
            size = int(self.entropy.unit("torn", self.crashes) * len(content))
            _apply(self.files, ("append", name, content[:size]))
        self.pending.clear()

    def wipe(self) -> None:
        """A new disk."""
        self.files.clear()
        self.pending.clear()
        self.damaged.clear()

    def damage(self, name: str) -> None:
        """From now on its bytes are not those that were written, until it is written anew."""
        if name in self.files:
            self.damaged.add(name)


class SimDisk:
    """Implements the `LocalDisk` port for one boot."""

    def __init__(self, boot: Boot, platter: Platter) -> None:
        self._boot, self._platter = boot, platter
        self._files = {name: bytearray(content) for name, content in platter.files.items()}
        self._running: Signal[None] | None = None
        self._issued = self._durable = 0

    async def read(self, name: str) -> bytes | None:
        self._check((name,))
        content = self._files.get(name)
        return None if content is None else bytes(content)

    async def read_all(self, prefix: str = "") -> Mapping[str, bytes]:
        names = await self.list(prefix)
        self._check(names)
        return {name: bytes(self._files[name]) for name in names}

    async def list(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(sorted(name for name in self._files if name.startswith(prefix)))

    def _check(self, names: tuple[str, ...]) -> None:
        for name in names:
            if name in self._platter.damaged:
                raise DamagedError(f"{name} is not what was written")

    def replace(self, name: str, content: bytes) -> None:
        self._do(("replace", name, bytes(content)))

    def append(self, name: str, content: bytes) -> None:
        self._do(("append", name, bytes(content)))

    def remove(self, name: str) -> None:
        self._do(("remove", name, b""))

    def _do(self, operation: Operation) -> None:
        if not 0 < len(operation[1].encode()) <= MAX_NAME_BYTES:
            raise TooLargeError(f"a name has 1 to {MAX_NAME_BYTES} bytes")
        self._issued += 1
        self._platter.pending.append(operation)
        _apply(self._files, operation)

    async def sync(self) -> None:
        """One at a time; who comes meanwhile shares the next."""
        due = self._issued
        while self._durable < due:
            if self._running is None:
                await self._write_through()
            else:
                await self._running

    async def _write_through(self) -> None:
        platter, due = self._platter, self._issued
        running = self._running = Signal(self._boot)
        platter.syncs += 1
        drawn_s = platter.entropy.between(*SYNC_S, "sync", platter.syncs)
        try:
            await self._boot.sleep(to_us(drawn_s * platter.slow))
        except BaseException:
            running.fire(None)  # whoever waits does it then
            raise
        finally:
            self._running = None
        error = self._failed()
        if error is not None:
            running.fail(error)
            raise error
        count = len(platter.pending) - (self._issued - due)
        for operation in platter.pending[:count]:
            _apply(platter.files, operation)
            if operation[0] != "append":
                platter.damaged.discard(operation[1])
        del platter.pending[:count]
        self._durable = due
        running.fire(None)

    def _failed(self) -> DiskError | None:
        platter = self._platter
        if platter.broken:
            return DiskError("the disk does not answer")
        if not platter.full:
            return None
        platter.pending.clear()
        self._durable = self._issued
        self._files = {name: bytearray(data) for name, data in platter.files.items()}
        return DiskFullError("no room on the disk, the last writes were undone")

    async def verify(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self._platter.damaged if name in self._files))
