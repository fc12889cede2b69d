"""Who decides about the store while the cluster's layout changes, step by step."""

from __future__ import annotations

import pytest

from appliance.model.corosync_conf import add_node, set_token
from appliance.model.errors import ConfigError, NotQuorateError, OutcomeUnknownError
from appliance.model.store.changes import Put
from appliance.model.store.electorate import LAYOUT_PATH
from sim.group.cluster import Daemon, StoreCluster
from sim.network.conf import address_of
from tests.sim.network.lab import cluster
from tests.sim.store.growth import Growth, layout_in
from tests.sim.store.mutants import NARROW
from tests.sim.store.test_service import Answer, done, put, start


class World:
    """Machines, the first of which are a cluster with its layout in the store."""

    def __init__(self, machines: int, inside: int, seed: int = 1) -> None:
        layout = cluster(machines, token_s=1.0, token_coefficient_s=0.0)
        outside = tuple(f"n{number}" for number in range(inside + 1, machines + 1))
        self.cluster = StoreCluster(layout, seed, outside=outside)
        self.growth = Growth(self.cluster)
        self.cluster.on_daemon = self.growth.attend
        for name, machine in self.cluster.machines.items():
            if machine.daemon is not None:
                self.growth.attend(name, machine.daemon)
        self.cluster.run(1.0)
        done(self.cluster, "n1", self.growth.found("n1", self.daemon("n1")))

    def daemon(self, node: str) -> Daemon:
        daemon = self.cluster.machines[node].daemon
        assert daemon is not None
        return daemon

    def join(self, node: str, by: str = "n1") -> Answer:
        return start(self.cluster, by, self.growth.join(self.daemon(by), node))

    def leave(self, node: str, by: str = "n1") -> Answer:
        self.cluster.power_off(node)
        return start(self.cluster, by, self.growth.leave(self.daemon(by), node))

    def alike(self, *nodes: str) -> bool:
        replicas = [self.cluster.store(node).replica for node in nodes]
        first = replicas[0]
        return all(
            replica.serving
            and replica.log.last == first.log.last
            and replica.log.committed == replica.log.last.version
            and replica.tree.committed == first.tree.committed
            for replica in replicas
        )


def test_a_cluster_grows_from_one_node_to_four_and_back() -> None:
    world = World(4, 1)
    put(world.cluster, "n1", "a", b"first")
    for number in (2, 3, 4):
        world.join(f"n{number}")
        world.cluster.run(6.0)
        put(world.cluster, f"n{number}", f"from{number}")
    assert world.alike("n1", "n2", "n3", "n4")
    assert world.cluster.store("n4").read("a").content == b"first"
    for number in (1, 2):
        left = world.leave(f"n{number}", by="n4")
        world.cluster.run(8.0)
        assert left.at_s is not None
        assert left.error is None
    put(world.cluster, "n3", "b")
    assert world.alike("n3", "n4")
    assert world.growth.done == {"join": 3, "leave": 2}
    world.cluster.power_on("n1")
    world.join("n1", by="n3")
    world.cluster.run(6.0)
    assert world.alike("n1", "n3", "n4")


def test_a_newcomer_counts_from_its_change_on() -> None:
    """One node becomes two: what follows needs both, and waits for the second."""
    world = World(2, 1)
    joined = world.join("n2")
    world.cluster.power_off("n2")
    world.cluster.run(0.03)
    assert joined.at_s is not None
    after = start(world.cluster, "n1", world.cluster.store("n1").change(Put("a", b""), timeout_s=2))
    world.cluster.run(3.0)
    assert isinstance(after.error, OutcomeUnknownError | NotQuorateError)
    with pytest.raises(NotQuorateError):
        put(world.cluster, "n1", "b")
    found = layout_in(world.cluster.store("n1"))
    assert found is not None
    world.cluster.power_on("n2")
    world.growth.enter("n2", found[0])
    world.cluster.run(6.0)
    put(world.cluster, "n2", "b")
    assert world.alike("n1", "n2")


@pytest.mark.parametrize("after_us", [100, 400, 900, 1500, 2500, 4000, 20_000, 300_000])
def test_who_dies_while_it_takes_in_another_finds_back(after_us: int) -> None:
    """However far the change came: nothing hangs for ever on a node that never came."""
    world = World(2, 1)
    joined = world.join("n2")
    world.cluster.kernel.run(world.cluster.kernel.now_us + after_us)
    world.cluster.power_off("n1")
    world.cluster.run(1.0)
    world.cluster.power_on("n1")
    world.cluster.run(8.0)
    found = layout_in(world.cluster.store("n1"))
    assert found is not None
    if found[0].node("n2") is None:
        assert joined.at_s is None
        put(world.cluster, "n1", "a")
        return
    assert world.cluster.engine.view("n1").members == ("n1", "n2"), "its corosync follows"
    world.growth.enter("n2", found[0])
    world.cluster.run(8.0)
    put(world.cluster, "n2", "a")
    assert world.alike("n1", "n2")


