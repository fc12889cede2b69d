"""The liveness check says what is not yet as it should be, and nothing when all is well."""

from __future__ import annotations

from sim.checkers.liveness import unmet
from sim.faults import Fault
from sim.layout import ClusterLayout, GuestSpec, NodeSpec
from sim.world import World

LAYOUT = ClusterLayout(
    tuple(NodeSpec(f"node{n}") for n in (1, 2, 3)),
    guests=(GuestSpec("vm:100", "node1"), GuestSpec("vm:101", "node2", state="stopped")),
)


def open_points(world: World) -> tuple[str, ...]:
    return unmet(world.facts, world.layout)


def test_a_healthy_cluster_has_no_open_points() -> None:
    world = World(LAYOUT)
    world.run(60)
    assert open_points(world) == ()


def test_a_lost_node_and_its_guest_are_named() -> None:
    world = World(LAYOUT)
    world.run(60)
    world.inject(Fault("power", node="node1", heal_after_s=600))
    world.run(90)
    assert "node1 is off" in open_points(world)
    assert "vm:100 runs on no node, its state is started, requested is started" in open_points(
        world
    )
    world.run(400)
    assert open_points(world) == ("node1 is off",)
    world.run(900)
    assert open_points(world) == ()


def test_maintenance_and_a_guest_that_should_be_off_are_named() -> None:
    world = World(LAYOUT)
    world.run(60)
    world.operate("ha-manager crm-command node-maintenance enable node3")
    world.run(120)
    assert open_points(world) == ("node3 is maintenance for the manager",)
    world.guests.adopt("vm:101", "node2")
    assert open_points(world)[1:] == (
        "vm:101 runs on node2, its state is stopped, requested is stopped",
    )


def test_without_quorum_nobody_is_online() -> None:
    world = World(LAYOUT)
    world.run(60)
    world.inject(Fault("partition", groups=(("node1",), ("node2",), ("node3",))))
    world.run(75)
    assert open_points(world) == tuple(f"node{n} is on but not online" for n in (1, 2, 3))


def test_a_cluster_without_guests_needs_no_master() -> None:
    world = World(ClusterLayout(LAYOUT.nodes))
    world.run(60)
    assert world.facts.master() is None
    assert open_points(world) == ()
