"""Real faults under load, and what the Corosync driver is to withstand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from appliance.ports.group_channel import Delivered, Dropped
from tests.contract.group import Group, delivered, members, views
from tests.lab.cluster import layout
from tests.lab.qnetd import lacks_qnetd, start_qdevice, start_qnetd, wait_for_votes, with_device
from tests.lab.world import LabWorld, make_world, why_not

pytestmark = pytest.mark.real

FIVE = ("n1", "n2", "n3", "n4", "n5")
BLOCKED_S = 3.0


def made(
    folder: Path, names: Sequence[str], *, links: int = 1, token_ms: int = 1000
) -> Iterator[LabWorld]:
    """A cluster with a daemon on each node, for one test."""
    reason = why_not()
    if reason:
        pytest.skip(f"no cluster of real corosyncs: {reason}")
    conf = layout(names, links=links, token_ms=token_ms)
    world = make_world(folder, names, links=links, conf=conf)
    try:
        world.begin()
        yield world
        world.end()
    finally:
        world.lab.end()


@pytest.fixture
def five(tmp_path: Path) -> Iterator[LabWorld]:
    yield from made(tmp_path / "lab", FIVE)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[LabWorld]:
    yield from made(tmp_path / "lab", FIVE[:3])


@pytest.fixture
def redundant(tmp_path: Path) -> Iterator[LabWorld]:
    """Two links. With a token of 1 s knet finds a dead link later than totem loses its token."""
    yield from made(tmp_path / "lab", FIVE[:3], links=2, token_ms=3000)


def fault_and_repair(
    world: LabWorld, group: Group, break_it: Callable[[], None], *sides: Sequence[str]
) -> None:
    """Break something, wait until every side has its own view, repair it all."""
    break_it()
    for side in sides:
        group.see(side, side)
    world.heal()
    group.see(world.names, world.names)


def test_five_nodes_send_through_every_fault(five: LabWorld) -> None:
    """All agree on what they delivered together, whatever happened; nothing comes twice."""
    world, group, lab = five, Group(five), five.lab
    n1, n2, n3, n4, n5 = FIVE
    group.join()
    streams = [group.stream(node, 42.0, 200, every_s=0.005) for node in FIVE]

    fault_and_repair(world, group, lambda: lab.cut(n5), (n1, n2, n3, n4), (n5,))
    fault_and_repair(world, group, lambda: lab.drop(n4), (n1, n2, n3, n5), (n4,))
    fault_and_repair(world, group, lambda: lab.drop(n3, outgoing=False), (n1, n2, n4, n5), (n3,))
    fault_and_repair(world, group, lambda: lab.drop(n2, incoming=False), (n1, n3, n4, n5), (n2,))
    fault_and_repair(
        world, group, lambda: world.partition((n1, n2), (n3, n4, n5)), (n1, n2), (n3, n4, n5)
    )
    world.end_service(n2)
    group.see((n1, n3, n4, n5), (n1, n3, n4, n5))
    world.start_service(n2)
    group.see(FIVE, FIVE)
    world.pause(n1)
    group.see((n2, n3, n4, n5), (n2, n3, n4, n5))
    world.sleep(10.0)
    world.resume(n1)
    group.see(FIVE, FIVE)

    world.until(lambda: all(call.done for call in streams), "streams to end")
    group.finish()
    for call in streams:
        assert call.error is None
        assert len(call.value) > 100
    assert len({len(views(world.daemon(node))) for node in FIVE}) > 1  # each saw its own faults


def test_all_corosyncs_die_at_once_and_come_back(three: LabWorld) -> None:
    world, group = three, Group(three)
    group.join()
    for node in world.names:
        group.stream(node, 3.0, 100, every_s=0.002)
    world.sleep(1.0)
    for node in world.names:
        world.end_service(node)
    world.until(lambda: not any(members(world.daemon(node)) for node in world.names), "the end")
    for node in world.names:
        world.start_service(node)
    group.see(world.names, world.names)
    group.finish()


def test_one_of_two_links_fails_and_nobody_notices(redundant: LabWorld) -> None:
    world, group = redundant, Group(redundant)
    group.join()
    before = [len(views(world.daemon(node))) for node in world.names]
    streams = [group.stream(node, 6.0, 100, every_s=0.005) for node in world.names]
    for node in world.names:
        world.lab.cut(node, link=0)
    world.until(lambda: all(call.done for call in streams), "streams to end")
    assert [len(views(world.daemon(node))) for node in world.names] == before
    group.finish()


def test_a_stopped_corosync_does_not_stop_the_daemon(three: LabWorld) -> None:
    """The library would spin for ever on a bell that nobody hears; nor does waiting cost CPU."""
    world, group = three, Group(three)
    n1 = world.names[0]
    group.join()
    agent = world.daemon(n1).agent
    world.lab.signal(n1, "STOP")
    try:
        calls = [group.send(n1, f"early {number}".encode()) for number in range(1000)]
        world.until(lambda: sum(call.done for call in calls) >= 100, "the first to be taken")
        cpu_s = agent.ask("cpu")
        world.sleep(BLOCKED_S)
        assert agent.ask("cpu") - cpu_s < BLOCKED_S / 3
        assert not all(call.done for call in calls)
    finally:
        world.lab.signal(n1, "CONT")
    group.get((n1,), [f"early {number}".encode() for number in range(1000)])
    group.see(world.names, world.names)
    group.finish()


def test_a_second_process_of_a_node_stays_out_until_the_first_is_gone(three: LabWorld) -> None:
    world, group = three, Group(three)
    n1 = world.names[0]
    group.join()
    first = world.daemon(n1)
    world.start_daemon(n1)
    second = world.daemon(n1)
    joined = second.join("contract")
    world.until(lambda: joined.done, "the second to ask")
    world.sleep(1.0)
    assert second.view is None
    assert members(first) == world.names
    first.agent.end()
    world.until(lambda: members(second) == world.names, "the second to be let in")
    group.finish()


def test_messages_pile_up_in_corosync_while_nobody_receives(three: LabWorld) -> None:
    """A daemon that stands still holds up nobody, and gets everything when it goes on."""
    world, group = three, Group(three)
    n1, _, n3 = world.names
    group.join()
    world.daemon(n3).agent.signal("STOP")
    payloads = [f"{number}/".encode().ljust(1000, b".") for number in range(3000)]
    group.send_all(n1, payloads)
    group.get((n1,), payloads)
    world.daemon(n3).agent.signal("CONT")
    group.get((n3,), payloads)
    group.finish()


def test_large_messages_that_a_view_change_cuts(three: LabWorld) -> None:
    """Until it has happened: nobody delivers such a message, and its sender is told."""
    world, group = three, Group(three)
    n1, n2, n3 = world.names
    group.join()
    for number in range(50):
        call = group.send(n1, f"{number}/".encode().ljust(12_000_000, b"."))
        while not call.done:
            group.come_and_go(n3)
        group.see(world.names, world.names)
        group.send_all(n2, [f"after {number}".encode()])
        group.get((n1,), [f"after {number}".encode()])
        cut = [e for e in world.daemon(n1).history if isinstance(e, Dropped)]
        if cut:
            break
    else:
        pytest.fail("no message was cut in 50 tries")
    assert cut == [Dropped(call.value)]
    group.finish()


@pytest.fixture
def with_qnetd(tmp_path: Path) -> Iterator[LabWorld]:
    """Two nodes and a quorum device."""
    reason = why_not() or lacks_qnetd()
    if reason:
        pytest.skip(f"no cluster with a quorum device: {reason}")
    names = FIVE[:2]
    conf = with_device(layout(names), timeout_ms=2000, sync_timeout_ms=3000)
    world = make_world(tmp_path / "lab", names, conf=conf)
    try:
        start_qnetd(world.lab)
        world.begin()
        for node in names:
            start_qdevice(world.lab, node)
        wait_for_votes(world.lab)
        yield world
        world.end()
    finally:
        world.lab.end()


def test_two_nodes_and_a_quorum_device(with_qnetd: LabWorld) -> None:
    """One of two goes on with the device's vote; what is sent meanwhile waits, and is not lost."""
    world, group = with_qnetd, Group(with_qnetd)
    n1, n2 = world.names
    group.join()
    votes = world.daemon(n1).votes()
    world.until(lambda: votes.done, "the votes")
    assert (votes.value.expected, votes.value.present, votes.value.needed) == (3, 3, 2)
    assert "Qdevice" in votes.value.flags

    streams = [group.stream(node, 8.0, 100, every_s=0.002) for node in world.names]
    world.lab.cut(n2)
    world.until(lambda: members(world.daemon(n1)) == (n1,), "n1 to be alone")
    world.until(lambda: world.daemon(n1).views[-1].online == (n1,), "n1 to go on")
    world.until(lambda: not world.daemon(n2).views[-1].quorate, "n2 to lose quorum")
    assert world.daemon(n1).views[-1].quorate
    world.heal()
    group.see(world.names, world.names)
    world.until(lambda: all(call.done for call in streams), "streams to end")
    assert not any(call.error for call in streams)
    group.finish()
    own = [e for e in world.daemon(n1).history if isinstance(e, Delivered) and e.ticket]
    assert len(own) == len(streams[0].value) + 1
    assert len(set(delivered(world.daemon(n1)))) == len(delivered(world.daemon(n1)))
