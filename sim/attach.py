"""Turns what a quiet round renews into renewals of its pulse (see `sim.pulse`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.ports import topics
from sim.hardware.watchdog import SimWatchdog
from sim.kernel import ORDER_COMMIT, Kernel
from sim.pace import Wakeups
from sim.pulse import Pulse, Renewal
from sim.store.beats import Beats, Holding
from sim.store.coasting import CoastingLeases
from sim.store.shared import SharedStore

_LOCK = topics.lock("")
_WATCHDOG = topics.watchdog("")
NEAR_US: Final = 2_000  # rounds that come this close are run


@dataclass(frozen=True, slots=True)
class Attachments:
    """Of one boot. Calling it tells whether the round that began at `tick_us` did renew the topic.

    Only what was really refreshed in that round can go on by itself.
    """

    node: str
    store: SharedStore
    leases: CoastingLeases
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

    def _beats(self) -> Beats:
        return self.store.copy(self.node).beats

    def _lease(self, name: str, tick_us: int, pulse: Pulse) -> bool:
        held = self._beats().holdings.get(name)
        if held is None or held.owner != self.node or held.effect.sent_us < tick_us:
            return False
        held.attach(pulse, tick_us)
        pulse.on_end(lambda: self._renewals_end(held))
        return True

    def _renewals_end(self, held: Holding) -> None:
        self.leases.refreshed(held)
        self._watch(held.name, held)

    def _watch(self, name: str, held: Holding) -> None:
        """Its holder does not renew it by itself any more: tell the others if it runs out.

        While it did, those who were refused it were told no time to come back at. One watch a lease
        is enough: it goes on for as long as the holder renews it in rounds that are run.
        """
        if not held.watched:
            held.watched = True
            self._watch_expiry(name, held)

    def _watch_expiry(self, name: str, held: Holding) -> None:
        # A little early: on the fastest of clocks it runs out sooner.
        left_us = held.free_in_us(self.kernel.now_us) - held.life_us // 50
        gone = self._beats().holdings.get(name) is not held
        if gone or held.beating or left_us < 0:
            held.watched = False
            if not gone and not held.beating:
                self.wakeups.publish(self.store.nodes, topics.lock(name))
            return
        self.kernel.call_in(left_us + 1, lambda: self._watch_expiry(name, held), ORDER_COMMIT)

    def _manager_round(self, tick_us: int, pulse: Pulse) -> bool:
        published = self._beats().manager
        if not published or published[-1].master != self.node:
            return False
        beat = published[-1]
        if beat.effect.sent_us < tick_us:
            return False
        return self._answers_in_time(beat.attach(pulse, tick_us))

    def _answers_in_time(self, own: Renewal) -> bool:
        """Whether every coasting node answers each round before the next; and plan for its end.

        A node's answer must be out before the master looks, and the master's status before the
        node does. As long as that is so nothing changes; drifting clocks end it some day.
        """
        now_us = self.kernel.now_us
        for beat in self._beats().lrm.values():
            other = beat.renewal
            if other is None or not other.pulse.beating:
                continue
            before_us, after_us = other.done_us + NEAR_US, own.done_us + NEAR_US
            meets_us = own.pulse.meets_us(other.pulse, before_us, after_us, now_us)
            if meets_us == now_us:
                return False
            own.pulse.wake_by(meets_us)
        return True

    def _checked_round(self, tick_us: int, pulse: Pulse) -> bool:
        copy = self.store.copy(self.node)
        beat = copy.beats.lrm.get(self.node)
        if beat is None or beat.effect.sent_us < tick_us:
            return False
        beat.attach(pulse, tick_us)
        master = copy.beats.manager[-1].renewal if copy.beats.manager else None
        if master is not None and master.pulse.beating and master.pulse.drifts_from(pulse):
            self.wakeups.publish(copy.nodes, topics.LRM_STATUSES)  # to plan for this one
        return True
