"""What coasting loops keep refreshing in a copy of the store, computed when somebody asks.

A loop that skips rounds would renew its lease, publish the next round or answer it at every tick.
None of that is written; each is known by its last real write and the pulse that goes on from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sim.pace import Effect
from sim.pulse import Pulse, Renewal

ROUNDS_KEPT = 64


@dataclass(slots=True)
class Beat:
    """Something written; its writer may go on refreshing it. `effect`: of the last real write."""

    effect: Effect
    renewal: Renewal | None = None

    def attach(self, pulse: Pulse, tick_us: int) -> Renewal:
        """From now on the pulse refreshes it."""
        self.renewal = self.effect.renewal(pulse, tick_us)
        return self.renewal

    def count(self, now_us: int) -> int:
        """How often it was refreshed since the last real write."""
        return 0 if self.renewal is None else self.renewal.count(now_us)

    def done_us(self, now_us: int) -> int:
        """When it was last written or refreshed."""
        renewal = self.renewal
        return renewal.last_us(now_us) if renewal and self.count(now_us) else self.effect.done_us

    def sent_us(self, now_us: int) -> int:
        """When that was asked for."""
        renewal, count = self.renewal, self.count(now_us)
        if renewal is None or count == 0:
            return self.effect.sent_us
        return renewal.pulse.tick_us(count) + renewal.sent_us

    @property
    def beating(self) -> bool:
        """Whether its writer goes on without being asked."""
        return self.renewal is not None and self.renewal.pulse.beating


@dataclass(slots=True)
class Holding(Beat):
    """A lease held. `watched`: a timer will notice when it runs out."""

    name: str = ""
    owner: str = ""
    life_us: int = 0
    taken_us: int = 0
    watched: bool = False

    def renewed_us(self, now_us: int) -> int:
        return self.done_us(now_us)

    def free_in_us(self, now_us: int) -> int:
        """How long it lives if nobody renews it any more; negative when it ran out."""
        return self.done_us(now_us) + self.life_us - now_us


@dataclass(slots=True)
class ManagerBeat(Beat):
    """A manager status of that round and master."""

    round: int = 0
    master: str | None = None

    def round_at(self, at_us: int) -> int:
        return self.round + self.count(at_us)


@dataclass(slots=True)
class Beats:
    """Of one copy. `manager`: newest last; a local manager answers a round that may be over."""

    holdings: dict[str, Holding] = field(default_factory=dict)
    lrm: dict[str, Beat] = field(default_factory=dict)
    manager: list[ManagerBeat] = field(default_factory=list)

    def branch(self) -> Beats:
        """For nodes that go their own way from here."""
        return Beats(
            {name: replace(one, watched=False) for name, one in self.holdings.items()},
            {node: replace(one) for node, one in self.lrm.items()},
            [replace(one) for one in self.manager],
        )

    def hold(self, name: str, owner: str, life_us: int, effect: Effect) -> bool:
        """The lease was taken or renewed; whether it was not the owner's before."""
        known = self.holdings.get(name)
        if known is not None and known.owner == owner:
            known.effect, known.renewal, known.life_us = effect, None, life_us
            return False
        self.holdings[name] = Holding(effect, None, name, owner, life_us, effect.done_us)
        return True

    def publish(self, number: int, master: str | None, effect: Effect) -> None:
        """A manager status of that round was written."""
        self.manager.append(ManagerBeat(effect, None, number, master))
        del self.manager[:-ROUNDS_KEPT]

    def rounds_added(self, now_us: int) -> int:
        """How many rounds a coasting master has published since its last real one."""
        return self.manager[-1].count(now_us) if self.manager else 0

    def round_at(self, at_us: int) -> int | None:
        """The round of the manager status as it was then; None if that is forgotten."""
        for one in reversed(self.manager):
            if one.effect.done_us <= at_us:
                return one.round_at(at_us)
        return None

    def checked_round(self, node: str, now_us: int) -> int | None:
        """The round that a coasting local manager has answered last; None: no other than written.

        Each of its ticks answers the round that it finds.
        """
        beat = self.lrm.get(node)
        if beat is None or beat.renewal is None or beat.count(now_us) == 0:
            return None
        return self.round_at(beat.renewal.last_tick_us(now_us))
