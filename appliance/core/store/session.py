"""What the members agree on after a view change, and what they confirm from then on.

All members of a view keep the same copy of this, because only ordered messages change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from appliance.core.store.electorates import (
    Terms,
    has_flag,
    has_majority,
    total_of,
    votes_of,
)
from appliance.model.store.changes import Epoch, Point
from appliance.model.store.electorate import Electorate
from appliance.model.store.messages import Census, State


def may_act(members: tuple[str, ...], states: Mapping[str, State], electorate: Electorate) -> bool:
    """Whether these members may change the store.

    The quorum flag alone does not say so: a paused node keeps it until it learns better, and it
    counts nodes that are not in this view.
    """
    if not all(state.census.quorate for state in states.values()):
        return False
    return has_majority(electorate, states) or has_flag(electorate, members, states)


def newest(states: Mapping[str, State]) -> Point:
    """Where the history goes on: the newest point of a trusted member. At least one there is."""
    return max(state.last for state in states.values() if state.trusted)


@dataclass(slots=True)
class Session:
    """From BEGIN to the next view, or to another BEGIN.

    ordinal: how many places of the order there are so far; the first is the epoch's own entry.
    settled: that is committed, so everything before is.
    """

    epoch: Epoch
    members: tuple[str, ...]
    states: dict[str, State] = field(default_factory=dict)
    proceed: bool = False
    open: bool = False
    base: Point | None = None
    holders: tuple[str, ...] = ()
    ordinal: int = 0
    confirmed: dict[str, int] = field(default_factory=dict)
    terms: Terms | None = None

    def count(self, name: str, census: Census) -> None:
        """What that member knows of quorum has changed."""
        if name in self.states:
            self.states[name] = replace(self.states[name], census=census)

    def ready(self) -> bool:
        """Whether it can open: enough have answered, and they may act."""
        answered = len(self.states) == len(self.members) or self.proceed
        if self.open or not answered or not any(s.trusted for s in self.states.values()):
            return False
        # What the base changes of the layout is committed by those who decided before.
        return may_act(self.members, self.states, self._in_force()[0])

    def _in_force(self) -> tuple[Electorate, ...]:
        """Who decides as of the base, by the word of whoever knows most of it to be committed."""
        base = newest(self.states)
        found = (s.electorates for s in self.states.values() if s.trusted and s.last == base)
        return min(found, key=len)

    def start(self) -> Point:
        """Open; the base."""
        base = newest(self.states)
        self.open, self.base, self.ordinal = True, base, 1
        self.terms = Terms(self._in_force())
        self.holders = tuple(
            name for name in sorted(self.states) if self.holds_base(self.states[name])
        )
        return base

    def holds_base(self, state: State) -> bool:
        return state.trusted and state.last == self.base

    def committed(self) -> int:
        """The highest ordinal that enough members have confirmed."""
        assert self.terms is not None, "only an open session commits"
        return self.terms.committed(self._agreed())

    def committed_before(self) -> int:
        """The version of the newest layout in the base that is committed, 0 if none is."""
        assert self.terms is not None, "only an open session commits"
        return self.terms.committed_before(self._agreed())

    def _agreed(self) -> dict[Electorate, int]:
        assert self.terms is not None, "only an open session agrees"
        return {one: self._agreed_by(one) for one in self.terms.all()}

    def _agreed_by(self, electorate: Electorate) -> int:
        """The highest ordinal confirmed by more than half of all votes, or by all members where
        corosync's word is good for them.
        """
        counted = [
            (self.confirmed.get(name, 0), votes_of(electorate, name, state))
            for name, state in self.states.items()
        ]
        counted.sort(reverse=True)
        total, votes = total_of(electorate, self.states), 0
        for ordinal, own in counted:
            votes += own
            if 2 * votes > total:
                return ordinal
        return counted[-1][0] if has_flag(electorate, self.members, self.states) else 0
