"""Deliberate faults of who decides while the layout changes. Random histories must find each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest

from appliance.core.store import electorates, replica, session, transfer
from appliance.core.store.durable import Disk
from appliance.core.store.electorates import Terms
from appliance.core.store.log import Log
from appliance.core.store.replica import Replica
from appliance.core.store.session import Session
from appliance.core.store.tree import Tree
from appliance.model.store.electorate import NO_LAYOUT, Electorate
from appliance.model.store.messages import Census, Need, State, Transfer


def count_as_corosync_does(patch: pytest.MonkeyPatch) -> None:
    """What each node's corosync has read decides, as without a layout in the store."""
    patch.setattr(Session, "_in_force", lambda self: (NO_LAYOUT,))
    patch.setattr(Replica, "_elect", lambda self, session, ordinal, electorate: None)


def oldest_decides(patch: pytest.MonkeyPatch) -> None:
    """The word of whoever is furthest behind is taken."""

    def oldest(self: Session) -> tuple[Electorate, ...]:
        return min(self.states.values(), key=lambda state: state.last).electorates

    patch.setattr(Session, "_in_force", oldest)


def leavers_vote(patch: pytest.MonkeyPatch) -> None:
    """Who is not in the layout has a vote as long as it is there."""

    def generous(electorate: Electorate, name: str, state: State) -> int:
        known = any(name == node for node, _ in electorate.votes)
        return votes_of(electorate, name, state) if known else state.census.votes or 1

    votes_of = electorates.votes_of
    patch.setattr(electorates, "votes_of", generous)
    patch.setattr(session, "votes_of", generous)


def newcomers_decide_at_once(patch: pytest.MonkeyPatch) -> None:
    """A change is committed by those who decide after it, whoever did before."""

    def eager(self: Terms, electorate: Electorate, ordinal: int) -> None:
        change(self, electorate, max(0, ordinal - 1))

    change = Terms.change
    patch.setattr(Terms, "change", eager)


def placed_where_it_was_heard(patch: pytest.MonkeyPatch) -> None:
    """Who gets a change with a transfer takes it to be as new as the transfer."""
    answer = transfer.answer

    def vague(
        need: Need,
        receiver: str,
        ordinal: int,
        changes: tuple[tuple[int, int], ...],
        log: Log,
        tree: Tree,
    ) -> Iterator[Transfer]:
        late = tuple((layout, ordinal) for layout, _ in changes)
        return answer(need, receiver, ordinal, late, log, tree)

    patch.setattr(replica, "answer", vague)


def last_change_decides(patch: pytest.MonkeyPatch) -> None:
    """A session goes by the last change in its base, committed or not."""
    in_force = Session._in_force
    patch.setattr(Session, "_in_force", lambda self: in_force(self)[-1:])


def changes_wait(patch: pytest.MonkeyPatch) -> None:
    """A change takes effect with the next session only."""
    patch.setattr(Replica, "_elect", lambda self, session, ordinal, electorate: None)


def changes_on_their_way_do_not_count(patch: pytest.MonkeyPatch) -> None:
    """Members tell who decides as of what they know to be committed, and no more."""
    whole = electorates.electorates

    def committed(tree: Tree, log: Log) -> tuple[Electorate, ...]:
        return whole(tree, log)[:1]

    patch.setattr(replica, "electorates", committed)


def newcomers_are_trusted(patch: pytest.MonkeyPatch) -> None:
    """Who never had anything counts as if it knew that there was nothing."""

    def naive(electorate: Electorate, states: Mapping[str, State]) -> bool:
        votes = sum(electorates.votes_of(electorate, n, s) for n, s in states.items())
        return 2 * votes > electorates.total_of(electorate, states)

    patch.setattr(session, "has_majority", naive)


def any_word_is_good(patch: pytest.MonkeyPatch) -> None:
    """Corosync's word counts whatever layout it is of."""

    def gullible(electorate: Electorate, members: tuple[str, ...], states: Any) -> bool:
        return has_flag(NO_LAYOUT, members, states)

    has_flag = electorates.has_flag
    patch.setattr(session, "has_flag", gullible)


def lent_as_known_at_start(patch: pytest.MonkeyPatch) -> None:
    """What the device adds is counted with the votes that nodes had when a daemon was started."""

    def stale(electorate: Electorate, census: Census) -> int:
        return census.lent

    patch.setattr(electorates, "lent_of", stale)


def believe_any_count(patch: pytest.MonkeyPatch) -> None:
    """What corosync needs is enough, whoever it has that from."""

    def credulous(electorate: Electorate, censuses: Sequence[Census]) -> int:
        return max(census.needed for census in censuses)

    patch.setattr(electorates, "needed_by", credulous)


def ask_for_ever(patch: pytest.MonkeyPatch) -> None:
    """That a change was committed is forgotten in a crash: those before are asked again."""
    patch.setattr(Disk, "note_committed", lambda self, version: None)


DECIDERS: Final = (
    count_as_corosync_does,
    oldest_decides,
    leavers_vote,
    newcomers_decide_at_once,
    last_change_decides,
    changes_wait,
    changes_on_their_way_do_not_count,
    newcomers_are_trusted,
    any_word_is_good,
    lent_as_known_at_start,
    ask_for_ever,
)
