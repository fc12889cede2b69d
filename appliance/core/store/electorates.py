"""Who decides, also while that changes. The reasons are in docs/design/0010-who-decides.md.

A change of the layout takes effect behind its own place in the order: it is committed by those who
decided before, and all that follows by those who decide after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from appliance.core.store.log import Log
from appliance.core.store.tree import Tree
from appliance.model.store.changes import Cells, File
from appliance.model.store.electorate import LAYOUT_PATH, NO_LAYOUT, Electorate, electorate_of
from appliance.model.store.messages import Census, State


def brought_by(cells: Cells) -> Electorate | None:
    """The electorate that an entry with these cells makes, if it changes the layout."""
    for key, cell in cells:
        if key == LAYOUT_PATH and isinstance(cell, File):
            return electorate_of(cell.content, cell.version)
    return None


def electorates(tree: Tree, log: Log) -> tuple[Electorate, ...]:
    """As committed here, and those that changes bring which are not known to be committed."""
    cell = tree.committed.get(LAYOUT_PATH)
    first = electorate_of(cell.content, cell.version) if isinstance(cell, File) else NO_LAYOUT
    following = (brought_by(entry.cells) for entry in log.pending())
    return (first, *(electorate for electorate in following if electorate is not None))


def votes_of(electorate: Electorate, name: str, state: State) -> int:
    return electorate.of(name) if electorate.layout else state.census.votes


def total_of(electorate: Electorate, states: Mapping[str, State]) -> int:
    if electorate.layout:
        return electorate.total
    return max(state.census.total for state in states.values())


def lent_of(electorate: Electorate, census: Census) -> int:
    """How many votes the quorum device adds to those of the nodes.

    Its own knowledge of the nodes' votes may be as old as the node's daemon; the layout is not.
    """
    if not electorate.layout:
        return census.lent
    beyond = census.present - sum(map(electorate.of, census.online))
    return min(electorate.device, max(0, beyond))


def needed_by(electorate: Electorate, censuses: Sequence[Census]) -> int:
    """How many votes corosync's word needs to be good.

    Its own number may be too low: it takes over what others expect, who may have been quorate by
    an older layout. So that counts only where the layout has an option for it, or an operator
    said so.
    """
    needed = max(census.needed for census in censuses)
    if not electorate.layout or electorate.yields or any(c.lowered for c in censuses):
        return needed
    return max(needed, electorate.total // 2 + 1)


def has_majority(electorate: Electorate, states: Mapping[str, State]) -> bool:
    """Whether trusted members have more than half of all votes.

    Members whose disk is not to be trusted do not count, since what was committed may have been
    lost with it. Those that never had anything are not missed.
    """
    trusted = fresh = 0
    for name, state in states.items():
        votes = votes_of(electorate, name, state)
        trusted += votes if state.trusted else 0
        fresh += votes if state.fresh else 0
    return 2 * trusted > total_of(electorate, states) - fresh


def has_flag(electorate: Electorate, members: tuple[str, ...], states: Mapping[str, State]) -> bool:
    """Whether corosync's word is good enough: all members are here, nobody else is meant by it, the
    votes are there without the untrusted, and it is of this layout and no other.
    """
    censuses = [state.census for state in states.values()]
    layout = electorate.layout
    if len(states) < len(members) or any(layout and c.layout != layout for c in censuses):
        return False
    votes = sum(votes_of(electorate, name, s) for name, s in states.items() if s.trusted)
    lent = min(lent_of(electorate, census) for census in censuses)
    needed = needed_by(electorate, censuses)
    return all(c.quorate and c.online == members for c in censuses) and votes + lent >= needed


@dataclass(slots=True)
class Term:
    """A part of a session's order that one electorate decides about.

    start: the places after it are decided by it. end: the place of the change that ends it, which
    it decides about itself; None for the last. over: it has confirmed its end. That stays so, also
    when corosync's word, by which it did, is given by the next layout from then on.
    """

    electorate: Electorate
    start: int = 0
    end: int | None = None
    over: bool = False


class Terms:
    """Of one session, oldest first. At least one."""

    __slots__ = ("_terms",)

    def __init__(
        self, found: tuple[Electorate, ...], changes: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        """found: in force as of what is committed, and by each change after that.

        changes: the place in the session's order of each layout that came in it. Those before end
        with the session's first place, by which a member confirms the base.
        """
        starts = [changes.get(electorate.layout, 0) for electorate in found]
        ends = (*(start or 1 for start in starts[1:]), None)
        self._terms = [
            Term(electorate, start, end)
            for electorate, start, end in zip(found, starts, ends, strict=True)
        ]

    @property
    def first(self) -> Electorate:
        return self._terms[0].electorate

    def change(self, electorate: Electorate, ordinal: int) -> None:
        """The layout was changed at that place."""
        last = self._terms[-1]
        if electorate.layout > last.electorate.layout:
            last.end = ordinal
            self._terms.append(Term(electorate, ordinal))

    def committed(self, agreed: Mapping[Electorate, int]) -> int:
        """The highest place that is committed. agreed: up to where each of them has confirmed."""
        for term in self._terms:
            if term.end is not None and agreed[term.electorate] >= term.end:
                term.over = True
        return min(max(agreed[t.electorate], t.start) for t in self._terms if not t.over)

    def committed_before(self, agreed: Mapping[Electorate, int]) -> int:
        """The version of the newest layout in the session's base that is committed, 0 if none is.

        It may be so before all of the base is: then the nodes can follow it, without which those
        who decide next might never come.
        """
        version = 0
        for term, following in zip(self._terms, self._terms[1:], strict=False):
            if (
                term.start > 0
                or following.start > 0
                or not (term.over or agreed[term.electorate] >= 1)
            ):
                break
            version = following.electorate.since
        return version

    def changes(self) -> tuple[tuple[int, int], ...]:
        """Each layout that came in the session, and its place."""
        return tuple((one.electorate.layout, one.start) for one in self._terms if one.start)

    def all(self) -> tuple[Electorate, ...]:
        return tuple(term.electorate for term in self._terms)
