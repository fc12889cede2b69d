"""Sizes and load as a node is told them."""

from __future__ import annotations

from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.ports.stats import Stats
from sim.layout import GIB, GuestSpec, NodeSpec
from tests.sim.guests.rig import Rig

GUESTS = (
    GuestSpec("vm:100", "n1", cpus=4, memory_bytes=8 * GIB, busy=0.5, busy_memory=0.25),
    GuestSpec("vm:101", "n2", ha=False),
)


def rig() -> Rig:
    return Rig(*GUESTS, nodes=(NodeSpec("n1", cpus=3), NodeSpec("n2", version="9.0.0~16")))


def test_it_is_the_port() -> None:
    port: Stats = rig().stats("n1")
    assert set(port.nodes()) == {"n1", "n2"}


def test_stopped_guests_have_a_size_and_no_load() -> None:
    stats = rig().stats("n1")
    assert stats.services()["vm:100"] == ServiceStats(4.0, 8.0 * GIB, 0.0, 0.0)
    assert stats.nodes()["n1"] == NodeStats(0.0, 3.0, 0.0, 128.0 * GIB)
    assert stats.service_nodes() == {"vm:100": ("n1", False), "vm:101": ("n2", False)}
    assert stats.node_versions() == {"n1": "9.1.2", "n2": "9.0.0~16"}


def test_running_guests_make_the_load_of_their_node() -> None:
    world = rig()
    stats = world.stats("n2")
    world.started("vm:100", "n1")
    assert stats.services()["vm:100"] == ServiceStats(4.0, 8.0 * GIB, 2.0, 2.0 * GIB)
    assert stats.nodes()["n1"] == NodeStats(2.0, 3.0, 2.0 * GIB, 128.0 * GIB)
    assert stats.nodes()["n2"].cpu == 0.0
    assert stats.service_nodes()["vm:100"] == ("n1", True)
    world.power_off("n1")
    assert stats.nodes()["n1"].cpu == 0.0
    assert stats.service_nodes()["vm:100"] == ("n1", False)


def test_load_can_be_changed_and_a_node_has_no_more_than_it_has() -> None:
    world = rig()
    heard: list[str] = []
    world.catalog.listen(heard.append)
    world.started("vm:100", "n1")
    world.catalog.set_load("vm:100", 1.0)
    assert world.stats("n1").services()["vm:100"].cpu == 4.0
    assert world.stats("n1").nodes()["n1"].cpu == 3.0
    world.catalog.set_load("vm:100", 0.1, 0.9)
    assert world.stats("n1").services()["vm:100"].mem == 0.9 * 8 * GIB
    world.catalog.set_load("vm:100", 0.1, 0.9)
    assert heard == ["vm:100", "vm:100"], "only changes are told"


def test_answers_are_kept_until_something_changes() -> None:
    world = rig()
    stats = world.stats("n1")
    before = stats.version
    nodes, services, places = stats.nodes(), stats.services(), stats.service_nodes()
    world.run(1000.0)
    assert stats.version == before
    assert stats.nodes() is nodes
    assert stats.services() is services
    assert stats.service_nodes() is places
    world.catalog.set_load("vm:100", 0.9)
    assert stats.version != before
    world.registry.put("vm:101", "n1")
    assert stats.service_nodes()["vm:101"] == ("n1", False)


def test_an_upgrade_shows() -> None:
    world = rig()
    world.board.set_node_version("n2", "9.1.2")
    assert world.stats("n1").node_versions()["n2"] == "9.1.2"


def test_answers_change_only_with_their_version() -> None:
    """What a reader sees does not depend on when it was first asked for."""
    world = rig()
    world.started("vm:100", "n1")
    task = world.move("vm:100", "n1", "n2")
    stats, seen = world.stats("n2"), dict[tuple[int, int], object]()
    while not task.done():
        due_us = world.kernel.next_us()
        assert due_us is not None
        world.kernel.run(due_us + 1)
        fresh = world.fresh_stats("n2")
        answers = (fresh.nodes(), fresh.services(), fresh.service_nodes())
        assert seen.setdefault(stats.version, answers) == answers
    assert len(seen) > 2
