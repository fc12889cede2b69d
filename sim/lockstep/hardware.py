"""The simulated cluster of the lock-step driver: nodes, locks, watchdogs, shared files, guests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.model.events import Event
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.model.ha.status import LrmStatus
from appliance.ports.ha_store import HaConfig
from appliance.ports.leases import LeaseAnswer
from appliance.ports.membership import View
from sim.lockstep.events import Overcommitted
from sim.lockstep.inputs import GIB, CaseInputs, NodeInput

WATCHDOG_LIMIT_S = 60


class SimulationAbort(Exception):
    """The run cannot go on. No `QuorateError`, as no daemon may take it for one of its own."""


@dataclass(slots=True)
class Machine:
    """One node. `marker`: reboot or shutdown is under way. `watchdogs`: holder -> last fed.

    crm_s, lrm_s: the clocks of its two daemons' environments.
    """

    name: str
    power: bool
    network: bool
    maxcpu: float | None
    maxmem: float | None
    version: str
    marker: str | None = None
    store_works: bool = True
    update_works: bool = True
    watchdogs: dict[int, int] = field(default_factory=dict)
    running: dict[str, bool] = field(default_factory=dict)
    crm_s: int = 0
    lrm_s: int = 0


class Hardware:
    """What all daemons share. `now_s` is the clock of the hardware."""

    def __init__(self, inputs: CaseInputs) -> None:
        self.now_s = 0
        self.journal: list[tuple[int, str, Event]] = []
        self.names = tuple(sorted(inputs.nodes))
        self.nodes = {name: _machine(name, inputs.nodes[name]) for name in self.names}
        for name, running in inputs.running.items():
            self.nodes[name].running.update(running)
        self.locks: dict[str, tuple[str, int]] = {}
        self.services = dict(inputs.services)
        self.guest_locks = dict(inputs.locks)
        self.static_stats, self.dynamic_stats = (
            dict(inputs.static_stats),
            dict(inputs.dynamic_stats),
        )
        self.options = inputs.options
        self.manager_status = inputs.manager_status
        self.lrm_statuses: dict[str, LrmStatus] = {}
        self.commands: list[str] = []
        self.rules, self.rules_digest = inputs.rules, inputs.rules_digest
        self.groups, self.groups_digest = inputs.groups, inputs.groups_digest
        self.start_attempts: dict[str, int] = {}
        self.move_attempts: dict[str, int] = {}
        self._config: HaConfig | None = None
        self._guests: dict[str, tuple[str, bool]] | None = None
        self._views: dict[str, View] = {}
        self._epoch = 0

    def tell(self, at_s: int, actor: str, event: Event) -> None:
        self.journal.append((at_s, actor, event))

    # --- nodes ---

    def view(self, node: str) -> View:
        found = self._views.get(node)
        if found is None:
            online = [name for name in self.names if self._is_up(name)]
            if len(online) <= len(self.names) // 2:
                online = []
            view = View(self.names, tuple(online), False, self._epoch)
            here = replace(view, quorate=True)
            self._views = {name: here if name in online else view for name in self.names}
            found = self._views[node]
        return found

    def topology_changed(self) -> None:
        self._epoch += 1
        self._views = {}

    def _is_up(self, name: str) -> bool:
        return self.nodes[name].power and self.nodes[name].network

    # --- locks: owner and time of the last refresh, by its own clock ---

    def acquire(self, node: str, name: str, at_s: int, life_s: float) -> LeaseAnswer:
        if not self.view(node).quorate:
            return LeaseAnswer(False)
        entry = self.locks.get(name)
        if entry is not None and at_s - entry[1] <= life_s:
            if entry[0] != node:
                return LeaseAnswer(False, free_in_s=life_s - (at_s - entry[1]))
            self.locks[name] = (node, at_s)
            return LeaseAnswer(True)
        self.locks[name] = (node, at_s)
        return LeaseAnswer(True, fresh=True)

    def release(self, node: str, name: str, at_s: int, life_s: float) -> bool:
        entry = self.locks.get(name)
        if not self.view(node).quorate or entry is None:
            return False
        if at_s - entry[1] > life_s:
            return True
        if entry[0] != node:
            return False
        del self.locks[name]
        return True

    # --- watchdogs ---

    def feed_watchdog(self, node: str, holder: int) -> None:
        """Feeding and closing come too late when the limit has passed unnoticed."""
        self._check_watchdog(node, holder)
        self.nodes[node].watchdogs[holder] = self.now_s

    def close_watchdog(self, node: str, holder: int) -> None:
        self._check_watchdog(node, holder)
        del self.nodes[node].watchdogs[holder]

    def _check_watchdog(self, node: str, holder: int) -> None:
        if self.now_s - self.nodes[node].watchdogs[holder] > WATCHDOG_LIMIT_S:
            raise SimulationAbort("watchdog expired")

    # --- configuration ---

    def config(self) -> HaConfig:
        if self._config is None:
            self._config = HaConfig(
                dict(self.services),
                self.rules,
                self.rules_digest,
                self.groups,
                self.groups_digest,
            )
        return self._config

    def service(self, sid: str) -> ServiceConfig:
        found = self.services.get(sid)
        if found is None:
            raise SimulationAbort(f"no such service '{sid}'\n")
        return found

    def set_service(self, sid: str, **changes: Any) -> None:
        self.put_service(replace(self.service(sid), **changes))

    def put_service(self, config: ServiceConfig) -> None:
        known = config.sid in self.services
        self.services[config.sid] = config
        if not known:
            self.services = dict(sorted(self.services.items()))
        self.config_changed()

    def drop_service(self, sid: str) -> None:
        self.service(sid)
        del self.services[sid]
        self.static_stats.pop(sid, None)
        self.config_changed()

    def config_changed(self) -> None:
        self._config = self._guests = None

    # --- load ---

    def guests(self) -> Mapping[str, tuple[str, bool]]:
        if self._guests is None:
            self._guests = {s.sid: (s.node, s.state == "started") for s in self.services.values()}
        return self._guests

    def service_stats(self) -> Mapping[str, ServiceStats]:
        if self.options.crs.mode != "dynamic":
            return {
                sid: ServiceStats(maxcpu, maxmem)
                for sid, (maxcpu, maxmem) in self.static_stats.items()
            }
        found = {}
        for sid, (cpu, mem) in sorted(self.dynamic_stats.items()):
            maxcpu, maxmem = self.static_stats.get(sid, (0.0, 0.0))
            found[sid] = ServiceStats(maxcpu, maxmem, cpu, mem)
            if sid in self.static_stats:
                self._warn(sid, cpu, maxcpu, mem, maxmem)
        return found

    def node_stats(self) -> Mapping[str, NodeStats]:
        dynamic = self.options.crs.mode == "dynamic"
        found = {}
        for name, node in self.nodes.items():
            maxcpu, maxmem, cpu, mem = node.maxcpu, node.maxmem, 0.0, 0.0
            if dynamic:
                maxcpu = 24.0 if maxcpu is None else maxcpu
                maxmem = 128 * GIB if maxmem is None else maxmem
                for sid, (used_cpu, used_mem) in sorted(self.dynamic_stats.items()):
                    config = self.services.get(sid)
                    if config is not None and config.node == name and node.running.get(sid):
                        cpu += used_cpu
                        mem += used_mem
                self._warn(name, cpu, maxcpu, mem, maxmem)
            found[name] = NodeStats(cpu, maxcpu, mem, maxmem)
        return found

    def _warn(self, subject: str, cpu: float, maxcpu: float, mem: float, maxmem: float) -> None:
        if cpu > maxcpu:
            self.tell(self.now_s, "hardware", Overcommitted(subject, "cpu"))
        if mem > maxmem:
            self.tell(self.now_s, "hardware", Overcommitted(subject, "mem"))


def _machine(name: str, given: NodeInput) -> Machine:
    return Machine(name, given.power, given.network, given.maxcpu, given.maxmem, given.version)
