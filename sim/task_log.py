"""The task logs of simulated nodes, each on a disk of its own that outlives boots."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.model.tasks import TaskRecord, index_line, read_index
from appliance.model.upid import Upid, parse_upid
from appliance.ports.local_disk import LocalDisk
from appliance.ports.task_log import LogPart
from sim.entropy import Entropy
from sim.group.disk import Platter, SimDisk
from sim.tasks import Boot

_INDEX = "index"
_LOGS = "log/"


class SimTaskLog:
    """Implements the `TaskLog` port."""

    def __init__(self, disk: LocalDisk) -> None:
        self._disk = disk

    def begin(self, upid: Upid) -> None:
        self._disk.append(f"{_LOGS}{upid}", b"")

    def append(self, upid: Upid, line: str) -> None:
        self._disk.append(f"{_LOGS}{upid}", line.encode() + b"\n")

    def end(self, record: TaskRecord) -> None:
        self._disk.append(_INDEX, index_line(record).encode())

    async def sync(self) -> None:
        await self._disk.sync()

    async def begun(self) -> tuple[Upid, ...]:
        ended = {str(record.upid) for record in await self.ended()}
        names = [name.removeprefix(_LOGS) for name in await self._disk.list(_LOGS)]
        return tuple(parse_upid(name) for name in names if name not in ended)

    async def ended(self) -> tuple[TaskRecord, ...]:
        return read_index((await self._disk.read(_INDEX) or b"").decode(errors="replace"))

    async def read(self, upid: Upid, start: int = 0, limit: int = 0) -> LogPart | None:
        content = await self._disk.read(f"{_LOGS}{upid}")
        if content is None:
            return None
        lines = content.decode(errors="replace").splitlines()
        return LogPart(tuple(lines[start : start + limit if limit else None]), len(lines))

    async def trim(self, keep: int) -> None:
        ended = await self.ended()
        if len(ended) <= keep:
            return
        old, kept = ended[:-keep] if keep else ended, ended[-keep:] if keep else ()
        self._disk.replace(_INDEX, b"")
        for record in kept:
            self.end(record)
        for record in old:
            self._disk.remove(f"{_LOGS}{record.upid}")
        await self._disk.sync()


@dataclass(slots=True)
class TaskShelves:
    """The disks, by node."""

    entropy: Entropy
    platters: dict[str, Platter] = field(default_factory=dict)

    def platter(self, node: str) -> Platter:
        """Made by the first that asks."""
        if node not in self.platters:
            self.platters[node] = Platter(self.entropy.child("tasks", node))
        return self.platters[node]

    def log(self, boot: Boot) -> SimTaskLog:
        """For a boot of a node; what an earlier one had not synced is lost now."""
        platter = self.platter(boot.node)
        platter.crash()
        return SimTaskLog(SimDisk(boot, platter))
