"""Each safety check speaks when its promise is broken, names what was broken before, and once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from appliance.core.store import session
from appliance.ports.clock import Rest, Tick
from appliance.ports.membership import View
from appliance.services.ha.crm import Crm
from sim.checkers.checkers import PROMISES
from sim.events import Violation
from sim.faults import Fault
from sim.layout import ClusterLayout, GuestSpec, NodeSpec, QuorumSpec
from sim.store.worlds import SharedWorld
from sim.world import World

NAMES = ("node1", "node2", "node3")


def cluster(*, rules: str = "", **node: Any) -> ClusterLayout:
    guests = tuple(GuestSpec(f"vm:{100 + n}", name) for n, name in enumerate(NAMES))
    return ClusterLayout(
        tuple(NodeSpec(name, **node) for name in NAMES), guests=guests, rules_cfg=rules
    )


def violations(world: World) -> list[Violation]:
    return [r.event for r in world.journal.records if isinstance(r.event, Violation)]


def promises(world: World) -> set[str]:
    return {violation.promise for violation in violations(world)}


def test_a_quiet_cluster_breaks_nothing() -> None:
    world = World(cluster())
    world.run(3600)
    assert violations(world) == []


def test_a_second_process_of_a_guest_is_seen_at_once_and_told_once() -> None:
    world = World(cluster())
    world.run(60)
    world.guests.adopt("vm:100", "node2")
    world.run(61)
    world.guests.adopt("vm:101", "node3")
    world.run(120)
    told = violations(world)
    assert [v.promise for v in told[:2]] == ["guest-once", "volume-once"]
    assert told[0].detail == "vm:100 runs on node1 and node2 at once"
    assert told[1].detail == "shared:vm-100-disk-0 is open for writing on node1 and node2 at once"
    assert [v.promise for v in told].count("guest-once") == 2
    assert all(v.broke is None for v in told)


def test_a_watchdog_that_does_not_fire_is_named() -> None:
    world = World(cluster())
    world.run(60)
    world.inject(Fault("watchdog_broken", node="node1"))
    world.inject(Fault("isolate", node="node1"))
    world.run(600)
    told = violations(world)
    assert {"fenced-before-recovery", "guest-once", "volume-once"} <= promises(world)
    assert {v.broke for v in told} == {"the watchdog of node1 does not fire"}


def test_a_software_watchdog_that_hangs_with_its_kernel_is_named() -> None:
    world = World(cluster(watchdog="softdog"))
    world.run(60)
    world.inject(Fault("hang", node="node1"))
    world.run(600)
    assert {v.broke for v in violations(world)} == {
        "the software watchdog of node1 hangs with its kernel"
    }


def test_with_two_node_a_split_is_blamed_on_it() -> None:
    nodes = (NodeSpec("node1"), NodeSpec("node2"))
    guests = (GuestSpec("vm:100", "node1"), GuestSpec("vm:101", "node2"))
    layout = ClusterLayout(nodes, guests=guests, quorum=QuorumSpec(two_node=True))
    world = World(layout)
    world.run(60)
    world.inject(Fault("partition", groups=(("node1",), ("node2",))))
    world.run(900)
    assert "guest-once" in promises(world)
    assert {v.broke for v in violations(world)} == {
        "with two_node both halves of a split are quorate"
    }


class Believer:
    """Views of a store that takes every node for quorate."""

    def __init__(self, views: Any) -> None:
        self._views = views

    def view(self, node: str) -> View:
        seen: View = self._views.view(node)
        return View(seen.members, seen.online, quorate=True, epoch=seen.epoch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._views, name)


def test_a_write_without_quorum_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(cluster())
    world.run(60)
    assert isinstance(world.store, SharedWorld)
    shared = world.store.shared
    monkeypatch.setattr(shared, "_views", Believer(shared._views))
    monkeypatch.setattr(session, "may_act", lambda members, states, electorate: True)
    world.inject(Fault("isolate", node="node1"))
    world.run(100)
    told = [v for v in violations(world) if v.promise == "minority-silent"]
    assert told
    assert all(v.detail.startswith("node1 writes ") for v in told)
    assert told[0].detail.endswith("without quorum (it sees nobody)")


def test_a_lost_write_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that goes on from the oldest copy, instead of the newest, when views merge."""
    world = World(cluster())
    world.run(60)
    world.inject(Fault("isolate", node="node1", heal_after_s=30))
    world.run(80)
    world.operate("ha-manager set vm:101 --state stopped")
    world.run(85)
    assert violations(world) == []
    monkeypatch.setattr(session, "newest", lambda states: min(one.last for one in states.values()))
    world.run(100)
    assert promises(world) == {"no-lost-ack"}


