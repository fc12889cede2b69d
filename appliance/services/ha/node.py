"""Both HA daemons of a node."""

from __future__ import annotations

from appliance.core.ha.lrm import ShutdownKind
from appliance.ports.node import NodePorts
from appliance.ports.tasks import Task
from appliance.services.ha.crm import Crm
from appliance.services.ha.lrm import Lrm


class HaNode:
    """Spawns the loops of one boot of a node."""

    def __init__(self, ports: NodePorts) -> None:
        self.crm, self.lrm = Crm(ports), Lrm(ports)
        self.crm_task: Task[None] = ports.tasks.spawn(self.crm.run(), "crm")
        self.lrm_task: Task[None] = ports.tasks.spawn(self.lrm.run(), "lrm")

    async def shut_down(self, kind: ShutdownKind) -> None:
        """Return when both have left. The LRM goes first: stopped guests need no manager then."""
        await self.lrm.request_shutdown(kind)
        await self.lrm_task.wait()
        self.crm.request_shutdown()
        await self.crm_task.wait()
