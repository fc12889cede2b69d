"""Guests that run on this node, as far as changes touch them."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.model.guest.config import Settings
from appliance.model.guest.running import Launch
from appliance.ports.guest_host import GuestHost, VmHost


@dataclass(frozen=True, slots=True)
class Machines:
    """The guests of this node. Errors: RefusedError, UnavailableError."""

    host: GuestHost
    vms: VmHost

    def running(self, sid: str) -> bool:
        return self.host.state(sid) is not None

    async def start(self, sid: str, settings: Settings, state: str | None = None) -> None:
        """Start it, from the memory in the volume `state` if given."""
        await self.host.start(Launch(sid, settings, state))

    async def freeze(self, sid: str) -> None:
        """Its file systems stand still: containers always can, VMs by their agent."""
        if sid.startswith("vm:"):
            await self.vms.agent(sid, "fsfreeze-freeze", {})
        else:
            await self.host.pause(sid)

    async def thaw(self, sid: str) -> None:
        if sid.startswith("vm:"):
            await self.vms.agent(sid, "fsfreeze-thaw", {})
        else:
            await self.host.resume(sid)

    async def save_memory(self, sid: str, volume: str) -> dict[str, str]:
        """Write a VM's memory to a volume; it stands still from then on. Keys of its machine."""
        state = self.host.state(sid)
        await self.vms.save_memory(sid, volume)
        return {"runningmachine": state.machine} if state is not None and state.machine else {}
