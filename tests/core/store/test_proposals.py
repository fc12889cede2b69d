"""Many changes in one message, and confirmations that nobody needs any more."""

from __future__ import annotations

import pytest

from appliance.core.store.durable import founding, load
from appliance.core.store.replica import Replica
from appliance.core.store.requests import MAX_IN_FLIGHT, MESSAGE_BYTES
from appliance.model.errors import DamagedError, StaleError
from appliance.model.store.changes import Put, Step
from appliance.model.store.messages import (
    Asked,
    Begin,
    Census,
    Confirm,
    Message,
    Propose,
    decode,
    encode,
)
from appliance.ports.group_channel import GroupView

NAMES = ("n1", "n2", "n3")


class Lone:
    """n1 of three, whose messages come back; the others say what the test makes them say."""

    def __init__(self) -> None:
        files = {write.name: write.content for write in founding()}
        self.replica = Replica("n1", "boot", load(files), 0.0)
        self.replica.counted(Census(True, NAMES, 1, 3, 2))
        self.replica.viewed(GroupView(NAMES, ("n1",)), 0.0)
        self.deliver(self.sent())
        (state,) = self.synced()
        for name in NAMES:
            self.replica.delivered(name, encode(state), 0.0)
        self.confirm_all(1)

    def sent(self) -> list[Message]:
        """What it has sent since the last call."""
        sends, self.replica.out.sends = self.replica.out.sends, []
        return [message for payload in sends for message in decode(payload)]

    def deliver(self, messages: list[Message]) -> None:
        for message in messages:
            self.replica.delivered("n1", encode(message), 0.0)

    def synced(self) -> list[Message]:
        """All is durable; what it says then."""
        self.replica.synced(self.replica.out.written)
        self.replica.flush()
        return self.sent()

    def confirm_all(self, ordinal: int) -> None:
        session = self.replica.session
        assert session is not None
        self.synced()
        for name in NAMES:
            self.replica.delivered(name, encode(Confirm(session.epoch, ordinal)), 0.0)

    def ask(self, *steps: Step) -> int:
        return self.replica.submit(steps, 0, 100.0)

    def results(self) -> dict[int, object]:
        found, self.replica.requests.results = self.replica.requests.results, []
        return dict(found)


def test_what_is_asked_together_travels_together_and_is_judged_one_by_one() -> None:
    lone = Lone()
    numbers = [
        lone.ask(Put("a.cfg", b"1")),
        lone.ask(Put("b.cfg", b"2", expect=77)),
        lone.ask(Put("a.cfg", b"3")),
    ]
    lone.replica.propose()
    messages = lone.sent()
    assert [[one.number for one in m.changes] for m in messages if isinstance(m, Propose)] == [
        numbers
    ]
    lone.deliver(messages)
    assert lone.results() == {}
    lone.confirm_all(4)  # the epoch's own entry and three changes
    results = lone.results()
    assert list(results) == numbers
    assert (results[numbers[0]], results[numbers[2]]) == (2, 3)
    assert isinstance(results[numbers[1]], Exception)
    assert lone.replica.tree.committed["a.cfg"].version == 3


def test_a_message_is_filled_up_to_a_size_and_a_large_change_travels_alone() -> None:
    lone = Lone()
    half = MESSAGE_BYTES // 2
    sizes = (half, half, half, 5 * half, 1)
    for number, size in enumerate(sizes):
        lone.ask(Put(f"{number}.cfg", bytes(size)))
    counts = []
    while lone.replica.proposing:
        lone.replica.propose()
        counts += [len(m.changes) for m in lone.sent() if isinstance(m, Propose)]
    assert counts == [2, 1, 1, 1]


def test_no_more_than_so_many_are_on_their_way() -> None:
    lone = Lone()
    for number in range(MAX_IN_FLIGHT + 5):
        lone.ask(Put(f"{number}.cfg", b""))
    lone.replica.propose()
    (first,) = lone.sent()
    assert isinstance(first, Propose)
    assert len(first.changes) == MAX_IN_FLIGHT
    assert not lone.replica.proposing
    lone.deliver([first])
    lone.confirm_all(1 + MAX_IN_FLIGHT)
    assert lone.replica.proposing


def test_what_others_have_committed_is_not_confirmed_once_more() -> None:
    lone = Lone()
    session = lone.replica.session
    assert session is not None
    lone.ask(Put("a.cfg", b"1"))
    lone.replica.propose()
    lone.deliver(lone.sent())
    for name in ("n2", "n3"):
        lone.replica.delivered(name, encode(Confirm(session.epoch, 2)), 0.0)
    assert lone.results() == {1: 2}
    assert lone.synced() == []
    lone.ask(Put("a.cfg", b"2"))
    lone.replica.propose()
    lone.deliver(lone.sent())
    assert lone.synced() == [Confirm(session.epoch, 3)]


def test_a_request_that_was_given_up_is_not_sent_and_makes_room() -> None:
    lone = Lone()
    given_up = lone.replica.submit((Put("a.cfg", b"1"),), 0, 1.0)
    kept = lone.replica.submit((Put("b.cfg", b"1"),), 0, 50.0)
    assert lone.replica.tick(2.0) == 50.0
    assert list(lone.results()) == [given_up]
    lone.replica.propose()
    (sent,) = lone.sent()
    assert isinstance(sent, Propose)
    assert [one.number for one in sent.changes] == [kept]


def test_messages_one_after_another_in_one_payload() -> None:
    lone = Lone()
    assert lone.replica.session is not None
    epoch = lone.replica.session.epoch
    messages: tuple[Message, ...] = (
        Confirm(epoch, 300),
        Propose(epoch, "n1", "boot", (Asked(1, 1_700_000_000, (Put("a", b"x" * 1000),)),)),
        Begin(epoch),
    )
    payload = b"".join(map(encode, messages))
    assert decode(payload) == messages
    assert decode(b"") == ()
    ends = [len(b"".join(map(encode, messages[:count]))) for count in range(4)]
    for end in range(len(payload)):
        if end in ends:
            assert decode(payload[:end]) == messages[: ends.index(end)]
        else:
            with pytest.raises(DamagedError):
                decode(payload[:end])


def test_refusals_name_what_is_wrong() -> None:
    lone = Lone()
    lone.ask(Put("a.cfg", b"1"))
    second = lone.ask(Put("a.cfg", b"2", expect=1))
    lone.replica.propose()
    lone.deliver(lone.sent())
    lone.confirm_all(3)
    assert isinstance(lone.results()[second], StaleError)
