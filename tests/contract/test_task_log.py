"""The logs of tasks in both worlds: the contract, and what is the files' own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from appliance.model.errors import DiskError
from drivers.task_log.files import FileTaskLog
from sim.entropy import Entropy
from sim.kernel import Kernel
from sim.task_log import TaskShelves
from sim.tasks import Boot
from tests.contract.task_log import TaskLogContract, TaskLogWorld, ended, upid

T = TypeVar("T")


class SimulatedTaskLogs:
    def __init__(self) -> None:
        self.kernel, self._boots = Kernel(), 0
        self._shelves = TaskShelves(Entropy(3))
        self._begin()

    def _begin(self) -> None:
        self._boots += 1
        self.boot = Boot(self.kernel, "n1", self._boots, _fail)
        self.log = self._shelves.log(self.boot)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        task = self.boot.spawn(work, "work")
        self.kernel.run(self.kernel.now_us + 1_000_000)
        return task.result()

    def crash(self) -> None:
        self.boot.cut()
        self._begin()


def _fail(_who: str, error: Exception) -> None:
    raise error


class FileTaskLogs:
    """A crash of the daemon: files keep what was written to them."""

    def __init__(self, folder: Path) -> None:
        self._runner, self.folder = asyncio.Runner(), folder
        self.log = FileTaskLog(folder)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def crash(self) -> None:
        self.log.close()
        self.log = FileTaskLog(self.folder)

    def close(self) -> None:
        self.log.close()
        self._runner.close()


class TestSimulated(TaskLogContract):
    @pytest.fixture
    def world(self) -> TaskLogWorld:
        return SimulatedTaskLogs()


class TestFiles(TaskLogContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Any:
        world = FileTaskLogs(tmp_path / "tasks")
        yield world
        world.close()

    def test_they_lie_where_people_look_for_them(self, world: FileTaskLogs) -> None:
        world.log.begin(upid(7))
        world.log.append(upid(7), "hello")
        world.log.end(ended(7))
        world.run(world.log.sync())
        name = "UPID:n1:000003EF:0000004D:6A000007:qmstart:100:root@pam!t:"
        assert (world.folder / "7" / name).read_text() == "hello\n"
        assert (world.folder / "index").read_text() == f"{name} 6A000107 OK\n"

    def test_foreign_and_torn_content_is_left_alone(self, world: FileTaskLogs) -> None:
        (world.folder / "7").mkdir(parents=True)
        (world.folder / "7" / "notes.txt").write_text("mine")
        (world.folder / "index").write_text("nonsense\nUPID:n1:0000\n")
        world.log.end(ended(1))
        assert world.run(world.log.begun()) == ()
        assert world.run(world.log.ended()) == (ended(1),)

    def test_a_failing_disk_is_told_by_sync(self, world: FileTaskLogs) -> None:
        world.folder.write_text("not a folder")
        world.log.begin(upid(1))
        with pytest.raises(DiskError):
            world.run(world.log.sync())
