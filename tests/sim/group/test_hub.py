"""The simulated group service keeps what Corosync keeps, and breaks everything it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from appliance.model.errors import DamagedError, DiskFullError, UnavailableError
from appliance.ports.group_channel import Delivered, Dropped, GroupEvent, GroupView
from sim.entropy import Entropy
from sim.group.channel import SimChannel
from sim.group.disk import Platter, SimDisk
from sim.group.hub import WHOLE_BYTES
from sim.group.service import GroupService
from sim.kernel import Kernel, to_us
from sim.layout import ClusterLayout
from sim.network.fabric import Fabric
from sim.network.membership import MembershipEngine
from sim.tasks import Boot
from tests.sim.network.lab import cluster

NODES = ("n1", "n2", "n3")


class Group:
    """Three nodes that send, and write down all they receive."""

    def __init__(self, seed: int = 1) -> None:
        self.kernel = Kernel()
        entropy = Entropy(seed)
        layout: ClusterLayout = cluster(3, token_s=1.0, token_coefficient_s=0.0)
        self.fabric = Fabric(layout)
        self.hub = GroupService(self.kernel, entropy)
        self.engine = MembershipEngine(self.kernel, self.fabric, layout, entropy, self.hub)
        self.engine.begin(NODES)
        self.heard: dict[str, list[GroupEvent]] = {name: [] for name in NODES}
        self.boots: dict[str, Boot] = {}
        self.channels: dict[str, SimChannel] = {}
        for name in NODES:
            self.open(name)
        self.run(0.1)

    def open(self, name: str) -> None:
        boot = self.boots[name] = Boot(self.kernel, name, 1, self.failed)
        self.channels[name] = SimChannel(boot, self.hub)
        boot.spawn(self.listen(name), "listen")

    async def listen(self, name: str) -> None:
        channel = self.channels[name]
        await channel.join("test")
        while True:
            self.heard[name] += await channel.receive()

    def failed(self, who: str, error: Exception) -> None:
        if not isinstance(error, UnavailableError):
            raise AssertionError(f"{who}: {error!r}")

    def run(self, seconds: float) -> None:
        self.kernel.run(self.kernel.now_us + to_us(seconds))

    def send(self, name: str, *texts: str, size: int = 0) -> None:
        async def go() -> None:
            for text in texts:
                await self.channels[name].send(text.encode().ljust(size))

        self.boots[name].spawn(go(), "send")

    def texts(self, name: str) -> list[str]:
        found = (event for event in self.heard[name] if isinstance(event, Delivered))
        return [event.payload.decode().strip() for event in found]

    def views(self, name: str) -> list[tuple[str, ...]]:
        return [event.members for event in self.heard[name] if isinstance(event, GroupView)]

    def cut(self, *groups: tuple[str, ...]) -> Callable[[], None]:
        handle = self.fabric.block(groups)
        self.engine.fabric_changed()

        def heal() -> None:
            self.fabric.unblock(handle)
            self.engine.fabric_changed()

        return heal


def spans(events: list[GroupEvent]) -> Iterator[tuple[GroupView, list[str], GroupView]]:
    """What was delivered between each two views."""
    view, texts = None, []
    for event in events:
        if isinstance(event, Delivered):
            texts.append(event.payload.decode().strip())
        elif isinstance(event, GroupView):
            if view is not None:
                yield view, texts, event
            view, texts = event, []


def test_all_deliver_the_same_in_the_same_order() -> None:
    group = Group()
    for name in NODES:
        group.send(name, *(f"{name} {number}" for number in range(20)))
    group.run(1.0)
    texts = group.texts("n1")
    assert len(texts) == 60
    assert texts == group.texts("n2") == group.texts("n3")
    for name in NODES:
        own = [text for text in texts if text.startswith(name)]
        assert own == [f"{name} {number}" for number in range(20)]
        tickets = [e.ticket for e in group.heard[name] if isinstance(e, Delivered) and e.ticket]
        assert tickets == sorted(tickets)
        assert len(tickets) == 20


def test_a_message_costs_one_event() -> None:
    group = Group()
    before = group.kernel.events
    group.send("n1", *(f"{number}" for number in range(100)))
    group.run(1.0)
    assert group.kernel.events - before < 110


@pytest.mark.parametrize("seed", range(40))
def test_who_stays_together_delivers_the_same(seed: int) -> None:
    """Cut in the middle of a burst, and healed; for every pair and every step they share."""
    group = Group(seed)
    for name in NODES:
        group.send(name, *(f"{name} {number}" for number in range(30)))
    group.run(0.0012)
    heal = group.cut(("n1",), ("n2", "n3"))
    for name in NODES:
        group.send(name, f"{name} into the break", size=WHOLE_BYTES + 1)
    group.run(5.0)
    heal()
    group.run(5.0)
    steps = {name: list(spans(group.heard[name])) for name in NODES}
    for one in NODES:
        for view, texts, then in steps[one]:
            for other in set(then.together) - {one}:
                same = [t for v, t, n in steps[other] if v.members == view.members and n == then]
                assert texts in same
    for name in NODES:
        texts = group.texts(name)
        assert len(texts) == len(set(texts))
        for sender in NODES:
            numbers = [int(t.split()[1]) for t in texts if t[:2] == sender and t[-1].isdigit()]
            assert numbers == sorted(numbers)
        open_ = {31} - {e.ticket for e in group.heard[name] if isinstance(e, Delivered | Dropped)}
        assert not open_, "the fate of each message is told to its sender"


def outcomes() -> dict[str, int]:
    """What can become of the messages of a node that is cut off while it sends."""
    found = {"only itself": 0, "only the others": 0, "both": 0, "early": 0}
    for seed in range(60):
        group = Group(seed)
        group.cut(("n1",), ("n2", "n3"))
        group.send("n1", *(f"{number}" for number in range(5)))
        group.run(0.3)
        found["early"] += bool(group.texts("n1"))
        group.run(5.0)
        own, others = set(group.texts("n1")), set(group.texts("n2"))
        assert len(own) == 5
        found["only itself"] += bool(own - others)
        found["both"] += bool(own & others)
        view = next(
            at for at, e in enumerate(group.heard["n1"]) if e == GroupView(("n1",), ("n1",))
        )
        late = {e.payload.decode() for e in group.heard["n1"][view:] if isinstance(e, Delivered)}
        found["only the others"] += bool(late & others)
    return found


def test_own_delivery_proves_nothing() -> None:
    """It may be delivered by its sender alone, at once or later, and by the others before it."""
    assert all(outcomes().values()), outcomes()


def test_a_paused_node_sees_left_and_joined_back_to_back() -> None:
    group = Group()
    group.boots["n3"].pause()
    group.engine.pause_node("n3")
    group.run(6.0)
    assert group.views("n1")[-1] == ("n1", "n2")
    group.send("n1", "while it was away")
    group.run(0.1)
    group.boots["n3"].resume()
    group.engine.resume_node("n3")
    before = len(group.heard["n3"])
    group.run(5.0)
    assert group.heard["n3"][before:] == [
        GroupView(("n3",), ("n3",)),
        GroupView(NODES, ("n3",)),
    ]
    assert group.engine.view("n3").quorate
    assert "while it was away" not in group.texts("n3")


def test_a_partition_without_quorum_delivers() -> None:
    group = Group()
    group.cut(("n1",), ("n2", "n3"))
    group.run(5.0)
    group.send("n1", "lonely")
    group.run(1.0)
    assert group.texts("n1") == ["lonely"]
    assert group.texts("n2") == []


def test_corosync_that_dies_leaves_the_process_outside_for_a_while() -> None:
    group = Group()
    group.hub.lost("n1")
    group.engine.kill_node("n1")
    assert group.heard["n1"][-1] == GroupView((), ())
    group.send("n1", "nobody takes it")
    group.run(0.1)
    group.engine.start_node("n1")
    group.run(6.0)
    assert group.views("n1")[-1] == NODES
    assert group.views("n2")[-1] == NODES
    assert group.texts("n2") == []


def test_a_dead_process_is_missed_at_once_and_a_new_one_is_new() -> None:
    group = Group()
    group.boots["n2"].cut()
    group.hub.died("n2")
    group.heard["n2"].clear()
    group.open("n2")
    group.run(0.1)
    assert group.views("n1")[-2:] == [("n1", "n3"), NODES]
    assert group.heard["n2"] == [GroupView(NODES, ("n2",))]


class Disk:
    """A disk whose writer dies; what is left is read by the next one."""

    def __init__(self, seed: int = 1) -> None:
        self.kernel = Kernel()
        self.platter = Platter(Entropy(seed))
        self.open()

    def open(self) -> None:
        self.errors: list[Exception] = []
        self.boot = Boot(self.kernel, "n1", 1, lambda who, error: self.errors.append(error))
        self.disk = SimDisk(self.boot, self.platter)

    def sync(self) -> None:
        self.boot.spawn(self.disk.sync(), "sync")
        self.kernel.run(self.kernel.now_us + 100_000)

    def crash(self) -> None:
        self.boot.cut()
        self.platter.crash()
        self.open()

    def all(self) -> Mapping[str, bytes]:
        reading = self.boot.spawn(self.disk.read_all(), "read")
        self.kernel.run(self.kernel.now_us + 1)
        return reading.result()


def test_what_was_synced_survives_and_the_rest_in_order_or_not() -> None:
    left = set()
    for seed in range(200):
        disk = Disk(seed)
        disk.disk.append("log", b"synced ")
        disk.sync()
        disk.disk.append("log", b"1234")
        disk.disk.replace("meta", b"new")
        disk.disk.remove("log")
        assert disk.all() == {"meta": b"new"}
        disk.crash()
        found = disk.all()
        left.add((found.get("log"), found.get("meta")))
    logs = [b"synced ", b"synced 1", b"synced 12", b"synced 123", b"synced 1234"]
    assert left == {*((log, None) for log in logs), (logs[-1], b"new"), (None, b"new")}


def test_a_full_disk_undoes_and_damage_is_noticed() -> None:
    disk = Disk()
    disk.disk.replace("a", b"1")
    disk.sync()
    disk.platter.full = True
    disk.disk.replace("a", b"2")
    disk.sync()
    assert isinstance(disk.errors[0], DiskFullError)
    assert disk.all() == {"a": b"1"}
    disk.platter.full = False
    disk.platter.damage("a")
    with pytest.raises(DamagedError, match="a is not what was written"):
        disk.all()
    disk.disk.replace("a", b"3")
    disk.sync()
    assert disk.all() == {"a": b"3"}
