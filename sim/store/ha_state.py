"""What the HA daemons tell each other, on the simulated store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.model.ha.status import LrmStatus, ManagerStatus, ServiceStatus
from appliance.ports import topics
from sim.pace import Effect, Wakeups
from sim.store.replica import LrmCell, Replica
from sim.store.store import Store
from sim.tasks import Boot


@dataclass(frozen=True, slots=True)
class SimHaState:
    """Implements the `HaState` port for one boot."""

    boot: Boot
    store: Store
    wakeups: Wakeups

    def manager_status(self) -> ManagerStatus:
        return self._replica().manager_status(self.boot.kernel.now_us)

    async def write_manager_status(self, status: ManagerStatus, lease: str) -> None:
        def apply(replica: Replica, effect: Effect) -> None:
            replica.guard(lease, self.boot.node, effect.done_us)
            before = replica.manager[-1].status
            replica.put_manager_status(status, effect)
            self._publish_manager(replica, before, status)

        await self.store.write(self.boot, "manager_status", apply)

    def lrm_status(self, node: str) -> LrmStatus | None:
        return self._replica().lrm_status(node, self.boot.kernel.now_us)

    async def write_lrm_status(self, status: LrmStatus) -> None:
        def apply(replica: Replica, effect: Effect) -> None:
            cell = replica.lrm.get(self.boot.node)
            replica.lrm[self.boot.node] = LrmCell(status, effect)
            if cell is None or not _same_lrm(cell.status, status):
                self.wakeups.publish(replica.members, topics.LRM_STATUSES)

        await self.store.write(self.boot, "lrm_status", apply)

    def has_commands(self) -> bool:
        return bool(self._replica().commands)

    async def take_commands(self, lease: str) -> tuple[str, ...]:
        def apply(replica: Replica, effect: Effect) -> tuple[str, ...]:
            replica.guard(lease, self.boot.node, effect.done_us)
            taken, replica.commands = replica.commands, ()
            return taken

        return await self.store.write(self.boot, "crm_commands", apply)

    async def queue_command(self, command: str) -> None:
        def apply(replica: Replica, _effect: Effect) -> None:
            replica.commands = (*replica.commands, command)
            self.wakeups.publish(replica.members, topics.CRM_COMMANDS)

        await self.store.write(self.boot, "crm_commands", apply)

    def _replica(self) -> Replica:
        return self.store.replica(self.boot.node)

    def _publish_manager(
        self, replica: Replica, before: ManagerStatus, after: ManagerStatus
    ) -> None:
        if before.disarm != after.disarm:
            nodes = set(replica.members)
        else:
            nodes = set(_touched_nodes(before, after))
        if not nodes and before.master == after.master:
            return
        self.wakeups.publish(replica.members, topics.MANAGER_STATUS)
        for node in replica.members:
            if node in nodes:
                self.wakeups.publish((node,), topics.manager_slice(node))


def _same_lrm(before: LrmStatus, after: LrmStatus) -> bool:
    return (
        before.state == after.state
        and before.mode == after.mode
        and (before.checked_round is None) == (after.checked_round is None)
        and (before.results is after.results or before.results == after.results)
    )


def _touched_nodes(before: ManagerStatus, after: ManagerStatus) -> Iterator[str]:
    """Nodes whose slice of the manager status differs."""
    yield from before.maintenance ^ after.maintenance
    if before.nodes is not after.nodes:
        for node in before.nodes.keys() | after.nodes.keys():
            if before.nodes.get(node) != after.nodes.get(node):
                yield node
    if before.services is not after.services:
        for sid in before.services.keys() | after.services.keys():
            yield from _touched_by(before.services.get(sid), after.services.get(sid))


def _touched_by(before: ServiceStatus | None, after: ServiceStatus | None) -> Iterator[str]:
    if before is after or before == after:
        return
    for status in (before, after):
        if status is not None:
            yield status.node
            if status.target is not None:
                yield status.target
