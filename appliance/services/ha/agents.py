"""Resource agents: what carrying out an order means for a guest."""

from __future__ import annotations

from collections.abc import Callable

from appliance.core.ha.exit_codes import (
    CRASHED,
    DONE,
    FAILED,
    NOT_NEEDED,
    TRY_AGAIN,
    UNKNOWN_ORDER,
    UNKNOWN_SERVICE,
    UNKNOWN_TYPE,
    WRONG_NODE,
)
from appliance.core.ha.lrm_jobs import Job
from appliance.model.errors import QuorateError, RoundError
from appliance.model.events import Event
from appliance.model.events import lrm as events
from appliance.model.ha.ids import GUEST_TYPES
from appliance.model.ha.resources import ServiceConfig
from appliance.ports.node import NodePorts

_MOVES = frozenset({"migrate", "relocate", "request_start_balance"})


class Agents:
    """Carries out orders on this node through the guest ports."""

    def __init__(
        self,
        ports: NodePorts,
        tell: Callable[[Event], None],
        may_start: Callable[[], bool],
        types: tuple[str, ...] = GUEST_TYPES,
    ) -> None:
        self._ports, self.tell, self._types = ports, tell, types
        self._may_start = may_start

    def at_once(self, job: Job, config: ServiceConfig | None, running: bool) -> int | None:
        """The exit code if nothing has to be done to the guest, or nothing can; else None."""
        if job.sid.partition(":")[0] not in self._types:
            return UNKNOWN_TYPE
        if config is None:
            self.tell(events.ServiceUnknown(job.sid))
            return UNKNOWN_SERVICE
        if job.order == "error":
            self.tell(events.ServiceInError(job.sid))
            return DONE
        if config.node != self._ports.node:
            self.tell(events.ServiceNotHere(job.sid))
            return WRONG_NODE
        if job.order == "started":
            return DONE if running else None
        if job.order in ("request_stop", "stopped"):
            return None if running else DONE
        return self._move_at_once(job, running)

    def _move_at_once(self, job: Job, running: bool) -> int | None:
        if job.order not in _MOVES:
            self.tell(events.OrderUnknown(job.sid, job.order))
            return UNKNOWN_ORDER
        if not job.target:
            self.tell(events.OrderCrashed(job.sid, job.order, "it names no target"))
            return CRASHED
        if job.target == self._ports.node:
            return DONE
        if job.order == "request_start_balance" and running:
            self.tell(events.RebalanceStartIgnored(job.sid))
            return NOT_NEEDED
        return None

    async def execute(self, job: Job) -> int:
        """Do what `at_once` has left to do; never raises an error of the appliance."""
        try:
            if job.order == "started":
                return await self._start(job.sid)
            if job.order in ("request_stop", "stopped"):
                return await self._stop(job.sid, job.timeout_s)
            if job.target is None:
                raise RoundError("it names no target")
            return await self._move(job.sid, job.target, online=job.order == "migrate")
        except QuorateError as error:
            self.tell(events.OrderCrashed(job.sid, job.order, str(error)))
            return CRASHED

    async def _start(self, sid: str) -> int:
        if not self._may_start():
            return TRY_AGAIN
        self.tell(events.ServiceStarting(sid))
        outcome = await self._ports.guests.start(sid)
        if outcome.locked is not None:
            self.tell(events.ServiceLocked(sid, outcome.locked, "start"))
        if self._ports.guests.running(sid):
            self.tell(events.ServiceIs(sid, "started"))
            return DONE
        self.tell(events.ServiceStartFailed(sid))
        return FAILED

    async def _stop(self, sid: str, timeout_s: int | None) -> int:
        timeout = None if timeout_s is None else str(timeout_s)
        self.tell(events.ServiceStopping(sid, timeout))
        outcome = await self._ports.guests.stop(sid, timeout_s)
        if outcome.locked is not None:
            self.tell(events.ServiceLocked(sid, outcome.locked, "shutdown"))
        if self._ports.guests.running(sid):
            self.tell(events.ServiceStopFailed(sid))
            return FAILED
        self.tell(events.ServiceIs(sid, "stopped"))
        return DONE

    async def _move(self, sid: str, target: str, *, online: bool) -> int:
        how = "migrate" if online else "relocate"
        check = await self._ports.migration.check(sid, target)
        moved = check.ok or check.locked is not None
        if moved:
            running = self._ports.guests.running(sid)
            if online and running and sid.startswith("ct:"):
                self.tell(events.LiveMigrationUnsupported(sid))
                online, how = False, "relocate"
            self.tell(events.MoveBegin(sid, how, target))
            if check.locked is not None:
                self.tell(events.ServiceLocked(sid, check.locked, how))
                moved = False
            else:
                moved = await self._carry_over(sid, target, how, online)
        if not moved:
            self.tell(events.MoveFailed(sid))
            return FAILED
        return DONE

    async def _carry_over(self, sid: str, target: str, how: str, online: bool) -> bool:
        """The move proper. It is the port that refuses to relocate a guest that still runs."""
        if not online and self._ports.guests.running(sid):
            self.tell(events.ServiceStoppingForRelocate(sid))
            await self._ports.guests.stop(sid, None)
            self.tell(events.ServiceIs(sid, "stopped"))
        outcome = await self._ports.migration.move(sid, target, online)
        if outcome.locked is not None:
            self.tell(events.ServiceLocked(sid, outcome.locked, how))
        if not outcome.ok:
            return False
        self.tell(events.MoveEnd(sid, how, target))
        return True
