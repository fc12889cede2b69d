"""A machine: power, boot, shutdown, pause, hang, and the daemons of its current boot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from appliance.core.ha.lrm import ShutdownKind
from appliance.ports import topics
from appliance.ports.guests import Outcome
from appliance.services.ha.crm import Crm
from appliance.services.ha.lrm import Lrm
from sim.boot import NodeBoot, Surroundings, boot_node
from sim.clock import WallClock
from sim.events import NodePower, WatchdogReset
from sim.guests.process import Process
from sim.kernel import ORDER_FAULT, ORDER_HARDWARE, Timer, to_us
from sim.layout import NodeSpec
from sim.tasks import Boot, Signal, SimTask

LOOP_PHASE_S: Final = 10.0  # daemons start this far apart at most
DAEMON_RESTART_S: Final = 5.0
PAUSE_RETRY_US: Final = 20_000  # a pause waits for a round under way this often,
PAUSE_RETRIES: Final = 50  # and so many times


class Corosync(Protocol):
    """What a machine tells the membership engine."""

    def start_node(self, node: str) -> None: ...
    def stop_node(self, node: str) -> None: ...
    def kill_node(self, node: str) -> None: ...
    def pause_node(self, node: str) -> None: ...
    def resume_node(self, node: str) -> None: ...


class Hypervisor(Protocol):
    """What a machine tells the guests' processes."""

    def node_up(self, node: str) -> None: ...
    def node_lost(self, node: str) -> None: ...
    def node_paused(self, node: str) -> None: ...
    def node_resumed(self, node: str) -> None: ...
    def processes(self, node: str) -> Sequence[Process]: ...
    def stop(
        self, sid: str, node: str, timeout_s: float | None, done: Callable[[Outcome], None]
    ) -> None: ...


