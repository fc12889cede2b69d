"""The ports to the guests of a simulated node: what KVM and LXC are to a real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from appliance.model.errors import RefusedError, UnavailableError
from appliance.model.guest.config import Settings
from appliance.model.guest.running import (
    PAUSED,
    RUNNING,
    GuestInterface,
    GuestLoad,
    GuestState,
    Launch,
    guest_label,
)
from appliance.model.storage.volumes import own_part, split_id
from appliance.ports.guests import Outcome
from appliance.ports.storage import PLAIN, Effort
from sim.guests.agent import AGENT_AFTER_S, SimAgent, addresses_of
from sim.guests.migration import Mover
from sim.guests.needs import Chance
from sim.guests.process import ARRIVING, STARTING, Process
from sim.guests.specs import Specs
from sim.guests.usage import traffic, usage
from sim.kernel import US, to_us
from sim.tasks import Boot, Signal

MACHINE: Final = "pc-i440fx-10.1"
_FIRST_PID: Final = 2000
_SLICES: Final = 10  # of a copy, after each of which its progress is told


class SimGuestHost:
    """Implements the `GuestHost` port for one boot."""

    def __init__(self, boot: Boot, mover: Mover, specs: Specs, chance: Chance) -> None:
        self.boot, self.node = boot, boot.node
        self.host, self._mover = mover.host, mover
        self.specs, self._chance = specs, chance

    def process(self, sid: str) -> Process:
        """RefusedError for a guest that does not run."""
        process = self.host.process(sid, self.node)
        if process is None or process.phase == STARTING:
            raise RefusedError(f"{guest_label(sid)} not running")
        return process

    # looking

    def state(self, sid: str) -> GuestState | None:
        process = self.host.process(sid, self.node)
        return None if process is None or process.phase == STARTING else self._state(process)

    def _state(self, process: Process) -> GuestState:
        up_us = self.host.kernel.now_us - process.since_us
        return GuestState(_FIRST_PID + process.number, _machine_word(process), up_us / US, MACHINE)

    def states(self) -> Mapping[str, GuestState]:
        return {
            process.sid: self._state(process)
            for process in self.host.processes(self.node)
            if process.phase != STARTING
        }

    def load(self, sid: str) -> GuestLoad | None:
        process = self.host.process(sid, self.node)
        if process is None or process.phase == STARTING:
            return None
        spec, load = self.host.catalog.spec(sid), self.host.catalog.load(sid)
        now = usage(self._chance, spec, load, self.host.kernel.now_s)
        still = process.halted or process.frozen or not process.executing
        up_s = (self.host.kernel.now_us - process.since_us) / US
        counts = (int(rate * up_s) for rate in traffic(self._chance, spec, load))
        sizes = [self.host.storage.size_bytes(volume) for volume in process.volumes]
        return GuestLoad(
            0.0 if still else now.cpu,
            float(spec.cpus),
            now.memory_bytes,
            spec.memory_bytes,
            sizes[0] // 3 if sizes else 0,
            *counts,
        )

    # its life

    async def start(self, launch: Launch) -> None:
        sid = launch.sid
        if self._mover.moving(sid) is not None:
            raise RefusedError(f"{guest_label(sid)} is being migrated")
        self.specs.put(sid, self.node, launch.settings)
        if launch.state_volume is not None:
            await self.pass_memory(sid, launch.state_volume)
        await self._outcome(lambda done: self.host.start(sid, self.node, done))
        if launch.paused:
            self.host.halt(self.process(sid), halted=True)

    async def stop(self, sid: str) -> None:
        await self._outcome(lambda done: self.host.stop(sid, self.node, 0, done))

    async def shut_down(self, sid: str, timeout_s: float) -> bool:
        process = self.process(sid)
        if process.target is not None:
            raise RefusedError(f"{guest_label(sid)} is being migrated")
        over: Signal[bool] = Signal(self.boot)
        self.host.shut_down(sid, self.node, lambda outcome: over.fire(outcome.ok))
        self.host.kernel.call_in(max(1, to_us(timeout_s)), lambda: over.fire(False))
        return await over

    async def reset(self, sid: str) -> None:
        process = self.process(sid)
        self.host.halt(process, halted=False)
        self.host.announce(process, "reset")

    async def pause(self, sid: str) -> None:
        self.host.halt(self.process(sid), halted=True)

    async def resume(self, sid: str) -> None:
        self.host.halt(self.process(sid), halted=False)

    async def apply(self, sid: str, settings: Settings, keys: tuple[str, ...]) -> None:
        process = self.process(sid)
        self.specs.put(sid, self.node, settings)
        wanted = self.host.volumes(sid, self.node)
        for volume in wanted:
            if not self.host.storage.exists(volume):
                raise RefusedError(f"its volume {volume} does not exist")
        self.host.replug(process, wanted)

    async def _outcome(self, begin: Callable[[Callable[[Outcome], None]], None]) -> None:
        ended: Signal[Outcome] = Signal(self.boot)
        begin(ended.fire)
        outcome = await ended
        if not outcome.ok:
            raise RefusedError(outcome.reason)

    async def pass_memory(self, sid: str, volid: str, effort: Effort = PLAIN) -> None:
        """Let the time pass that its memory takes to or from a volume."""
        pool, _ = split_id(volid)
        if not self.host.storage.reachable(pool, self.node):
            raise UnavailableError(f"storage '{pool}' is not available on {self.node}")
        load, spec = self.host.catalog.load(sid), self.host.catalog.spec(sid)
        size_bytes = spec.memory_bytes * load.busy_memory
        await self.copy_time(size_bytes / self.host.storage.bandwidth(pool), effort)

    async def copy_time(self, seconds: float, effort: Effort = PLAIN) -> None:
        """Let time pass, and tell how much of it has."""
        for part in range(_SLICES):
            await self.boot.sleep(max(1, to_us(seconds / _SLICES)))
            if effort.progress is not None:
                effort.progress((part + 1) / _SLICES)


def _machine_word(process: Process) -> str:
    if process.phase == ARRIVING:
        return "inmigrate"
    if process.frozen:
        return "io-error"
    return PAUSED if process.halted or process.suspended else RUNNING


class SimVmHost:
    """Implements the `VmHost` port."""

    def __init__(self, host: SimGuestHost) -> None:
        self._host = host
        self._agents: dict[int, SimAgent] = {}

    async def save_memory(self, sid: str, volid: str, effort: Effort = PLAIN) -> None:
        host = self._host
        process = host.process(sid)
        host.host.halt(process, halted=True)
        try:
            await host.pass_memory(sid, volid, effort)
        except UnavailableError:
            host.host.halt(process, halted=False)
            raise

    async def mirror(self, sid: str, key: str, volid: str, effort: Effort = PLAIN) -> None:
        host = self._host
        process, storage = host.process(sid), host.host.storage
        old_id = _volume_of(host.specs.settings(sid), key)
        pool, name = split_id(volid)
        new = storage.volume(pool, host.node, name)
        own = own_part(split_id(old_id)[1]) if old_id is not None else None
        old = next((volume for volume in process.volumes if volume.name == own), None)
        if old is None:
            raise RefusedError(f"{guest_label(sid)} has no disk {key}")
        slowest = min(storage.bandwidth(old.pool), storage.bandwidth(pool))
        await host.copy_time(storage.size_bytes(old) / slowest, effort)
        storage.copied(old, new)
        host.host.exchange(host.process(sid), old, new)

    async def grow(self, sid: str, key: str, size_bytes: int) -> None:
        self._host.process(sid)

    async def send_key(self, sid: str, key: str) -> None:
        self._host.process(sid)

    async def monitor(self, sid: str, command: str) -> str:
        process = self._host.process(sid)
        word = command.split(maxsplit=1)[0] if command.split() else ""
        if command.strip() == "info status":
            return f"VM status: {_machine_word(process)}"
        if command.strip() == "info name":
            return f"name: {sid.partition(':')[2]}"
        return f"unknown command: '{word}'" if word else ""

    async def agent(self, sid: str, command: str, arguments: Mapping[str, Any]) -> Any:
        host = self._host
        process = host.process(sid)
        settings = host.specs.settings(sid)
        up_s = (host.host.kernel.now_us - process.since_us) / US
        still = process.halted or process.frozen
        if not _has_agent(settings) or up_s < AGENT_AFTER_S or still:
            raise UnavailableError("QEMU guest agent is not running")
        if command == "shutdown":
            host.host.shut_down(sid, host.node, _unheard)
            return {}
        if command.startswith("suspend-"):
            host.host.halt(process, halted=True)
            return {}
        spec = host.host.catalog.spec(sid)
        agent = self._agents.get(process.number)
        if agent is None:
            self._agents = {process.number: SimAgent(sid), **self._agents}
            agent = self._agents[process.number]
        return agent.answer(command, arguments, settings, spec, host.host.kernel.now_s)


def _unheard(_outcome: Outcome) -> None:
    """Whoever asked does not wait for the end."""


def _has_agent(settings: Settings) -> bool:
    text = settings.get("agent") or "0"
    first = text.split(",")[0].removeprefix("enabled=")
    return first in ("1", "on", "yes", "true")


def _volume_of(settings: Settings, key: str) -> str | None:
    text = settings.get(key)
    return text.split(",")[0].removeprefix("file=") if text else None


class SimContainerHost:
    """Implements the `ContainerHost` port."""

    def __init__(self, host: SimGuestHost) -> None:
        self._host = host

    async def grow(self, sid: str, key: str, size_bytes: int) -> None:
        self._host.process(sid)

    async def interfaces(self, sid: str) -> tuple[GuestInterface, ...]:
        self._host.process(sid)
        settings = self._host.specs.settings(sid)
        return addresses_of("ct", sid, settings)
