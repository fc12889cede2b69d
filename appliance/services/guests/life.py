"""Start, stop, shut down, suspend, resume, reset, reboot: each as a task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.core.guest.locks import check_unlocked, is_template
from appliance.core.guest.pending import applied, pending_delete
from appliance.model.guest.running import Launch, guest_label
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guests import ha
from appliance.services.guests.disks import settle_volumes
from appliance.services.guests.ports import GuestPorts, refuse_if
from appliance.services.guests.suspend import resume_from_disk
from appliance.services.tasks.context import TaskContext
from appliance.services.tasks.work import Job

SHUTDOWN_S: Final = {"vm": 180.0, "ct": 60.0}
_TASKS: Final = {"vm": "qm", "ct": "vz"}


@dataclass(frozen=True, slots=True)
class Stopping:
    """How a guest is stopped. timeout_s: None for the usual patience; force: hard after that."""

    hard: bool = False
    timeout_s: float | None = None
    force: bool = False


class Life:
    """Of the guests of one node."""

    def __init__(self, ports: GuestPorts) -> None:
        self._ports = ports

    def running(self, guest: GuestFile) -> bool:
        return self._ports.host.state(guest.sid) is not None

    def task(self, guest: GuestFile, what: str) -> str:
        """The type of a task: `qmstart`, `vzstop`, ..."""
        return f"{_TASKS[guest.kind]}{what}"

    def need_running(self, guest: GuestFile) -> None:
        """RefusedError."""
        refuse_if(not self.running(guest), f"{guest_label(guest.sid)} not running")

    # the tasks

    async def start(self, guest: GuestFile, user: str, *, skip_lock: bool = False) -> str:
        """RefusedError at once for a template, and for a container that runs or is locked."""
        ports = self._ports
        label = "a vm" if guest.kind == "vm" else "a container"
        refuse_if(is_template(guest.config), f"you can't start {label} if it's a template")
        if ha.is_managed(ports.store, guest.sid) and not self.running(guest):
            return await ports.work.start(
                "hastart", str(guest.vmid), user, lambda t: ha.ask_start(ports, guest.sid, t)
            )
        if guest.kind == "ct":
            refuse_if(self.running(guest), f"CT {guest.vmid} already running")

        async def job(task: TaskContext) -> None:
            await self.start_now(guest, task, skip_lock=skip_lock)

        return await ports.work.start(self.task(guest, "start"), str(guest.vmid), user, job)

    async def start_now(
        self, guest: GuestFile, task: TaskContext, *, skip_lock: bool = False
    ) -> None:
        """In a task that is there: what waited for the start is applied, then it starts."""
        ports = self._ports
        guest = ports.files.find(guest.vmid, guest.kind, ports.node)
        label = guest_label(guest.sid)
        refuse_if(is_template(guest.config), f"{label} is a template and cannot be started")
        refuse_if(self.running(guest), f"{label} already running")
        if guest.config.current.get("lock") == "suspended":
            await resume_from_disk(ports, guest, task)
            return
        if not skip_lock:
            check_unlocked(guest.config)
        guest = await self._apply_pending(guest)
        task.log(f"starting {label}")
        await ports.host.start(Launch(guest.sid, guest.config.current))

    async def _apply_pending(self, guest: GuestFile) -> GuestFile:
        before = guest.config
        if before.pending.values:
            forced = tuple(
                key for key, by_force in pending_delete(before.pending).items() if by_force
            )
            return await settle_volumes(self._ports, guest, applied, forced)
        return guest

    async def stop(self, guest: GuestFile, user: str, how: Stopping) -> str:
        """Shut down, or stop hard. RefusedError for a container that does not run."""
        ports = self._ports
        if guest.kind == "ct":
            self.need_running(guest)
        if ha.is_managed(ports.store, guest.sid):
            kind = "hastop" if how.hard else "hashutdown"
            limit = 0 if how.hard else None
            if how.timeout_s is not None and not how.hard:
                limit = int(how.timeout_s)
            return await ports.work.start(
                kind, str(guest.vmid), user, lambda t: ha.ask_stop(ports, guest.sid, limit, t)
            )
        if not how.hard:
            self.need_running(guest)

        async def job(task: TaskContext) -> None:
            await self.stop_now(guest, task, how)

        kind = self.task(guest, "stop" if how.hard else "shutdown")
        return await ports.work.start(kind, str(guest.vmid), user, job)

    async def stop_now(self, guest: GuestFile, task: TaskContext, how: Stopping) -> None:
        """In a task that is there. RefusedError if it does not shut down in time."""
        host, label = self._ports.host, guest_label(guest.sid)
        if host.state(guest.sid) is None:
            task.log(f"{label} not running")
            return
        if not how.hard:
            limit_s = SHUTDOWN_S[guest.kind] if how.timeout_s is None else how.timeout_s
            task.log(f"{label}: asking it to shut down, for {limit_s:g} s")
            if await host.shut_down(guest.sid, limit_s):
                return
            refuse_if(not how.force, f"{label} quit/powerdown failed - got timeout")
            task.log(f"{label} still running - terminating now")
        await host.stop(guest.sid)

    async def reboot(self, guest: GuestFile, user: str, timeout_s: float | None) -> str:
        self.need_running(guest)

        async def job(task: TaskContext) -> None:
            check_unlocked(self._ports.files.find(guest.vmid).config)
            await self.stop_now(guest, task, Stopping(timeout_s=timeout_s))
            await self.start_now(guest, task)

        return await self._begin(guest, "reboot", user, job)

    async def reset(self, guest: GuestFile, user: str, *, skip_lock: bool = False) -> str:
        self.need_running(guest)

        async def job(_task: TaskContext) -> None:
            if not skip_lock:
                check_unlocked(self._ports.files.find(guest.vmid).config)
            await self._ports.host.reset(guest.sid)

        return await self._begin(guest, "reset", user, job)

    async def pause(self, guest: GuestFile, user: str, *, skip_lock: bool = False) -> str:
        """It keeps its memory and executes nothing."""
        self.need_running(guest)

        async def job(_task: TaskContext) -> None:
            if not skip_lock:
                check_unlocked(self._ports.files.find(guest.vmid).config)
            await self._ports.host.pause(guest.sid)

        return await self._begin(guest, "pause" if guest.kind == "vm" else "suspend", user, job)

    async def resume(self, guest: GuestFile, user: str, *, skip_lock: bool = False) -> str:
        """From a pause, or from the memory that was saved to a disk."""
        saved = guest.config.current.get("lock") == "suspended"
        if not saved:
            self.need_running(guest)

        async def job(task: TaskContext) -> None:
            if saved:
                await resume_from_disk(self._ports, guest, task)
                return
            if not skip_lock:
                check_unlocked(self._ports.files.find(guest.vmid).config)
            await self._ports.host.resume(guest.sid)

        return await self._begin(guest, "resume", user, job)

    async def _begin(self, guest: GuestFile, what: str, user: str, job: Job) -> str:
        kind = self.task(guest, what)
        return await self._ports.work.start(kind, str(guest.vmid), user, job)
