"""The quorum device over time: both ends notice late, and not together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.network.lab import Lab, cluster

SEEDS = range(25)


def pair(seed: int = 1, **options: Any) -> Lab:
    """Two nodes and a device; an effective token of one second, as it was measured."""
    quorum = {"qdevice": True, "token_s": 1.0, **options}
    return Lab(cluster(2, **quorum), seed)


def silence(lab: Lab, node: str) -> None:
    """Neither the others nor the device hear it."""
    lab.fabric.set_qdevice_path(node, up=False)
    lab.isolate(node)


def speak(lab: Lab, node: str) -> None:
    lab.fabric.set_qdevice_path(node, up=True)
    lab.heal(node)


def device(lab: Lab, up: bool) -> None:
    lab.fabric.set_qdevice(up)
    lab.engine.fabric_changed()


def told(lab: Lab, node: str) -> list[tuple[float, bool]]:
    return [(round(at_s, 3), view.quorate) for at_s, view in lab.installs(node)]


@pytest.mark.parametrize(
    ("timeouts", "survivor_s", "isolated_s"),
    [
        ({}, (7.8, 9.1), (11.7, 12.9)),
        ({"qdevice_timeout_s": 2.0, "qdevice_sync_timeout_s": 3.0}, (2.1, 2.3), (2.6, 3.3)),
    ],
)
def test_an_isolated_node_stays_quorate_longer_than_the_survivor_waits(
    timeouts: dict[str, float], survivor_s: tuple[float, float], isolated_s: tuple[float, float]
) -> None:
    for seed in SEEDS:
        lab = pair(seed, **timeouts)
        lab.at(10, silence, lab, "n1")
        lab.run(12.05)
        assert lab.quorate() == ("n1", "n2")
        assert lab.settled() == ()  # but what they send is delivered to nobody
        lab.run(60)
        (survived_s, survivor), (lost_s, isolated) = told(lab, "n2")[0], told(lab, "n1")[0]
        assert (survivor, isolated) == (True, False)
        assert survivor_s[0] <= survived_s - 10 <= survivor_s[1]
        assert isolated_s[0] <= lost_s - 10 <= isolated_s[1]
        assert survived_s < lost_s
        assert lab.log.splits == []  # the isolated one cannot act


def test_both_hear_the_device_but_not_each_other() -> None:
    lab = pair()
    lab.at(10, lab.isolate, "n2")
    lab.run(60)
    (lost_s, lost), (kept_s, kept) = told(lab, "n2")[0], told(lab, "n1")[0]
    assert (lost, kept) == (False, True)
    assert 2.1 <= lost_s - 10 <= 2.2
    assert 0.1 <= kept_s - lost_s <= 0.2  # refusals first
    lab.at(60, lab.heal, "n2")
    lab.run(90)
    assert lab.quorate() == lab.nodes


def test_a_clean_leave_needs_no_waiting() -> None:
    lab = pair()
    lab.at(10, lab.engine.stop_node, "n1")
    lab.run(60)
    assert told(lab, "n2") == [(10.19, True)]


def test_power_cut_is_waited_for_by_the_device() -> None:
    lab = pair()
    lab.at(10, lab.engine.kill_node, "n1")
    lab.run(60)
    (at_s, quorate), *more = told(lab, "n2")
    assert quorate
    assert not more
    assert 7.8 <= at_s - 10 <= 9.1


def test_losing_the_device_alone_is_no_event() -> None:
    lab = pair()
    lab.at(10, device, lab, False)
    lab.at(60, device, lab, True)
    lab.run(120)
    assert lab.log.calls == []


def test_without_the_device_the_next_loss_is_one_too_many() -> None:
    lab = pair()
    lab.at(10, device, lab, False)
    lab.at(60, lab.engine.kill_node, "n1")
    lab.run(90)
    assert told(lab, "n2") == [(told(lab, "n2")[0][0], False)]
    assert 2.1 <= told(lab, "n2")[0][0] - 60 <= 2.2  # nobody to wait for
    lab.at(100, device, lab, True)
    lab.run(120)
    (back_s, quorate) = told(lab, "n2")[1]
    assert quorate
    assert 0.14 <= back_s - 100 <= 8.14
    assert lab.engine.view("n2").online == ("n2",)


def test_the_lonely_node_loses_the_device() -> None:
    lab = pair()
    lab.at(10, lab.engine.stop_node, "n1")
    lab.at(50, device, lab, False)
    lab.run(100)
    at_s, quorate = told(lab, "n2")[1]
    assert not quorate
    assert 11.7 <= at_s - 50 <= 12.9
    assert lab.engine.view("n2").epoch == 3
    assert lab.settled() == ("n2",)


def test_a_short_loss_of_the_device_is_not_noticed() -> None:
    lab = pair()
    lab.at(10, lab.engine.stop_node, "n1")
    lab.at(50, device, lab, False)
    lab.at(56, device, lab, True)
    lab.run(100)
    assert len(told(lab, "n2")) == 1


def test_the_vote_moves_when_its_holder_loses_the_device() -> None:
    """For some seconds both halves count it: the device gives up sooner than the node does."""
    lab = pair()
    lab.at(10, lab.isolate, "n1")
    lab.run(50)
    assert lab.quorate() == ("n1",)
    lab.at(50, lab.fabric.set_qdevice_path, "n1", False)
    lab.at(50, lab.engine.fabric_changed)
    lab.run(100)
    assert lab.quorate() == ("n2",)
    gained_s, lost_s = told(lab, "n2")[1][0] - 50, told(lab, "n1")[1][0] - 50
    assert 7.8 <= gained_s <= 9.1
    assert 11.7 <= lost_s <= 12.9
    assert [at_s - 50 for at_s, _ in lab.log.splits] == [pytest.approx(gained_s, abs=0.001)]


def test_the_sync_timeout_ends_all_waiting() -> None:
    lab = pair(qdevice_timeout_s=60.0, qdevice_sync_timeout_s=5.0)
    lab.at(10, silence, lab, "n1")
    lab.run(30)
    for node in lab.nodes:
        assert 2.1 + 5 <= told(lab, node)[0][0] - 10 <= 2.2 + 5
    assert lab.quorate() == ()  # the device still believes in both and prefers the lowest
    lab.run(120)
    assert lab.quorate() == ("n2",)


def test_who_is_cut_off_and_back_before_it_was_told_sees_two_changes_in_one() -> None:
    lab = pair()
    lab.at(10, silence, lab, "n1")
    lab.at(20, speak, lab, "n1")  # the survivor is told already, the other not yet
    lab.run(60)
    assert [quorate for _, quorate in told(lab, "n1")] == [True]
    assert lab.engine.view("n1").epoch == 3
    assert lab.engine.view("n2").epoch == 3
    assert [quorate for _, quorate in told(lab, "n2")] == [True, True]


def test_a_paused_node_with_a_device_comes_back_quorate() -> None:
    lab = pair()
    lab.at(10, lab.engine.pause_node, "n1")
    lab.at(60, lab.engine.resume_node, "n1")
    lab.run(100)
    assert [quorate for _, quorate in told(lab, "n1")] == [True]
    assert lab.engine.view("n1").epoch == 3
    lab.at(100, lab.engine.stop_node, "n2")  # its own connection is back as well
    lab.run(120)
    assert lab.quorate() == ("n1",)


def test_a_node_that_starts_gets_the_vote_with_the_others() -> None:
    lab = Lab(cluster(2, qdevice=True), begin=False)
    for node in lab.nodes:
        lab.at(0, lab.engine.start_node, node)
    lab.at(20, lab.engine.stop_node, "n2")
    lab.run(40)
    assert lab.quorate() == ("n1",)


def test_the_last_man_of_four() -> None:
    lab = Lab(cluster(4, qdevice=True, qdevice_algorithm="lms"))
    for at_s, node in ((10, "n1"), (40, "n2"), (70, "n3")):
        lab.at(at_s, lab.engine.kill_node, node)
    lab.run(120)
    assert lab.quorate() == ("n4",)


def test_a_device_beyond_the_cluster_links_is_cut_off_with_them() -> None:
    lab = pair(qdevice_site="site1")
    lab.at(10, lab.isolate, "n1")
    lab.run(60)
    assert lab.quorate() == ("n2",)
    assert 11.7 <= told(lab, "n1")[0][0] - 10 <= 12.9
