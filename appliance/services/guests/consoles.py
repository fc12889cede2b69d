"""Consoles: a port and a task for each, as long as somebody may still connect."""

from __future__ import annotations

from typing import Final

from appliance.model.errors import RefusedError
from appliance.services.guests.ports import GuestPorts
from appliance.services.tasks.context import TaskContext

FIRST_PORT: Final = 5900
PORTS: Final = 100
PATIENCE_S: Final = 10.0


class Consoles:
    """Of one boot of one node."""

    def __init__(self, ports: GuestPorts) -> None:
        self._ports = ports
        self._taken: dict[int, None] = {}

    async def open(self, kind: str, what: str, user: str) -> tuple[int, str]:
        """A port and the task that waits at it. kind: the task's type. RefusedError: all taken."""
        port = self._free()
        self._taken[port] = None

        async def job(task: TaskContext) -> None:
            try:
                task.log(f"starting {kind} at port {port}")
                await self._ports.clock.sleep(PATIENCE_S)
                raise RefusedError("connection timed out")
            finally:
                self._taken.pop(port, None)

        return port, await self._ports.work.start(kind, what, user, job)

    def _free(self) -> int:
        for port in range(FIRST_PORT, FIRST_PORT + PORTS):
            if port not in self._taken:
                return port
        raise RefusedError("no free port for a console, try again soon")
