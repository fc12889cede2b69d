"""Writes, refusals, splits and merges of the simulated store."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from appliance.model.errors import QuorateError
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.status import LrmStatus, ManagerStatus
from appliance.ports.ha_store import HaConfig
from appliance.ports.leases import LeaseAnswer
from appliance.ports.membership import View
from sim.kernel import US, Kernel
from sim.pace import Wakeups
from sim.store.ha_config import SimHaConfig
from sim.store.ha_state import SimHaState
from sim.store.leases import SimLeases
from sim.store.replica import Replica
from sim.store.store import Store
from sim.tasks import Boot, SimTask

NODES = ("node1", "node2", "node3")


class Bench:
    """A store whose membership the test decides."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.quorate = dict.fromkeys(NODES, True)
        self.steady = dict.fromkeys(NODES, True)
        service = ServiceConfig("vm:100", "node1")
        first = Replica(
            NODES, HaConfig(services={"vm:100": service}), guest_nodes={"vm:100": "node1"}
        )
        self.store = Store(self.kernel, self, first, lambda _node: 5_000)
        self.wakeups = Wakeups()
        self.boots = {
            node: Boot(self.kernel, node, 1, lambda _task, _error: None) for node in NODES
        }

    def view(self, node: str) -> View:
        return View(NODES, NODES, self.quorate[node], 1)

    def settled(self, node: str) -> bool:
        return self.steady[node]

    def leases(self, node: str) -> SimLeases:
        return SimLeases(self.boots[node], self.store, self.wakeups)

    def state(self, node: str) -> SimHaState:
        return SimHaState(self.boots[node], self.store, self.wakeups)

    def config(self, node: str) -> SimHaConfig:
        return SimHaConfig(self.boots[node], self.store, self.wakeups)

    def begin(self, node: str, coro: Coroutine[Any, Any, Any]) -> SimTask[Any]:
        return self.boots[node].spawn(coro, "request")

    def ask(self, node: str, coro: Coroutine[Any, Any, Any]) -> Any:
        """The result, or the class of the error."""
        task = self.begin(node, coro)
        self.kernel.run(self.kernel.now_us + US)
        try:
            return task.result()
        except QuorateError as error:
            return error.code

    def split(self, *groups: tuple[str, ...], quorate: tuple[str, ...] = ()) -> None:
        for group in groups:
            for node in group:
                self.quorate[node], self.steady[node] = group == quorate, True
            self.store.installed(group, group == quorate)
            self.store.settled(group)


def test_a_lease_is_exclusive_while_it_lives() -> None:
    bench = Bench()
    first, second = bench.leases("node1"), bench.leases("node2")
    assert bench.ask("node1", first.renew("x", 120)) == LeaseAnswer(held=True, fresh=True)
    assert bench.ask("node1", first.renew("x", 120)) == LeaseAnswer(held=True)
    refused = bench.ask("node2", second.renew("x", 120))
    assert not refused.held
    assert 118 < refused.free_in_s < 120
    bench.kernel.run(122 * US)
    assert bench.ask("node2", second.renew("x", 120)) == LeaseAnswer(held=True, fresh=True)
    assert bench.ask("node1", first.release("x")) is False
    assert bench.ask("node2", second.release("x")) is True
    assert bench.ask("node1", first.renew("x", 120)).fresh


def test_no_quorum_no_write() -> None:
    bench = Bench()
    bench.split(("node1",), ("node2", "node3"), quorate=("node2", "node3"))
    state = bench.state("node1")
    assert bench.ask("node1", state.write_lrm_status(LrmStatus("active"))) == "not_quorate"
    assert bench.ask("node1", bench.leases("node1").renew("x", 120)) == LeaseAnswer(held=False)
    assert bench.ask("node1", state.queue_command("arm-ha")) == "not_quorate"
    assert bench.state("node2").has_commands() is False


def test_an_unsettled_node_waits_for_its_view() -> None:
    bench = Bench()
    bench.steady["node2"] = False
    write = bench.begin("node2", bench.state("node2").queue_command("arm-ha"))
    bench.kernel.run(5 * US)
    assert not write.done()
    bench.split(("node2", "node3"), quorate=("node2", "node3"))
    bench.kernel.run(6 * US)
    assert write.done()
    assert bench.state("node3").has_commands()
    assert not bench.state("node1").has_commands()


def test_a_merge_keeps_the_quorate_state() -> None:
    bench = Bench()
    bench.split(("node1",), ("node2", "node3"), quorate=("node2", "node3"))
    assert bench.ask("node2", bench.state("node2").queue_command("arm-ha")) is None
    assert not bench.state("node1").has_commands()
    bench.split(NODES, quorate=NODES)
    assert bench.state("node1").has_commands()
    bench.ask("node1", bench.leases("node1").renew("m", 120))
    assert bench.ask("node1", bench.state("node1").take_commands("m")) == ("arm-ha",)
    assert not bench.state("node3").has_commands()


def test_what_is_on_the_wire_reaches_both_sides_of_a_split() -> None:
    bench = Bench()
    write = bench.begin("node1", bench.state("node1").queue_command("arm-ha"))
    bench.kernel.run(1)
    bench.split(("node1",), ("node2", "node3"), quorate=("node2", "node3"))
    bench.kernel.run(US)
    assert write.done()
    assert bench.state("node1").has_commands()
    assert bench.state("node3").has_commands()


def test_the_manager_status_is_guarded_by_its_lease() -> None:
    bench = Bench()
    status = ManagerStatus(master="node1", round=1)
    state = bench.state("node1")
    assert bench.ask("node1", state.write_manager_status(status, "ha_manager_lock")) == "stale"
    bench.ask("node1", bench.leases("node1").renew("ha_manager_lock", 120))
    assert bench.ask("node1", state.write_manager_status(status, "ha_manager_lock")) is None
    assert bench.state("node3").manager_status() == status


def test_stealing_is_one_rename_under_the_lease() -> None:
    bench = Bench()
    config = bench.config("node2")

    def steal() -> Coroutine[Any, Any, str]:
        return config.steal_service("vm:100", "node1", "node2", "ha_manager_lock")

    assert bench.ask("node2", steal()) == "stale"
    bench.ask("node2", bench.leases("node2").renew("ha_manager_lock", 120))
    assert bench.ask("node2", steal()) == "node2"
    again = config.steal_service("vm:100", "node1", "node3", "ha_manager_lock")
    assert bench.ask("node2", again) == "node2", "it does not lie at node1 any more"
    for node in NODES:
        assert bench.config(node).node_of("vm:100") == "node2"
        assert bench.config(node).config().services["vm:100"].node == "node2"


def test_a_deposed_manager_changes_nothing() -> None:
    bench = Bench()
    bench.store.replica("node1").guest_locks["vm:100"] = "backup"
    assert bench.ask("node1", bench.state("node1").queue_command("arm-ha")) is None
    state, config = bench.state("node2"), bench.config("node2")
    for request in (
        lambda: state.take_commands("m"),
        lambda: config.remove_lock("vm:100", ("backup",), "m"),
        lambda: config.set_requested_state("vm:100", "stopped", "m"),
        lambda: config.migrate_groups(config.config().rules, {}, "m"),
    ):
        assert bench.ask("node2", request()) == "stale"
    assert bench.state("node1").has_commands()
    assert bench.config("node1").lock_of("vm:100") == "backup"
    assert bench.config("node1").config().services["vm:100"].state == "started"
    assert bench.ask("node2", config.set_requested_state("vm:100", "stopped", None)) is None
