"""Coasting: the pace of simulated loops, and the topics that wake them.

In polled mode every tick is slept through. In coasting mode a loop whose round was quiet sleeps
until its wake time or until a topic it reads is published, whichever comes first, and then goes on
at the next tick of its grid, exactly where polling would have run the round that sees the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from appliance.ports.clock import Rest, Tick
from sim.clock import BootClock
from sim.kernel import US, Timer, to_us
from sim.pulse import Pulse, Renewal
from sim.tasks import Boot, Signal

# Lets a pulse go on with what a topic names, if it was refreshed since that instant; else False.
Attach = Callable[[str, int, Pulse], bool]


class Effect(NamedTuple):
    """When something was last refreshed: sent and in effect, as instants."""

    sent_us: int
    done_us: int

    def renewal(self, pulse: Pulse, tick_us: int) -> Renewal:
        return Renewal(pulse, self.sent_us - tick_us, self.done_us - tick_us)


class Wakeups:
    """Which loops of which node sleep on which topics."""

    def __init__(self) -> None:
        self._paces: dict[str, list[SimPace]] = {}
        self._published: dict[tuple[str, str], int] = {}
        self._number = 0

    def add(self, node: str, pace: SimPace) -> None:
        self._paces.setdefault(node, []).append(pace)

    def forget(self, node: str) -> None:
        """The node's boot is over."""
        self._paces.pop(node, None)

    def publish(self, nodes: Iterable[str], *topics: str) -> None:
        """These topics changed as these nodes see them."""
        self._number += 1
        for node in nodes:
            for topic in topics:
                self._published[node, topic] = self._number
            for pace in self._paces.get(node, ()):
                pace.changed(topics)

    def wake(self, nodes: Iterable[str]) -> None:
        """Something happened that every loop of these nodes must live through for real."""
        for node in nodes:
            for pace in self._paces.get(node, ()):
                pace.wake()

    def end(self, node: str) -> None:
        """The node lost its power."""
        for pace in self._paces.get(node, ()):
            pace.end()

    def stop(self, node: str) -> None:
        """The node stands still; should it go on, its loops run real rounds."""
        for pace in self._paces.get(node, ()):
            pace.wake()
            pace.end()

    def busy(self, node: str) -> bool:
        """Whether a loop of the node is in the middle of a round."""
        return any(pace.in_round() for pace in self._paces.get(node, ()))

    def mark(self) -> int:
        """A point in the order of publications."""
        return self._number

    def since(self, mark: int, node: str, topics: Iterable[str]) -> bool:
        """Whether one of the topics was published to the node after that point."""
        if self._number == mark:
            return False
        published = self._published
        return any(published.get((node, topic), 0) > mark for topic in topics)


