"""A random schedule of what goes wrong, each with its end. All is healed at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial

from sim.entropy import Entropy
from sim.group.cluster import StoreCluster
from sim.kernel import ORDER_FAULT, to_us
from sim.network.fabric import QDEVICE
from tests.sim.store.shape import Shape

Undo = Callable[[], None]
WHOLE_FALLS = 0.3


class Moment(Enum):
    """In the middle of what a node loses its power."""

    PROMISE = auto()
    TRANSFER = auto()


@dataclass
class Troubles:
    """Brings faults to a cluster, each into a burst of work on one node or on all of them.

    burst(nodes): many requests at once, now. hush(until_s): no others before that. falling: nodes
    that wait for their moment to lose power.
    """

    cluster: StoreCluster
    entropy: Entropy
    until_s: float
    burst: Callable[[tuple[str, ...]], None]
    hush: Callable[[float], None]
    shape: Shape
    damaged: bool = False
    falling: dict[str, Moment] = field(default_factory=dict)
    fell: int = 0

    def plan(self, count: int) -> None:
        """So many faults, spread over the time."""
        draw = self.entropy.between
        for number in range(count):
            at_s = draw(0.5, self.until_s - 1.0, "at", number)
            long = self.entropy.unit("long", number) < 0.4
            length_s = draw(3.0, 12.0, "length", number) if long else draw(0.05, 3, "len", number)
            end_s = min(self.until_s, at_s + length_s)
            self._at(at_s, partial(self._busy, number))
            late_s = draw(0.0, 0.006, "late", number)
            self._at(at_s + late_s, partial(self._strike, number, end_s))

    def _at(self, at_s: float, call: Callable[[], None]) -> None:
        self.cluster.kernel.call_at(to_us(at_s), call, ORDER_FAULT)

    def _node(self, number: int) -> str:
        names = self._names()
        return names[int(self.entropy.unit("node", number) * len(names))]

    def _names(self) -> list[str]:
        """The nodes as of now."""
        configured = self.cluster.engine.configured
        return [name for name in self.cluster.machines if configured(name)]

    def _busy(self, number: int) -> None:
        one = self.entropy.unit("burst", number) < 0.6
        self.burst((self._node(number),) if one else tuple(self._names()))

    def _strike(self, number: int, end_s: float) -> None:
        kinds = (
            *(self.partition, self.isolate, self.isolate, self.deaf, self.pause, self.pause),
            *(self.stop_daemon, self.slow, self.slow, self.corosync, self.full, self.damage),
            *(self.power, self.kill_daemon, self.blackout, self.succession),
            *(self.astray, self.astray),
            *(self.fall_promising, self.fall_receiving),
            *(self.forlorn, self.forlorn, self.forlorn, self.deviceless) * self.shape.device,
        )
        kind = kinds[int(self.entropy.unit("kind", number) * len(kinds))]
        self._at(end_s, kind(self._node(number), number))

    def partition(self, node: str, number: int) -> Undo:
        """Any shape: each node into one of two or three groups."""
        parts = 2 + int(self.entropy.unit("parts", number) * 2)
        groups: list[list[str]] = [[] for _ in range(parts)]
        for name in (*self._names(), QDEVICE):
            groups[int(self.entropy.unit("group", number, name) * parts)].append(name)
        handle = self.cluster.cut(*(tuple(group) for group in groups if group))
        return lambda: self.cluster.heal(handle)

    def isolate(self, node: str, number: int) -> Undo:
        others = tuple(name for name in self._names() if name != node)
        handle = self.cluster.cut((node,), others)
        return lambda: self.cluster.heal(handle)

    def forlorn(self, node: str, number: int) -> Undo:
        """Without the others and without the quorum device, which it goes on to believe in."""
        others = tuple(name for name in self._names() if name != node)
        handle = self.cluster.cut((node,), (*others, QDEVICE))
        return lambda: self.cluster.heal(handle)

    def deviceless(self, node: str, number: int) -> Undo:
        """Nobody, or one node, hears the quorum device."""
        names = (node,) if self.entropy.unit("deviceless", number) < 0.5 else tuple(self._names())
        handle = self.cluster.cut(names, (QDEVICE,))
        return lambda: self.cluster.heal(handle)

    def astray(self, node: str, number: int) -> Undo:
        """Cut off with much to write, and back before the others have written as much."""
        undo = self.isolate(node, number)
        now_s = self.cluster.kernel.now_s
        self.hush(now_s + 3.3)
        for step in range(4):
            self._at(now_s + 0.002 + 0.004 * step, lambda: self.burst((node,)))
        self._at(now_s + self.entropy.between(2.3, 3.3, "astray", number), undo)
        return lambda: None

    def deaf(self, node: str, number: int) -> Undo:
        others = tuple(name for name in self._names() if name != node)
        handle = self.cluster.cut_one_way((node,), others)
        return lambda: self.cluster.heal(handle)

    def pause(self, node: str, number: int) -> Undo:
        self.cluster.pause(node)
        return lambda: self.cluster.resume(node)

    def stop_daemon(self, node: str, number: int) -> Undo:
        self.cluster.stop_daemon(node)
        return lambda: self.cluster.continue_daemon(node)

    def power(self, node: str, number: int) -> Undo:
        self.cluster.power_off(node)
        return lambda: self.cluster.power_on(node)

    def _power(self, names: list[str], on: bool) -> None:
        for name in names:
            (self.cluster.power_on if on else self.cluster.power_off)(name)

    def blackout(self, node: str, number: int) -> Undo:
        """All lose power at once; a few come back a little later than the rest."""
        names = self._names()
        self._power(names, on=False)
        late = [name for name in names if self.entropy.unit("late", number, name) < 0.3]
        now_s = self.cluster.kernel.now_s
        soon = [name for name in names if name not in late]
        self._at(now_s + 0.3, lambda: self._power(soon, on=True))
        return lambda: self._power(late, on=True)

    def succession(self, node: str, number: int) -> Undo:
        """One misses what happens; then all fail, one of them loses its disk, and it is first to be
        back, together with who missed it.
        """
        names = self._names()
        others = [name for name in names if name != node] or names
        lost = others[int(self.entropy.unit("lost", number) * len(others))]
        self.cluster.power_off(node)
        now_s = self.cluster.kernel.now_s
        self._at(now_s + 2.8, lambda: self.burst(tuple(names)))
        self._at(now_s + 2.9, lambda: self._succeed(names, lost))
        back = [lost, node, *others[: max(0, len(names) // 2 - 1)]]
        self._at(now_s + 3.2, lambda: self._power(back, on=True))
        self._at(now_s + 9.0, lambda: self._power(names, on=True))
        return lambda: None

    def _succeed(self, names: list[str], lost: str) -> None:
        self._power(names, on=False)
        files = sorted(self.cluster.machines[lost].platter.files)
        if files and not self.damaged and self.shape.spares(lost):
            self.damaged = True
            self.cluster.machines[lost].platter.damage(files[0])

    def fall_promising(self, node: str, number: int) -> Undo:
        """Its power fails while it writes down a promise."""
        self.falling[node] = Moment.PROMISE
        self.cluster.restart_corosync(node)
        return lambda: self._rise(node)

    def fall_receiving(self, node: str, number: int) -> Undo:
        """Its power fails while it takes in what it missed."""
        self.falling[node] = Moment.TRANSFER
        length_s = 3.0 + self.entropy.unit("receiving", number)
        self._at(self.cluster.kernel.now_s + length_s, self.isolate(node, number))
        return lambda: None

    def reached(self, node: str, moment: Moment, *, whole: bool = False) -> None:
        """The node is there. Its disk needs some milliseconds for it, so it falls within a few.

        whole: it is to get everything, during which many fall unasked.
        """
        now_s, now_us = self.cluster.kernel.now_s, self.cluster.kernel.now_us
        armed = self.falling.get(node) is moment
        unasked = whole and self.entropy.unit("unasked", node, now_us) < WHOLE_FALLS
        if (armed or unasked) and now_s < self.until_s - 0.1:
            self.falling.pop(node, None)
            self.fell += 1
            late_s = self.entropy.between(0.0, 0.006, "fall", node, now_us)
            self._at(now_s + late_s, lambda: self.cluster.power_off(node))
            self._at(min(self.until_s, now_s + 1.5), lambda: self.cluster.power_on(node))

    def _rise(self, node: str) -> None:
        self.falling.pop(node, None)

    def kill_daemon(self, node: str, number: int) -> Undo:
        self.cluster.kill_daemon(node)
        return lambda: self._restart(node)

    def _restart(self, node: str) -> None:
        machine = self.cluster.machines[node]
        if machine.on and machine.daemon is None and self.cluster.engine.configured(node):
            self.cluster.start_daemon(node)

    def corosync(self, node: str, number: int) -> Undo:
        self.cluster.restart_corosync(node)
        return lambda: None

    def slow(self, node: str, number: int) -> Undo:
        platter = self.cluster.machines[node].platter
        platter.slow = self.entropy.between(10, 400, "slow", number)

        def undo() -> None:
            platter.slow = 1.0

        return undo

    def full(self, node: str, number: int) -> Undo:
        platter = self.cluster.machines[node].platter
        platter.full = True

        def undo() -> None:
            platter.full = False

        return undo

    def damage(self, node: str, number: int) -> Undo:
        """Once a run: two disks lost at the same time are more than is promised to survive."""
        machine = self.cluster.machines[node]
        if self.damaged or not self.shape.spares(node):
            return lambda: None
        self.damaged = True
        self.cluster.kill_daemon(node)
        names = sorted(machine.platter.files)
        if names:
            machine.platter.damage(names[int(self.entropy.unit("name", number) * len(names))])
        return lambda: self._restart(node)

    def heal(self) -> None:
        """Everything is well again, whatever is still to end."""
        self.falling.clear()
        for name, machine in self.cluster.machines.items():
            machine.platter.full, machine.platter.slow = False, 1.0
            self.cluster.resume(name)
            self.cluster.power_on(name)
            self._restart(name)
            self.cluster.continue_daemon(name)
