"""The ports of one daemon in lock step. Every call answers at once."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Generic, TypeVar

from appliance.model.errors import RoundError, StaleError, UnavailableError
from appliance.model.events import Event
from appliance.model.ha.rules import RuleSet
from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.model.ha.status import LrmStatus, ManagerStatus
from appliance.ports.clock import Clock, Pace
from appliance.ports.ha_store import DatacenterOptions, HaConfig
from appliance.ports.leases import LeaseAnswer
from appliance.ports.membership import View
from appliance.ports.tasks import Task
from sim.lockstep.hardware import Hardware, Machine, SimulationAbort

T = TypeVar("T")

LOCK_LIFE_S = 120
LOOP_LIMIT_S = 300


def run_now(coro: Coroutine[Any, Any, T]) -> T:
    """Step a coroutine to its end; it never has to wait."""
    try:
        coro.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coro.close()
    raise AssertionError("a lock-step port made a coroutine wait")


class StepClock:
    """The clock of one daemon's environment. It stands still within a round; waits are added up."""

    def __init__(self, machine: Machine, daemon: str) -> None:
        self._machine, self._is_crm = machine, daemon == "crm"
        self._waited_s = 0.0

    def monotonic(self) -> float:
        return self._machine.crm_s if self._is_crm else self._machine.lrm_s

    wall = monotonic

    async def sleep(self, seconds: float) -> None:
        self.spend(seconds)

    def spend(self, seconds: float) -> None:
        self._waited_s += seconds

    def end_loop(self, rest_s: float) -> None:
        """A round and its rest are over; all they would have waited must stay within a limit."""
        waited_s, self._waited_s = self._waited_s + rest_s, 0.0
        if waited_s > LOOP_LIMIT_S:
            raise SimulationAbort(f"loop took too long ({waited_s:g} seconds)\n")


class NoPaces:
    """The driver itself calls `iterate`."""

    def open(self, loop: str) -> Pace:
        raise NotImplementedError("in lock step the driver sets the pace")


class DoneTask(Generic[T]):
    """A coroutine that was run to its end when it was started."""

    def __init__(self, value: T) -> None:
        self._value = value

    def done(self) -> bool:
        return True

    def result(self) -> T:
        return self._value

    def cancel(self) -> None:
        """Too late: it is done."""

    async def wait(self) -> T:
        return self._value


class StepTasks:
    def spawn(self, coro: Coroutine[Any, Any, T], name: str) -> Task[T]:
        return DoneTask(run_now(coro))

    async def settle(self, tasks: Sequence[Task[Any]], seconds: float) -> None:
        """All are done."""


class NoEntropy:
    """No decision of the HA daemons draws a number."""

    def unit(self, *key: str | int) -> float:
        return 0.0

    def token(self, size_bytes: int) -> str:
        return "0" * (2 * size_bytes)


class StepJournal:
    def __init__(self, hardware: Hardware, node: str, clock: Clock) -> None:
        self._hardware, self._node, self._clock = hardware, node, clock

    def emit(self, source: str, event: Event) -> None:
        self._hardware.tell(int(self._clock.monotonic()), f"{self._node}/{source}", event)


class StepMembership:
    def __init__(self, hardware: Hardware, node: str) -> None:
        self._hardware, self._node = hardware, node

    def view(self) -> View:
        return self._hardware.view(self._node)

    def refresh(self) -> bool:
        return self._hardware.nodes[self._node].update_works


class StepLeases:
    def __init__(self, hardware: Hardware, node: str, clock: Clock) -> None:
        self._hardware, self._node, self._clock = hardware, node, clock

    async def renew(self, name: str, life_s: float) -> LeaseAnswer:
        now_s = int(self._clock.monotonic())
        return self._hardware.acquire(self._node, name, now_s, LOCK_LIFE_S)

    async def release(self, name: str) -> bool:
        now_s = int(self._clock.monotonic())
        return self._hardware.release(self._node, name, now_s, LOCK_LIFE_S)


