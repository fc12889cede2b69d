"""Rings and views over time: detection as measured on real corosync, and its oddities."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from sim.layout import ClusterLayout, LinkSpec, NodeSpec, QuorumSpec
from sim.network.fabric import effective_token_s
from tests.sim.network.lab import Heard, Lab, cluster

SEEDS = range(25)
# Settings of three nodes -> effective token, and measured ranges in seconds: rejoin after the link
# is up, rejoin after a start.
MEASURED = [
    ({}, 3.65, (2.1, 2.8), (2.6, 3.4)),
    ({"token_s": 1.0}, 1.65, (1.6, 1.9), (1.7, 2.2)),
    ({"token_s": 1.0, "token_coefficient_s": 0.0}, 1.0, (1.4, 1.6), (1.4, 1.7)),
    ({"token_s": 0.3, "token_coefficient_s": 0.0}, 0.3, (0.9, 1.6), (1.0, 1.7)),
]


def first_after(lab: Lab, node: str, at_s: float) -> float:
    """How long after that time the node was told its next view."""
    return next(told_s for told_s, _ in lab.installs(node) if told_s > at_s) - at_s


def unsettled_at(lab: Lab, at_s: float) -> tuple[str, ...]:
    found = [heard.nodes for heard in lab.log.calls if heard.views is None and heard.at_s == at_s]
    return found[0] if found else ()


# how long it takes


@pytest.mark.parametrize(("options", "token_s", "rejoin_s", "restart_s"), MEASURED)
def test_times_are_as_measured(
    options: dict[str, Any],
    token_s: float,
    rejoin_s: tuple[float, float],
    restart_s: tuple[float, float],
) -> None:
    for seed in SEEDS:
        lab = Lab(cluster(3, **options), seed)
        lab.at(10, lab.isolate, "n3")
        lab.at(50, lab.heal, "n3")
        lab.at(100, lab.engine.kill_node, "n3")
        lab.at(150, lab.engine.start_node, "n3")
        lab.run(200)
        for at_s, nodes in ((10, ("n1", "n2", "n3")), (100, ("n1", "n2"))):
            for node in nodes:
                assert 2.1 <= first_after(lab, node, at_s) / token_s <= 2.2001
        assert rejoin_s[0] - 0.05 <= first_after(lab, "n1", 50) <= rejoin_s[1] + 0.05
        assert first_after(lab, "n3", 150) == pytest.approx(0.4)  # alone, and not quorate
        assert restart_s[0] - 0.05 <= first_after(lab, "n1", 150) <= restart_s[1] + 0.05
        assert lab.quorate() == ("n1", "n2", "n3")


def test_both_parts_are_installed_together() -> None:
    lab = Lab(cluster(5))
    lab.at(10, lab.block, ("n1", "n2"), ("n3", "n4", "n5"))
    lab.run(60)
    assert unsettled_at(lab, 10) == lab.nodes
    assert {told_s for node in lab.nodes for told_s, _ in lab.installs(node)} == {
        lab.installs("n1")[0][0]
    }
    assert lab.quorate() == ("n3", "n4", "n5")
    assert lab.engine.view("n4").online == ("n3", "n4", "n5")
    assert lab.engine.view("n1").online == ()
    assert lab.engine.view("n1").members == lab.nodes
    assert lab.engine.group("n1") == ("n1", "n2")


def test_a_stall_is_over_when_the_ring_is_installed() -> None:
    lab = Lab(cluster(3))
    lab.at(10, lab.isolate, "n3")
    lab.run(12)
    assert lab.settled() == ()
    assert lab.quorate() == lab.nodes  # nobody knows yet
    lab.run(60)
    assert lab.settled() == lab.nodes
    assert lab.quorate() == ("n1", "n2")


def test_merging_rings_work_until_the_last_moment() -> None:
    lab = Lab(cluster(3))
    lab.at(10, lab.isolate, "n3")
    lab.at(50, lab.heal, "n3")
    lab.run(51.5)
    assert lab.settled() == lab.nodes
    lab.run(60)
    stall_s = next(heard.at_s for heard in lab.log.calls if heard.at_s > 50)
    merged_s = 50 + first_after(lab, "n1", 50)
    assert merged_s - stall_s == pytest.approx(0.19)


def test_a_clean_leave_is_noticed_at_once() -> None:
    lab = Lab(cluster(3))
    lab.at(10, lab.engine.stop_node, "n3")
    lab.run(60)
    assert first_after(lab, "n1", 10) == pytest.approx(0.19)
    assert lab.engine.view("n1").online == ("n1", "n2")
    assert not lab.engine.started("n3")
    assert not lab.engine.settled("n3")
    assert not lab.engine.view("n3").quorate


def test_two_of_three_lost_and_back() -> None:
    lab = Lab(cluster(3))
    for node in ("n2", "n3"):
        lab.at(10, lab.engine.kill_node, node)
        lab.at(50, lab.engine.start_node, node)
    lab.run(30)
    assert lab.quorate() == ()
    lab.run(70)
    assert lab.quorate() == lab.nodes
    assert lab.engine.group("n1") == lab.nodes


def test_a_cold_start_begins_with_rings_of_one() -> None:
    lab = Lab(cluster(3), begin=False)
    for node in lab.nodes:
        lab.at(0, lab.engine.start_node, node)
    lab.run(0.3)
    assert not any(lab.engine.started(node) for node in lab.nodes)
    lab.run(1.0)
    assert all(lab.engine.started(node) for node in lab.nodes)
    assert lab.quorate() == ()
    lab.run(5.0)
    assert lab.quorate() == lab.nodes


def test_power_lost_while_starting() -> None:
    lab = Lab(cluster(3))
    lab.at(10, lab.engine.kill_node, "n3")
    lab.at(50, lab.engine.start_node, "n3")
    lab.at(50.2, lab.engine.kill_node, "n3")
    lab.at(60, lab.engine.start_node, "n3")
    lab.at(61, lab.engine.kill_node, "n3")
    lab.run(100)
    assert not lab.engine.started("n3")
    assert len(lab.installs("n1")) == 1


def test_starting_twice_is_a_defect() -> None:
    lab = Lab(cluster(3))
    with pytest.raises(ValueError, match="runs already on n1"):
        lab.engine.start_node("n1")


# what changes nothing


def test_what_nobody_notices_is_told_to_nobody() -> None:
    lab = Lab(cluster(3))
    lab.at(10, partial(lab.isolate, "n1", "n2", links=("link0",)))
    lab.at(20, lambda: lab.fabric.set_latency("link1", 20))
    lab.at(20, lab.engine.fabric_changed)
    lab.run(60)
    assert lab.log.calls == []


@pytest.mark.parametrize("cut_s", [0.5, 3.6])
def test_a_cut_shorter_than_the_token_is_a_stall(cut_s: float) -> None:
    lab = Lab(cluster(3))
    before = {node: lab.engine.view(node) for node in lab.nodes}
    lab.at(10, lab.isolate, "n3")
    lab.at(10 + cut_s, lab.heal, "n3")
    lab.run(60)
    assert [heard.at_s for heard in lab.log.calls] == [10, 10 + cut_s]
    assert lab.log.calls[1].views == before


def test_a_cut_longer_than_the_token_makes_a_new_ring_of_the_same() -> None:
    lab = Lab(cluster(3))
    lab.at(10, lab.isolate, "n3")
    lab.at(14, lab.heal, "n3")
    lab.run(60)
    assert [len(lab.installs(node)) for node in lab.nodes] == [1, 1, 1]
    assert {lab.engine.view(node).epoch for node in lab.nodes} == {2}
    assert lab.quorate() == lab.nodes


# one direction, and partial hearing


def test_a_deaf_node_is_out_first() -> None:
    for seed in SEEDS:
        lab = Lab(cluster(3, token_s=1.0), seed)
        lab.at(10, lab.fabric.block_one_way, ("n1", "n2"), ("n3",))
        lab.at(10, lab.engine.fabric_changed)
        lab.run(60)
        assert 2.1 <= first_after(lab, "n3", 10) / 1.65 <= 2.2001
        assert 3.0 <= first_after(lab, "n1", 10) / 1.65 <= 3.1001
        assert lab.quorate() == ("n1", "n2")


def test_a_mute_node_is_out_last() -> None:
    lab = Lab(cluster(3, token_s=1.0))
    lab.at(10, lab.fabric.block_one_way, ("n3",), ("n1", "n2"))
    lab.at(10, lab.engine.fabric_changed)
    lab.run(60)
    assert first_after(lab, "n1", 10) < first_after(lab, "n3", 10)
    assert lab.quorate() == ("n1", "n2")


def test_who_is_heard_by_some_only_is_in_one_ring() -> None:
    lab = Lab(cluster(3))
    lab.at(10, lab.block, ("n1",), ("n3",))
    lab.run(60)
    assert lab.engine.group("n2") == ("n1", "n2")
    assert lab.engine.group("n3") == ("n3",)
    assert lab.settled() == lab.nodes


# pauses


def test_a_paused_node_never_sees_quorum_lost() -> None:
    lab = Lab(cluster(3, token_s=1.0))
    lab.at(10, lab.engine.pause_node, "n3")
    lab.at(17, lab.engine.resume_node, "n3")
    lab.run(60)
    assert unsettled_at(lab, 10) == lab.nodes
    told = lab.installs("n3")
    assert [view.quorate for _, view in told] == [True]
    assert told[0][1].online == lab.nodes
    assert told[0][1].epoch == 3  # left and joined back to back
    assert told[0][0] - 17 == pytest.approx(1.33, abs=0.06)
    assert [view.epoch for _, view in lab.installs("n1")] == [2, 3]
    assert 2.1 <= first_after(lab, "n1", 10) / 1.65 <= 2.2001


def test_while_paused_it_believes_what_it_believed() -> None:
    lab = Lab(cluster(3))
    lab.at(10, lab.engine.pause_node, "n3")
    lab.run(60)
    assert lab.engine.view("n3").online == lab.nodes
    assert lab.engine.started("n3")
    assert not lab.engine.settled("n3")
    assert lab.engine.view("n1").online == ("n1", "n2")


def test_a_short_pause_is_no_event() -> None:
    lab = Lab(cluster(3, token_s=1.0))
    lab.at(10, lab.engine.pause_node, "n3")
    lab.at(10.8, lab.engine.resume_node, "n3")
    lab.run(60)
    assert [lab.installs(node) for node in lab.nodes] == [
        [(10.8, lab.engine.view(node))] for node in lab.nodes
    ]
    assert {lab.engine.view(node).epoch for node in lab.nodes} == {1}


def test_pauses_are_of_who_runs() -> None:
    lab = Lab(cluster(3))
    lab.engine.resume_node("n3")
    lab.engine.kill_node("n3")
    lab.run(30)
    lab.log.calls.clear()
    lab.engine.pause_node("n3")
    lab.engine.resume_node("n3")
    assert lab.log.calls == []


def test_a_node_paused_while_it_starts_goes_on_starting() -> None:
    for pause_s in (50.2, 51.0):  # before and after it answers
        lab = Lab(cluster(3))
        lab.at(10, lab.engine.kill_node, "n3")
        lab.at(50, lab.engine.start_node, "n3")
        lab.at(pause_s, lab.engine.pause_node, "n3")
        lab.at(80, lab.engine.resume_node, "n3")
        lab.run(79)
        assert lab.engine.view("n1").online == ("n1", "n2")
        assert lab.engine.started("n3") == (pause_s > 50.4)
        lab.run(90)
        assert lab.quorate() == lab.nodes


# change upon change


def test_a_second_loss_is_found_with_the_first() -> None:
    lab = Lab(cluster(5))
    token_s = effective_token_s(QuorumSpec(), 5)
    lab.at(10, lab.engine.kill_node, "n5")
    lab.at(10 + token_s * 0.9, lab.engine.kill_node, "n4")
    lab.run(90)
    assert len(lab.installs("n1")) == 1
    assert 2.1 <= first_after(lab, "n1", 10) / token_s <= 2.2001


def test_a_loss_while_they_agree_starts_over() -> None:
    lab = Lab(cluster(5))
    token_s = effective_token_s(QuorumSpec(), 5)
    lab.at(10, lab.engine.kill_node, "n5")
    lab.at(10 + token_s * 1.5, lab.engine.kill_node, "n4")
    lab.run(90)
    assert len(lab.installs("n1")) == 1
    assert 3.6 <= first_after(lab, "n1", 10) / token_s <= 3.7001


def test_steady_change_is_not_waited_for_for_ever() -> None:
    lab = Lab(cluster(8))
    token_s = effective_token_s(QuorumSpec(), 8)
    for turn in range(40):
        node = ("n7", "n8")[turn % 2]
        lab.at(10 + turn * 0.8 * token_s, lab.isolate, node)
        lab.at(10 + (turn + 1.5) * 0.8 * token_s, lab.heal, node)
    lab.run(10 + 30 * token_s)
    times = [10.0, *(told_s for told_s, _ in lab.installs("n1"))]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps
    assert max(gaps) <= 7 * token_s
    lab.run(10 + 90 * token_s)
    assert lab.engine.group("n1") == lab.nodes


def test_a_flapping_link_faster_than_the_token_breaks_nothing() -> None:
    lab = Lab(cluster(3))
    for turn in range(10):
        lab.at(10 + 4 * turn, lab.isolate, "n3")
        lab.at(12 + 4 * turn, lab.heal, "n3")
    lab.run(100)
    assert {lab.engine.view(node).epoch for node in lab.nodes} == {1}
    assert lab.settled() == lab.nodes


def test_a_flapping_link_slower_than_detection_comes_and_goes() -> None:
    lab = Lab(cluster(3))
    for turn in range(5):
        lab.at(10 + 40 * turn, lab.isolate, "n3")
        lab.at(30 + 40 * turn, lab.heal, "n3")
    lab.run(250)
    assert [view.quorate for _, view in lab.installs("n3")] == [False, True] * 5
    assert [view.online for _, view in lab.installs("n1")] == [("n1", "n2"), lab.nodes] * 5


# sites, sizes


def test_a_site_is_lost() -> None:
    nodes = (
        *(NodeSpec(f"a{number}", site="east") for number in (1, 2)),
        *(NodeSpec(f"b{number}", site="west") for number in (1, 2)),
        NodeSpec("c1", site="north"),
    )
    sites = ("east", "west", "north")
    links = tuple(LinkSpec(f"link{at}", {site: f"{site}{at}" for site in sites}) for at in (0, 1))
    lab = Lab(ClusterLayout(nodes, links))
    lab.at(10, lab.fabric.set_site_network, "east", False)
    lab.at(10, lab.engine.fabric_changed)
    lab.run(60)
    assert lab.quorate() == ("b1", "b2", "c1")
    assert lab.engine.group("a1") == ("a1",)
    lab.at(100, lab.fabric.set_site_network, "east", True)
    lab.at(100, lab.engine.fabric_changed)
    lab.run(160)
    assert lab.quorate() == lab.nodes


def test_thirty_two_nodes_are_slow_to_notice() -> None:
    lab = Lab(cluster(32))
    token_s = effective_token_s(QuorumSpec(), 32)
    assert token_s == 22.5
    lab.at(10, lab.block, lab.nodes[:16], lab.nodes[16:])
    lab.run(100)
    assert lab.quorate() == ()
    assert 2.1 <= first_after(lab, "n01", 10) / token_s <= 2.2001
    lab.at(200, lab.unblock, 1)
    lab.run(300)
    assert lab.quorate() == lab.nodes
    assert len(lab.log.calls) == 5  # stall, two rings, stall, one ring


# quorum of its own


def test_two_nodes_split_and_both_go_on() -> None:
    lab = Lab(cluster(2, two_node=True))
    lab.at(10, lab.isolate, "n1")
    lab.run(60)
    assert lab.quorate() == lab.nodes
    assert lab.engine.view("n1").online == ("n1",)


def test_wait_for_all_keeps_a_lonely_start_waiting() -> None:
    lab = Lab(cluster(2, two_node=True), begin=False)
    lab.at(0, lab.engine.start_node, "n1")
    lab.at(50, lab.engine.start_node, "n2")
    lab.run(40)
    assert lab.quorate() == ()
    lab.run(90)
    assert lab.quorate() == lab.nodes


def test_a_world_that_begins_was_complete_once() -> None:
    lab = Lab(cluster(2, two_node=True), begin=False)
    lab.engine.begin(["n1"])
    assert lab.quorate() == ("n1",)
    assert lab.log.calls == [Heard(0, ("n1",), {"n1": lab.engine.view("n1")})]


def test_the_last_man_standing_window_runs_in_time() -> None:
    for pause_s, survivors in ((40, ("n1", "n2")), (12, ())):
        lab = Lab(cluster(4, last_man_standing=True, last_man_standing_window_s=15))
        lab.at(10, lab.engine.kill_node, "n4")
        lab.at(10 + pause_s, lab.engine.kill_node, "n3")
        lab.run(40 + pause_s)
        assert lab.quorate() == survivors