class Machine:
    """States: off, booting, on, stopping, paused, hung.

    Power faults are counted: the machine has power when none is active. `wanted` says whether it
    is meant to run, which a clean shutdown ends and `poweron` begins.
    """

    def __init__(
        self,
        around: Surroundings,
        spec: NodeSpec,
        index: int,
        corosync: Corosync,
        hypervisor: Hypervisor,
    ) -> None:
        self.around, self.spec, self._index = around, spec, index
        self._corosync, self._hypervisor = corosync, hypervisor
        self.state = "off"
        self.wanted = spec.initially_on
        self.wall = WallClock(spec.skew_s)
        self.boot: NodeBoot | None = None
        self._boots: list[NodeBoot] = []  # dead ones are kept: nothing of them may be cleaned up
        self._power_faults = 0
        self._watchdog_faults = 0
        self._starting: Timer | None = None
        self.crm: Crm | None = None
        self.lrm: Lrm | None = None
        self._crm_task: SimTask[Any] | None = None
        self._lrm_task: SimTask[Any] | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def running(self) -> bool:
        """Whether an operating system is there, be it paused, hung or shutting down."""
        return self.boot is not None

    def _tell(self, state: str, why: str) -> None:
        self.state = state
        self.around.journal.emit("world", NodePower(self.name, state, why))

    # power

    def begin_on(self) -> None:
        """It is running when the world begins, its corosync with it."""
        self._system_up("the world begins")

    def power_on(self, why: str) -> None:
        """Begin to boot, if it is off, has power and is meant to run."""
        if self.state != "off" or self._power_faults or not self.wanted:
            return
        jitter = self.around.entropy.unit("boot", self.name, len(self._boots))
        boot_s = self.spec.boot_s * (0.9 + 0.2 * jitter)
        self._tell("booting", why)
        self._starting = self.around.kernel.call_in(
            to_us(boot_s), lambda: self._up(why), ORDER_HARDWARE
        )

    def power_off(self, why: str) -> None:
        """All of it is gone at once."""
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        if self.boot is not None:
            self._hypervisor.node_lost(self.name)
            self.around.wakeups.end(self.name)
            self.boot.boot.cut()
            self.around.store.lost(self.name)
            self.around.wakeups.forget(self.name)
            self.boot = None
            self._corosync.kill_node(self.name)
        if self.state != "off":
            self._tell("off", why)

    def reset(self, why: str) -> None:
        """The reset button."""
        self.power_off(why)
        self.power_on(why)

    def power_fault(self, why: str) -> None:
        self._power_faults += 1
        self.power_off(why)

    def power_fault_ends(self, why: str) -> None:
        self._power_faults -= 1
        self.power_on(why)

    def watchdog_fault(self) -> None:
        self._watchdog_faults += 1
        if self.boot is not None:
            self.boot.watchdog.break_down()

    def watchdog_fault_ends(self) -> None:
        self._watchdog_faults -= 1
        if self.boot is not None and not self._watchdog_faults:
            self.boot.watchdog.repair(self.spec.watchdog)

    def _watchdog_fires(self, client: str, silent_s: float) -> None:
        self.around.journal.emit("world", WatchdogReset(self.name, client, round(silent_s, 1)))
        self.reset("watchdog")

    # an operating system begins

    def _up(self, why: str) -> None:
        self._starting = None
        self._system_up(why)
        self._corosync.start_node(self.name)

    def _system_up(self, why: str) -> None:
        number = len(self._boots) + 1
        self.boot = boot_node(
            self.around, self.spec, self._index, number, self.wall, self._watchdog_fires
        )
        self._boots.append(self.boot)
        if self._watchdog_faults:
            self.boot.watchdog.break_down()
        self._tell("on", why)
        self._hypervisor.node_up(self.name)
        self._start_crm(self._phase("crm", number))
        self._start_lrm(self._phase("lrm", number))
        self.around.on_boot(self.boot)

    def _phase(self, loop: str, number: int) -> float:
        return LOOP_PHASE_S * self.around.entropy.unit("phase", self.name, loop, number)

    def _start_crm(self, delay_s: float) -> None:
        boot = self.boot
        assert boot is not None

        async def run() -> None:
            await boot.boot.sleep(to_us(delay_s))
            self.crm = Crm(boot.ports)
            await self.crm.run()

        self.crm = None
        self._crm_task = boot.boot.spawn(run(), "crm")

    def _start_lrm(self, delay_s: float) -> None:
        boot = self.boot
        assert boot is not None

        async def run() -> None:
            await boot.boot.sleep(to_us(delay_s))
            self.lrm = Lrm(boot.ports)
            await self.lrm.run()

        self.lrm = None
        self._lrm_task = boot.boot.spawn(run(), "lrm")

    # an operating system ends

    def shutdown(self, kind: ShutdownKind) -> bool:
        """`shutdown` or `reboot`, as an operator asks for it. False if it is not running."""
        if self.boot is None or self.state != "on":
            return False
        self.wanted = kind == "reboot"
        self._tell("stopping", kind)
        boot = self.boot
        boot.boot.begin(lambda: self._stop(boot, kind), kind)
        return True

    async def _stop(self, boot: NodeBoot, kind: ShutdownKind) -> None:
        """As the init system does: LRM, then CRM, then the other guests, then corosync."""
        await self._end_lrm(kind)
        await self._end_crm()
        await self._stop_guests(boot.boot)
        self._corosync.stop_node(self.name)
        self.around.store.stopped(self.name)
        await boot.boot.sleep(to_us(self.spec.shutdown_s))
        self.around.kernel.call_soon(lambda: self._stopped(boot, kind), ORDER_FAULT)

    def _stopped(self, boot: NodeBoot, kind: str) -> None:
        if self.boot is boot:
            self.power_off(kind)
            self.power_on(kind)

    async def _stop_guests(self, boot: Boot) -> None:
        """Shut down what still runs here, all at once."""
        stopped: list[Signal[Outcome]] = []
        for process in self._hypervisor.processes(self.name):
            stopped.append(Signal(boot))
            self._hypervisor.stop(process.sid, self.name, None, stopped[-1].fire)
        for signal in stopped:
            await signal

    async def _end_lrm(self, kind: ShutdownKind) -> None:
        if self.lrm is None or self._lrm_task is None:
            return
        await self.lrm.request_shutdown(kind)
        self.around.wakeups.wake((self.name,))
        await self._quietly(self._lrm_task)

    async def _end_crm(self) -> None:
        if self.crm is None or self._crm_task is None:
            return
        self.crm.request_shutdown()
        self.around.wakeups.wake((self.name,))
        await self._quietly(self._crm_task)

    async def _quietly(self, task: SimTask[Any]) -> None:
        """Wait for a daemon's end; a failure has been reported already."""
        boot = self.boot
        assert boot is not None
        await boot.boot.settle([task], float(7 * 24 * 3600))

    def restart_daemon(self, daemon: str) -> bool:
        """`crm` or `lrm`, as `systemctl restart` does. False if it is not running."""
        if self.boot is None or self.state != "on":
            return False
        run = self._restart_crm if daemon == "crm" else self._restart_lrm
        self.boot.boot.begin(run, f"restart {daemon}")
        return True

    async def _restart_crm(self) -> None:
        await self._end_crm()
        self._start_crm(DAEMON_RESTART_S)

    async def _restart_lrm(self) -> None:
        await self._end_lrm("restart")
        self._start_lrm(DAEMON_RESTART_S)

    # standing still

    def pause(self, retries: int = PAUSE_RETRIES) -> None:
        """Everything stops, when no round is under way.

        So a skipped round and a run one look alike to it.
        """
        if self.boot is None or self.state not in ("on", "stopping"):
            return
        boot = self.boot
        if retries and self.around.wakeups.busy(self.name):
            self.around.kernel.call_in(
                PAUSE_RETRY_US, lambda: self._pause_again(boot, retries - 1), ORDER_FAULT
            )
            return
        self._freeze("paused", "cpu stall")

    def _pause_again(self, boot: NodeBoot, retries: int) -> None:
        if self.boot is boot:
            self.pause(retries)

    def hang(self) -> None:
        """The kernel stops for good; only a reset helps."""
        if self.boot is not None and self.state in ("on", "stopping", "paused"):
            self._freeze("hung", "kernel hang")

    def _freeze(self, state: str, why: str) -> None:
        assert self.boot is not None
        self.around.wakeups.stop(self.name)
        self.boot.boot.pause()
        self._corosync.pause_node(self.name)
        self._hypervisor.node_paused(self.name)
        self._tell(state, why)
        self.boot.watchdog.machine_stopped()

    def resume(self) -> None:
        """A pause ends."""
        if self.boot is None or self.state != "paused":
            return
        if self.boot.watchdog.machine_continues():
            return  # it was reset before anything else ran
        self._tell("on", "resumed")
        self._hypervisor.node_resumed(self.name)
        self._corosync.resume_node(self.name)
        self.boot.boot.resume()
        self.around.wakeups.publish((self.name,), topics.MEMBERSHIP)

    def unhang(self) -> None:
        """Somebody resets the hung machine."""
        if self.state == "hung":
            self.reset("reset by hand")
