"""Two simulated nodes with nothing but a clock, a disk for tasks, and ears."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from appliance.services.tasks.work import Job, TaskPorts, Work
from sim.boards import Boards
from sim.clock import BootClock, WallClock
from sim.entropy import Entropy
from sim.journal import NodeJournal, WorldJournal
from sim.kernel import Kernel, to_us
from sim.task_log import SimTaskLog, TaskShelves
from sim.tasks import Boot

T = TypeVar("T")
NODES = ("n1", "n2")


class Groups:
    """Who hears whom."""

    apart: set[str]

    def __init__(self) -> None:
        self.apart = set()

    def group(self, node: str) -> tuple[str, ...]:
        return (node,) if node in self.apart else tuple(n for n in NODES if n not in self.apart)


class Rig:
    def __init__(self) -> None:
        self.kernel, self.groups = Kernel(), Groups()
        self.journal = WorldJournal(self.kernel)
        self.shelves, self.boards = TaskShelves(Entropy(5)), Boards(self.kernel, self.groups)
        self.boots: dict[str, Boot] = {}
        self.clocks: dict[str, BootClock] = {}
        self.logs: dict[str, SimTaskLog] = {}
        self._works: dict[str, Work] = {}
        self.failures: list[str] = []
        for node in NODES:
            self._boot(node, 1)

    def _boot(self, node: str, number: int) -> None:
        boot = self.boots[node] = Boot(self.kernel, node, number, self._failed)
        clock = self.clocks[node] = BootClock(boot, WallClock(0.0), 0)
        log = self.logs[node] = self.shelves.log(boot)
        journal = NodeJournal(self.journal, node)
        ports = TaskPorts(node, clock, boot, log, self.boards.open(boot), journal)
        self._works[node] = Work(ports)
        self.run(node, self._works[node].open())

    def _failed(self, who: str, _error: Exception) -> None:
        self.failures.append(who)

    def work(self, node: str) -> Work:
        return self._works[node]

    def reboot(self, node: str) -> None:
        self.boots[node].cut()
        self.pass_s(30)
        self._boot(node, self.boots[node].number + 1)

    def pass_s(self, seconds: float) -> None:
        self.kernel.run(self.kernel.now_us + to_us(seconds))

    def run(self, node: str, coro: Coroutine[Any, Any, T]) -> T:
        task = self.boots[node].spawn(coro, "test")
        for _ in range(1000):
            if task.done():
                return task.result()
            self.pass_s(0.05)
        raise AssertionError("it does not end")

    def start(self, node: str, job: Job, user: str) -> str:
        started: list[str] = []

        async def begin() -> None:
            started.append(await self.work(node).start("test", "100", user, job))

        self.boots[node].spawn(begin(), "test")
        while not started:
            self.kernel.run(self.kernel.now_us + 1)
        return started[0]
