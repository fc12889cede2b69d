"""The loop of the local resource manager: reads ports, runs the pure round, works on orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from appliance.core.ha import constants as const
from appliance.core.ha import effects
from appliance.core.ha.lrm import LrmInputs, LrmMachine, ShutdownKind, Startup
from appliance.core.ha.lrm_jobs import Job
from appliance.model.errors import NotQuorateError, QuorateError, UnavailableError
from appliance.model.events import Event
from appliance.model.events.daemon import Exited, RoundFailed, StatusChanged, StoreUnwritable
from appliance.model.ha.ids import GUEST_TYPES
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.status import EMPTY
from appliance.ports import topics
from appliance.ports.clock import Pace, Rest, Tick
from appliance.ports.leases import LeaseAnswer
from appliance.ports.node import NodePorts
from appliance.ports.tasks import Task
from appliance.services.ha.agents import Agents
from appliance.services.ha.driving import Teller, attempt, drive, free_at_s, keep_lock

_REFUSED = LeaseAnswer(False)
# A worker that ends early makes room for a waiting order; how often to look.
_POLL_S = 1.0
# What was seen at the beginning of a round counts for so long; longer, if the lock was fought for.
_STALE_S = 1.0


class Lrm:
    """One LRM process. `startup` and `types` are there for the lock-step simulator."""

    def __init__(
        self,
        ports: NodePorts,
        startup: Startup | None = None,
        types: tuple[str, ...] = GUEST_TYPES,
    ) -> None:
        self._ports = ports
        self._teller = Teller(ports, "lrm")
        self.machine = LrmMachine(ports.node, startup or Startup(), self._teller.told)
        self._agents = Agents(ports, self._tell, self._may_start, types)
        self._running: list[tuple[Job, int, Task[int]]] = []
        self._pace: Pace | None = None
        self._now_s = 0.0
        self._renewed_s = 0.0
        self._services: Mapping[str, ServiceConfig] | UnavailableError = EMPTY
        self._found: dict[str, bool] | None = None
        self._seen_steady = False  # all steady services were found running in this round
        self._answer = _REFUSED
        self._rest_key: tuple[object, ...] = ()  # what `_rest` was built from
        self._rest = Rest(const.WAITING_PERIOD_S)
        self._actions: dict[type, Callable[[Any], Awaitable[Any]]] = {
            effects.KeepLock: self._keep_lock,
            effects.ReleaseLock: self._release_lock,
            effects.OpenWatchdog: self._open_watchdog,
            effects.PetWatchdog: self._pet_watchdog,
            effects.CloseWatchdog: self._close_watchdog,
            effects.CheckSteady: self._check_steady,
            effects.RunWorkers: self._run_workers,
            effects.WriteLrmStatus: self._write_status,
        }
        self._teller.told.append(StatusChanged("startup", self.machine.state))
        self._teller.flush()

    async def run(self) -> None:
        """Rounds until a shutdown was asked for and served.

        A round that cannot read the store is given up and tried again: an LRM that stopped working
        would leave a lock and a watchdog behind.
        """
        self._pace = self._ports.paces.open("lrm")
        tick = self._pace.first()
        while True:
            try:
                rest = await self.iterate(tick)
            except QuorateError as error:
                self._tell(RoundFailed(str(error)))
                rest = Rest(const.WAITING_PERIOD_S)
            if rest.exit and self.machine.shutdown:
                self._tell(Exited())
                return
            tick = await self._pace.next_tick(Rest(rest.period_s) if rest.exit else rest)

    async def request_shutdown(self, kind: ShutdownKind) -> None:
        """The node goes down, or only this daemon; `run` returns when all is done."""
        policy = self._ports.ha_config.options().ha.shutdown_policy
        if not self.machine.request_shutdown(kind, policy):
            return
        self._teller.flush()
        if self._pace is not None:
            self._pace.wake()
        await self._write_status(effects.WriteLrmStatus())

    async def iterate(self, tick: Tick) -> Rest:
        """One round. UnavailableError where nothing in the round can go on without the store."""
        ports, machine = self._ports, self.machine
        self._now_s, self._answer, self._seen_steady = tick.now_s, _REFUSED, False
        self._found = None
        told, state = self._teller.count, machine.state
        mode, results = machine.mode, machine.results
        updated = ports.membership.refresh()
        view = ports.membership.view()
        status = attempt(ports.ha_state.manager_status)
        if tick.skipped:
            self._catch_up(tick.skipped)
        inputs = LrmInputs(tick.now_s, view.quorate, updated, status)
        await drive(machine.round(inputs), self._actions, self._teller)
        if machine.exit:
            return Rest(machine.period_s, exit=True)
        if machine.answered_late:
            return Rest(machine.period_s + self._step_aside_s(tick))
        quiet = (
            self._teller.count == told
            and machine.state == state
            and machine.mode == mode
            and machine.results is results
            and not machine.shutdown
            and machine.startup.written
            and not len(machine.jobs)
            and updated
            and not isinstance(status, QuorateError)
        )
        return self._quiet_rest() if quiet and self._all_steady() else Rest(machine.period_s)

    def _step_aside_s(self, tick: Tick) -> float:
        """How much later than usual the next round is, so that it does not coincide again.

        A round that coincides with the manager's misses what that one publishes, or answers just
        after it has looked. Both go on every 10 s, so they would miss each other for ever: every
        answer would come a round late.
        """
        return 0.5 + self._ports.entropy.unit("lrm", self._ports.node, int(tick.now_s))

    def _tell(self, event: Event) -> None:
        self._teller.told.append(event)
        self._teller.flush()

    def _catch_up(self, skipped: int) -> None:
        last = attempt(lambda: self._ports.ha_state.lrm_status(self._ports.node))
        checked = None if last is None or isinstance(last, QuorateError) else last.checked_round
        self.machine.fast_forward(skipped, checked)

    def _quiet_rest(self) -> Rest:
        machine = self.machine
        working = machine.state in ("active", "maintenance")
        checked = machine.checked_round == machine.view.round
        wake_at_s = machine.wake_at_s
        if not self._answer.held:
            wake_at_s = free_at_s(self._now_s, self._answer) or wake_at_s
        key = (machine.period_s, working, self._answer.held, checked, wake_at_s)
        if key != self._rest_key:
            self._rest_key, self._rest = key, self._build_rest(working, checked, wake_at_s)
        return self._rest

    def _build_rest(self, working: bool, checked: bool, wake_at_s: float | None) -> Rest:
        node = self._ports.node
        lock = topics.lock(const.agent_lock(node))
        reads = [topics.MEMBERSHIP, topics.manager_slice(node), lock]
        if working:
            reads += [topics.HA_CONFIG, topics.GUESTS]
        renews = [lock, topics.watchdog("lrm")] if self._answer.held else []
        if checked:
            renews.append(topics.CHECKED_ROUND)
        return Rest(
            self.machine.period_s,
            quiet=True,
            wake_at_s=wake_at_s,
            reads=tuple(reads),
            renews=tuple(renews),
        )

    # --- effects ---

    async def _keep_lock(self, effect: effects.KeepLock) -> bool:
        asked_s = self._ports.clock.monotonic()
        # The first await of the round: from here on the world moves on.
        self._services, self._found = attempt(self._read_services), self._look_at_guests()
        self._answer = await keep_lock(self._ports, effect, self._teller)
        if self._answer.held:
            self._renewed_s = asked_s
        if self._ports.clock.monotonic() - asked_s > _STALE_S:
            self._found = None
        return self._answer.held

    def _read_services(self) -> Mapping[str, ServiceConfig]:
        return self._ports.ha_config.config().services

    def _look_at_guests(self) -> dict[str, bool]:
        return {sid: self._ports.guests.running(sid) for sid in self.machine.view.own}

    def _configured(self) -> Mapping[str, ServiceConfig]:
        """As of the beginning of the round, until something was done or much time has passed."""
        if self._found is None:
            return self._read_services()
        if isinstance(self._services, UnavailableError):
            raise self._services
        return self._services

    def _runs(self, sid: str) -> bool:
        """As of the beginning of the round, likewise."""
        found = None if self._found is None else self._found.get(sid)
        return self._ports.guests.running(sid) if found is None else found

    def _may_start(self) -> bool:
        """A guest is started only while the lock must still be held.

        A node that stood still in the middle of a round goes on with what it decided before; by
        then it may have been fenced and the guest may run elsewhere.
        """
        return self._ports.clock.monotonic() - self._renewed_s < const.WATCHDOG_LIMIT_S

    async def _release_lock(self, effect: effects.ReleaseLock) -> bool:
        return await self._ports.leases.release(effect.name)

    async def _open_watchdog(self, effect: effects.OpenWatchdog) -> None:
        self._ports.watchdog.open("lrm")

    async def _pet_watchdog(self, effect: effects.PetWatchdog) -> None:
        self._ports.watchdog.pet("lrm")

    async def _close_watchdog(self, effect: effects.CloseWatchdog) -> None:
        self._ports.watchdog.close("lrm")

    async def _write_status(self, effect: effects.WriteLrmStatus) -> bool:
        if not self._ports.membership.view().quorate:
            return False
        status = self.machine.status(self._ports.clock.wall())
        try:
            await self._ports.ha_state.write_lrm_status(status)
        except NotQuorateError:
            return False
        except QuorateError as error:
            self._tell(StoreUnwritable("LRM status", str(error)))
            return False
        return True

    async def _check_steady(self, effect: effects.CheckSteady) -> bool:
        self._seen_steady = self._all_running(effect.sids)
        return self._seen_steady

    def _all_steady(self) -> bool:
        """Whether the next round of the manager would find its steady services as it left them.

        Without a master nobody asks, and a guest that died is left alone; but the first round of
        the next master asks, without anything else having changed.
        """
        return self._seen_steady or self._all_running(self.machine.view.steady)

    def _all_running(self, sids: Iterable[str]) -> bool:
        services, node = self._configured(), self._ports.node
        for sid in sids:
            config = services.get(sid)
            if config is None or config.node != node or not self._runs(sid):
                return False
        return True

    # --- workers ---

    async def _run_workers(self, effect: effects.RunWorkers) -> None:
        """Start waiting orders, wait for what ends soon, settle what has ended."""
        ports, machine = self._ports, self.machine
        services = self._configured()
        self._settle_ended()
        if not len(machine.jobs):
            return
        limit = ports.ha_config.options().max_workers
        end_s = ports.clock.monotonic() + const.WORKER_SPAN_S
        while True:
            passed_over = self._start_waiting(services, limit)
            left_s = end_s - ports.clock.monotonic()
            if not self._running or left_s <= 0:
                return
            tasks = [task for _, _, task in self._running]
            await ports.tasks.settle(tasks, min(_POLL_S, left_s) if passed_over else left_s)
            self._settle_ended()

    def _start_waiting(self, services: Mapping[str, ServiceConfig], limit: int) -> bool:
        """Whether an order had to wait because all workers are busy."""
        passed_over = False
        for job in self.machine.jobs.waiting():
            config = services.get(job.sid)
            max_restart = config.max_restart if config is not None else 1
            code = self._agents.at_once(job, config, self._runs(job.sid))
            if code is not None:
                self._finished(job, code, max_restart)
            elif len(self._running) >= limit:
                job.tries += 1
                passed_over = True
            else:
                job.running, self._found = True, None
                task = self._ports.tasks.spawn(self._agents.execute(job), f"ha {job.sid}")
                self._running.append((job, max_restart, task))
                if task.done():
                    self._settle_ended()
        return passed_over

    def _settle_ended(self) -> None:
        if not self._running:
            return
        ended = [entry for entry in self._running if entry[2].done()]
        self._running = [entry for entry in self._running if not entry[2].done()]
        for job, max_restart, task in ended:
            self._finished(job, task.result(), max_restart)

    def _finished(self, job: Job, code: int, max_restart: int) -> None:
        self.machine.finished(job, code, max_restart)
        self._teller.flush()