class SimPace:
    """Implements the `Pace` port for one loop of one boot."""

    def __init__(
        self,
        boot: Boot,
        clock: BootClock,
        wakeups: Wakeups,
        order: int,
        attach: Attach | None,
        on_round: Callable[[], None],
        settled: Callable[[], bool],
    ) -> None:
        """`attach` None: poll every round. `on_round` is called before each round that is run.

        `settled`: whether a round would find the cluster as the last one did.
        """
        self._boot, self._clock, self._wakeups = boot, clock, wakeups
        self._order, self._attach = order, attach
        self._on_round, self._settled = on_round, settled
        self._start_us = self._start_local_us = 0
        self._grid_us = 0  # local time at which this round should have begun
        self._mark = 0
        self._resting: Signal[Tick] | None = None
        self._pulse: Pulse | None = None
        self._round_us = 0  # how long the last real round took
        self._reads: tuple[str, ...] = ()
        self._timer: Timer | None = None
        self._rung = False  # the next tick is due, though a paused node may not know it yet

    # the port

    def first(self) -> Tick:
        self._begin(self._clock.now_local_us())
        return Tick(self._start_local_us / US)

    async def next_tick(self, rest: Rest) -> Tick:
        now_us = self._boot.kernel.now_us
        self._round_us = now_us - self._start_us
        period_us = to_us(rest.period_s)
        self._resting = Signal(self._boot)
        if not self._coast(rest, period_us):
            missed = Pulse(self._clock, self._grid_us, period_us).first_tick_from(now_us)
            self._sleep_until(self._grid_us + missed * period_us, self._start_local_us / US)
        return await self._resting

    # resting

    def _begin(self, grid_us: int) -> None:
        """A round begins: now, though it may have been due at an earlier point of the grid."""
        self._grid_us = grid_us
        self._start_us = self._boot.kernel.now_us
        self._start_local_us = self._clock.now_local_us()
        self._mark = self._wakeups.mark()
        self._on_round()

    def _sleep_until(self, grid_us: int, last_s: float) -> None:
        self._timer = self._boot.kernel.call_at(
            self._clock.world_us(grid_us),
            lambda: self._ring(lambda: self._tick(grid_us, 0, last_s)),
            self._order,
        )

    def _ring(self, tick: Callable[[], None]) -> None:
        self._rung = True
        self._boot.run(tick)

    def _tick(self, grid_us: int, skipped: int, last_s: float) -> None:
        resting, self._resting = self._resting, None
        self._pulse = self._timer = None
        self._rung = False
        self._begin(grid_us)
        if resting is not None:
            resting.fire_now(Tick(self._start_local_us / US, skipped, last_s))

    def _coast(self, rest: Rest, period_us: int) -> bool:
        """Begin to skip rounds, if the round that just ended allows it."""
        if self._attach is None or not rest.quiet or rest.exit or not self._settled():
            return False
        if self._wakeups.since(self._mark, self._boot.node, rest.reads):
            return False
        pulse = Pulse(self._clock, self._grid_us, period_us)
        if pulse.tick_us(1) <= self._boot.kernel.now_us:
            return False
        if not all(self._attach(topic, self._start_us, pulse) for topic in rest.renews):
            pulse.end(self._start_us)
            return False
        self._pulse, self._reads = pulse, rest.reads
        if pulse.wake_us is not None:
            self._wake_at(pulse.first_tick_from(pulse.wake_us))
        if rest.wake_at_s is not None:
            # One microsecond early at worst: waking too early is harmless.
            wake_local_us = max(int(rest.wake_at_s * US), self._grid_us)
            self._wake_at(pulse.first_tick_from(self._clock.world_us(wake_local_us)))
        return True

    def _wake_at(self, number: int) -> None:
        """Run a real round at that tick of the pulse, unless an earlier one is planned."""
        pulse = self._pulse
        assert pulse is not None
        due_us = pulse.tick_us(number)
        if self._timer is not None:
            if self._timer.active and self._timer.due_us <= due_us:
                return
            self._timer.cancel()
        last_us = self._clock.local_us(pulse.tick_us(number - 1))
        last_s = (self._start_local_us if number == 1 else last_us) / US
        self._timer = self._boot.kernel.call_at(
            due_us, lambda: self._ring(lambda: self._wake_tick(number - 1, last_s)), self._order
        )

    def _wake_tick(self, skipped: int, last_s: float) -> None:
        pulse = self._pulse
        assert pulse is not None
        pulse.end(pulse.tick_us(skipped + 1))
        self._tick(pulse.local_us(skipped + 1), skipped, last_s)

    # what the world tells

    def changed(self, topics: tuple[str, ...]) -> None:
        """Topics were published to this node."""
        if self._pulse is None or self._rung:
            return
        for topic in topics:
            if topic in self._reads:
                self.wake()
                return

    def wake(self) -> None:
        """Run real rounds again, from the next tick on."""
        if self._pulse is not None and not self._rung:
            self._wake_at(self._pulse.first_tick_from(self._boot.kernel.now_us))

    def end(self) -> None:
        """The node lost its power: what had not been sent by now never happened."""
        if self._pulse is not None:
            self._pulse.end(self._boot.kernel.now_us)

    def in_round(self) -> bool:
        """Whether a round is under way, run or skipped."""
        if self._resting is None:
            return True
        if self._pulse is None:
            return False
        now_us = self._boot.kernel.now_us
        started_us = self._pulse.tick_us(self._pulse.last_tick(now_us))
        return now_us - started_us < self._round_us