def test_a_daemon_that_dies_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(crm: Crm, tick: Tick) -> Rest:
        raise ZeroDivisionError("round")

    monkeypatch.setattr(Crm, "iterate", die)
    world = World(cluster())
    world.run(60)
    assert promises(world) == {"daemons-live"}
    assert len(violations(world)) == len(NAMES)
    assert violations(world)[0].detail.endswith("died: ZeroDivisionError: round")


ALONE = "node-affinity: alone\n\tresources vm:100\n\tnodes node1,node2\n\tstrict 1\n"
APART = "resource-affinity: apart\n\tresources vm:100,vm:101\n\taffinity negative\n"
BOTH = f"{ALONE}\n{APART}"


@pytest.mark.parametrize(
    ("rules", "judged"),
    [
        (ALONE, True),
        (ALONE.replace("strict 1", "strict 0"), False),
        (f"{ALONE}\tdisable\n", False),
        (BOTH, False),  # the manager may have dropped one of them
    ],
)
def test_only_rules_that_bind_without_doubt_are_judged(rules: str, judged: bool) -> None:
    world = World(cluster(rules=rules))
    world.run(300)
    check = world.checkers._rules
    check.on_recovered("vm:100", "node3", world.now_us())
    assert ("strict-rules" in promises(world)) == judged


def test_an_operators_move_against_a_rule_is_not_judged() -> None:
    world = World(cluster(rules=ALONE))
    world.run(60)
    world.operate("ha-manager migrate vm:100 node3")
    world.run(600)
    moved = [r for r in world.journal.records if r.event.kind == "move_end"]
    assert len(moved) >= 2, "there and back again"
    assert violations(world) == []


def test_what_must_be_apart_may_not_be_recovered_to_one_node() -> None:
    world = World(cluster(rules=APART))
    world.run(300)
    check = world.checkers._rules
    check.on_recovered("vm:100", "node3", world.now_us())
    assert violations(world) == []
    check.on_recovered("vm:100", "node2", world.now_us())
    (told,) = violations(world)
    assert told.detail == "vm:100 is recovered to node2, where vm:101 is; rule apart parts them"


@pytest.mark.parametrize(
    "what_ends_it",
    [
        lambda world: world.inject(Fault("power", node="node1", heal_after_s=400)),
        lambda world: world.inject(Fault("isolate", node="node1")),
        lambda world: world.inject(Fault("hang", node="node1")),
        lambda world: world.operate("node shutdown node1"),
    ],
    ids=["power loss", "watchdog", "kernel watchdog", "given up"],
)
def test_a_proper_recovery_is_no_violation(what_ends_it: Callable[[World], Any]) -> None:
    world = World(cluster())
    world.run(60)
    assert world.checkers.in_tenure("node1")
    what_ends_it(world)
    world.run(900)
    assert not world.checkers.in_tenure("node1") or world.facts.node_power("node1") == "on"
    assert world.facts.guest_nodes("vm:100") != ()
    assert violations(world) == []


def test_every_promise_is_told_in_words() -> None:
    assert all(text and text == text.strip(".") for text in PROMISES.values())
