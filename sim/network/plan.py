"""When a ring that should be there will be: the arithmetic of totem's timeouts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sim.kernel import Kernel
from sim.network.fabric import Fabric
from sim.network.rings import Group, Member, Reform, Ring, rings_of
from sim.network.timing import LEAVE_US, Timing


class Planner:
    """Says when the members of a group agree on their ring."""

    def __init__(
        self, kernel: Kernel, fabric: Fabric, timing: Timing, members: Mapping[str, Member]
    ) -> None:
        self._kernel, self._fabric, self._timing, self._members = kernel, fabric, timing, members

    def there_already(self, group: Group) -> Ring | None:
        """The ring of exactly that group, if its token is not lost for good."""
        rings = rings_of(self._of(group))
        if len(rings) != 1 or rings[0].members != group:
            return None
        stalled_us = rings[0].stalled_us
        lost = stalled_us is not None and self._since(stalled_us) >= self._timing.token_us
        return None if lost else rings[0]

    def reform(self, group: Group, old: list[Reform]) -> Reform:
        """The ring that is to come, in place of those on their way until now.

        Steady change cannot put it off for ever: a ring that was changing for long is installed
        as it is.
        """
        now = self._kernel.now_us
        rings = rings_of(self._of(group))
        first_us = min([now, *(reform.first_us for reform in old)])
        agreed_us = max(self._loss_us(group, rings, old), self._join_us(group, rings, old))
        if agreed_us <= now:  # what it waited for is long past: it was paused meanwhile
            agreed_us = now + self._timing.consensus_us
        latest_us = max(first_us + self._timing.patience_us, now + LEAVE_US)
        return Reform(group, first_us, min(agreed_us, latest_us))

    def _of(self, group: Iterable[str]) -> list[Member]:
        return [self._members[name] for name in group]

    def _since(self, at_us: int) -> int:
        return self._kernel.now_us - at_us

    def _loss_us(self, group: Group, rings: list[Ring], old: list[Reform]) -> int:
        """When they agree on who is lost; 0 when nobody is."""
        due_us, gathering = 0, False
        for ring in rings:
            missing = [name for name in ring.members if name not in group]
            lost = [name for name in missing if name not in ring.left_us]
            left = [ring.left_us[name] + LEAVE_US for name in missing if name in ring.left_us]
            due_us = max([due_us, *left])
            if lost and ring.stalled_us is not None:
                half_deaf = self._half_deaf(group, ring, lost)
                loss_us = self._timing.loss(half_deaf, ring.members[0], ring.stalled_us)
                due_us = max(due_us, ring.stalled_us + loss_us)
                gathering |= self._since(ring.stalled_us) >= self._timing.token_us
        if gathering and any(name not in group for reform in old for name in reform.group):
            now = self._kernel.now_us  # lost while they were agreeing: they start over
            due_us = max(due_us, now + self._timing.loss_again(group[0], now))
        return due_us

    def _half_deaf(self, group: Group, ring: Ring, lost: Iterable[str]) -> bool:
        """Whether somebody of the group still hears somebody that the group loses."""
        members = self._of(lost)
        talking = [member.name for member in members if member.ring is ring and member.audible]
        return any(self._fabric.hears(name, other) for name in group for other in talking)

    def _join_us(self, group: Group, rings: list[Ring], old: list[Reform]) -> int:
        """When all are ready for each other; 0 when there is nothing to join."""
        now = self._kernel.now_us
        again = len(rings) == 1 and rings[0].members == group
        ready_us: list[int] = []
        others: list[Member] = []
        for ring in rings:
            here = [member for member in self._of(group) if member.ring is ring]
            ready = max(member.ready_us for member in here)
            if ready > now:
                ready_us.append(ready)
            else:
                others += here
        strangers = len(rings_of(others)) > 1 or (again and not ready_us)
        if strangers:
            known = [old_one for old_one in old if _covers(old_one, others, now)]
            ready_us += [reform.agreed_us for reform in known]
            if not known:
                ready_us.append(now + self._timing.join(group[0], now))
        return max(ready_us, default=0) if again or len(rings) > 1 else 0


def _covers(reform: Reform, members: Iterable[Member], now_us: int) -> bool:
    """Whether they were about to join anyway."""
    return reform.agreed_us > now_us and all(member.name in reform.group for member in members)
