"""What is taken back, and when nobody is there to take anything back."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from appliance.model.errors import RefusedError
from appliance.model.upid import Upid
from appliance.services.guest_changes.undo import undoing
from appliance.services.tasks.context import TaskContext


class Pause:
    """Waits until it is resumed."""

    def __await__(self) -> Generator[None]:
        yield


def working(done: list[str], *, fails: bool) -> Any:
    upid = Upid("n1", 1, 0, 0, "qmsnapshot", "100", "root@pam")
    task = TaskContext(upid, done.append)

    async def take_back() -> None:
        await Pause()
        done.append("taken back")

    async def work() -> None:
        async with undoing(task) as undo:
            undo.push("a volume", take_back)
            await Pause()
            if fails:
                raise RefusedError("no")

    return work()


def test_what_failed_is_taken_back() -> None:
    done: list[str] = []
    work = working(done, fails=True)
    work.send(None)
    work.send(None)
    with pytest.raises(RefusedError):
        work.send(None)
    assert done == ["taken back"]


def test_the_work_of_a_node_that_is_gone_just_ends() -> None:
    done: list[str] = []
    work = working(done, fails=False)
    work.send(None)
    work.close()
    assert done == []
