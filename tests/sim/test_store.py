"""The store computed once for all in step: refusals, splits, merges, and what each member saw."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest

from appliance.model.errors import QuorateError, UnavailableError
from appliance.model.ha.resources import Resource, write_resources
from appliance.model.ha.status import LrmStatus, ManagerStatus
from appliance.model.store.changes import File, Put
from appliance.ports.leases import LeaseAnswer
from appliance.ports.membership import View, Votes
from appliance.services.ha_store.config import StoreHaConfig
from appliance.services.ha_store.decoder import Decoder
from appliance.services.ha_store.state import StoreHaState
from appliance.services.store.leases import StoreLeases
from sim.clock import BootClock, WallClock
from sim.kernel import US, Kernel
from sim.store.port import SharedPort
from sim.store.shared import SharedStore
from sim.tasks import Boot, SimTask

NODES = ("node1", "node2", "node3")
GUEST = "nodes/node1/qemu-server/100.conf"


def file(text: str) -> File:
    return File(text.encode(), 1, 0, "node1")


class Bench:
    """A store whose membership the test decides."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.online: dict[str, tuple[str, ...]] = dict.fromkeys(NODES, NODES)
        self.steady = dict.fromkeys(NODES, True)
        resources = write_resources([Resource("vm:100")])
        files = {"ha/resources.cfg": file(resources), GUEST: file("lock: backup\n")}
        shares = dict.fromkeys(NODES, 1)
        self.store = SharedStore(self.kernel, self, shares, files, lambda _node: 5_000)
        self.ports: dict[str, SharedPort] = {}
        self.boots: dict[str, Boot] = {}
        self.locks: dict[str, StoreLeases] = {}
        for node in NODES:
            self.boot(node)
        self.store.installed(NODES)

    def boot(self, node: str) -> None:
        boot = self.boots[node] = Boot(self.kernel, node, 1, lambda _task, _error: None)
        clock = BootClock(boot, WallClock(0.0), 0)
        port = self.ports[node] = SharedPort(boot, clock, self.store)
        self.locks[node] = StoreLeases(node, port, clock)

    def view(self, node: str) -> View:
        quorate = len(self.online[node]) >= 2
        return View(NODES, self.online[node] if quorate else (), quorate, 1)

    def tally(self, node: str) -> Votes:
        return Votes(3, len(self.online[node]), 2)

    def settled(self, node: str) -> bool:
        return self.steady[node]

    def state(self, node: str) -> StoreHaState:
        return StoreHaState(node, self.ports[node], Decoder())

    def config(self, node: str) -> StoreHaConfig:
        return StoreHaConfig(self.ports[node], Decoder())

    def begin(self, node: str, coro: Coroutine[Any, Any, Any]) -> SimTask[Any]:
        return self.boots[node].spawn(coro, "request")

    def ask(self, node: str, coro: Coroutine[Any, Any, Any]) -> Any:
        """The result, or the class of the error."""
        task = self.begin(node, coro)
        self.run(1)
        try:
            return task.result()
        except QuorateError as error:
            return error.code

    def run(self, seconds: float) -> None:
        self.kernel.run(self.kernel.now_us + round(seconds * US))

    def split(self, *groups: tuple[str, ...]) -> None:
        for group in groups:
            for node in group:
                self.online[node], self.steady[node] = group, True
        for group in groups:
            self.store.installed(group)
            self.store.settled(group)


def test_a_lease_is_exclusive_while_it_lives() -> None:
    bench = Bench()
    first, second = bench.locks["node1"], bench.locks["node2"]
    assert bench.ask("node1", first.renew("x", 120)) == LeaseAnswer(held=True, fresh=True)
    assert bench.ask("node1", first.renew("x", 120)) == LeaseAnswer(held=True)
    refused = bench.ask("node2", second.renew("x", 120))
    assert 119 < refused.free_in_s < 121
    assert bench.ports["node3"].leases() == ("x",)
    bench.run(122)
    assert bench.ask("node2", second.renew("x", 120)) == LeaseAnswer(held=True, fresh=True)
    assert bench.ask("node1", first.release("x")) is False
    assert bench.ask("node2", second.release("x")) is True
    assert bench.ask("node1", first.renew("x", 120)).fresh


def test_whoever_waits_for_a_lease_asks_the_group_once_per_holder() -> None:
    bench = Bench()
    first, second = bench.locks["node1"], bench.locks["node2"]
    assert bench.ask("node1", first.renew("x", 120)).held
    assert not bench.ask("node2", second.renew("x", 120)).held

    def at_once() -> LeaseAnswer | None:
        """What is known before anything can have come back from the group."""
        task = bench.begin("node2", second.renew("x", 120))
        bench.run(0.001)
        return task.result() if task.done() else None

    refused = at_once()
    assert refused is not None
    assert 119 < (refused.free_in_s or 0) < 120
    assert bench.ask("node1", first.release("x"))
    assert at_once() is None
    bench.run(1)
    assert second.held("x")


def test_who_cannot_renew_a_lease_does_not_hold_it_though_its_life_is_not_over() -> None:
    bench = Bench()
    assert bench.ask("node1", bench.locks["node1"].renew("x", 120)).held
    bench.split(("node1",), ("node2", "node3"))
    assert not bench.ask("node1", bench.locks["node1"].renew("x", 120)).held


