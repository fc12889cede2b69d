"""A move that is interrupted: every kind of failure at every instant at which anything happens.

Afterwards the guest has one owner, the node where its configuration lies, and can run there; and at
no instant did two nodes execute it or write its volume.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import pytest

from appliance.model.errors import NotQuorateError, OutcomeUnknownError, StaleError
from appliance.ports.guests import Outcome
from sim.kernel import ORDER_FAULT, ORDER_LOOP, to_us
from sim.layout import GuestSpec
from sim.tasks import SimTask
from tests.sim.guests.rig import Rig

SID = "vm:100"
BEGIN_US = to_us(20)


@dataclass(frozen=True)
class Kind:
    """A kind of move: which storage, live or not."""

    storage: str
    online: bool

    def __str__(self) -> str:
        return f"{'live' if self.online else 'offline'}-{self.storage}"


KINDS = [Kind("shared", True), Kind("local", True), Kind("shared", False), Kind("local", False)]


def begin(kind: Kind) -> tuple[Rig, list[SimTask[Outcome]]]:
    """A move from n1 to n2 that begins at a fixed time; its task appears in the list then."""
    rig = Rig(GuestSpec(SID, "n1", storage=kind.storage, dirty_bytes_s=3e8))
    if kind.online:
        rig.started(SID, "n1")
    tasks: list[SimTask[Outcome]] = []
    rig.at(
        BEGIN_US,
        lambda: tasks.append(rig.move(SID, "n1", "n2", online=kind.online)),
        ORDER_LOOP,
    )
    return rig, tasks


@cache
def instants(kind: Kind) -> tuple[int, ...]:
    """Every instant at which something happens in an undisturbed move, and the end."""
    rig, tasks = begin(kind)
    found = []
    while not tasks or not tasks[0].done():
        due_us = rig.kernel.next_us()
        assert due_us is not None
        if due_us >= BEGIN_US:
            found.append(due_us)
        rig.kernel.run(due_us + 1)
    assert tasks[0].result().ok
    distinct = sorted(set(found))
    middles = [(a + b) // 2 for a, b in pairwise(distinct) if b - a > 1]
    return tuple(sorted([*distinct, *middles]))


def power_source(rig: Rig) -> None:
    rig.power_off("n1")


def power_target(rig: Rig) -> None:
    rig.power_off("n2")


def power_both(rig: Rig) -> None:
    rig.power_off("n1")
    rig.power_off("n2")


def link(rig: Rig) -> None:
    rig.cut_link("n2")


def short_link(rig: Rig) -> None:
    rig.cut_link("n1")
    rig.kernel.call_in(to_us(4), lambda: rig.heal_link("n1"), ORDER_FAULT)


def storage_source(rig: Rig) -> None:
    for pool in ("shared", "local"):
        rig.storage.begin_outage(pool, "n1")


def storage_target(rig: Rig) -> None:
    for pool in ("shared", "local"):
        rig.storage.begin_outage(pool, "n2")


def full_target(rig: Rig) -> None:
    rig.storage.begin_full("local", "n2")


def crash(rig: Rig) -> None:
    rig.host.crash(SID)


def no_quorum(rig: Rig) -> None:
    rig.registry.error = NotQuorateError("no quorum")


def stale(rig: Rig) -> None:
    rig.registry.error = StaleError("it is elsewhere")


def lost_answer(rig: Rig) -> None:
    rig.registry.lost_answers = OutcomeUnknownError("no answer")


def lost_write(rig: Rig) -> None:
    rig.registry.error = OutcomeUnknownError("no answer")


def reset_target(rig: Rig) -> None:
    rig.power_off("n2")
    rig.kernel.call_in(to_us(3), lambda: rig.power_on("n2"), ORDER_FAULT)


def pause_source(rig: Rig) -> None:
    rig.pause("n1")
    rig.kernel.call_in(to_us(100), lambda: rig.resume("n1"), ORDER_FAULT)


def pause_target(rig: Rig) -> None:
    rig.pause("n2")
    rig.kernel.call_in(to_us(100), lambda: rig.resume("n2"), ORDER_FAULT)


def blink_source(rig: Rig) -> None:
    rig.pause("n1")
    rig.kernel.call_in(to_us(2), lambda: rig.resume("n1"), ORDER_FAULT)


FAULTS: list[Callable[[Rig], None]] = [
    power_source, power_target, power_both, link, short_link, storage_source, storage_target,
    full_target, crash, no_quorum, stale, lost_answer, lost_write, reset_target, pause_source,
    pause_target, blink_source,
]  # fmt: skip


def heal(rig: Rig) -> None:
    """Everything works again."""
    rig.registry.error = rig.registry.lost_answers = None
    for node in ("n1", "n2"):
        if not rig.host.is_up(node):
            rig.power_on(node)
        if rig.host.is_paused(node):
            rig.resume(node)
        for pool in ("shared", "local"):
            if not rig.storage.reachable(pool, node):
                rig.storage.end_outage(pool, node)
        if not rig.fabric.mutual(node, "n3"):
            rig.heal_link(node)
    if rig.storage.is_full("local", "n2"):
        rig.storage.end_full("local", "n2")


def restarter(rig: Rig, until_us: int) -> None:
    """Once a second, every node that is up starts the guest if its configuration is there.

    It is as quick as a resource manager may be, and as sure: the configuration is all it asks.
    """
    for node in ("n1", "n2", "n3"):
        if rig.host.is_up(node) and not rig.boots[node].paused:
            runtime = rig.runtime(node)
            if rig.registry.nodes[SID] == node and not runtime.running(SID):
                rig.start(SID, node)
    if rig.kernel.now_us < until_us:
        rig.kernel.call_in(to_us(1), lambda: restarter(rig, until_us), ORDER_LOOP)


def interrupt(kind: Kind, fault: Callable[[Rig], None], t_us: int, order: int) -> Rig:
    """One move, one fault, then time to settle, then healing and time again."""
    rig, tasks = begin(kind)
    rig.at(t_us, lambda: fault(rig), order)
    if kind.online:
        rig.at(BEGIN_US + 1, lambda: restarter(rig, to_us(300)), ORDER_LOOP)
    rig.kernel.run(to_us(200))
    heal(rig)
    rig.kernel.run(to_us(400))
    where = f"{kind}, {fault.__name__} at {t_us} ({order}): {rig.story()}"
    assert rig.failures == [], where
    assert rig.broken == [], where
    assert rig.mover.moving(SID) is None, where
    owner = rig.registry.nodes[SID]
    assert rig.host.runs_on(SID) == ((owner,) if kind.online else ()), where
    if tasks and tasks[0].done():  # not if the node died that had asked
        check_outcome(rig, tasks[0].result(), owner, where)
    return rig


def check_outcome(rig: Rig, outcome: Outcome, owner: str, where: str) -> None:
    """An outcome that is not in doubt tells where the configuration is."""
    if outcome.ok:
        assert owner == "n2", where
    elif "may not be here" not in outcome.reason:
        assert owner == "n1", where


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_one_owner_whatever_fails_whenever(kind: Kind, fault: Callable[[Rig], None]) -> None:
    for t_us in instants(kind):
        for order in (ORDER_FAULT, ORDER_LOOP):
            interrupt(kind, fault, t_us, order)


def test_the_instants_cover_the_switch_over() -> None:
    """The tests above hit what they are for: between rename and resume something happens."""
    rig, tasks = begin(KINDS[0])
    phases = set()
    for t_us in instants(KINDS[0]):
        rig.kernel.run(t_us)
        move = rig.mover.moving(SID)
        phases.add(move.phase if move else None)
    assert tasks
    assert {"setup", "memory", "final", "commit", "handover", None} <= phases


# what exactly happens, by phase


def live_at(phase: str, storage: str = "shared") -> tuple[Rig, SimTask[Outcome]]:
    """A live move in the middle of that phase."""
    rig, tasks = begin(Kind(storage, True))
    rig.kernel.run(BEGIN_US + 2)
    while (move := rig.mover.moving(SID)) is not None and move.phase != phase:
        due_us = rig.kernel.next_us()
        assert due_us is not None
        rig.kernel.run(due_us + 1)
    assert move is not None, f"it was never in phase {phase}"
    return rig, tasks[0]


@pytest.mark.parametrize("phase", ["setup", "memory", "final"])
def test_the_guest_survives_the_target(phase: str) -> None:
    rig, task = live_at(phase)
    rig.power_off("n2")
    outcome = rig.finish(task, within_s=20)
    assert (outcome.ok, outcome.reason) == (False, "n2 cannot be reached")
    assert rig.host.runs_on(SID) == ("n1",)
    assert rig.registry.nodes[SID] == "n1"
    assert rig.states(SID, "n1").count("starting") == 1, "it was never restarted"


@pytest.mark.parametrize("phase", ["setup", "memory", "final", "commit", "handover"])
def test_the_source_takes_its_guest_along(phase: str) -> None:
    rig, task = live_at(phase)
    rig.power_off("n1")
    assert rig.host.runs_on(SID) == ()
    assert rig.host.state(SID, "n2") is None
    rig.run(60)
    assert not task.done()
    expected = "n2" if phase in ("commit", "handover") else "n1"
    assert rig.registry.nodes[SID] == expected


@pytest.mark.parametrize("phase", ["setup", "memory", "final"])
def test_a_refused_rename_lets_the_source_go_on(phase: str) -> None:
    rig, task = live_at(phase)
    rig.no_quorum()
    outcome = rig.finish(task)
    assert not outcome.ok
    assert "no quorum" in outcome.reason
    assert rig.host.runs_on(SID) == ("n1",)
    assert rig.storage.writers(rig.host.volume(SID, "n1")) == ("n1",)
    assert rig.host.state(SID, "n2") is None
    assert rig.states(SID, "n1").count("starting") == 1


@pytest.mark.parametrize("error", [OutcomeUnknownError("?"), StaleError("elsewhere")])
def test_when_the_configuration_may_be_elsewhere_nobody_runs(
    error: OutcomeUnknownError | StaleError,
) -> None:
    rig, task = live_at("memory")
    rig.registry.error = error
    assert not rig.finish(task).ok
    assert rig.host.runs_on(SID) == ()
    assert rig.host.state(SID, "n1") is rig.host.state(SID, "n2") is None


def test_a_target_lost_after_the_rename_was_sent_leaves_the_guest_to_be_started() -> None:
    rig, task = live_at("commit")
    rig.power_off("n2")
    outcome = rig.finish(task)
    assert outcome.ok, "the configuration has moved"
    assert outcome.reason
    assert rig.host.runs_on(SID) == ()
    assert rig.registry.nodes[SID] == "n2"


def test_a_target_lost_before_a_refused_rename_costs_nothing() -> None:
    rig, task = live_at("commit")
    rig.no_quorum()
    rig.power_off("n2")
    assert not rig.finish(task).ok
    assert rig.host.runs_on(SID) == ("n1",)


def test_nobody_has_the_volume_open_while_the_rename_is_on_its_way() -> None:
    rig, task = live_at("commit")
    assert rig.host.runs_on(SID) == ()
    assert rig.storage.writers(rig.host.volume(SID, "n1")) == ()
    assert rig.finish(task).ok
    assert rig.storage.writers(rig.host.volume(SID, "n1")) == ("n2",)


def test_a_short_interruption_only_delays() -> None:
    rig, task = live_at("memory")
    rig.cut_link("n1")
    rig.run(8)
    rig.heal_link("n1")
    assert rig.finish(task).ok
    assert rig.host.runs_on(SID) == ("n2",)


def test_a_long_interruption_ends_it() -> None:
    rig, task = live_at("memory")
    began_s = rig.kernel.now_s
    rig.cut_link("n1")
    assert rig.finish(task).reason == "n2 cannot be reached"
    assert rig.kernel.now_s - began_s == pytest.approx(10.0, abs=0.01)


def test_no_order_to_go_on_means_a_new_start_at_the_target() -> None:
    """After the rename the source is cut off: both halves end, the configuration decides."""
    rig, task = live_at("handover")
    rig.cut_link("n1")
    assert rig.finish(task).ok
    assert rig.host.runs_on(SID) == ()
    assert rig.host.state(SID, "n2") is None
    rig.started(SID, "n2")
    assert rig.broken == []


def test_a_half_whose_source_is_silent_goes_away() -> None:
    """A hung source is fenced; what it left behind must not be taken for the guest."""
    rig, task = live_at("memory")
    rig.pause("n1")
    rig.run(59)
    assert rig.runtime("n2").running(SID)
    rig.run(2)
    assert not rig.runtime("n2").running(SID)
    rig.power_off("n1")
    rig.registry.put(SID, "n2")
    rig.started(SID, "n2")
    assert not task.done()
    assert rig.broken == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (storage_source, "storage shared does not answer on n1"),
        (storage_target, "storage shared does not answer on n2"),
    ],
)
def test_storage_that_stops_answering_ends_it(fault: Callable[[Rig], None], reason: str) -> None:
    rig, task = live_at("memory")
    fault(rig)
    assert rig.finish(task).reason == reason
    expected = "frozen" if fault is storage_source else "running"
    assert rig.host.state(SID, "n1") == expected
    heal(rig)
    assert rig.host.state(SID, "n1") == "running"
    assert rig.finish(rig.move(SID, "n1", "n2")).ok


@pytest.mark.parametrize("phase", ["setup", "disks", "memory", "final"])
def test_no_half_copied_disk_stays_behind(phase: str) -> None:
    rig, task = live_at(phase, "local")
    rig.cut_link("n2")
    assert not rig.finish(task).ok
    assert [str(volume) for volume in rig.storage.volumes()] == ["local@n1:vm-100-disk-0"]
    assert rig.storage.used_bytes("local", "n2") == 0
    assert rig.host.used_memory_bytes("n2") == 0


def test_a_crash_of_the_guest_ends_its_move() -> None:
    rig, task = live_at("memory")
    rig.host.crash(SID)
    assert rig.finish(task).reason == "the guest ended"
    assert rig.host.state(SID, "n2") is None
    rig.started(SID, "n1")


def test_a_cut_in_the_switch_over_ends_it_at_once() -> None:
    """The guest stands still already: it does not wait for the path, it goes on."""
    rig, task = live_at("final")
    began_s = rig.kernel.now_s
    rig.cut_link("n1")
    assert rig.host.runs_on(SID) == ("n1",)
    assert not rig.finish(task).ok
    assert rig.kernel.now_s - began_s < 0.001


def test_a_copy_does_not_survive_a_reset_of_its_target() -> None:
    rig, tasks = begin(Kind("local", False))
    rig.kernel.run(BEGIN_US + to_us(10))
    reset_target(rig)
    assert rig.finish(tasks[0]).reason == "n2 cannot be reached"
    assert [str(volume) for volume in rig.storage.volumes()] == ["local@n1:vm-100-disk-0"]
    assert rig.registry.nodes[SID] == "n1"
