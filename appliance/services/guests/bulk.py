"""Many guests of a node at once, in their order: started, shut down, suspended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from appliance.model.access.ids import ROOT
from appliance.model.errors import QuorateError
from appliance.model.guest.running import guest_label
from appliance.ports.membership import Membership
from appliance.services.guest_changes.files import GuestFile
from appliance.services.guests import ha
from appliance.services.guests.life import Stopping
from appliance.services.guests.node import GuestNode
from appliance.services.guests.summaries import Summary
from appliance.services.guests.suspend import suspend_to_disk
from appliance.services.tasks.context import TaskContext

_LAST: Final = 1 << 30  # guests without an order come after those with one
_PERIOD_S: Final = 2.0
Act: TypeAlias = Callable[[GuestFile], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Startup:
    """order, and how long is waited after its start or its end."""

    order: int = _LAST
    up_s: int = 0
    down_s: int | None = None


def startup_of(text: str) -> Startup:
    """`order=3,up=10,down=60`, or `3` alone."""
    values = dict(part.partition("=")[::2] for part in text.split(",") if part)
    order = values.get("order") or next((key for key, value in values.items() if not value), "")

    def whole(given: str | None) -> int | None:
        return int(given) if given and given.isdigit() else None

    found = whole(order)
    return Startup(
        _LAST if found is None else found, whole(values.get("up")) or 0, whole(values.get("down"))
    )


class Bulk:
    """Errors of one guest do not keep the others from their turn; they are warnings."""

    def __init__(self, node: GuestNode) -> None:
        self._node, self._ports = node, node.ports

    def guests(self, vmids: Iterable[int] | None) -> list[Summary]:
        """The guests of this node that are meant, in the order of their start. No templates."""
        wanted = None if vmids is None else frozenset(vmids)
        found = [
            one
            for one in self._node.summaries.of_node(self._ports.node)
            if (wanted is None or one.vmid in wanted) and not one.template
        ]
        return sorted(found, key=lambda one: (startup_of(one.startup).order, one.vmid))

    async def start(self, guests: Iterable[Summary], task: TaskContext, *, force: bool) -> None:
        """Those that start with the node, or all of them; not those that HA looks after."""
        for one in guests:
            if not (force or one.onboot) or self._off_limits(one, running=False):
                continue
            task.log(f"Starting {guest_label(one.sid)}")
            await self._try(one, task, lambda guest: self._node.life.start_now(guest, task))
            wait_s = startup_of(one.startup).up_s
            if wait_s:
                await self._ports.clock.sleep(float(wait_s))

    async def stop(self, guests: list[Summary], task: TaskContext, how: Stopping) -> None:
        """In the reverse order."""
        for one in reversed(guests):
            if self._off_limits(one, running=True):
                continue
            task.log(f"Stopping {guest_label(one.sid)}")
            down_s = startup_of(one.startup).down_s
            own = how if down_s is None else Stopping(how.hard, float(down_s), how.force)
            await self._try(one, task, self._stopping(task, own))

    def _stopping(self, task: TaskContext, how: Stopping) -> Act:
        return lambda guest: self._node.life.stop_now(guest, task, how)

    async def suspend(
        self, guests: list[Summary], task: TaskContext, storage: str | None, *, to_disk: bool
    ) -> None:
        """Virtual machines alone."""
        for one in reversed(guests):
            if one.kind != "vm" or self._off_limits(one, running=True):
                continue
            task.log(f"Suspending {guest_label(one.sid)}")
            if to_disk:
                await self._try(one, task, lambda g: suspend_to_disk(self._ports, g, task, storage))
            else:
                await self._try(one, task, lambda g: self._ports.host.pause(g.sid))

    def _off_limits(self, one: Summary, *, running: bool) -> bool:
        runs = self._ports.host.state(one.sid) is not None
        return runs != running or ha.is_managed(self._ports.store, one.sid)

    async def _try(self, one: Summary, task: TaskContext, act: Act) -> None:
        try:
            guest = self._ports.files.find(one.vmid, one.kind, self._ports.node)
            await act(guest)
        except QuorateError as error:
            task.warn(f"{guest_label(one.sid)}: {error}")


async def start_with_node(node: GuestNode, membership: Membership) -> None:
    """Once after each boot, when the node can act: guests that start with it."""
    ports = node.ports
    while not membership.view().quorate:
        await ports.clock.sleep(_PERIOD_S)
    bulk = Bulk(node)
    wanted: list[Summary] | None = None
    while wanted is None:
        try:
            wanted = [one for one in bulk.guests(None) if one.onboot]
        except QuorateError:  # the store is not open yet
            await ports.clock.sleep(_PERIOD_S)
    if wanted:
        await ports.work.start(
            "startall", "", ROOT, lambda task: bulk.start(wanted, task, force=False)
        )
