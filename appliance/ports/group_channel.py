"""Ordered multicast among the same daemon on all nodes, with agreed views of who takes part.

The semantics are those of Corosync's closed process groups and nothing beyond them; what follows
is all that a caller may rely on.

Order. All members of a group deliver the same messages in the same order, and views stand at the
same place in it. Messages of one sender are delivered in the order in which it sent them.

Views. Between two views of a node, it and all who come along (`GroupView.together`) deliver the
same messages. Who is in the new view and did not come along may have missed some or seen others.

Delivery is local. That a message came back to its sender says nothing about the other members: a
node that is being cut off may deliver messages, its own and others', that the rest never gets, and
learns of the cut only afterwards. Only an answer of another member proves that it has a message.

Quorum plays no part: a partition without it delivers among its members. Nothing is replayed when
partitions merge. A paused node finds, when it wakes, that the others left and came back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GroupView:
    """Who takes part from here on; names of nodes, sorted.

    members is empty when this node is outside: after `leave`, or because the group service of this
    node died. The outcome of messages that it sent and that are open is then unknown: they may
    have been delivered to others, or may still be. Unless it left, it is joined again when it can
    be, and the next view follows.

    together: this node and those who came along with it from its previous view. A member that is
    not in it is new, was away, or this node itself was.
    """

    members: tuple[str, ...]
    together: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message, at its place in the order. `ticket`: what `send` returned, on its sender only.

    It may have been sent in an earlier view.
    """

    sender: str
    payload: bytes
    ticket: int | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A view change cut this own message, which was too large to travel in one piece.

    Nobody who stayed together with this node has delivered it or will. As with any message, a
    member that was lost with this view change may have delivered it before.
    """

    ticket: int


GroupEvent: TypeAlias = GroupView | Delivered | Dropped


class GroupChannel(Protocol):
    """One node's membership of one group.

    For each message that `send` accepted exactly one of these follows in `receive`: `Delivered`
    with its ticket, `Dropped`, or a view without members (outcome unknown).
    """

    async def join(self, group: str) -> None:
        """Become a member; the first view with this node in it follows in `receive`.

        Returns when the local group service has taken the request. UnavailableError if it does not
        answer. A channel is in one group at most.
        """
        ...

    async def send(self, payload: bytes) -> int:
        """Hand a message to the group; its ticket, greater than all before it.

        Waits while the group takes no messages (flow control, view change), in the order of the
        calls. To give up waiting, cancel the call: then, and after every error, the message is not
        sent. TooLargeError above MAX_MESSAGE_BYTES, UnavailableError when this node is outside or
        falls outside before the group took all of it.
        """
        ...

    async def receive(self) -> Sequence[GroupEvent]:
        """The next events in order, at least one; waits for it. One caller at a time.

        UnavailableError after `leave` once all events were received.
        """
        ...

    async def leave(self) -> None:
        """Leave the group. The others see a view without this node, this node one without members.

        Harmless when not joined.
        """
        ...
