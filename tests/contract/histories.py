"""What must hold for the histories of all daemons of a group, whatever happened to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.ports.group_channel import Delivered, Dropped, GroupEvent, GroupView

OUTSIDE = GroupView((), ())
Message = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Life:
    """What one daemon saw, and what it was told of its own messages: ticket -> payload."""

    node: str
    history: Sequence[GroupEvent]
    accepted: Mapping[int, bytes]
    ended: bool = False  # the daemon died, or its last events are not waited for


@dataclass(frozen=True, slots=True)
class Segment:
    """The messages between two views. `after` is the view that ended it, None: none did yet."""

    view: GroupView
    messages: tuple[Message, ...]
    after: GroupView | None


def segments(history: Sequence[GroupEvent]) -> list[Segment]:
    """A history cut at its views."""
    found: list[Segment] = []
    view: GroupView | None = None
    messages: list[Message] = []
    for event in history:
        if isinstance(event, Delivered):
            assert view is not None
            assert view.members, f"a message outside the group: {event}"
            messages.append((event.sender, event.payload))
        elif isinstance(event, GroupView):
            if view is not None:
                found.append(Segment(view, tuple(messages), event))
            view, messages = event, []
    if view is not None:
        found.append(Segment(view, tuple(messages), None))
    return found


def check(lives: Sequence[Life]) -> None:
    """All of it. Payloads of one group must differ from each other."""
    for life in lives:
        check_views(life)
        check_tickets(life)
        check_no_duplicates(life)
    for one in lives:
        for other in lives:
            if one is not other:
                check_order(one, other)
        check_together(one, lives)


def check_views(life: Life) -> None:
    """A node is in its views, came along with itself, and knows nobody after being outside."""
    before = OUTSIDE
    for view in (event for event in life.history if isinstance(event, GroupView)):
        if view != OUTSIDE:
            assert life.node in view.members, view
            assert life.node in view.together, view
            assert set(view.together) <= set(view.members), view
            came_along = {life.node, *before.members}
            assert set(view.together) <= came_along, (before, view)
        assert list(view.members) == sorted(set(view.members)), view
        assert list(view.together) == sorted(set(view.together)), view
        before = view


def check_tickets(life: Life) -> None:
    """Each accepted message is delivered once, or dropped once, or its fate is unknown."""
    delivered = {
        event.ticket: event.payload
        for event in life.history
        if isinstance(event, Delivered) and event.ticket is not None
    }
    dropped = Counter(event.ticket for event in life.history if isinstance(event, Dropped))
    for ticket, payload in delivered.items():
        if ticket in life.accepted:
            assert payload == life.accepted[ticket], f"{life.node}: ticket {ticket}"
    left = any(event == OUTSIDE for event in life.history) or life.ended
    for ticket in life.accepted:
        fates = (ticket in delivered) + dropped[ticket]
        assert fates == 1 or (fates == 0 and left), f"{life.node}: ticket {ticket}: {fates} fates"
    own = [t for e in life.history if isinstance(e, Delivered) and (t := e.ticket) is not None]
    assert own == sorted(set(own)), f"{life.node}: own messages out of order"


def check_no_duplicates(life: Life) -> None:
    counted = Counter(messages_of(life))
    assert [message for message, count in counted.items() if count > 1] == []


def messages_of(life: Life) -> list[Message]:
    """All that was delivered, in order."""
    return [(e.sender, e.payload) for e in life.history if isinstance(e, Delivered)]


def check_order(one: Life, other: Life) -> None:
    """What both delivered, they delivered in the same order."""
    mine, theirs = messages_of(one), messages_of(other)
    common = set(mine) & set(theirs)
    assert [m for m in mine if m in common] == [m for m in theirs if m in common]


def check_together(one: Life, lives: Sequence[Life]) -> None:
    """Who came along delivered the same messages between the same views."""
    for segment in segments(one.history):
        if not segment.messages or segment.after is None:
            continue
        for node in segment.after.together:
            if node != one.node:
                others = [life for life in lives if life.node == node]
                assert any(delivered_alike(segment, life) for life in others), (
                    f"{one.node} and {node} came along to {segment.after}, but {node} did not get "
                    f"the {len(segment.messages)} messages from {segment.messages[0]} on"
                )


def delivered_alike(segment: Segment, life: Life) -> bool:
    """Whether that life has these messages in one stretch of the same view.

    Of a life that ended the last events may be missing.
    """
    for other in segments(life.history):
        if other.messages[:1] == segment.messages[:1]:
            complete = other.after is not None or not life.ended
            expected = segment.messages if complete else segment.messages[: len(other.messages)]
            return other.messages == expected and other.view.members == segment.view.members
    return life.ended
