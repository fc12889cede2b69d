"""Rounds: each node's CRM and LRM in turn, watchdogs, then the next step of the case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.core.ha.lrm import ShutdownKind, Startup
from appliance.model.errors import QuorateError
from appliance.model.events import Event
from appliance.model.events.daemon import Exited, Killed
from appliance.model.ha.ids import SIMULATED_TYPES
from appliance.ports.clock import Tick
from appliance.ports.node import NodePorts
from appliance.services.ha.crm import Crm
from appliance.services.ha.lrm import Lrm
from sim.lockstep.commands import run_command
from sim.lockstep.events import (
    Command,
    RoundSkipped,
    RunAborted,
    RunEnded,
    RunStarted,
    WatchdogExpired,
)
from sim.lockstep.guests import StepGuests, StepMigration
from sim.lockstep.hardware import WATCHDOG_LIMIT_S, Hardware, SimulationAbort
from sim.lockstep.inputs import CaseInputs
from sim.lockstep.ports import (
    NoEntropy,
    NoPaces,
    StepClock,
    StepConfig,
    StepJournal,
    StepLeases,
    StepMembership,
    StepState,
    StepStats,
    StepTasks,
    StepWatchdog,
    run_now,
)

MAX_TIME_S = 10000
QUIET_END_S = 500
MIN_ROUND_S = 20
ROUNDS_PER_STEP = 5
MAX_ROUND_S = 60


@dataclass(slots=True)
class Daemons:
    """The processes of one node. `crm_stops`, `lrm_restarts`: asked for by a command."""

    crm: Crm | None = None
    crm_clock: StepClock | None = None
    lrm: Lrm | None = None
    lrm_clock: StepClock | None = None
    crm_stops: bool = False
    lrm_restarts: bool = False


@dataclass(slots=True)
class Schedule:
    """When the next step of the case is carried out."""

    steps: list[tuple[str, ...]]
    rounds: int = 0
    next_step_s: int = 0
    last_command_s: int = 0
    skip: dict[str, int] = field(default_factory=lambda: {"crm": 0, "lrm": 0})


class Driver:
    """One run of one case."""

    def __init__(self, inputs: CaseInputs) -> None:
        self.hardware = Hardware(inputs)
        self.names = self.hardware.names
        self.daemons = {name: Daemons() for name in self.names}
        self._schedule = Schedule(list(inputs.steps))
        self._round_s = max(MIN_ROUND_S, 2 * len(self.names))
        self._startup = Startup()
        self._tasks, self._entropy, self._paces = StepTasks(), NoEntropy(), NoPaces()
        self._holders = 0

    def run(self) -> list[tuple[int, str, Event]]:
        """All rounds; (time, actor, event) in program order."""
        for _ in self.rounds():
            pass
        return self.hardware.journal

    def rounds(self) -> Iterator[int]:
        """Run round by round; yields the time at the end of each."""
        hardware = self.hardware
        hardware.tell(0, "hardware", RunStarted())
        try:
            if self._round_s >= MAX_ROUND_S:
                raise SimulationAbort(
                    "unable to simulate so many nodes. "
                    "You need to increase watchdog/lock timeouts.\n"
                )
            while self._run_round():
                yield hardware.now_s
        except (SimulationAbort, QuorateError) as error:
            hardware.tell(hardware.now_s, "hardware", RunAborted(str(error)))
        else:
            hardware.tell(hardware.now_s, "hardware", RunEnded())

    # --- a round ---

    def _run_round(self) -> bool:
        """False when the run is over."""
        hardware, schedule = self.hardware, self._schedule
        start_s = hardware.now_s
        for name in self.names:
            self._run_crm(name)
            self._run_lrm(name)
            self._check_watchdogs()
        for daemon in schedule.skip:
            schedule.skip[daemon] = max(0, schedule.skip[daemon] - 1)
        hardware.now_s = max(hardware.now_s, start_s + self._round_s)
        for machine in hardware.nodes.values():
            machine.crm_s = machine.lrm_s = hardware.now_s
        if hardware.now_s > MAX_TIME_S:
            raise SimulationAbort(f"simulation exceeded maximum time ({MAX_TIME_S}) - force end\n")
        return self._next_step()

    def _next_step(self) -> bool:
        hardware, schedule = self.hardware, self._schedule
        if hardware.now_s < schedule.next_step_s:
            return True
        if schedule.rounds % ROUNDS_PER_STEP == 0:
            if schedule.steps:
                for text in schedule.steps.pop(0):
                    self._run_listed(text)
                    schedule.last_command_s = hardware.now_s
            elif hardware.now_s - schedule.last_command_s > QUIET_END_S:
                return False
        schedule.rounds += 1
        return True

    def _run_listed(self, text: str) -> None:
        """A command of the case's list, where `delay` and `skip-round` are known too."""
        hardware, schedule = self.hardware, self._schedule
        match text.split():
            case ["delay", seconds] if seconds.isdecimal():
                hardware.tell(hardware.now_s, "cmdlist", Command(text))
                schedule.next_step_s = hardware.now_s + int(seconds)
            case ["skip-round", ("crm" | "lrm") as daemon, *count] if len(count) <= 1:
                hardware.tell(hardware.now_s, "cmdlist", Command(text))
                schedule.skip[daemon] += int(count[0]) if count else 1
            case _:
                run_command(self, text, "cmdlist")

    def _run_crm(self, name: str) -> None:
        daemons, machine = self.daemons[name], self.hardware.nodes[name]
        if daemons.crm is None or self._skips("crm", name):
            return
        assert daemons.crm_clock is not None
        machine.crm_s = self.hardware.now_s
        rest = run_now(daemons.crm.iterate(Tick(machine.crm_s)))
        daemons.crm_clock.end_loop(rest.period_s)
        machine.crm_s += 1
        self.hardware.now_s = max(self.hardware.now_s, machine.crm_s)
        if rest.exit:
            self._crm_left(name)

    def _run_lrm(self, name: str) -> None:
        daemons, machine = self.daemons[name], self.hardware.nodes[name]
        if daemons.lrm is None or self._skips("lrm", name):
            return
        assert daemons.lrm_clock is not None
        machine.lrm_s = self.hardware.now_s
        rest = run_now(daemons.lrm.iterate(Tick(machine.lrm_s)))
        daemons.lrm_clock.end_loop(rest.period_s)
        machine.lrm_s += 1
        self.hardware.now_s = max(self.hardware.now_s, machine.lrm_s)
        if rest.exit:
            self._lrm_left(name)

    def _skips(self, daemon: str, name: str) -> bool:
        if not self._schedule.skip[daemon]:
            return False
        if name == self.names[0]:
            self.hardware.tell(self.hardware.now_s, "run-loop", RoundSkipped(daemon.upper()))
        return True

    def _check_watchdogs(self) -> None:
        hardware = self.hardware
        for name in self.names:
            machine = hardware.nodes[name]
            if any(hardware.now_s - s > WATCHDOG_LIMIT_S for s in machine.watchdogs.values()):
                run_command(self, f"power {name} off", "watchdog")
                hardware.tell(hardware.now_s, "hardware", WatchdogExpired(name))

    # --- daemons that left ---

    def _crm_left(self, name: str) -> None:
        daemons, machine = self.daemons[name], self.hardware.nodes[name]
        self.hardware.tell(machine.crm_s, f"{name}/crm", Exited())
        daemons.crm = None
        if machine.marker == "reboot":
            run_command(self, f"power {name} off", "reboot")
            run_command(self, f"power {name} on", "reboot")
        elif machine.marker == "shutdown":
            run_command(self, f"power {name} off", "shutdown")
        elif not daemons.crm_stops:
            raise SimulationAbort("unexpected CRM exit - not implemented")
        daemons.crm_stops = False

    def _lrm_left(self, name: str) -> None:
        daemons, machine = self.daemons[name], self.hardware.nodes[name]
        self.hardware.tell(machine.lrm_s, f"{name}/lrm", Exited())
        daemons.lrm = None
        if daemons.lrm_restarts:
            if machine.marker is not None:
                raise SimulationAbort("lrm restart during shutdown - not implemented")
            daemons.lrm_restarts = False
            self._start_lrm(name)
        elif machine.marker is not None:
            run_command(self, f"crm {name} stop", machine.marker)
        else:
            raise SimulationAbort("unexpected LRM exit - not implemented")

    # --- what commands do to daemons ---

    def power_on(self, name: str) -> None:
        machine, daemons = self.hardware.nodes[name], self.daemons[name]
        if not machine.power:
            self.start_crm(name)
            if daemons.lrm is None:
                self._start_lrm(name)
            daemons.lrm_restarts = False
            machine.store_works = machine.update_works = True
        machine.power = machine.network = True
        machine.marker = None
        self.hardware.topology_changed()

    def power_off(self, name: str) -> None:
        machine, daemons = self.hardware.nodes[name], self.daemons[name]
        if machine.power:
            if daemons.crm is not None:
                self.hardware.tell(machine.crm_s, f"{name}/crm", Killed())
                daemons.crm = None
            if daemons.lrm is not None:
                self.hardware.tell(machine.lrm_s, f"{name}/lrm", Killed())
                daemons.lrm = None
            machine.watchdogs.clear()
            machine.running.clear()
        machine.power = machine.network = False
        machine.marker = None
        self.hardware.topology_changed()

    def start_crm(self, name: str) -> None:
        daemons = self.daemons[name]
        if daemons.crm is None:
            daemons.crm_clock = StepClock(self.hardware.nodes[name], "crm")
            daemons.crm = Crm(self._ports(name, daemons.crm_clock))

    def stop_crm(self, name: str) -> None:
        daemons = self.daemons[name]
        if daemons.crm is not None:
            daemons.crm_stops = True
            daemons.crm.request_shutdown()

    def ask_lrm(self, name: str, kind: ShutdownKind) -> None:
        lrm = self.daemons[name].lrm
        if lrm is not None:
            run_now(lrm.request_shutdown(kind))

    def restart_lrm(self, name: str) -> None:
        daemons = self.daemons[name]
        if daemons.lrm is not None:
            daemons.lrm_restarts = True
            marker = self.hardware.nodes[name].marker
            self.ask_lrm(name, "restart" if marker is None else _kind(marker))

    def _start_lrm(self, name: str) -> None:
        daemons = self.daemons[name]
        daemons.lrm_clock = StepClock(self.hardware.nodes[name], "lrm")
        ports = self._ports(name, daemons.lrm_clock)
        daemons.lrm = Lrm(ports, self._startup, SIMULATED_TYPES)

    def _ports(self, name: str, clock: StepClock) -> NodePorts:
        hardware = self.hardware
        self._holders += 1
        return NodePorts(
            name,
            clock,
            self._paces,
            self._tasks,
            self._entropy,
            StepJournal(hardware, name, clock),
            StepMembership(hardware, name),
            StepLeases(hardware, name, clock),
            StepState(hardware, name),
            StepConfig(hardware, name),
            StepWatchdog(hardware, name, self._holders),
            StepGuests(hardware, name, clock),
            StepMigration(hardware, name, clock),
            StepStats(hardware),
        )


def _kind(marker: str) -> ShutdownKind:
    return "reboot" if marker == "reboot" else "shutdown"