def test_all_who_are_left_can_lose_power_when_those_before_are_gone() -> None:
    """That the change was committed is known without them."""
    world = World(5, 5)
    for number in (5, 4, 3):
        world.leave(f"n{number}")
        world.cluster.run(8.0)
    put(world.cluster, "n2", "a", b"two are enough")
    for node in ("n1", "n2"):
        world.cluster.power_off(node)
    world.cluster.run(1.0)
    for node in ("n1", "n2"):
        world.cluster.power_on(node)
    world.cluster.run(8.0)
    assert world.cluster.store("n2").read("a").content == b"two are enough"
    put(world.cluster, "n1", "b")
    assert world.alike("n1", "n2")


def test_an_operator_may_say_that_the_others_are_off() -> None:
    """What is expected by hand counts until more are seen."""
    world = World(3, 3)
    for node in ("n2", "n3"):
        world.cluster.power_off(node)
    world.cluster.run(4.0)
    with pytest.raises(NotQuorateError):
        put(world.cluster, "n1", "a")
    done(world.cluster, "n1", world.daemon("n1").membership.expect(1))
    world.cluster.run(6.0)
    put(world.cluster, "n1", "a")
    assert done(world.cluster, "n1", world.daemon("n1").membership.votes()).by_hand
    world.cluster.power_on("n2")
    world.cluster.run(8.0)
    assert not done(world.cluster, "n1", world.daemon("n1").membership.votes()).by_hand
    put(world.cluster, "n2", "b")
    assert world.alike("n1", "n2")


def test_nodes_that_missed_growing_cannot_go_on_as_the_majority_that_they_were() -> None:
    """Two of three, whose corosyncs still count three, while there are five already."""
    world = World(5, 3)
    for node in ("n4", "n5"):
        world.join(node)
        world.cluster.run(6.0)
    assert world.alike("n1", "n2", "n3", "n4", "n5")
    for node in ("n2", "n3"):
        world.cluster.power_off(node)
        world.cluster.engine.drop_layout(node)
    world.cluster.run(4.0)
    put(world.cluster, "n1", "a", b"three of five")
    # Their corosyncs come back with a layout of long ago, and alone.
    world.cluster.on_daemon = None  # before they follow what they know already
    old = World(3, 3).cluster.engine.layout("n1")
    assert old is not None
    for node in ("n1", "n4", "n5"):
        world.cluster.power_off(node)
    for node in ("n2", "n3"):
        world.cluster.engine.put_layout(node, old)
    world.cluster.power_on("n2")
    world.cluster.power_on("n3")
    world.cluster.run(2.0)
    assert world.cluster.engine.view("n2").quorate, "by the old layout"
    answer = start(
        world.cluster, "n2", world.cluster.store("n2").change(Put("a", b"2 of 5"), timeout_s=3.0)
    )
    world.cluster.run(4.0)
    assert answer.error is not None
    assert not world.cluster.store("n2").replica.serving


def committed_by_one_that_was_behind() -> tuple[int, int]:
    """One of three was away. Just when it is back with another, the layout grows to four, of which
    two are not enough: the version with the change, and what the one that was away calls committed.
    """
    world = World(4, 3)
    put(world.cluster, "n1", "a")
    world.cluster.power_off("n3")
    world.cluster.run(4.0)
    put(world.cluster, "n1", "b")
    world.cluster.power_off("n2")
    world.cluster.run(4.0)
    world.cluster.power_on("n3")
    one = world.cluster.store("n1")
    while not one.replica.census.quorate:
        world.cluster.run(0.0002)
    assert not one.replica.serving
    found = layout_in(one)
    assert found is not None
    conf = add_node(found[0], "n4", {link: address_of(4, link) for link in range(2)})
    grown = start(world.cluster, "n1", one.change(Put(LAYOUT_PATH, conf.text().encode())))
    for number in range(4):
        start(world.cluster, "n1", one.change(Put(f"after{number}", b"")))
    world.cluster.run(1.0)
    assert isinstance(grown.value, int)
    return grown.value, world.cluster.store("n3").replica.log.committed


def test_what_is_got_with_a_transfer_is_decided_by_the_right_ones() -> None:
    grown, committed = committed_by_one_that_was_behind()
    assert committed == grown


def test_a_change_whose_place_is_not_told_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    NARROW["placed_where_it_was_heard"](monkeypatch)
    grown, committed = committed_by_one_that_was_behind()
    assert committed > grown


def test_a_layout_that_corosync_would_refuse_is_refused_by_the_store() -> None:
    world = World(2, 2)
    with pytest.raises(ConfigError):
        put(world.cluster, "n1", "corosync.conf", b"totem {\n")
    found = layout_in(world.cluster.store("n1"))
    assert found is not None
    put(world.cluster, "n1", "corosync.conf", set_token(found[0], token_ms=2000).text().encode())
    world.cluster.run(2.0)
    present = world.cluster.engine.layout("n2")
    assert present is not None
    assert present.token_ms == 2000
