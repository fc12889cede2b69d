"""One node in simulated time: guests that take long to start, a shared state that is at hand."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from appliance.model.errors import QuorateError
from appliance.model.ha.ids import SIMULATED_TYPES
from appliance.model.ha.status import ManagerStatus, ServiceStatus
from appliance.ports.clock import Rest, Tick
from appliance.ports.guests import Outcome
from appliance.ports.leases import LeaseAnswer
from appliance.ports.node import NodePorts
from appliance.services.ha.crm import Crm
from appliance.services.ha.lrm import Lrm
from sim.clock import BootClock, WallClock
from sim.kernel import US, Kernel
from sim.lockstep.hardware import Hardware
from sim.lockstep.inputs import parse_case
from sim.lockstep.ports import (
    NoEntropy,
    StepConfig,
    StepLeases,
    StepMembership,
    StepState,
    StepStats,
    StepWatchdog,
)
from sim.tasks import Boot


class SlowGuests:
    """Guests that need `start_s` to start and do so `fails` times less than they are asked to."""

    def __init__(self, clock: BootClock) -> None:
        self._clock = clock
        self.start_s: dict[str, float] = {}
        self.fails: dict[str, int] = {}
        self.up: set[str] = set()
        self.starting: set[str] = set()
        self.most_at_once = 0

    def running(self, sid: str) -> bool:
        return sid in self.up

    async def start(self, sid: str) -> Outcome:
        self.starting.add(sid)
        self.most_at_once = max(self.most_at_once, len(self.starting))
        await self._clock.sleep(self.start_s.get(sid, 1.0))
        self.starting.remove(sid)
        if self.fails.get(sid, 0):
            self.fails[sid] -= 1
            return Outcome(False, "no")
        self.up.add(sid)
        return Outcome(True)

    async def stop(self, sid: str, timeout_s: int | None) -> Outcome:
        await self._clock.sleep(1.0)
        self.up.discard(sid)
        return Outcome(True)


class SlowLeases:
    """The locks of the shared state, `latency_s` away; `fails` is what the next call comes to."""

    def __init__(self, hardware: Hardware, clock: BootClock) -> None:
        self._clock, self._leases = clock, StepLeases(hardware, "node1", clock)
        self.latency_s = 0.0
        self.fails: QuorateError | None = None

    async def renew(self, name: str, life_s: float) -> LeaseAnswer:
        await self._wait()
        return await self._leases.renew(name, life_s)

    async def release(self, name: str) -> bool:
        await self._wait()
        return await self._leases.release(name)

    async def _wait(self) -> None:
        if self.latency_s:
            await self._clock.sleep(self.latency_s)
        failed, self.fails = self.fails, None
        if failed is not None:
            raise failed


class NoMigration:
    """Nothing can be moved."""

    async def check(self, sid: str, target: str) -> Outcome:
        return Outcome(False, "no")

    async def move(self, sid: str, target: str, online: bool) -> Outcome:
        return Outcome(False, "no")


class SleepingPace:
    """Sleeps through every tick, as a real node does."""

    def __init__(self, clock: BootClock) -> None:
        self._clock, self._began_s = clock, 0.0
        self.rests: list[Rest] = []
        self.woken = 0

    def first(self) -> Tick:
        self._began_s = self._clock.monotonic()
        return Tick(self._began_s)

    async def next_tick(self, rest: Rest) -> Tick:
        self.rests.append(rest)
        await self._clock.sleep(max(0.0, self._began_s + rest.period_s - self._clock.monotonic()))
        return self.first()

    def wake(self) -> None:
        self.woken += 1


class Paces:
    def __init__(self, clock: BootClock) -> None:
        self.opened = {loop: SleepingPace(clock) for loop in ("crm", "lrm")}

    def open(self, loop: str) -> SleepingPace:
        return self.opened[loop]


class World:
    """node1 of three, alone in being simulated; the others are only there."""

    def __init__(self, *sids: str) -> None:
        nodes = {f"node{n}": {"power": "on", "network": "on"} for n in (1, 2, 3)}
        services = {sid: {"node": "node1", "state": "started"} for sid in sids}
        self.hardware = Hardware(
            parse_case(
                {
                    "cmdlist": "[]",
                    "hardware_status": json.dumps(nodes),
                    "service_config": json.dumps(services),
                }
            )
        )
        self.kernel = Kernel()
        self.failures: list[tuple[str, Exception]] = []
        self.boot = Boot(self.kernel, "node1", 1, lambda name, e: self.failures.append((name, e)))
        self.clock = BootClock(self.boot, WallClock(0.0), 0)
        self.guests = SlowGuests(self.clock)
        self.leases = SlowLeases(self.hardware, self.clock)
        self.paces = Paces(self.clock)
        self.told: list[tuple[float, str, Any]] = []
        self.ports = self._ports()

    def _ports(self) -> NodePorts:
        hardware = self.hardware
        return NodePorts(
            "node1",
            self.clock,
            self.paces,
            self.boot,
            NoEntropy(),
            self,
            StepMembership(hardware, "node1"),
            self.leases,
            StepState(hardware, "node1"),
            StepConfig(hardware, "node1"),
            StepWatchdog(hardware, "node1", 1),
            self.guests,
            NoMigration(),
            StepStats(hardware),
        )

    def emit(self, source: str, event: Any) -> None:
        self.told.append((self.clock.monotonic(), source, event))

    def lrm(self) -> Lrm:
        return Lrm(self.ports, types=SIMULATED_TYPES)

    def crm(self) -> Crm:
        return Crm(self.ports)

    def order(self, **states: str) -> None:
        """The manager wants these of the services (`vm_100="started"`)."""
        services = {
            sid.replace("_", ":"): ServiceStatus(state, "node1", f"{sid}-{state}")
            for sid, state in sorted(states.items())
        }
        before = self.hardware.manager_status
        self.hardware.manager_status = replace(
            before, services=services, round=before.round + 1, nodes={"node1": "online"}
        )

    def start(self, coro: Coroutine[Any, Any, Any], name: str = "loop") -> Any:
        return self.boot.spawn(coro, name)

    def run(self, until_s: float) -> None:
        self.kernel.run(round(until_s * US))
        assert self.failures == []

    def kinds(self, source: str) -> list[str]:
        return [event.kind for _, actor, event in self.told if actor == source]

    @property
    def manager(self) -> ManagerStatus:
        return self.hardware.manager_status
