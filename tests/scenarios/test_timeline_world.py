"""The timeline against the world itself: what is read from the journal is what there is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.lines import US, of_record, of_records
from scenarios.report import render
from scenarios.timeline import Fold, read
from scenarios.timeline.tracks import GuestTrack
from sim.faults import Fault
from sim.layout import ClusterLayout, GuestSpec, NodeSpec
from sim.world import World
from tests.scenarios.test_report import Ended, told

NODES = tuple(f"node{number}" for number in range(1, 6))
GUESTS = tuple(f"vm:{100 + number}" for number in range(8))


def layout() -> ClusterLayout:
    return ClusterLayout(
        nodes=tuple(NodeSpec(name) for name in NODES),
        guests=tuple(GuestSpec(sid, NODES[at % 5]) for at, sid in enumerate(GUESTS)),
    )


def runs_on(guest: GuestTrack) -> tuple[str, ...]:
    """The nodes on which the timeline has a guest execute."""
    state, detail = guest.process.state, guest.process.detail
    if state == "moving":
        return (detail.partition(" → ")[0],)
    if state in ("running", "frozen", "stopping"):
        return (detail,)
    return tuple(detail.split(" and ")) if state == "double" else ()


def differs(guest: GuestTrack, says: tuple[str, ...], so: tuple[str, ...]) -> bool:
    """A migrating guest executes nowhere for the moment in which it is handed over."""
    return says != so and not (guest.process.state == "moving" and so == ())


def differences(world: World, fold: Fold) -> list[str]:
    """Where the timeline and the world do not agree at this moment."""
    facts, found = world.facts, []
    for name in NODES:
        node = fold.nodes[name]
        if node.power.state != facts.node_power(name):
            found.append(f"{name}: {node.power.state}, is {facts.node_power(name)}")
        if facts.node_power(name) == "on" and (
            (node.quorum.state == "quorate") != facts.quorate(name)
        ):
            found.append(f"{name}: {node.quorum.state}, quorate {facts.quorate(name)}")
    told_of = {sid: (runs_on(fold.guests[sid]), facts.guest_nodes(sid)) for sid in GUESTS}
    found += [
        f"{sid}: {says}, is {so}"
        for sid, (says, so) in told_of.items()
        if differs(fold.guests[sid], says, so)
    ]
    return found


FAULTS = st.one_of(
    st.builds(
        Fault, st.sampled_from(["power", "hang", "pause", "isolate"]), st.sampled_from(NODES)
    ),
    st.builds(Fault, st.just("reset"), st.sampled_from(NODES)),
    st.builds(Fault, st.just("storage"), storage=st.just("shared")),
    st.builds(Fault, st.just("guest_crash"), guest=st.sampled_from(GUESTS)),
)
COMMANDS = st.one_of(
    st.builds("ha-manager migrate {} {}".format, st.sampled_from(GUESTS), st.sampled_from(NODES)),
    st.builds("ha-manager relocate {} {}".format, st.sampled_from(GUESTS), st.sampled_from(NODES)),
    st.builds("ha-manager set {} --state stopped".format, st.sampled_from(GUESTS)),
    st.builds("node reboot {}".format, st.sampled_from(NODES)),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(10, 120), st.one_of(FAULTS, COMMANDS)), max_size=6))
def test_at_every_moment_it_tells_what_there_is(story: list[tuple[int, Fault | str]]) -> None:
    world, fold = World(layout(), seed=1), Fold()
    for record in world.journal.records:
        fold.read(of_record(record))
    world.journal.subscribe(lambda record: fold.read(of_record(record)))
    now_s = 0.0
    for after_s, act in [*story, (300, "")]:
        until_s = now_s + after_s
        while now_s < until_s:
            now_s += 7.3
            world.run(now_s)
            assert differences(world, fold) == []
        if isinstance(act, Fault):
            world.inject(act)
        elif act:
            world.operate(act)
    world.heal_all()
    world.run(now_s + 400)
    assert differences(world, fold) == []


@pytest.fixture(scope="module")
def cut() -> World:
    world = World(layout(), seed=1)
    world.run(60)
    world.inject(Fault("power", "node3", heal_after_s=400))
    world.run(900)
    return world


def test_a_recovery_in_the_world(cut: World) -> None:
    timeline = read(of_records(cut.journal.records), end_us=900 * US)
    down = [one for one in timeline.downtime if one.down_us]
    assert [one.sid for one in down] == ["vm:102", "vm:107"]
    assert all(60 < one.down_us / US < 300 and one.outages == 1 for one in down)
    kinds = [mark.kind for mark in timeline.markers]
    assert kinds.count("fence_done") == 1
    assert kinds.count("recovered") == 2
    assert sum(bool(node.master) for node in timeline.nodes) >= 1
    lost = next(node for node in timeline.nodes if node.name == "node3")
    assert [span.state for span in lost.power] == ["on", "off", "booting", "on"]


def test_its_report_has_every_event_as_a_sentence(cut: World) -> None:
    data = told(render(cut.journal.records, Ended(end_s=900)))
    texts = data["events"]["texts"]
    assert len(texts) == len(cut.journal.records)
    assert "node node3 is fenced: its lock was obtained" in texts
    assert not any("None" in text or "('" in text for text in texts)
