"""Random operations and random faults at random times: one owner, one writer, always.

The operator here is careful, as HA is: a guest is started only where its configuration lies, and a
configuration is taken from a node only while that node has no power. And he is quick: a guest that
is found not running is started again at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.model.errors import NotQuorateError, OutcomeUnknownError, QuorateError
from sim.guests.move import COMMIT, DISKS, FINAL, HANDOVER, MEMORY, SETUP
from sim.kernel import ORDER_FAULT, ORDER_LOOP, to_us
from sim.layout import GuestSpec
from tests.sim.guests.rig import Rig

NODES = ("n1", "n2", "n3")
GUESTS = (
    GuestSpec("vm:1", "n1", dirty_bytes_s=4e8),
    GuestSpec("vm:2", "n2", storage="local", start_fails={"n1": 1}, migration_fails=1),
    GuestSpec("ct:3", "n3", storage="local", disk_bytes=2**30),
)
SIDS = tuple(spec.sid for spec in GUESTS)
OPERATIONS = ("start", "stop", "kill", "move", "relocate", "recover", "crash")
PHASES = (SETUP, DISKS, MEMORY, FINAL, COMMIT, HANDOVER)
FAULTS = ("power", "pause", "link", "outage", "refuse", "unknown", "lost answer")


@dataclass(frozen=True)
class Step:
    """Wait, then do or break something. What a fault breaks is repaired after `heal_s`.

    With a phase it waits for the next move that comes to that phase.
    """

    wait_s: float
    phase: str | None
    what: str
    sid: str
    node: str
    heal_s: float


WAITS_S = st.one_of(st.floats(0.0, 30.0), st.floats(0.0, 0.01))
HEALS_S = st.one_of(st.floats(0.001, 0.5), st.floats(0.5, 100.0))
OPERATION = st.builds(
    Step,
    wait_s=WAITS_S,
    phase=st.none(),
    what=st.sampled_from(OPERATIONS),
    sid=st.sampled_from(SIDS),
    node=st.sampled_from(NODES),
    heal_s=st.just(0.0),
)
FAULT = st.builds(
    Step,
    wait_s=WAITS_S,
    phase=st.sampled_from([None, *PHASES]),
    what=st.sampled_from(FAULTS),
    sid=st.sampled_from(SIDS),
    node=st.sampled_from(NODES),
    heal_s=HEALS_S,
)
MOVE = st.builds(
    Step,
    wait_s=WAITS_S,
    phase=st.none(),
    what=st.just("move"),
    sid=st.sampled_from(SIDS),
    node=st.sampled_from(NODES),
    heal_s=st.just(0.0),
)
STEPS = st.lists(st.one_of(MOVE, MOVE, FAULT, FAULT, OPERATION), min_size=5, max_size=30)


def operate(rig: Rig, step: Step) -> None:
    """What a careful operator can do; nothing on a node that does not answer."""
    lies_at = rig.registry.nodes[step.sid]
    awake = rig.host.is_up(lies_at) and not rig.boots[lies_at].paused
    if step.what == "crash":
        rig.host.crash(step.sid)
    elif step.what == "recover":
        if not rig.host.is_up(lies_at) and rig.host.is_up(step.node):
            rig.registry.put(step.sid, step.node)
    elif not awake:
        return
    elif step.what == "start":
        rig.start(step.sid, lies_at)
    elif step.what in ("stop", "kill"):
        rig.stop(step.sid, lies_at, 0 if step.what == "kill" else 20)
    else:
        rig.move(step.sid, lies_at, step.node, online=step.what == "move")


def set_errors(rig: Rig, error: QuorateError | None, lost: QuorateError | None = None) -> None:
    rig.registry.error, rig.registry.lost_answers = error, lost


def power(rig: Rig, node: str, *, on: bool) -> None:
    if on != rig.host.is_up(node):
        (rig.power_on if on else rig.power_off)(node)


def wake(rig: Rig, node: str) -> None:
    if rig.host.is_paused(node):
        rig.resume(node)


def fail(rig: Rig, step: Step) -> None:
    """Break it now and plan the repair."""

    def later(heal: object) -> None:
        assert callable(heal)
        rig.kernel.call_in(to_us(step.heal_s), heal, ORDER_FAULT)

    node, pool = step.node, rig.catalog.spec(step.sid).storage
    if step.what == "power":
        power(rig, node, on=False)
        later(lambda: power(rig, node, on=True))
    elif step.what == "pause" and rig.host.is_up(node):
        rig.pause(node)
        later(lambda: wake(rig, node))
    elif step.what == "link":
        rig.cut_link(node)
        later(lambda: rig.heal_link(node))
    elif step.what == "outage":
        rig.storage.begin_outage(pool, node)
        later(lambda: rig.storage.end_outage(pool, node))
    elif step.what in ("refuse", "unknown", "lost answer"):
        unknown = OutcomeUnknownError("no answer")
        if step.what == "lost answer":
            set_errors(rig, None, unknown)
        else:
            set_errors(rig, NotQuorateError("no") if step.what == "refuse" else unknown)
        later(lambda: set_errors(rig, None))


def restart(rig: Rig) -> None:
    """Start what does not run, everywhere where somebody is awake to do so, every two seconds."""
    for sid in SIDS:
        node = rig.registry.nodes[sid]
        awake = rig.host.is_up(node) and not rig.boots[node].paused
        if awake and not rig.runtime(node).running(sid):
            rig.start(sid, node)
    rig.kernel.call_in(to_us(2), lambda: restart(rig), ORDER_LOOP)


def run(rig: Rig, until_us: int, phase: str | None = None) -> None:
    """Let time pass, or until a move is in that phase."""
    while (due_us := rig.kernel.next_us()) is not None and due_us < until_us:
        moves = [rig.mover.moving(sid) for sid in SIDS]
        if phase is not None and any(move and move.phase == phase for move in moves):
            return
        rig.kernel.run(due_us + 1)
    rig.kernel.run(until_us)


def play(steps: list[Step]) -> Rig:
    rig = Rig(*GUESTS)
    restart(rig)
    run(rig, to_us(10))
    for step in steps:
        wait_s = step.wait_s if step.phase is None else 60.0
        run(rig, rig.kernel.now_us + to_us(wait_s), step.phase)
        (operate if step.what in OPERATIONS else fail)(rig, step)
    run(rig, rig.kernel.now_us + to_us(400))
    return rig


def whole(rig: Rig) -> None:
    """Nothing is left over, and every guest runs where its configuration is, if its disk does."""
    assert rig.failures == []
    assert rig.broken == [], rig.story()
    for sid, spec in zip(SIDS, GUESTS, strict=True):
        lies_at = rig.registry.nodes[sid]
        assert rig.mover.moving(sid) is None, rig.story()
        assert all(rig.host.process(sid, node) is None for node in NODES if node != lies_at), (
            rig.story()
        )
        if spec.storage == "shared" or rig.storage.exists(rig.host.volume(sid, lies_at)):
            assert rig.host.runs_on(sid) == (lies_at,), rig.story()
        copies = [rig.storage.exists(rig.host.volume(sid, node)) for node in NODES]
        assert any(copies), "a copy of a disk may be left behind, but never none"


@settings(max_examples=500)
@given(STEPS)
def test_one_owner_and_one_writer(steps: list[Step]) -> None:
    whole(play(steps))


@settings(max_examples=20)
@given(STEPS)
def test_the_same_steps_give_the_same_story(steps: list[Step]) -> None:
    assert play(steps).story() == play(steps).story()
