"""What a journal says about every node and guest over time."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.lines import US, of_json
from scenarios.timeline import Span, Timeline, natural, percentile_us, read
from scenarios.timeline.spans import GUEST, Downtime, downtime_of
from tests.scenarios.journals import Story, large, power_loss

Shown = list[tuple[float, float, str, str]]


def shown(spans: tuple[Span, ...]) -> Shown:
    return [(span.begin_us / US, span.end_us / US, span.state, span.detail) for span in spans]


def process(timeline: Timeline, sid: str) -> Shown:
    return shown(next(guest.process for guest in timeline.guests if guest.sid == sid))


def told(story: Story, end_s: float) -> Timeline:
    return read(story.done(), end_us=round(end_s * US))


def one_guest() -> Story:
    """Two nodes; vm:100 runs on node1 from 10 s on."""
    story = Story(2, 1)
    for node in story.nodes:
        story.power(0, node, "on", "initially")
    story.guest(6, "vm:100", "node1", "starting")
    story.guest(10, "vm:100", "node1", "running")
    return story


@pytest.fixture(scope="module")
def lost() -> Timeline:
    return read(power_loss(), end_us=650 * US)


def test_a_node_that_loses_power(lost: Timeline) -> None:
    node = lost.nodes[2]
    assert node.name == "node3"
    assert shown(node.power) == [
        (0, 60, "on", "initially"),
        (60, 420, "off", "power cut"),
        (420, 510, "booting", "power is back"),
        (510, 650, "on", "booted"),
    ]
    assert shown(node.quorum) == [(2.04, 60, "quorate", ""), (515, 650, "quorate", "")]
    assert [(state, begin) for begin, _, state, _ in shown(node.state)] == [
        ("online", 5.2),
        ("unknown", 70),
        ("fence", 130),
        ("unknown", 190),
        ("online", 521),
    ]
    assert shown(node.lrm) == [(12.2, 60, "active", "")]


def test_the_master_is_master_until_the_end(lost: Timeline) -> None:
    assert shown(lost.nodes[0].master) == [(5.1, 650, "master", "")]
    assert [node.name for node in lost.nodes if node.master] == ["node1"]


def test_a_recovered_guest(lost: Timeline) -> None:
    assert process(lost, "vm:102") == [
        (0, 16.22, "waiting", ""),
        (16.22, 60, "running", "node3"),
        (60, 198, "down", "node3"),
        (198, 202, "starting", "node2"),
        (202, 650, "running", "node2"),
    ]
    assert [state for *_, state, _ in shown(lost.guests[2].service)] == [
        "started",
        "fence",
        "recovery",
        "started",
    ]


def test_a_migrated_guest_is_never_down(lost: Timeline) -> None:
    assert process(lost, "vm:100")[1:] == [
        (16, 568, "running", "node1"),
        (568, 589, "moving", "node1 → node3"),
        (589, 650, "running", "node3"),
    ]


def test_downtime_of_the_whole_run(lost: Timeline) -> None:
    down = {one.sid: (one.down_us / US, one.outages) for one in lost.downtime if one.down_us}
    assert down == {"vm:102": (142, 1), "vm:107": (143, 1)}


def test_faults_and_marks(lost: Timeline) -> None:
    (fault,) = lost.faults
    assert (fault.kind, fault.node, fault.begin_us, fault.end_us, fault.healed) == (
        "power",
        "node3",
        60 * US,
        420 * US,
        True,
    )
    assert [(mark.kind, mark.lane) for mark in lost.markers] == [
        ("fence_try", "node3"),
        ("fence_done", "node3"),
        ("recovered", "vm:102"),
        ("recovered", "vm:107"),
        ("operator", ""),
    ]


def test_a_fault_that_never_heals_lasts_to_the_end() -> None:
    story = one_guest()
    fault = {"fault": 1, "fault_kind": "isolate", "what": "node2", "node": "node2"}
    story.tell(20, "world", "fault", **fault)
    jump = {"fault": 2, "fault_kind": "clock_jump", "what": "node2 by 30 s", "node": "node2"}
    story.tell(30, "world", "fault", **jump)
    lasting, instant = told(story, 100).faults
    assert (lasting.end_us, lasting.healed) == (100 * US, False)
    assert (instant.end_us, instant.healed) == (30 * US, True)


@pytest.mark.parametrize(("stall", "ends"), [("paused", "resumed"), ("hung", "off")])
def test_a_node_that_stalls_freezes_its_guests(stall: str, ends: str) -> None:
    story = one_guest()
    story.power(50, "node1", stall, "fault")
    story.power(80, "node1", ends, "later")
    timeline = told(story, 100)
    after = {"resumed": "running", "off": "down"}[ends]
    assert process(timeline, "vm:100")[-2:] == [
        (50, 80, "frozen", "node1"),
        (80, 100, after, "node1"),
    ]
    assert timeline.downtime[0].frozen_us == 30 * US


def test_storage_freezes_and_thaws() -> None:
    story = one_guest()
    story.guest(20, "vm:100", "node1", "frozen")
    story.guest(25, "vm:100", "node1", "thawed")
    assert [state for *_, state, _ in process(told(story, 30), "vm:100")] == [
        "waiting",
        "running",
        "frozen",
        "running",
    ]


def test_stopped_on_request_is_not_downtime() -> None:
    story = one_guest()
    story.service(20, "node2", "vm:100", ["started", "request_stop"])
    story.guest(21, "vm:100", "node1", "stopping")
    story.guest(25, "vm:100", "node1", "stopped")
    timeline = told(story, 60)
    assert process(timeline, "vm:100")[-2:] == [
        (21, 25, "stopping", "node1"),
        (25, 60, "stopped", "node1"),
    ]
    assert timeline.downtime[0].down_us == 0


def test_a_guest_out_of_management_has_no_downtime() -> None:
    story = one_guest()
    story.tell(20, "node2/crm", "service_removed", service="vm:100", why="ignored")
    story.guest(25, "vm:100", "node1", "stopped")
    assert told(story, 60).downtime[0].down_us == 0


def test_a_relocation_is_one_outage() -> None:
    story = one_guest()
    move = {"service": "vm:100", "how": "relocate", "node": "node2"}
    story.tell(20, "node1/lrm", "move_begin", **move)
    story.guest(20, "vm:100", "node1", "stopping")
    story.guest(28, "vm:100", "node1", "stopped")
    story.tell(35, "node1/lrm", "move_end", **move)
    story.guest(40, "vm:100", "node2", "starting")
    story.guest(44, "vm:100", "node2", "running")
    timeline = told(story, 60)
    assert process(timeline, "vm:100")[2:] == [
        (20, 28, "stopping", "node1"),
        (28, 35, "relocating", "to node2"),
        (35, 40, "down", "node1"),
        (40, 44, "starting", "node2"),
        (44, 60, "running", "node2"),
    ]
    assert timeline.downtime == (Downtime("vm:100", 16 * US, 1, 16 * US, 0),)


def test_a_guest_on_two_nodes_is_shown_as_that() -> None:
    story = one_guest()
    story.guest(20, "vm:100", "node2", "running")
    assert process(told(story, 30), "vm:100")[-1] == (20, 30, "double", "node1 and node2")


def test_a_guest_that_never_starts_is_down_from_its_first_failure() -> None:
    story = Story(2, 1)
    story.guest(10, "vm:100", "node1", "starting")
    story.guest(14, "vm:100", "node1", "failed")
    timeline = told(story, 114)
    assert [state for *_, state, _ in process(timeline, "vm:100")] == ["waiting", "down"]
    assert timeline.downtime[0].down_us == 100 * US


def test_a_dead_source_ends_its_migration() -> None:
    story = one_guest()
    story.guest(20, "vm:100", "node1", "migrating", target="node2")
    story.guest(20, "vm:100", "node2", "arriving")
    story.power(30, "node1", "off", "power cut")
    assert process(told(story, 40), "vm:100")[-2:] == [
        (20, 30, "moving", "node1 → node2"),
        (30, 40, "down", "node1"),
    ]


def test_a_migration_goes_on_after_its_storage_was_out() -> None:
    story = one_guest()
    story.guest(20, "vm:100", "node1", "migrating", target="node2")
    story.guest(20, "vm:100", "node2", "arriving")
    story.guest(25, "vm:100", "node1", "frozen")
    story.guest(28, "vm:100", "node1", "thawed")
    story.guest(30, "vm:100", "node2", "failed", why="no")
    story.guest(30, "vm:100", "node1", "running", why="not moved")
    story.guest(40, "vm:100", "node1", "crashed")
    assert process(told(story, 50), "vm:100")[2:] == [
        (20, 25, "moving", "node1 → node2"),
        (25, 28, "frozen", "node1"),
        (28, 30, "moving", "node1 → node2"),
        (30, 40, "running", "node1"),
        (40, 50, "down", "node1"),
    ]


def test_disks_that_move_alone_are_no_run() -> None:
    story = one_guest()
    story.guest(20, "vm:100", "node1", "stopped")
    story.guest(30, "vm:100", "node1", "migrating", why="while stopped", target="node2")
    story.guest(50, "vm:100", "node1", "stopped", why="not moved to node2: no room")
    story.guest(60, "vm:100", "node1", "migrating", why="while stopped", target="node2")
    story.guest(70, "vm:100", "node2", "stopped", why="moved")
    timeline = told(story, 80)
    assert process(timeline, "vm:100")[2:] == [
        (20, 30, "down", "node1"),
        (30, 50, "relocating", "to node2"),
        (50, 60, "down", "node1"),
        (60, 70, "relocating", "to node2"),
        (70, 80, "down", "node1"),
    ]
    assert timeline.downtime[0].outages == 1


def test_a_state_that_lasts_no_time_leaves_no_trace() -> None:
    story = one_guest()
    story.power(20, "node1", "paused", "fault")
    story.power(20, "node1", "resumed", "fault")
    assert process(told(story, 30), "vm:100")[-1] == (10, 30, "running", "node1")


def test_what_repeats_each_round_is_marked_once() -> None:
    story = one_guest()
    for at_s in (20, 30, 40):
        story.tell(at_s, "node2/crm", "recovery_no_node", service="vm:100")
    story.service(50, "node2", "vm:100", ["recovery", "started"])
    story.tell(90, "node2/crm", "recovery_no_node", service="vm:100")
    assert [mark.t_us / US for mark in told(story, 100).markers] == [20, 90]


def test_names_are_in_natural_order() -> None:
    assert sorted(["node10", "vm:9", "node9", "vm:100"], key=natural) == [
        "node9",
        "node10",
        "vm:9",
        "vm:100",
    ]


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 20), (0, 10), (75, 30), (76, 40), (100, 40)]
)
def test_percentiles_are_values_that_occurred(percent: float, expected: int) -> None:
    assert percentile_us([30, 10, 40, 20], percent) == expected


def test_percentile_of_nothing() -> None:
    assert percentile_us([], 50) == 0


def test_adjacent_spans_are_one_outage() -> None:
    spans = (Span(0, 5, "down"), Span(5, 7, "starting"), Span(7, 9, "running"), Span(9, 10, "down"))
    assert downtime_of("vm:1", spans) == Downtime("vm:1", 8, 2, 7, 0)


def test_a_large_journal() -> None:
    timeline = read(large())
    assert (len(timeline.nodes), len(timeline.guests), len(timeline.faults)) == (32, 320, 60)


def test_a_journal_read_from_a_file_is_the_same() -> None:
    text = "".join(
        f'{{"t": {line.t_us / US}, "actor": "{line.actor}", {json.dumps(dict(line.fields))[1:]}\n'
        for line in power_loss()
    )
    assert read(of_json(text)) == read(power_loss())


WORDS = ("starting", "running", "stopping", "stopped", "crashed", "migrating", "arriving", "frozen")
STATES = ("on", "off", "booting", "hung", "paused", "resumed")
facts = st.tuples(
    st.integers(0, 50), st.sampled_from(WORDS + STATES), st.sampled_from(["node1", "node2"])
)


@given(st.lists(facts, max_size=30))
def test_spans_follow_each_other_and_fill_the_run(told_facts: list[tuple[int, str, str]]) -> None:
    story = Story(2, 1)
    for at_s, word, node in told_facts:
        if word in STATES:
            story.power(at_s, node, word, "")
        else:
            story.guest(at_s, "vm:100", node, word)
    timeline = told(story, 60)
    spans = timeline.guests[0].process
    assert (spans[0].begin_us, spans[-1].end_us) == (0, 60 * US)
    assert all(span.length_us > 0 and span.state in GUEST for span in spans)
    pairs = list(pairwise(spans))
    assert all(before.end_us == after.begin_us for before, after in pairs)
    assert all((one.state, one.detail) != (two.state, two.detail) for one, two in pairs)
