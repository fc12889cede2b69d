"""The loop of the cluster resource manager: reads ports, runs the pure round, carries it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from appliance.core.ha import constants as const
from appliance.core.ha import effects
from appliance.core.ha.crm import CrmInputs, CrmMachine
from appliance.core.ha.memory import ManagerInputs
from appliance.model.errors import QuorateError, UnavailableError
from appliance.model.events.daemon import Exited, LockAcquired, RoundFailed, StatusChanged
from appliance.model.ha.status import EMPTY, LrmStatus, ManagerStatus
from appliance.ports import topics
from appliance.ports.clock import Pace, Rest, Tick
from appliance.ports.ha_store import HaConfig
from appliance.ports.leases import LeaseAnswer
from appliance.ports.membership import View
from appliance.ports.node import NodePorts
from appliance.services.ha.driving import Teller, attempt, drive, free_at_s, keep_lock

_REFUSED = LeaseAnswer(False)


class Crm:
    """One CRM process. It is told to leave by `request_shutdown` and does so in a later round."""

    def __init__(self, ports: NodePorts) -> None:
        self._ports = ports
        self._teller = Teller(ports, "crm")
        self.machine = CrmMachine(ports.node, self._teller.told)
        self._pace: Pace | None = None
        self._now_s = 0.0
        self._updated = True
        self._read: CrmInputs | None = None
        self._answer = _REFUSED
        self._rest_key: tuple[object, ...] = ()  # what `_rest` was built from
        self._rest = Rest(const.WAITING_PERIOD_S)
        self._awaited: list[tuple[str, float | None]] = []  # locks refused: name, when it is free
        self._actions: dict[type, Callable[[Any], Awaitable[Any]]] = {
            effects.KeepLock: self._keep_lock,
            effects.ReleaseLock: self._release_lock,
            effects.OpenWatchdog: self._open_watchdog,
            effects.PetWatchdog: self._pet_watchdog,
            effects.CloseWatchdog: self._close_watchdog,
            effects.ReadAll: self._read_all,
            effects.WriteManagerStatus: self._write_status,
            effects.TryAgentLock: self._try_agent_lock,
            effects.TakeCommands: self._take_commands,
            effects.StealService: self._steal_service,
            effects.RemoveLock: self._remove_lock,
            effects.SetRequestedState: self._set_requested_state,
            effects.MigrateGroups: self._migrate_groups,
        }
        self._teller.told.append(StatusChanged("startup", self.machine.state))
        self._teller.flush()

    async def run(self) -> None:
        """Rounds until a shutdown was asked for and served."""
        self._pace = self._ports.paces.open("crm")
        tick = self._pace.first()
        while True:
            try:
                rest = await self.iterate(tick)
            except QuorateError as error:
                # What it could not do it has not done; its watchdog was not fed either.
                self._teller.told.append(RoundFailed(str(error)))
                self._teller.flush()
                rest = Rest(const.WAITING_PERIOD_S)
            if rest.exit:
                self._teller.told.append(Exited())
                self._teller.flush()
                return
            tick = await self._pace.next_tick(rest)

    def request_shutdown(self) -> None:
        self.machine.request_shutdown()
        self._teller.flush()
        if self._pace is not None:
            self._pace.wake()

    async def iterate(self, tick: Tick) -> Rest:
        """One round. Reads everything before its first await."""
        machine = self.machine
        if tick.skipped and tick.last_s is not None:
            machine.fast_forward(tick.skipped, tick.last_s)
        self._now_s, self._answer = tick.now_s, _REFUSED
        self._awaited.clear()
        told, state = self._teller.count, machine.state
        self._updated = self._ports.membership.refresh()
        inputs = self._read = self._read_inputs(full=state == "master")
        await drive(machine.round(inputs), self._actions, self._teller)
        if machine.exit:
            return Rest(machine.period_s, exit=True)
        if self._teller.count != told or machine.state != state or not self._is_settled(inputs):
            return Rest(machine.period_s)
        return self._quiet_rest(inputs)

    # --- quiet ---

    def _is_settled(self, inputs: CrmInputs) -> bool:
        """Whether nothing but an input that has a topic can change what the next round does."""
        if not self._updated or self.machine.shutdown:
            return False
        if isinstance(inputs.status, QuorateError) or isinstance(inputs.config, QuorateError):
            return False
        if self.machine.state == "master":
            outcome = self.machine.outcome
            return outcome is not None and outcome.quiet
        return True

    def _quiet_rest(self, inputs: CrmInputs) -> Rest:
        if self.machine.state == "master":
            return self._master_rest(inputs)
        slave = self.machine.state == "slave"
        empty = not isinstance(inputs.config, QuorateError) and not inputs.config.services
        wake_at_s = free_at_s(self._now_s, self._answer) if slave else None
        key = (self.machine.period_s, slave, empty, wake_at_s)
        if key != self._rest_key:
            self._rest_key, self._rest = key, self._waiting_rest(slave, empty, wake_at_s)
        return self._rest

    def _waiting_rest(self, slave: bool, empty: bool, wake_at_s: float | None) -> Rest:
        reads = [topics.MEMBERSHIP, topics.HA_CONFIG, topics.manager_slice(self._ports.node)]
        if empty:
            reads += [topics.MANAGER_STATUS, topics.CRM_COMMANDS]
        if slave:
            reads.append(topics.lock(const.MANAGER_LOCK))
        return Rest(self.machine.period_s, quiet=True, wake_at_s=wake_at_s, reads=tuple(reads))

    def _master_rest(self, inputs: CrmInputs) -> Rest:
        machine, lock = self.machine, topics.lock(const.MANAGER_LOCK)
        reads = [
            topics.MEMBERSHIP,
            topics.HA_CONFIG,
            topics.CRM_COMMANDS,
            topics.LRM_STATUSES,
            topics.CHECKED_ROUND,
            lock,
            *(topics.lock(name) for name, _ in self._awaited),
        ]
        if inputs.manager is not None and inputs.manager.options.crs.auto_rebalance:
            reads.append(topics.STATS)
        renews = [lock, topics.MANAGER_ROUND]
        if machine.watchdog:
            renews.append(topics.watchdog("crm"))
        times_s = [machine.wake_at_s, *(free_s for _, free_s in self._awaited)]
        return Rest(
            machine.period_s,
            quiet=True,
            wake_at_s=min((time_s for time_s in times_s if time_s is not None), default=None),
            reads=tuple(reads),
            renews=tuple(renews),
        )

    # --- reading ---

    def _read_inputs(self, *, full: bool) -> CrmInputs:
        ports = self._ports
        view = ports.membership.view()
        status = attempt(ports.ha_state.manager_status)
        config = attempt(ports.ha_config.config)
        commands: bool | UnavailableError = False
        if full or (not isinstance(config, UnavailableError) and not config.services):
            commands = attempt(ports.ha_state.has_commands)
        manager = self._read_manager(view, status, config, commands) if full else None
        return CrmInputs(
            self._now_s, view.quorate, self._updated, status, config, commands, manager
        )

    def _read_manager(
        self,
        view: View,
        status: ManagerStatus | UnavailableError,
        config: HaConfig | UnavailableError,
        commands: bool | UnavailableError,
    ) -> ManagerInputs:
        ports = self._ports
        options = ports.ha_config.options()
        measured = options.crs.mode != "basic"
        groups = not isinstance(config, UnavailableError) and bool(config.groups)
        return ManagerInputs(
            ports.node,
            self._now_s,
            ports.clock.wall(),
            view,
            attempt(lambda: self._read_lrm(view, status)),
            config,
            options,
            commands,
            ports.stats.nodes() if measured else EMPTY,
            ports.stats.services() if measured else EMPTY,
            ports.stats.service_nodes(),
            ports.stats.node_versions() if groups else EMPTY,
        )

    def _read_lrm(
        self, view: View, status: ManagerStatus | UnavailableError
    ) -> dict[str, LrmStatus]:
        """Of the members, and of nodes that were members and are not forgotten yet."""
        read = self._ports.ha_state.lrm_status
        found = {node: read(node) for node in view.members}
        if not isinstance(status, UnavailableError):
            for node in status.nodes:
                if node not in found:
                    found[node] = read(node)
        return {node: status for node, status in found.items() if status is not None}

    # --- effects ---

    async def _keep_lock(self, effect: effects.KeepLock) -> bool:
        self._answer = await keep_lock(self._ports, effect, self._teller)
        if self._answer.fresh:
            self._read = None
        return self._answer.held

    async def _release_lock(self, effect: effects.ReleaseLock) -> bool:
        return await self._ports.leases.release(effect.name)

    async def _open_watchdog(self, effect: effects.OpenWatchdog) -> None:
        self._ports.watchdog.open("crm")

    async def _pet_watchdog(self, effect: effects.PetWatchdog) -> None:
        self._ports.watchdog.pet("crm")

    async def _close_watchdog(self, effect: effects.CloseWatchdog) -> None:
        self._ports.watchdog.close("crm")

    async def _read_all(self, effect: effects.ReadAll) -> CrmInputs:
        if self._read is None or self._read.manager is None:
            self._read = self._read_inputs(full=True)
        return self._read

    async def _write_status(self, effect: effects.WriteManagerStatus) -> None:
        await self._ports.ha_state.write_manager_status(effect.status, const.MANAGER_LOCK)

    async def _try_agent_lock(self, effect: effects.TryAgentLock) -> bool:
        name = const.agent_lock(effect.node)
        answer = await self._ports.leases.renew(name, const.LOCK_LIFE_S)
        if answer.held and answer.fresh:
            self._teller.told.append(LockAcquired(name))
            self._teller.flush()
        if not answer.held:
            self._awaited.append((name, free_at_s(self._now_s, answer)))
        return answer.held

    async def _take_commands(self, effect: effects.TakeCommands) -> tuple[str, ...]:
        return await self._ports.ha_state.take_commands(const.MANAGER_LOCK)

    async def _steal_service(self, effect: effects.StealService) -> str:
        return await self._ports.ha_config.steal_service(
            effect.sid, effect.from_node, effect.to_node, const.MANAGER_LOCK
        )

    async def _remove_lock(self, effect: effects.RemoveLock) -> str | None:
        return await self._ports.ha_config.remove_lock(effect.sid, effect.kinds, const.MANAGER_LOCK)

    async def _set_requested_state(self, effect: effects.SetRequestedState) -> None:
        await self._ports.ha_config.set_requested_state(
            effect.sid, effect.state, const.MANAGER_LOCK
        )

    async def _migrate_groups(self, effect: effects.MigrateGroups) -> HaConfig:
        await self._ports.ha_config.migrate_groups(
            effect.rules, dict(effect.failback), const.MANAGER_LOCK
        )
        return self._ports.ha_config.config()
