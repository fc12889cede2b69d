"""Turns what a quiet round renews into renewals of its pulse (see `sim.pulse`)."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.ports import topics
from sim.hardware.watchdog import SimWatchdog
from sim.pulse import Pulse
from sim.store.store import Store

_LOCK = topics.lock("")
_WATCHDOG = topics.watchdog("")


@dataclass(frozen=True, slots=True)
class Attachments:
    """Of one boot. Calling it tells whether the round that began at `tick_us` did renew the topic.

    Only what was really refreshed in that round can go on by itself.
    """

    node: str
    store: Store
    watchdog: SimWatchdog

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
        return True

    def _manager_round(self, tick_us: int, pulse: Pulse) -> bool:
        cell = self.store.replica(self.node).manager[-1]
        if cell.status.master != self.node or cell.effect.sent_us < tick_us:
            return False
        cell.renewal = cell.effect.renewal(pulse, tick_us)
        return True

    def _checked_round(self, tick_us: int, pulse: Pulse) -> bool:
        cell = self.store.replica(self.node).lrm.get(self.node)
        if cell is None or cell.effect.sent_us < tick_us:
            return False
        cell.renewal = cell.effect.renewal(pulse, tick_us)
        return True
