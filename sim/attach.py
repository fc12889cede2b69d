"""Turns what a quiet round renews into renewals of its pulse (see `sim.pulse`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.ports import topics
from sim.hardware.watchdog import SimWatchdog
from sim.kernel import ORDER_COMMIT, Kernel
from sim.pace import Wakeups
from sim.pulse import Pulse, Renewal
from sim.store.replica import Lease
from sim.store.store import Store

_LOCK = topics.lock("")
_WATCHDOG = topics.watchdog("")
NEAR_US: Final = 2_000  # rounds that come this close are run


@dataclass(frozen=True, slots=True)
class Attachments:
    """Of one boot. Calling it tells whether the round that began at `tick_us` did renew the topic.

    Only what was really refreshed in that round can go on by itself.
    """

    node: str
    store: Store
    watchdog: SimWatchdog
    kernel: Kernel
    wakeups: Wakeups

    def __call__(self, topic: str, tick_us: int, pulse: Pulse) -> bool:
        if topic == topics.MANAGER_ROUND:
            return self._manager_round(tick_us, pulse)
        if topic == topics.CHECKED_ROUND:
            return self._checked_round(tick_us, pulse)
        if topic.startswith(_WATCHDOG):
            return self.watchdog.attach(topic.removeprefix(_WATCHDOG), tick_us, pulse)
        return self._lease(topic.removeprefix(_LOCK), tick_us, pulse)

    def _lease(self, name: str, tick_us: int, pulse: Pulse) -> bool:
        lease = self.store.replica(self.node).leases.get(name)
        if lease is None or lease.owner != self.node or lease.effect.sent_us < tick_us:
            return False
        lease.renewal = lease.effect.renewal(pulse, tick_us)
        pulse.on_end(lambda: self._watch(name, lease))
        return True

    def _watch(self, name: str, lease: Lease) -> None:
        """Its holder does not renew it by itself any more: tell the others if it runs out.

        While it did, those who were refused it were told no time to come back at. One watch a lease
        is enough: it goes on for as long as the holder renews it in rounds that are run.
        """
        if not lease.watched:
            lease.watched = True
            self._watch_expiry(name, lease)

    def _watch_expiry(self, name: str, lease: Lease) -> None:
        left_us = lease.free_in_us(self.kernel.now_us)
        gone = self.store.replica(self.node).leases.get(name) is not lease
        if gone or lease.beating or left_us < 0:
            lease.watched = False
            if not gone and not lease.beating:
                self.wakeups.publish(self.store.nodes, topics.lock(name))
            return
        self.kernel.call_in(left_us + 1, lambda: self._watch_expiry(name, lease), ORDER_COMMIT)

    def _manager_round(self, tick_us: int, pulse: Pulse) -> bool:
        cell = self.store.replica(self.node).manager[-1]
        if cell.status.master != self.node or cell.effect.sent_us < tick_us:
            return False
        cell.renewal = cell.effect.renewal(pulse, tick_us)
        return self._answers_in_time(cell.renewal)

    def _answers_in_time(self, own: Renewal) -> bool:
        """Whether every coasting node answers each round before the next; and plan for its end.

        A node's answer must be out before the master looks, and the master's status before the
        node does. As long as that is so nothing changes; drifting clocks end it some day.
        """
        now_us = self.kernel.now_us
        for cell in self.store.replica(self.node).lrm.values():
            other = cell.renewal
            if other is None or not other.pulse.beating:
                continue
            before_us, after_us = other.done_us + NEAR_US, own.done_us + NEAR_US
            meets_us = own.pulse.meets_us(other.pulse, before_us, after_us, now_us)
            if meets_us == now_us:
                return False
            own.pulse.wake_by(meets_us)
        return True

    def _checked_round(self, tick_us: int, pulse: Pulse) -> bool:
        replica = self.store.replica(self.node)
        cell = replica.lrm.get(self.node)
        if cell is None or cell.effect.sent_us < tick_us:
            return False
        cell.renewal = cell.effect.renewal(pulse, tick_us)
        master = replica.manager[-1].renewal
        if master is not None and master.pulse.beating and master.pulse.drifts_from(pulse):
            self.wakeups.publish(replica.members, topics.LRM_STATUSES)  # to plan for this one
        return True
