"""Tasks: how they end, who hears of them, and what a boot finds of an earlier one."""

from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError, MissingError, RefusedError
from appliance.model.upid import parse_upid
from appliance.services.tasks.context import TaskContext
from appliance.services.tasks.work import Job
from tests.services.tasks.rig import Rig

USER = "joe@pve"


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def _good(task: TaskContext) -> None:
    task.log("begins\nand goes on")
    task.progress(0.05)
    task.progress(0.31)
    task.progress(0.35)
    task.progress(2.0)


async def _warns(task: TaskContext) -> None:
    task.warn("the disk is old")
    task.warn("and small")


async def _refuses(_task: TaskContext) -> None:
    raise RefusedError("there is\nno way")


async def _defect(_task: TaskContext) -> None:
    raise KeyError("x")


@pytest.mark.parametrize(
    ("job", "status", "lines"),
    [
        (
            _good,
            "OK",
            ("begins", "and goes on", "progress: 31%", "progress: 100%", "TASK OK"),
        ),
        (
            _warns,
            "WARNINGS: 2",
            ("WARN: the disk is old", "WARN: and small", "TASK WARNINGS: 2"),
        ),
        (_refuses, "there is no way", ("TASK ERROR: there is no way",)),
        (
            _defect,
            "internal error (KeyError)",
            ("TASK ERROR: internal error (KeyError)",),
        ),
    ],
)
def test_its_end_says_how_it_went(rig: Rig, job: Job, status: str, lines: tuple[str, ...]) -> None:
    text = rig.start("n1", job, USER)
    upid = parse_upid(text)
    assert (upid.node, upid.type, upid.id, upid.user) == ("n1", "test", "100", USER)
    assert rig.run("n1", rig.work("n1").wait(text)) == status
    assert rig.work("n1").find(text).status == status
    assert rig.run("n1", rig.work("n1").read(text)).lines == lines
    assert bool(rig.failures) == (job is _defect)


def test_one_that_is_stopped_cleans_up(rig: Rig) -> None:
    cleaned = []

    async def slow(task: TaskContext) -> None:
        task.log("waits")
        try:
            await rig.clocks["n1"].sleep(1000)
        finally:
            cleaned.append(task.upid.id)

    text = rig.start("n1", slow, USER)
    rig.pass_s(5)
    work = rig.work("n1")
    assert [str(one.upid) for one in work.running()] == [text]
    rig.run("n1", work.stop(text))
    rig.run("n1", work.stop(text))
    assert rig.run("n1", work.wait(text)) == "interrupted by signal"
    assert cleaned == ["100"]
    assert work.running() == []
    rig.run("n1", work.stop(text))  # once more harms nobody


def test_one_that_is_stopped_before_it_began_never_runs(rig: Rig) -> None:
    async def both() -> str:
        text = await rig.work("n1").start("test", "100", USER, _good)
        await rig.work("n1").stop(text)
        return text

    text = rig.run("n1", both())
    assert rig.run("n1", rig.work("n1").wait(text)) == "interrupted by signal"
    assert rig.run("n1", rig.work("n1").read(text)).lines == ("TASK ERROR: interrupted by signal",)


def test_ids_differ_and_nonsense_is_no_task(rig: Rig) -> None:
    first, second = rig.start("n1", _good, USER), rig.start("n1", _good, USER)
    assert first != second
    with pytest.raises(ConfigError):
        rig.work("n1").find("../../etc/passwd")
    with pytest.raises(MissingError):
        rig.work("n1").find(first.replace("test", "other"))


def test_a_power_cut_ends_what_ran(rig: Rig) -> None:
    async def slow(task: TaskContext) -> None:
        task.log("waits")
        await rig.clocks["n1"].sleep(1000)

    done = rig.start("n1", _good, USER)
    rig.run("n1", rig.work("n1").wait(done))
    cut = rig.start("n1", slow, USER)
    rig.pass_s(5)
    rig.run("n1", rig.logs["n1"].sync())
    rig.reboot("n1")
    work = rig.work("n1")
    assert work.find(done).status == "OK"
    assert work.find(cut).status == "unexpected status"
    assert rig.run("n1", work.read(cut)).lines == ("waits",)
    later = rig.start("n1", _good, USER)
    assert later not in (done, cut)


def test_all_nodes_hear_of_it_as_long_as_they_hear_each_other(rig: Rig) -> None:
    text = rig.start("n2", _good, USER)
    rig.run("n2", rig.work("n2").wait(text))
    rows = {node: notice.value for node, notice in rig.work("n1").everywhere().items()}
    assert [(row["upid"], row["status"]) for row in rows["n2"]] == [(text, "OK")]
    rig.groups.apart = {"n2"}
    rig.start("n2", _good, USER)
    rig.pass_s(100)
    heard = rig.work("n1").everywhere()
    assert len(heard["n2"].value) == 1
    assert heard["n2"].age_s >= 100
    rig.groups.apart = set()
    assert len(rig.work("n1").everywhere()["n2"].value) == 2
