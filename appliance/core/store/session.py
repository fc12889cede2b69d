"""What the members agree on after a view change, and what they confirm from then on.

All members of a view keep the same copy of this, because only ordered messages change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from appliance.model.store.changes import Epoch, Point
from appliance.model.store.messages import Census, State


def may_act(members: tuple[str, ...], states: Mapping[str, State]) -> bool:
    """Whether these members may change the store.

    The quorum flag alone does not say so: a paused node keeps it until it learns better, and it
    counts nodes that are not in this view. Members whose disk is not to be trusted do not count,
    since what was committed may have been lost with it. Those that never had anything are not
    missed.
    """
    censuses = [state.census for state in states.values()]
    trusted = [name for name in states if states[name].trusted]
    if not trusted or not all(census.quorate for census in censuses):
        return False
    votes = sum(states[name].census.votes for name in trusted)
    fresh = sum(state.census.votes for state in states.values() if state.fresh)
    if 2 * votes > max(census.total for census in censuses) - fresh:
        return True
    lent = min(census.lent for census in censuses)
    needed = max(census.needed for census in censuses)
    return all(census.online == members for census in censuses) and votes + lent >= needed


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

    def count(self, name: str, census: Census) -> None:
        """What that member knows of quorum has changed."""
        if name in self.states:
            self.states[name] = replace(self.states[name], census=census)

    def ready(self) -> bool:
        """Whether it can open: enough have answered, and they may act."""
        answered = len(self.states) == len(self.members) or self.proceed
        return not self.open and answered and may_act(self.members, self.states)

    def start(self) -> Point:
        """Open; the base."""
        base = newest(self.states)
        self.open, self.base, self.ordinal = True, base, 1
        self.holders = tuple(
            name for name in sorted(self.states) if self.holds_base(self.states[name])
        )
        return base

    def holds_base(self, state: State) -> bool:
        return state.trusted and state.last == self.base

    def committed(self) -> int:
        """The highest ordinal that enough members have confirmed."""
        counted = [
            (self.confirmed.get(name, 0), state.census.votes) for name, state in self.states.items()
        ]
        everyone = len(self.states) == len(self.members)
        total = max(state.census.total for state in self.states.values())
        return _agreed(sorted(counted, reverse=True), total, everyone)


def _agreed(counted: Iterable[tuple[int, int]], total: int, everyone: bool) -> int:
    """The highest ordinal confirmed by more than half of all votes, or by all members."""
    votes = lowest = 0
    for ordinal, own in counted:
        votes, lowest = votes + own, ordinal
        if 2 * votes > total:
            return ordinal
    return lowest if everyone else 0