class StepState:
    """The files the daemons share, with no look at quorum, unless the store of the node is gone."""

    def __init__(self, hardware: Hardware, node: str) -> None:
        self._hardware, self._node = hardware, node

    def _check(self) -> None:
        check_store(self._hardware, self._node)

    def manager_status(self) -> ManagerStatus:
        self._check()
        return self._hardware.manager_status

    async def write_manager_status(self, status: ManagerStatus, lease: str) -> None:
        self._check()
        owner = self._hardware.locks.get(lease)
        if owner is None or owner[0] != self._node:
            raise StaleError(f"{self._node} does not hold {lease}")
        self._hardware.manager_status = status

    def lrm_status(self, node: str) -> LrmStatus | None:
        self._check()
        return self._hardware.lrm_statuses.get(node)

    async def write_lrm_status(self, status: LrmStatus) -> None:
        self._check()
        self._hardware.lrm_statuses[self._node] = status

    def has_commands(self) -> bool:
        self._check()
        return bool(self._hardware.commands)

    async def take_commands(self, lease: str) -> tuple[str, ...]:
        self._check()
        taken, self._hardware.commands = tuple(self._hardware.commands), []
        return taken

    async def queue_command(self, command: str) -> None:
        self._check()
        self._hardware.commands.append(command)


class StepConfig:
    def __init__(self, hardware: Hardware, node: str) -> None:
        self._hardware, self._node = hardware, node

    def config(self) -> HaConfig:
        check_store(self._hardware, self._node)
        return self._hardware.config()

    def options(self) -> DatacenterOptions:
        return self._hardware.options

    async def set_requested_state(self, sid: str, state: str, lease: str | None) -> None:
        check_store(self._hardware, self._node)
        self._existing(sid)
        self._hardware.set_service(sid, state=state)

    async def steal_service(self, sid: str, from_node: str, to_node: str, lease: str) -> str:
        """As the reference does: a configuration that lies elsewhere spoils the round."""
        check_store(self._hardware, self._node)
        here = self._existing(sid)
        if here != from_node:
            raise StaleError(f"'{sid}' lies on {here}, not on {from_node}")
        self._hardware.set_service(sid, node=to_node)
        return to_node

    async def remove_lock(self, sid: str, kinds: Sequence[str], lease: str) -> str | None:
        self._existing(sid)
        lock = self._hardware.guest_locks.get(sid)
        if lock is None or lock not in kinds:
            return None
        del self._hardware.guest_locks[sid]
        return lock

    async def migrate_groups(
        self, rules: RuleSet, failback: Mapping[str, bool], lease: str
    ) -> None:
        hardware = self._hardware
        check_store(hardware, self._node)
        hardware.rules, hardware.groups = rules, ()
        hardware.rules_digest = f"{hardware.rules_digest}, migrated"
        hardware.groups_digest = ""
        for sid in list(hardware.services):
            hardware.set_service(sid, group=None)
            if sid in failback:
                hardware.set_service(sid, failback=failback[sid])
        hardware.config_changed()

    def _existing(self, sid: str) -> str:
        """The node of a service; RoundError if there is no such service."""
        config = self._hardware.services.get(sid)
        if config is None:
            raise RoundError(f"no such service '{sid}'")
        return config.node


class StepWatchdog:
    """`holder` numbers the daemon process: a new one does not know the watchdog of an old one."""

    def __init__(self, hardware: Hardware, node: str, holder: int) -> None:
        self._hardware, self._node, self._holder = hardware, node, holder

    def open(self, client: str) -> None:
        self._hardware.nodes[self._node].watchdogs[self._holder] = self._hardware.now_s

    def pet(self, client: str) -> None:
        self._hardware.feed_watchdog(self._node, self._holder)

    def close(self, client: str) -> None:
        self._hardware.close_watchdog(self._node, self._holder)

    def is_open(self, client: str) -> bool:
        return self._holder in self._hardware.nodes[self._node].watchdogs


class StepStats:
    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware

    def nodes(self) -> Mapping[str, NodeStats]:
        return self._hardware.node_stats()

    def services(self) -> Mapping[str, ServiceStats]:
        return self._hardware.service_stats()

    def service_nodes(self) -> Mapping[str, tuple[str, bool]]:
        return self._hardware.guests()

    def node_versions(self) -> Mapping[str, str]:
        return {name: node.version for name, node in self._hardware.nodes.items()}


def check_store(hardware: Hardware, node: str) -> None:
    if not hardware.nodes[node].store_works:
        raise UnavailableError("cfs connection refused - not mounted?\n")
