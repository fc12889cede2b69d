"""How long a member waits for others before it does something about it.

None of this is needed for safety; it is what keeps one stopped daemon, which corosync still
counts as a member, from stopping the whole cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.model.store.messages import Proceed

if TYPE_CHECKING:
    from appliance.core.store.replica import Replica

PROCEED_S = 2.0  # for members that do not answer
RANK_S = 0.5  # so that not all lose patience at once
BEGIN_S = 5.0  # for an agreement that does not come
ASK_S = 3.0  # for the next piece of a transfer


@dataclass(frozen=True, slots=True)
class Wait:
    """`due`: do this now. Else look again at `at_s`, if at all."""

    at_s: float | None = None
    due: Callable[[], None] | None = None


def next_step(replica: Replica, now_s: float) -> Wait:
    """What this member is waiting for, and until when."""
    session, members = replica.session, replica.members
    if replica.node not in members:
        return Wait()
    rank_s = members.index(replica.node) * RANK_S
    if session is None:
        return _at(replica.since_s + PROCEED_S + rank_s, now_s, replica.begin)
    if session.open:
        if not replica.lagging:
            return Wait()
        return _at(replica.since_s + ASK_S, now_s, replica.ask)
    if not session.proceed and session.states and len(session.states) < len(members):
        proceed = Proceed(session.epoch)
        return _at(replica.since_s + PROCEED_S + rank_s, now_s, lambda: replica.out.send(proceed))
    if replica.census.quorate:
        return _at(replica.since_s + BEGIN_S + 2 * rank_s, now_s, replica.begin)
    return Wait()


def _at(at_s: float, now_s: float, due: Callable[[], None]) -> Wait:
    return Wait(due=due) if at_s <= now_s else Wait(at_s)


def next_holder(holders: Sequence[str], members: Sequence[str], node: str, asked: int) -> str:
    """Whom to ask: members that are behind ask different ones, and others when they ask again."""
    return holders[(members.index(node) + asked) % len(holders)]
