"""An LRM driven by hand: a manager's status in, orders answered by a table of exit codes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from appliance.core.ha.effects import (
    CheckSteady,
    KeepLock,
    ReleaseLock,
    RunWorkers,
    WriteLrmStatus,
)
from appliance.core.ha.lrm import LrmInputs, LrmMachine, Startup
from appliance.core.ha.lrm_jobs import Job
from appliance.model.errors import QuorateError
from appliance.model.events import Event, as_fields
from appliance.model.ha.status import ManagerStatus, ServiceStatus
from tests.core.ha.rig import NOW_S, run

LOCK = "ha_agent_node1_lock"


class Bench:
    """node1 and its services vm:100, vm:101 ...; rounds are 10 s apart.

    `codes`: exit code by service, 0 if not named. `running`: which steady services are found so.
    """

    def __init__(self, *services: ServiceStatus, writable: bool = True) -> None:
        self.told: list[Event] = []
        self.machine = LrmMachine("node1", Startup(), self.told)
        self.published = ManagerStatus(nodes={"node1": "online"})
        self.lock = self.quorate = self.updated = True
        self.writable = writable
        self.unreadable: QuorateError | None = None
        self.workers: QuorateError | None = None
        self.codes: dict[str, int] = {}
        self.stopped: set[str] = set()
        self.max_restart = 1
        self.executed: list[tuple[str, str | None, str]] = []
        self.effects: list[Any] = []
        self.now_s = NOW_S
        self._busy = False
        self.see(*services)

    def see(self, *services: ServiceStatus) -> None:
        """The manager publishes these services."""
        named = {f"vm:{100 + n}": status for n, status in enumerate(services)}
        self.published = replace(self.published, services=named, round=self.published.round + 1)

    def status(self, **changes: Any) -> None:
        """The manager publishes the same services and no requests but these."""
        plain = ManagerStatus(
            round=self.published.round + 1,
            nodes={"node1": "online"},
            services=self.published.services,
        )
        self.published = replace(plain, **changes)

    def keep_busy(self) -> None:
        """From now on orders are begun and not finished."""
        self._busy = True
        self.machine.jobs.put(Job("vm:100", "long", "migrate", running=True))

    def round(self) -> str:
        self.told.clear()
        self.executed.clear()
        inputs = LrmInputs(
            self.now_s, self.quorate, self.updated, self.unreadable or self.published
        )
        _, self.effects = run(self.machine.round(inputs), self._answer)
        self.now_s += 10
        return self.machine.state

    def has_left(self) -> bool:
        return self.machine.exit

    def kinds(self) -> list[str]:
        return [event.kind for event in self.told]

    def fields(self, kind: str) -> list[dict[str, Any]]:
        return [as_fields(event) for event in self.told if event.kind == kind]

    def _answer(self, effect: Any) -> Any:
        if isinstance(effect, KeepLock):
            return self.lock and self.quorate
        if isinstance(effect, ReleaseLock):
            return True
        if isinstance(effect, WriteLrmStatus):
            return self.writable
        if isinstance(effect, CheckSteady):
            return not self.stopped.intersection(effect.sids)
        if isinstance(effect, RunWorkers):
            if self.workers is not None:
                return self.workers
            self._run_workers()
        return None

    def _run_workers(self) -> None:
        if self._busy:
            return
        for job in self.machine.jobs.waiting():
            self.executed.append((job.sid, job.uid, job.order))
            self.machine.finished(job, self.codes.get(job.sid, 0), self.max_restart)
