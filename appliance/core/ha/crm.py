"""The cluster resource manager daemon: who is master, and what a master does in a round.

`CrmMachine` is the memory of one CRM process, `round` what it does in a round, as a generator of
effects. Proxmox VE HA manager 5.2 behaviour.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from appliance.core.ha import constants as const
from appliance.core.ha.effects import (
    CloseWatchdog,
    KeepLock,
    OpenWatchdog,
    PetWatchdog,
    ReadAll,
    ReleaseLock,
    WriteManagerStatus,
)
from appliance.core.ha.manager import manage, unpublished
from appliance.core.ha.memory import (
    ManagerInputs,
    ManagerMemory,
    Outcome,
    fast_forward,
    take_over,
)
from appliance.model.errors import QuorateError
from appliance.model.events import Event, daemon
from appliance.model.events import crm as events
from appliance.model.ha.status import EMPTY, ManagerStatus, ServiceStatus
from appliance.ports.ha_store import HaConfig

Steps = Generator[Any, Any, None]
Ask = Generator[Any, Any, bool]


class CrmInputs(NamedTuple):
    """What a round reads before its first await. `updated`: the view of the cluster is fresh.

    `manager` is there for a master only. A read that failed stands here as its error.
    """

    now_s: float
    quorate: bool
    updated: bool
    status: ManagerStatus | QuorateError
    config: HaConfig | QuorateError
    has_commands: bool | QuorateError = False
    manager: ManagerInputs | None = None


@dataclass(slots=True)
class CrmMachine:
    """disarmed  HA is known to be disarmed: this master promises no life signs to the watchdog
    memory    what a master knows; None while it is none
    outcome   how the manager round of this round ended, if there was one
    """

    node: str
    told: list[Event]
    state: str = "wait_for_quorum"
    memory: ManagerMemory | None = None
    outcome: Outcome | None = None
    idle_rounds: int = 0
    shutdown: bool = False
    watchdog: bool = False
    disarmed: bool = False
    exit: bool = False
    period_s: float = const.WAITING_PERIOD_S
    wake_at_s: float | None = None
    _fenced_in: Mapping[str, ServiceStatus] = field(default_factory=lambda: EMPTY)
    _fenced: bool = False

    def tell(self, event: Event) -> None:
        self.told.append(event)

    def go(self, state: str) -> None:
        self.tell(daemon.StatusChanged(self.state, state))
        self.state = state
        if state != "master":
            self.memory = None

    def round(self, inputs: CrmInputs) -> Steps:
        self.exit, self.wake_at_s, self.outcome = False, None, None
        if self.state == "wait_for_quorum":
            yield from self._next_state_wait_for_quorum(inputs)
        elif self.state == "slave":
            yield from self._next_state_slave(inputs)
        elif self.state == "lost_manager_lock":
            yield from self._next_state_lost_manager_lock(inputs)
        else:
            yield from self._next_state_master(inputs)
        yield from self._work(inputs)

    def request_shutdown(self) -> bool:
        """False if that was asked before."""
        if self.shutdown:
            return False
        self.shutdown = True
        self.tell(events.ShutdownReceived())
        return True

    def fast_forward(self, skipped: int, last_s: float) -> None:
        """Make up for quiet rounds, the last of which began at `last_s`."""
        if self.memory is not None:
            self.memory = fast_forward(self.memory, skipped, last_s)
        if self.idle_rounds:
            self.idle_rounds += skipped

    # --- state transitions ---

    def _next_state_wait_for_quorum(self, inputs: CrmInputs) -> Steps:
        if self._can_become_active(inputs):
            if (yield from self._lock_step(inputs)):
                yield from self._become_master()
            else:
                self.go("slave")

    def _next_state_slave(self, inputs: CrmInputs) -> Steps:
        if not self._can_become_active(inputs):
            self.go("wait_for_quorum")
        elif (yield from self._lock_step(inputs)):
            yield from self._become_master()

    def _next_state_lost_manager_lock(self, inputs: CrmInputs) -> Steps:
        if self._can_become_active(inputs, needs_work=False) and (
            yield from self._lock_step(inputs)
        ):
            yield from self._become_master()

    def _next_state_master(self, inputs: CrmInputs) -> Steps:
        if not (yield from self._lock_step(inputs)):
            self.go("lost_manager_lock")
        elif not self._may_idle(inputs):
            self.idle_rounds = 0
        else:
            self.idle_rounds += 1
            if self.idle_rounds > const.CRM_IDLE_ROUNDS:
                self.idle_rounds = 0
                self.tell(events.CrmIdle(const.CRM_IDLE_ROUNDS))
                yield ReleaseLock(const.MANAGER_LOCK)
                yield from self._close_watchdog()
                self.go("wait_for_quorum")

    def _become_master(self) -> Steps:
        self.go("master")
        # What was read before the lock was obtained may have changed under the last master.
        fresh: CrmInputs = yield ReadAll()
        self._take_over(fresh)

    def _take_over(self, inputs: CrmInputs) -> None:
        if isinstance(inputs.status, QuorateError) or inputs.manager is None:
            return  # tried again by the next round's work
        mode = inputs.manager.options.crs.mode
        self.memory = take_over(inputs.status, mode)
        if mode != "basic":
            self.tell(events.SchedulerMode(mode))

    def _lock_step(self, inputs: CrmInputs) -> Ask:
        held: bool = yield KeepLock(const.MANAGER_LOCK, self.state == "master")
        if not held:
            return False
        if self.watchdog:
            yield PetWatchdog()
        elif not self.disarmed:
            status = inputs.status
            disarm = None if isinstance(status, QuorateError) else status.disarm
            if disarm is not None and disarm.state == "disarmed":
                self.tell(events.TookOverDisarmed())
                self.disarmed = True
            else:
                yield OpenWatchdog()
                self.watchdog = True
        return True

    def _close_watchdog(self) -> Steps:
        if self.watchdog:
            yield CloseWatchdog()
            self.watchdog = False

    # --- conditions ---

    def _can_become_active(self, inputs: CrmInputs, needs_work: bool = True) -> bool:
        """Whether this node may try to be master; `needs_work`: only if there is anything to do."""
        status = self._usable_status(inputs)
        if status is None:
            return False
        return not needs_work or self._has_work(inputs, status)

    def _usable_status(self, inputs: CrmInputs) -> ManagerStatus | None:
        """The manager status, if this node may act on it: not if it is to be fenced itself."""
        if not inputs.quorate or not inputs.updated:
            return None
        if isinstance(inputs.status, QuorateError):
            self.tell(daemon.StoreUnreadable("manager status", str(inputs.status)))
            return None
        return None if self._is_fenced(inputs.status) else inputs.status

    def _is_fenced(self, status: ManagerStatus) -> bool:
        if status.services is not self._fenced_in:
            self._fenced_in = status.services
            self._fenced = any(
                st.state == "fence" and st.node == self.node for st in status.services.values()
            )
        return self._fenced

    def _has_work(self, inputs: CrmInputs, status: ManagerStatus) -> bool:
        if isinstance(inputs.config, QuorateError):
            self.tell(daemon.StoreUnreadable("service configuration", str(inputs.config)))
            return False
        if inputs.config.services:
            return True
        master = status.master
        if master and master != self.node and status.nodes.get(master) == "online":
            return False
        leftover = any(
            state == "maintenance" and node not in status.maintenance
            for node, state in status.nodes.items()
        )
        return bool(
            leftover or inputs.has_commands is True or status.services or status.disarm is not None
        )

    def _may_idle(self, inputs: CrmInputs) -> bool:
        status = self._usable_status(inputs)
        if status is None or status.services or status.disarm is not None:
            return False
        return not isinstance(inputs.config, QuorateError) and not inputs.config.services

    # --- work of a state ---

    def _work(self, inputs: CrmInputs) -> Steps:
        self.period_s = const.WAITING_PERIOD_S
        if self.state == "lost_manager_lock":
            # Not master any more: nothing this CRM does needs a watchdog.
            yield from self._close_watchdog()
            self.exit = self.shutdown
            if not self.exit:
                self.go("wait_for_quorum")
        elif self.state == "master":
            yield from self._work_master(inputs)
        else:
            self.period_s = (
                const.SLAVE_PERIOD_S if self.state == "slave" else const.WAITING_PERIOD_S
            )
            self.exit = self.shutdown

    def _work_master(self, inputs: CrmInputs) -> Steps:
        self.period_s = const.ACTIVE_PERIOD_S
        if self.shutdown:
            yield from self._resign()
        elif not inputs.updated:
            self.tell(daemon.InconsistentState())
        else:
            try:
                yield from self._manage()
            except QuorateError as error:
                self.tell(daemon.RoundFailed(str(error)))
        if self.idle_rounds:
            left = const.CRM_IDLE_ROUNDS + 1 - self.idle_rounds
            self._due(inputs.now_s + (left - 0.5) * const.ACTIVE_PERIOD_S)

    def _resign(self) -> Steps:
        yield from self._close_watchdog()
        self.tell(events.CrmLockReleased())
        if not (yield ReleaseLock(const.MANAGER_LOCK)):
            self.tell(events.CrmLockNotReleased())
        self.exit = True

    def _manage(self) -> Steps:
        inputs: CrmInputs = yield ReadAll()
        if self.memory is None:
            self._take_over(inputs)
        if isinstance(inputs.status, QuorateError) and self.memory is None:
            raise inputs.status
        assert self.memory is not None
        assert inputs.manager is not None
        outcome = yield from manage(inputs.manager, self.memory, self.told)
        self.memory = outcome.memory
        if outcome.error is not None:
            self.tell(daemon.RoundFailed(outcome.error))
            return
        if outcome.status is not None:
            try:
                yield WriteManagerStatus(outcome.status)
            except QuorateError:
                self.memory = unpublished(outcome.memory)
                raise
        self.outcome = outcome
        if outcome.wake_at_s is not None:
            self._due(outcome.wake_at_s)
        yield from self._follow_disarm(outcome.disarmed)

    def _follow_disarm(self, disarmed: bool) -> Steps:
        if disarmed and not self.disarmed:
            self.tell(events.CrmDisarmed())
            yield from self._close_watchdog()
            self.disarmed = True
        elif self.disarmed and not disarmed:
            self.tell(events.CrmRearmed())
            self.disarmed = False

    def _due(self, at_s: float) -> None:
        if self.wake_at_s is None or at_s < self.wake_at_s:
            self.wake_at_s = at_s
