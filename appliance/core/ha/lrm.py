"""The local resource manager: the daemon's states, its orders and their results.

`LrmMachine` is the memory of one LRM process, `round` what it does in a round, as a generator of
effects. Proxmox VE HA manager 5.2 behaviour.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from appliance.core.ha import constants as const
from appliance.core.ha.effects import (
    CheckSteady,
    CloseWatchdog,
    KeepLock,
    OpenWatchdog,
    PetWatchdog,
    ReleaseLock,
    RunWorkers,
    WriteLrmStatus,
)
from appliance.core.ha.exit_codes import DONE, FAILED, TRY_AGAIN
from appliance.core.ha.lrm_jobs import Job, JobQueue
from appliance.core.ha.lrm_view import LrmView, look
from appliance.core.ha.order import good_result, is_checked, order_id
from appliance.model.errors import QuorateError
from appliance.model.events import Event, daemon
from appliance.model.events import lrm as events
from appliance.model.ha.status import EMPTY, LrmStatus, ManagerStatus, OrderResult

Steps = Generator[Any, Any, None]
Ask = Generator[Any, Any, bool]
ShutdownKind = Literal["shutdown", "reboot", "restart"]

# Services in these states wait for the manager; there is nothing to do on the node.
_NO_ORDER = frozenset({"recovery", "freeze", "request_start"})


@dataclass(slots=True)
class Startup:
    """Whether the status was written since the process started; nothing is done before that.

    An LRM that cannot write could not answer. The lock-step simulator shares one among all nodes.
    """

    written: bool = False


class LrmInputs(NamedTuple):
    """What a round reads. `updated`: the local picture of the cluster is up to date."""

    now_s: float
    quorate: bool
    updated: bool
    status: ManagerStatus | QuorateError


@dataclass(slots=True)
class LrmMachine:
    """`shutdown`: asked to leave; from then on the mode no longer follows the manager.

    `answered_late`: what this round answered had been answered before, too late for the manager.

    `may_hold`: the agent lock may be this node's; False once it is known to have been given up.
    """

    node: str
    startup: Startup
    told: list[Event]
    state: str = "wait_for_agent_lock"
    mode: str = "active"
    since_s: float = 0.0
    view: LrmView = field(default_factory=LrmView)
    results: Mapping[str, OrderResult] = field(default_factory=lambda: EMPTY)
    checked_round: int | None = None
    restarts: dict[str, int] = field(default_factory=dict)
    jobs: JobQueue = field(default_factory=JobQueue)
    idle_rounds: int = 0
    shutdown: bool = False
    failed_stops: int = 0
    answered_late: bool = False
    watchdog: bool = False
    may_hold: bool = True
    exit: bool = False
    period_s: float = const.WAITING_PERIOD_S
    wake_at_s: float | None = None

    # --- telling ---

    def tell(self, event: Event) -> None:
        self.told.append(event)

    def go(self, state: str, now_s: float) -> None:
        self.tell(daemon.StatusChanged(self.state, state))
        self.state, self.since_s = state, now_s

    def status(self, now_s: float) -> LrmStatus:
        return LrmStatus(self.state, self.mode, now_s, self.results, self.checked_round)

    # --- a round ---

    def round(self, inputs: LrmInputs) -> Steps:
        self.exit, self.period_s, self.wake_at_s = False, const.WAITING_PERIOD_S, None
        self.answered_late = False
        if not self.startup.written:
            self.startup.written = yield WriteLrmStatus()
            if not self.startup.written:
                self.exit = self.shutdown
                return
        seen = self._take_view(inputs)
        yield from _TRANSITIONS[self.state](self, inputs)
        yield from _WORK[self.state](self, inputs, seen)

    def _take_view(self, inputs: LrmInputs) -> bool:
        if isinstance(inputs.status, QuorateError):
            self.tell(daemon.StoreUnreadable("manager status", str(inputs.status)))
            return False
        self.view = look(self.view, inputs.status, self.node)
        if not self.shutdown:
            if self.view.maintenance:
                self.mode = "maintenance"
            elif self.view.disarm is not None:
                self.mode = "disarm"
            elif self.mode in ("maintenance", "disarm"):
                self.mode = "active"
        return True

    # --- state transitions ---

    def next_state_wait_for_agent_lock(self, inputs: LrmInputs) -> Steps:
        if self.mode == "disarm" or self.view.fence_requested or not self.view.active:
            return
        if inputs.quorate and (yield from self._lock_step(holding=False)):
            self.go("active", inputs.now_s)

    def next_state_lost_agent_lock(self, inputs: LrmInputs) -> Steps:
        if self.view.fence_requested or not inputs.quorate:
            return
        if (yield from self._lock_step(holding=False)):
            self.go("active", inputs.now_s)

    def next_state_active(self, inputs: LrmInputs) -> Steps:
        if self.view.fence_requested:
            self._give_in(inputs)
        elif not (yield from self._lock_step(holding=True)):
            self.go("lost_agent_lock", inputs.now_s)
        elif self.mode == "maintenance":
            self.go("maintenance", inputs.now_s)
        elif self.mode == "disarm" and (yield from self._workers_done()):
            yield from self._rest(inputs, events.LrmDisarmed())
        elif not self.view.own and (yield from self._workers_done()):
            self.idle_rounds += 1
            if self.idle_rounds > const.LRM_IDLE_ROUNDS:
                yield from self._rest(inputs, events.LrmIdle(const.LRM_IDLE_ROUNDS))
                self.idle_rounds = 0
        else:
            self.idle_rounds = 0

    def next_state_maintenance(self, inputs: LrmInputs) -> Steps:
        if self.view.fence_requested:
            self._give_in(inputs)
        elif self.mode == "disarm" and not self.view.active and (yield from self._workers_done()):
            yield from self._rest(inputs, events.LrmDisarmed())
        elif self.view.active or not (yield from self._workers_done()):
            if not (yield from self._lock_step(holding=True)):
                self.go("lost_agent_lock", inputs.now_s)
        elif self.mode != "maintenance":
            held = yield from self._lock_step(holding=True)
            self.go("active" if held else "lost_agent_lock", inputs.now_s)

    def _give_in(self, inputs: LrmInputs) -> None:
        """To be fenced: lock and watchdog stay as they are, unrenewed, until they run out."""
        self.tell(events.FenceRequested())
        self.go("lost_agent_lock", inputs.now_s)

    def _rest(self, inputs: LrmInputs, why: Event) -> Steps:
        """Nothing runs here that needs a lock: give it up. The lock goes first, then the watchdog.

        Were the watchdog closed first and the release lost, nothing would be unsafe either, since
        nothing runs; but the next master would have to wait for the lock.
        """
        self.tell(why)
        yield from self._release(inputs)
        yield from self._close_watchdog()
        self.go("wait_for_agent_lock", inputs.now_s)

    def _lock_step(self, *, holding: bool) -> Ask:
        held: bool = yield KeepLock(const.agent_lock(self.node), holding)
        if held:
            self.may_hold = True
            yield PetWatchdog() if self.watchdog else OpenWatchdog()
            self.watchdog = True
        return held

    def _release(self, inputs: LrmInputs) -> Steps:
        if self.may_hold:
            released: bool = yield ReleaseLock(const.agent_lock(self.node))
            # Refused with quorum: it is not this node's.
            self.may_hold = not released and not inputs.quorate

    def _close_watchdog(self) -> Steps:
        if self.watchdog:
            yield CloseWatchdog()
            self.watchdog = False

    def _workers_done(self) -> Ask:
        yield RunWorkers()
        return len(self.jobs) == 0

    # --- work of a state ---

    def work_wait_for_agent_lock(self, inputs: LrmInputs, seen: bool) -> Steps:
        if self.shutdown:
            self.exit = True
            return
        yield WriteLrmStatus()

    def work_active(self, inputs: LrmInputs, seen: bool) -> Steps:
        self.period_s = const.ACTIVE_PERIOD_S
        leave = False
        try:
            if not seen:
                pass
            elif self.shutdown:
                leave = yield from self._leave_active(inputs)
            elif not inputs.updated:
                self.tell(daemon.InconsistentState())
            else:
                yield from self._manage()
        except QuorateError as error:
            self.tell(daemon.RoundFailed(str(error)))
        yield WriteLrmStatus()
        self.exit = leave
        if self.idle_rounds:
            left = const.LRM_IDLE_ROUNDS + 1 - self.idle_rounds
            self.wake_at_s = inputs.now_s + (left - 0.5) * const.ACTIVE_PERIOD_S

    def _leave_active(self, inputs: LrmInputs) -> Ask:
        if not (yield from self._workers_done()):
            return False
        if self.mode == "restart":
            # Services go on running, frozen by the manager, while no LRM looks after them.
            if self.view.active:
                return False
        elif self.failed_stops:
            # Something may still run: leave the watchdog to its end, and the lock with it.
            return True
        yield from self._close_watchdog()
        yield from self._release(inputs)
        return True

    def work_lost_agent_lock(self, inputs: LrmInputs, seen: bool) -> Steps:
        """The watchdog is open and not fed: the lock comes back soon, or the node is reset."""
        if not self.shutdown:
            return
        if self.view.active:
            self.tell(events.ShutdownWithServices(self.view.active))
            lost_s = inputs.now_s - self.since_s
            if self.mode == "restart" and lost_s > const.LOST_LOCK_PATIENCE_S:
                self.tell(events.ShutdownGivesUp())
                self.exit = True
            return
        yield from self._close_watchdog()
        self.exit = True

    def work_maintenance(self, inputs: LrmInputs, seen: bool) -> Steps:
        self.period_s = const.MAINTENANCE_PERIOD_S
        if not seen:
            self.exit = True
            return
        leave = False
        if not self.view.active and (yield from self._workers_done()):
            yield from self._close_watchdog()
            leave = self.shutdown
            yield from self._release(inputs)
        if not leave:
            yield from self._manage()
        yield WriteLrmStatus()
        self.exit = leave

    # --- orders ---

    def _manage(self) -> Steps:
        view = self.view
        for sid in [sid for sid in self.restarts if sid not in view.all]:
            del self.restarts[sid]
        self._settle_results()
        if view.steady and self.checked_round != view.round:
            yield from self._check_steady()
        checked = self.checked_round == view.round
        for sid, status in view.own.items():
            if status.state in _NO_ORDER or (status.steady and checked):
                continue
            uid = order_id(sid, status, view.round)
            if uid and (status.state == "stopped" or uid not in self.results):
                self.jobs.put(Job(sid, uid, status.state, status.target, status.timeout_s))
        yield RunWorkers()

    def _check_steady(self) -> Steps:
        """Answer all steady services at once if each of them runs and none is being worked on.

        Their orders take the place of waiting ones as any order does: a stop that a shutdown in
        maintenance has asked for is forgotten if the manager still wants the service started.
        """
        sids = self.view.steady
        if not self.jobs.is_running(sids) and (yield CheckSteady(sids)):
            self.checked_round = self.view.round
            self.jobs.forget_waiting(sids)

    def _settle_results(self) -> None:
        """Drop results nobody can ask for; write out those that only `checked_round` tells."""
        view, kept = self.view, self.results
        if kept:
            kept = {
                uid: result
                for uid, result in kept.items()
                if result.sid in view.all
                and order_id(result.sid, view.all[result.sid], view.round) == uid
            }
        checked = {
            st.uid: good_result(sid)
            for sid, st in view.own.items()
            if not st.steady
            and st.uid not in kept
            and is_checked(sid, st.uid, self.node, self.checked_round)
        }
        self.answered_late = bool(checked)
        if checked or len(kept) != len(self.results):
            self.results = {**kept, **checked}

    def finished(self, job: Job, exit_code: int, max_restart: int) -> None:
        """An order ended with one of `exit_codes`."""
        self.jobs.remove(job)
        if exit_code == TRY_AGAIN:
            return
        if job.uid is None:
            if exit_code != DONE:
                self.failed_stops += 1
            return
        if job.order == "started":
            code = self._restart_policy(job.sid, exit_code, max_restart)
            if code is None:
                return
            exit_code = code
        result = OrderResult(job.sid, job.order, exit_code)
        if self.results.get(job.uid) != result:
            self.results = {**self.results, job.uid: result}

    def _restart_policy(self, sid: str, exit_code: int, max_restart: int) -> int | None:
        """The code to report; None: report nothing, the same order is tried again next round."""
        tries = self.restarts.get(sid, 0)
        if exit_code == FAILED and tries < max_restart:
            self.restarts[sid] = tries + 1
            self.tell(events.ServiceStartRetry(sid, tries + 1))
            return None
        if exit_code == FAILED:
            self.tell(events.ServiceStartGaveUp(sid, tries))
        if exit_code in (DONE, FAILED):
            self.restarts.pop(sid, None)
        return exit_code

    # --- shutdown ---

    def request_shutdown(self, kind: ShutdownKind, policy: str) -> bool:
        """The node goes down, or only this daemon (`restart`); False if that was asked before."""
        if self.shutdown:
            return False
        moving = False
        freezing = True
        if kind != "restart":
            self.tell(events.ShutdownRequest(policy))
            moving, freezing = self._apply_policy(policy, kind)
            if not moving:
                for sid in self.view.own:
                    self.jobs.put(Job(sid, None, "request_stop"))
        self._enter_shutdown_mode(kind, moving, freezing)
        self.shutdown = True
        return True

    def _apply_policy(self, policy: str, kind: ShutdownKind) -> tuple[bool, bool]:
        """(move services away, freeze them)."""
        if policy == "migrate":
            return True, False
        if policy in ("freeze", "failover"):
            return False, policy == "freeze"
        if policy != "conditional":
            self.tell(events.ShutdownPolicyUnknown(policy))
        return False, kind == "reboot"

    def _enter_shutdown_mode(self, kind: ShutdownKind, moving: bool, freezing: bool) -> None:
        what: str = kind
        if self.mode == "maintenance":
            # By hand; that goes before any policy.
            how = "ignore"
        elif moving:
            how, self.mode = "maintenance", "maintenance"
        elif freezing:
            how, self.mode = "freeze" if kind == "restart" else "stop_and_freeze", "restart"
        else:
            what, how, self.mode = "shutdown", "stop", "shutdown"
        self.tell(events.LrmShutdownMode(what, how))

    def fast_forward(self, skipped: int, checked_round: int | None) -> None:
        """Make up for quiet rounds, in the last of which the node answered `checked_round`."""
        if self.idle_rounds:
            self.idle_rounds += skipped
        if self.checked_round is not None and checked_round is not None:
            self.checked_round = checked_round


_TRANSITIONS = {
    "wait_for_agent_lock": LrmMachine.next_state_wait_for_agent_lock,
    "lost_agent_lock": LrmMachine.next_state_lost_agent_lock,
    "active": LrmMachine.next_state_active,
    "maintenance": LrmMachine.next_state_maintenance,
}
_WORK = {
    "wait_for_agent_lock": LrmMachine.work_wait_for_agent_lock,
    "lost_agent_lock": LrmMachine.work_lost_agent_lock,
    "active": LrmMachine.work_active,
    "maintenance": LrmMachine.work_maintenance,
}
