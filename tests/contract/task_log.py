"""What every log of tasks promises."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from appliance.model.tasks import CUT_OFF, OK, TaskRecord
from appliance.model.upid import Upid
from appliance.ports.task_log import LogPart, TaskLog

T = TypeVar("T")


class TaskLogWorld(Protocol):
    """After `crash` use the new `log`."""

    @property
    def log(self) -> TaskLog: ...

    def run(self, work: Coroutine[Any, Any, T]) -> T: ...

    def crash(self) -> None:
        """The node dies and comes back."""
        ...


def upid(number: int, what: str = "100") -> Upid:
    return Upid("n1", 1000 + number, 77, 0x6A000000 + number, "qmstart", what, "root@pam!t")


def ended(number: int, status: str = OK) -> TaskRecord:
    return TaskRecord(upid(number), status, 0x6A000100 + number)


class TaskLogContract:
    """Needs a fixture `world`."""

    def test_lines_are_readable_at_once_and_in_order(self, world: TaskLogWorld) -> None:
        log = world.log
        log.begin(upid(1))
        assert world.run(log.read(upid(1))) == LogPart((), 0)
        for line in ("one", "", "zwei äöü"):
            log.append(upid(1), line)
        assert world.run(log.read(upid(1))) == LogPart(("one", "", "zwei äöü"), 3)
        assert world.run(log.read(upid(1), 1, 1)) == LogPart(("",), 3)
        assert world.run(log.read(upid(1), 7, 2)) == LogPart((), 3)
        assert world.run(log.read(upid(2))) is None

    def test_a_task_has_begun_until_it_has_ended(self, world: TaskLogWorld) -> None:
        log = world.log
        for number in (2, 1, 3):
            log.begin(upid(number))
        log.end(ended(3))
        log.end(ended(2, "it was not to be: 7 of 9"))
        assert world.run(log.begun()) == (upid(1),)
        assert world.run(log.ended()) == (ended(3), ended(2, "it was not to be: 7 of 9"))

    def test_what_was_synced_survives(self, world: TaskLogWorld) -> None:
        log = world.log
        log.begin(upid(1))
        log.append(upid(1), "kept")
        log.begin(upid(2))
        log.end(ended(2))
        world.run(log.sync())
        world.crash()
        assert world.run(world.log.read(upid(1))) == LogPart(("kept",), 1)
        assert world.run(world.log.begun()) == (upid(1),)
        assert world.run(world.log.ended()) == (ended(2),)
        world.log.append(upid(1), "and on")
        assert world.run(world.log.read(upid(1))) == LogPart(("kept", "and on"), 2)

    def test_what_was_not_synced_is_a_beginning(self, world: TaskLogWorld) -> None:
        lines = tuple(f"line {number}" for number in range(20))
        world.log.begin(upid(1))
        world.run(world.log.sync())
        for line in lines:
            world.log.append(upid(1), line)
        world.crash()
        part = world.run(world.log.read(upid(1)))
        assert part is not None
        whole = part.lines[:-1]
        assert whole == lines[: len(whole)]
        assert all(line.startswith(rest) for line, rest in zip(lines, part.lines, strict=False))

    def test_the_oldest_are_forgotten(self, world: TaskLogWorld) -> None:
        log = world.log
        for number in range(1, 6):
            log.begin(upid(number))
            log.append(upid(number), "x")
        for number in (5, 4, 2, 1):
            log.end(ended(number, CUT_OFF))
        world.run(log.sync())
        world.run(log.trim(2))
        assert world.run(log.ended()) == (ended(2, CUT_OFF), ended(1, CUT_OFF))
        assert world.run(log.read(upid(5))) is None
        assert world.run(log.read(upid(1))) == LogPart(("x",), 1)
        assert world.run(log.begun()) == (upid(3),)
        log.end(ended(3))
        assert world.run(log.ended())[-1] == ended(3)
        world.run(log.trim(0))
        assert world.run(log.ended()) == ()
