"""The store on simulated nodes, step by step: what a person would try first."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any

import pytest

from appliance.core.store.durable import joining
from appliance.model.corosync_conf import add_node, remove_node
from appliance.model.errors import (
    ForbiddenError,
    MissingError,
    NotQuorateError,
    OutcomeUnknownError,
    QuorateError,
    StaleError,
    UnavailableError,
)
from appliance.model.store.changes import Delete, HoldLease, Put, Rename
from sim.group.cluster import StoreCluster
from sim.kernel import to_us
from sim.network.conf import address_of
from tests.sim.network.lab import cluster
from tests.sim.store.mutants import NARROW

VM, MOVED = "nodes/n1/qemu-server/100.conf", "nodes/n2/qemu-server/100.conf"


def lab(size: int = 3, **quorum: Any) -> StoreCluster:
    settings = {"token_s": 1.0, "token_coefficient_s": 0.0, **quorum}
    world = StoreCluster(cluster(size, **settings), 1)
    world.run(1.0)
    return world


class Answer:
    """What became of a coroutine."""

    def __init__(self) -> None:
        self.value: Any = None
        self.error: QuorateError | None = None
        self.at_s: float | None = None


def start(world: StoreCluster, node: str, work: Awaitable[Any]) -> Answer:
    """Run it on that node, from now on."""
    answer = Answer()

    async def run() -> None:
        try:
            answer.value = await work
        except QuorateError as error:
            answer.error = error
        answer.at_s = world.kernel.now_s

    daemon = world.machines[node].daemon
    assert daemon is not None
    coro: Coroutine[Any, Any, None] = run()
    daemon.boot.spawn(coro, "test")
    return answer


def done(world: StoreCluster, node: str, work: Awaitable[Any], seconds: float = 1.0) -> Any:
    answer = start(world, node, work)
    world.run(seconds)
    if answer.error is not None:
        raise answer.error
    assert answer.at_s is not None, "still waiting"
    return answer.value


def put(world: StoreCluster, node: str, path: str, content: bytes = b"x") -> int:
    version: int = done(world, node, world.store(node).change(Put(path, content)))
    return version


def alike(world: StoreCluster) -> bool:
    replicas = [world.store(node).replica for node in world.machines]
    return all(
        one.log.last == replicas[0].log.last
        and one.tree.committed == replicas[0].tree.committed
        and one.serving
        for one in replicas
    )


def test_what_one_node_writes_all_nodes_read() -> None:
    world = lab()
    version = put(world, "n1", VM, b"memory: 512")
    for node in world.machines:
        file = world.store(node).read(VM)
        assert (file.content, file.version, file.writer) == (b"memory: 512", version, "n1")
    done(world, "n3", world.store("n3").change(Rename(VM, MOVED, expect=version)))
    assert world.store("n1").paths("nodes/") == (MOVED,)
    with pytest.raises(StaleError, match="is of version"):
        done(world, "n2", world.store("n2").change(Delete(MOVED, expect=version)))
    assert done(world, "n2", world.store("n2").read_latest(MOVED)).content == b"memory: 512"
    with pytest.raises(MissingError):
        world.store("n2").read(VM)


def test_private_files_are_for_privileged_readers() -> None:
    world = lab()
    put(world, "n1", "priv/authkey.key")
    put(world, "n1", "nodes/n1/priv/ssh")
    store = world.store("n2")
    for path in ("priv/authkey.key", "nodes/n1/priv/ssh"):
        with pytest.raises(ForbiddenError, match="privileged"):
            store.read(path)
        with pytest.raises(ForbiddenError):
            done(world, "n2", store.read_latest(path))
        assert store.read(path, privileged=True).content == b"x"
    assert store.paths() == ()
    assert len(store.paths(privileged=True)) == 2


def test_a_watch_tells_what_changed_below_its_prefix() -> None:
    world = lab()
    watch = world.store("n2").watch("nodes/")
    told = start(world, "n2", watch.next())
    put(world, "n1", "storage.cfg")
    assert told.at_s is None
    put(world, "n1", VM)
    assert told.value == (VM,)
    done(world, "n3", world.store("n3").change(Rename(VM, MOVED)))
    assert done(world, "n2", watch.next()) == (VM, MOVED)


def test_the_places_of_guests_are_one_object_until_one_changes() -> None:
    world = lab()
    put(world, "n1", VM)
    store = world.store("n2")
    before = store.guests()
    assert before == {100: VM}
    put(world, "n1", VM, b"other content")
    put(world, "n1", "storage.cfg")
    assert store.guests() is before
    done(world, "n3", world.store("n3").change(Rename(VM, MOVED)))
    assert store.guests() == {100: MOVED}
    assert before == {100: VM}
    done(world, "n3", world.store("n3").change(Delete(MOVED)))
    assert store.guests() == {}


def test_a_minority_refuses_at_once_and_catches_up_later() -> None:
    world = lab()
    handle = world.cut(("n1",), ("n2", "n3"))
    world.run(4.0)
    with pytest.raises(NotQuorateError, match="no quorum at n1"):
        put(world, "n1", "a")
    put(world, "n2", "a", b"majority")
    world.heal(handle)
    world.run(4.0)
    assert world.store("n1").read("a").content == b"majority"
    assert alike(world)


def test_a_node_that_is_cut_off_learns_what_became_of_its_writes() -> None:
    """Sent into a broken ring: unknown after their time, made or not made later, never both."""
    outcomes = []
    for seed in range(12):
        world = StoreCluster(cluster(3, token_s=1.0, token_coefficient_s=0.0), seed)
        world.run(1.0)
        handle = world.cut(("n1",), ("n2", "n3"))
        short = start(world, "n1", world.store("n1").change(Put("s", b"1"), timeout_s=3.0))
        long = start(world, "n1", world.store("n1").change(Put("l", b"1"), timeout_s=30.0))
        world.run(6.0)
        assert isinstance(short.error, OutcomeUnknownError)
        assert long.at_s is None
        world.heal(handle)
        world.run(6.0)
        assert isinstance(long.value, int)
        assert world.store("n2").read("l").version == long.value
        outcomes.append("s" in world.store("n2").replica.tree.committed)
        assert alike(world)
    assert {True, False} == set(outcomes)


def test_a_paused_node_acknowledges_nothing_when_it_wakes() -> None:
    world = lab()
    put(world, "n1", "a", b"1")
    world.pause("n3")
    world.run(6.0)
    put(world, "n1", "a", b"2")
    world.resume("n3")
    answer = start(world, "n3", world.store("n3").read_latest("a"))
    assert world.store("n3").replica.census.quorate
    world.run(0.3)
    assert answer.at_s is None, "it still believes to be quorate, and must not answer from that"
    world.run(4.0)
    assert answer.value.content == b"2"


def test_a_stopped_daemon_does_not_stop_the_others() -> None:
    """Corosync still counts it as a member. The lowest name leads the agreement: stop that one."""
    world = lab()
    world.stop_daemon("n1")
    put(world, "n2", "a")
    world.power_off("n3")
    world.power_on("n3")
    world.run(8.0)
    put(world, "n2", "b")
    world.continue_daemon("n1")
    world.run(2.0)
    assert alike(world)


def test_a_damaged_disk_is_reported_and_repaired_from_the_others() -> None:
    world = lab()
    put(world, "n1", "a", b"1")
    world.kill_daemon("n2")
    world.machines["n2"].platter.damage("meta")
    world.start_daemon("n2")
    world.run(3.0)
    assert world.store("n2").damaged == ("meta",)
    assert world.store("n2").replica.trusted
    assert world.store("n2").read("a").content == b"1"
    world.kill_daemon("n2")
    world.start_daemon("n2")
    world.run(3.0)
    assert world.store("n2").damaged == ()
    assert alike(world)


def test_too_few_trusted_disks_wait_for_the_one_that_knows() -> None:
    world = lab()
    world.power_off("n3")
    world.run(3.0)
    put(world, "n1", "a", b"only n1 and n2 have it")
    world.power_off("n1")
    world.power_off("n2")
    world.machines["n2"].platter.files.clear()
    world.power_on("n2")
    world.power_on("n3")
    world.run(12.0)
    assert not world.store("n3").replica.serving
    world.power_on("n1")
    world.run(8.0)
    assert world.store("n3").read("a").content == b"only n1 and n2 have it"
    assert alike(world)


def test_a_cluster_grows_from_one_founded_disk() -> None:
    world = StoreCluster(cluster(3, token_s=1.0, token_coefficient_s=0.0), 1)
    for node in ("n2", "n3"):
        world.kill_daemon(node)
        world.format(node, joining())
    world.run(1.0)
    for node in ("n2", "n3"):
        world.start_daemon(node)
    world.run(4.0)
    put(world, "n3", "a")
    assert alike(world)
    assert all(world.store(node).replica.trusted for node in world.machines)


def test_a_machine_joins_a_running_cluster_and_leaves_it() -> None:
    layout = cluster(3, token_s=1.0, token_coefficient_s=0.0)
    world = StoreCluster(layout, 1, outside=("n3",))
    world.run(1.0)
    put(world, "n1", "a", b"1")
    assert world.machines["n3"].daemon is None
    conf = world.engine.layout("n1")
    assert conf is not None
    grown = add_node(conf, "n3", {link: address_of(3, link) for link in (0, 1)})
    for node in ("n1", "n2"):
        daemon = world.machines[node].daemon
        assert daemon is not None
        done(world, node, daemon.membership.apply(grown))
    world.engine.put_layout("n3", grown)
    world.format("n3", joining())
    world.start_corosync("n3")
    world.start_daemon("n3")
    world.run(5.0)
    assert world.store("n3").read("a").content == b"1"
    assert alike(world)
    smaller = remove_node(grown, "n3")
    for node in ("n1", "n2"):
        daemon = world.machines[node].daemon
        assert daemon is not None
        done(world, node, daemon.membership.apply(smaller))
    world.run(4.0)
    assert world.store("n1").replica.members == ("n1", "n2")
    with pytest.raises(NotQuorateError):
        put(world, "n3", "a", b"2")


def test_a_full_disk_takes_its_node_out_until_there_is_room() -> None:
    world = lab()
    world.machines["n2"].platter.full = True
    put(world, "n1", "a")
    assert not world.store("n2").running
    assert world.store("n2").failure is not None
    put(world, "n1", "b")
    with pytest.raises(UnavailableError, match="not open"):
        world.store("n2").read("a")
    world.machines["n2"].platter.full = False
    world.run(15.0)
    assert alike(world)


def test_everybody_can_lose_power_at_once() -> None:
    world = lab()
    put(world, "n1", "a", b"1")
    for node in world.machines:
        world.power_off(node)
    world.run(1.0)
    for node in world.machines:
        world.power_on(node)
    world.run(6.0)
    assert world.store("n3").read("a").content == b"1"
    assert alike(world)


@pytest.mark.parametrize("seed", range(6))
def test_while_a_quorum_device_lets_two_sides_be_quorate_one_acknowledges(seed: int) -> None:
    """The isolated node keeps its vote for seconds after the other was confirmed."""
    world = StoreCluster(cluster(2, token_s=1.0, qdevice=True), seed)
    world.run(1.0)
    for link in ("link0", "link1"):
        world.fabric.set_nic("n1", link, up=False)
    world.fabric.set_qdevice_path("n1", up=False)
    world.engine.fabric_changed()
    lonely, overlap_s = [], 0.0
    for turn in range(150):
        if turn % 20 == 0:
            lonely.append(start(world, "n1", world.store("n1").change(Put(f"l{turn}", b""))))
        sides = [world.engine.view(node).quorate for node in ("n1", "n2")]
        settled = world.engine.settled("n2")
        overlap_s += 0.1 * (all(sides) and settled and len(world.engine.group("n2")) == 1)
        world.run(0.1)
    assert overlap_s > 1.0
    put(world, "n2", "survivor")
    assert not any(isinstance(answer.value, int) for answer in lonely)
    assert any(isinstance(answer.error, OutcomeUnknownError) for answer in lonely)
    for link in ("link0", "link1"):
        world.fabric.set_nic("n1", link, up=True)
    world.fabric.set_qdevice_path("n1", up=True)
    world.engine.fabric_changed()
    world.run(20.0)
    assert world.store("n1").read("survivor").content == b"x"
    assert alike(world)


# leases


def renewed(world: StoreCluster, node: str, life_s: float = 10.0) -> Any:
    daemon = world.machines[node].daemon
    assert daemon is not None
    return done(world, node, daemon.leases.renew("manager", life_s))


def test_a_lease_is_held_renewed_and_released() -> None:
    world = lab()
    assert renewed(world, "n1").fresh
    again = renewed(world, "n1")
    assert (again.held, again.fresh) == (True, False)
    other = renewed(world, "n2")
    assert not other.held
    assert 6.0 < other.free_in_s < 11.0
    assert world.store("n2").leases() == ("manager",)
    done(world, "n1", world.store("n1").change(HoldLease("manager"), Put("a", b"")))
    with pytest.raises(StaleError, match="held by n1"):
        done(world, "n2", world.store("n2").change(HoldLease("manager"), Put("a", b"")))
    daemon = world.machines["n1"].daemon
    assert daemon is not None
    assert done(world, "n1", daemon.leases.release("manager"))
    assert renewed(world, "n2").fresh


def test_a_lease_runs_out_for_its_holder_before_others_can_take_it() -> None:
    world = lab()
    assert renewed(world, "n1").held
    daemon = world.machines["n1"].daemon
    assert daemon is not None
    world.power_off("n3")  # changes of the view do not make it longer, nor shorter
    world.run(8.0)
    assert daemon.leases.held("manager")
    assert not renewed(world, "n2").held
    world.run(1.0)
    assert not daemon.leases.held("manager")
    world.run(1.5)
    assert renewed(world, "n2").held


def doubly_held(offset_us: int) -> bool:
    """A holder's daemon stops while its renewal is on the way; the others wait and take over."""
    world = lab()
    daemon = world.machines["n1"].daemon
    assert daemon is not None
    start(world, "n1", daemon.leases.renew("manager", 3.0))
    world.run(offset_us / 1e6)
    world.stop_daemon("n1")
    world.run(6.0)
    other = world.machines["n2"].daemon
    assert other is not None
    taken = start(world, "n2", other.leases.renew("manager", 3.0))
    world.run(1.0)
    world.continue_daemon("n1")
    world.kernel.run(world.kernel.now_us + to_us(0.5))
    return taken.value.held and daemon.leases.held("manager") and other.leases.held("manager")


OFFSETS_US = range(200, 6000, 400)


def test_nobody_holds_by_an_answer_that_came_late() -> None:
    assert not any(doubly_held(offset_us) for offset_us in OFFSETS_US)


def test_a_holder_that_counts_from_the_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    NARROW["holder_counts_from_answer"](monkeypatch)
    assert any(doubly_held(offset_us) for offset_us in OFFSETS_US)