def test_no_quorum_no_write() -> None:
    bench = Bench()
    bench.split(("node1",), ("node2", "node3"))
    state = bench.state("node1")
    assert bench.ask("node1", state.write_lrm_status(LrmStatus("active"))) == "not_quorate"
    assert bench.ask("node1", bench.locks["node1"].renew("x", 120)) == LeaseAnswer(held=False)
    assert bench.ask("node1", state.queue_command("arm-ha")) == "not_quorate"
    assert bench.state("node2").has_commands() is False


def test_an_unsettled_node_waits_for_its_view() -> None:
    bench = Bench()
    bench.steady["node2"] = False
    write = bench.begin("node2", bench.state("node2").queue_command("arm-ha"))
    bench.run(5)
    assert not write.done()
    bench.split(("node1",), ("node2", "node3"))
    bench.run(1)
    assert write.done()
    assert bench.state("node3").has_commands()
    assert not bench.state("node1").has_commands()


def test_who_waits_too_long_is_told_that_nothing_was_changed() -> None:
    bench = Bench()
    bench.steady["node2"] = False
    write = bench.begin("node2", bench.ports["node2"].change(Put("a", b""), timeout_s=3))
    bench.run(4)
    with pytest.raises(UnavailableError, match="nothing was changed"):
        write.result()
    bench.split(NODES)
    bench.run(1)
    assert "a" not in bench.ports["node1"].paths()


def test_a_merge_keeps_the_quorate_state() -> None:
    bench = Bench()
    bench.split(("node1",), ("node2", "node3"))
    assert bench.ask("node2", bench.state("node2").queue_command("arm-ha")) is None
    assert not bench.state("node1").has_commands()
    bench.split(NODES)
    assert bench.state("node1").has_commands()
    assert bench.store.copy("node1") is bench.store.copy("node3")


def test_what_is_on_the_wire_reaches_both_sides_of_a_split() -> None:
    bench = Bench()
    write = bench.begin("node1", bench.state("node1").queue_command("arm-ha"))
    bench.kernel.run(1)
    bench.split(("node1",), ("node2", "node3"))
    bench.run(1)
    assert write.done()
    assert bench.state("node1").has_commands()
    assert bench.state("node3").has_commands()


def test_who_was_behind_counts_a_lease_from_when_it_learned_of_it() -> None:
    bench = Bench()
    assert bench.ask("node2", bench.locks["node2"].renew("known", 120)).held
    bench.split(("node1",), ("node2", "node3"))
    assert bench.ask("node2", bench.locks["node2"].renew("new", 120)).held
    bench.run(50)
    bench.split(NODES)
    free_in_s = {
        (n, name): bench.locks[n].free_in_s(name) for n in NODES for name in ("known", "new")
    }
    assert free_in_s["node1", "new"] == 121
    assert free_in_s["node3", "new"] == pytest.approx(70, abs=1)
    assert free_in_s["node1", "known"] == free_in_s["node3", "known"] == pytest.approx(69, abs=1)
    bench.run(20)
    bench.boot("node3")
    assert bench.locks["node3"].free_in_s("known") == 121


def test_a_watch_tells_what_changed_also_while_it_was_away() -> None:
    bench = Bench()
    watch = bench.ports["node1"].watch("ha/")
    bench.split(("node1",), ("node2", "node3"))
    bench.ask("node2", bench.state("node2").queue_command("arm-ha"))
    told = bench.begin("node1", watch.next())
    bench.run(1)
    assert not told.done()
    bench.split(NODES)
    bench.run(1)
    assert told.result() == ("ha/crm_commands",)
    bench.ports["node1"].unwatch(watch)
    bench.ask("node1", bench.state("node1").queue_command("arm-ha"))
    again = bench.begin("node1", watch.next())
    bench.run(1)
    assert not again.done()


def test_a_deposed_manager_changes_nothing() -> None:
    bench = Bench()
    assert bench.ask("node1", bench.state("node1").queue_command("arm-ha")) is None
    state, config = bench.state("node2"), bench.config("node2")
    status = ManagerStatus(master="node2", round=1)
    for request in (
        lambda: state.write_manager_status(status, "m"),
        lambda: state.take_commands("m"),
        lambda: config.remove_lock("vm:100", ("backup",), "m"),
        lambda: config.set_requested_state("vm:100", "stopped", "m"),
        lambda: config.steal_service("vm:100", "node1", "node2", "m"),
    ):
        assert bench.ask("node2", request()) == "stale"
    assert bench.state("node1").has_commands()
    assert bench.config("node1").lock_of("vm:100") == "backup"
    assert bench.ask("node2", bench.locks["node2"].renew("m", 120)).held
    here = config.steal_service("vm:100", "node1", "node1", "m")
    assert bench.ask("node2", here) == "node1", "a guest may be recovered where it lies"
    assert bench.ask("node2", config.steal_service("vm:100", "node1", "node2", "m")) == "node2"
    assert bench.config("node3").config().services["vm:100"].node == "node2"
