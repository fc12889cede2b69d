"""What simulated nodes tell each other about themselves, as far as the network lets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from appliance.ports.status_board import Notice
from sim.kernel import US, Kernel
from sim.tasks import Boot

PERIOD_US: Final = 1_000_000


class Groups(Protocol):
    """What is asked of the membership engine."""

    def group(self, node: str) -> tuple[str, ...]: ...


@dataclass(slots=True)
class _Offer:
    produce: Callable[[], Any]
    value: Any = None
    told_us: int = -1

    def tell(self, now_us: int) -> None:
        """As if it told by itself every second: nothing runs while nobody reads."""
        if self.told_us < 0 or now_us - self.told_us >= PERIOD_US:
            self.value, self.told_us = self.produce(), now_us


class Boards:
    """One for the world."""

    def __init__(self, kernel: Kernel, groups: Groups) -> None:
        self.kernel, self.groups = kernel, groups
        self.boards: dict[str, SimStatusBoard] = {}

    def open(self, boot: Boot) -> SimStatusBoard:
        """The board of a boot; that of the node's earlier one is gone."""
        board = self.boards[boot.node] = SimStatusBoard(boot, self)
        return board


@dataclass(eq=False)
class SimStatusBoard:
    """Implements the `StatusBoard` port."""

    boot: Boot
    boards: Boards
    offers: dict[str, _Offer] = field(default_factory=dict)
    _seen: dict[str, dict[str, tuple[Any, int]]] = field(default_factory=dict)

    def offer(self, name: str, produce: Callable[[], Any]) -> None:
        self.offers[name] = _Offer(produce)

    def touch(self, name: str) -> None:
        if name in self.offers:
            self.offers[name].told_us = -1

    def read(self, name: str) -> Mapping[str, Notice]:
        now_us = self.boards.kernel.now_us
        seen = self._seen.setdefault(name, {})
        near = {*self.boards.groups.group(self.boot.node), self.boot.node}
        for node, board in sorted(self.boards.boards.items()):
            offer = board.offers.get(name)
            awake = board.boot.alive and not board.boot.paused
            if offer is not None and awake and node in near:
                offer.tell(now_us)
                seen[node] = offer.value, offer.told_us
        return {
            node: Notice(value, (now_us - told_us) / US)
            for node, (value, told_us) in sorted(seen.items())
        }
