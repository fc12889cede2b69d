"""A random schedule of what operators do to the layout, while everything else goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from appliance.model.errors import QuorateError
from sim.entropy import Entropy
from sim.group.cluster import Daemon, StoreCluster
from sim.kernel import ORDER_FAULT, to_us
from tests.sim.store.growth import Growth, layout_in
from tests.sim.store.shape import Shape

Move = Callable[[Daemon, int], Coroutine[Any, Any, None] | None]
FIRST_S = 1.0
AGAIN_US = to_us(0.3)
HURRIED = 6
COMPLETE_S = (0.5, 3.0, 6.0, 10.0, 14.0)  # after all is healed


@dataclass
class Moves:
    """Each is asked for on one node that runs. busy: whose coming or going is not over."""

    cluster: StoreCluster
    growth: Growth
    entropy: Entropy
    shape: Shape
    until_s: float
    busy: set[str] = field(default_factory=set)
    _hurried: int = 0

    def plan(self) -> None:
        if self.shape.founded:
            self._at(0.3, self._found)
        for number in range(self.shape.moves):
            at_s = self.entropy.between(FIRST_S, self.until_s - 2.0, "at", number)
            self._at(at_s, partial(self._move, number))
        if self.shape.grows and self.entropy.unit("behind") < 0.5:
            self._at(self.entropy.between(2.0, 12.0, "behind at"), self._leave_behind)

    def behind(self) -> None:
        """A member just asked for what it missed: the layout often changes on the heels of that."""
        now_s = self.cluster.kernel.now_s
        if not self.shape.moves or self._hurried == HURRIED or now_s > self.until_s:
            return
        self._hurried += 1
        if self.entropy.unit("hurry", self._hurried) < 0.7:
            late_s = self.entropy.between(0.0, 0.002, "late", self._hurried)
            self._at(now_s + late_s, partial(self._move, 1000 + self._hurried))

    def finish(self) -> None:
        """Who is a node by now is brought to be one."""
        for later_s in COMPLETE_S:
            self._at(self.cluster.kernel.now_s + later_s, self.growth.complete)

    def _at(self, at_s: float, call: Callable[[], None]) -> None:
        self.cluster.kernel.call_at(to_us(at_s), call, ORDER_FAULT)

    def _running(self) -> list[tuple[str, Daemon]]:
        return [
            (name, machine.daemon)
            for name, machine in self.cluster.machines.items()
            if machine.daemon is not None and machine.daemon.store.running
        ]

    def _found(self) -> None:
        """The layout goes into the store, by whoever is there."""
        for name, daemon in self._running()[:1]:
            daemon.boot.spawn(self._founding(name, daemon), "found")

    async def _founding(self, name: str, daemon: Daemon) -> None:
        while layout_in(daemon.store) is None:
            with suppress(QuorateError):
                await self.growth.found(name, daemon)
            await daemon.boot.sleep(AGAIN_US)

    def _move(self, number: int) -> None:
        kinds = self._kinds()
        kind = kinds[int(self.entropy.unit("kind", number) * len(kinds))]
        self._ask(kind, number)

    def _kinds(self) -> tuple[Move, ...]:
        shape = self.shape
        return (
            *(self._join, self._join, self._join) * shape.grows,
            *(self._leave, self._leave) * shape.shrinks,
            *(self._revote,) * shape.revotes,
            *(self._toggle,) * (shape.revotes and shape.device),
        )

    def _ask(self, kind: Move, number: int) -> None:
        """Some node that runs is told to do it."""
        running = self._running()
        if not running:
            return
        _, daemon = running[int(self.entropy.unit("by", number) * len(running))]
        coroutine = kind(daemon, number)
        if coroutine is not None:
            daemon.boot.spawn(coroutine, "operator")

    def _one_of(self, names: list[str], number: int) -> str | None:
        free = [name for name in names if name not in self.busy]
        return free[int(self.entropy.unit("one of", number) * len(free))] if free else None

    def _known(self, daemon: Daemon) -> list[str]:
        found = layout_in(daemon.store)
        return [node.name for node in found[0].nodes()] if found else []

    def _join(self, daemon: Daemon, number: int) -> Coroutine[Any, Any, None] | None:
        configured = self.cluster.engine.configured
        outside = [name for name in self.cluster.machines if not configured(name)]
        node = self._one_of(outside, number)
        if node is None:
            return None
        self.cluster.power_on(node)
        return self._busy_with(node, partial(self.growth.join, daemon, node))

    def _leave(self, daemon: Daemon, number: int) -> Coroutine[Any, Any, None] | None:
        """Of a node that was turned off before, as it should be, or of one that still runs."""
        names = self._known(daemon)
        others = [name for name in names if name != daemon.ports.node]
        node = self._one_of(others, number)
        if node is None:
            return None
        if self.entropy.unit("off before", number) < 0.6:
            self.cluster.power_off(node)
        return self._busy_with(node, partial(self.growth.leave, daemon, node))

    def _revote(self, daemon: Daemon, number: int) -> Coroutine[Any, Any, None] | None:
        names = self._known(daemon)
        if not names:
            return None
        node = names[int(self.entropy.unit("whose", number) * len(names))]
        votes = int(self.entropy.unit("votes", number) * 4)
        return self.growth.revote(daemon, node, votes)

    def _toggle(self, daemon: Daemon, number: int) -> Coroutine[Any, Any, None]:
        return self.growth.toggle(daemon)

    async def _busy_with(self, node: str, move: Callable[[], Awaitable[None]]) -> None:
        """Nobody else takes it in or out until this is over; for ever, if who does it dies."""
        self.busy.add(node)
        await move()
        self.busy.discard(node)
        if not self.growth.has_left(node):
            self.cluster.power_on(node)

    def _leave_behind(self) -> None:
        """A minority misses how the others change who they are; then those fail, and it is first to
        be back, with whoever came meanwhile.
        """
        names = [name for name, _ in self._running()]
        behind = names[: (len(names) - 1) // 2]
        for name in behind:
            self.cluster.power_off(name)
        now_s = self.cluster.kernel.now_s
        for step, after_s in enumerate((2.6, 4.5, 6.5)):
            self._at(now_s + after_s, partial(self._change_alone, -1 - step))
        self._at(now_s + 9.0, partial(self._swap, behind, names))

    def _change_alone(self, number: int) -> None:
        leaves = self.shape.shrinks and self.entropy.unit("leaves", number) < 0.5
        self._ask(self._leave if leaves else self._join, number)

    def _swap(self, behind: list[str], names: list[str]) -> None:
        for name in names:
            self.cluster.power_off(name)
        now_s = self.cluster.kernel.now_s
        self._at(now_s + 0.3, partial(self._on, behind))
        self._at(now_s + 6.0, partial(self._on, names))

    def _on(self, names: list[str]) -> None:
        for name in names:
            self.cluster.power_on(name)
