"""Messages in parts: all who stay together deliver one, or none does, and the sender knows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.corosync.parts import PART_BYTES, Assembler, Part, parts_of, read_header

SENDERS = ("a", "b", "c")
PART = 4  # bytes: every message of more travels in parts
VIEW, JOIN, DELIVER = "view", "join", "deliver"


@dataclass
class Member:
    """What a member sees in the group's order; it was there from some view on."""

    name: str | None = None
    assembler: Assembler = field(default_factory=Assembler)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)

    def part(self, sender: str, part: Part, chunk: bytes) -> None:
        whole = self.assembler.feed(sender, part, chunk)
        if whole is not None:
            self.seen.append((sender, whole))

    def view(self) -> None:
        ticket = self.assembler.view_changed(self.name)
        self.seen.append((VIEW, b""))
        if ticket is not None:
            self.cut.append(ticket)


@dataclass
class Sender:
    """Sends one message after the other, part by part; stops a message that was cut."""

    member: Member
    sizes: list[int]
    sent: dict[int, bytes] = field(default_factory=dict)
    waiting: list[tuple[Part, bytes]] = field(default_factory=list)

    def next_part(self) -> tuple[Part, bytes] | None:
        if self.waiting and self.waiting[0][0].ticket in self.member.cut:
            self.waiting.clear()
        if not self.waiting and self.sizes:
            ticket = len(self.sent) + 1
            payload = f"{self.member.name}{ticket}".encode().ljust(self.sizes.pop(), b".")
            self.sent[ticket] = payload
            self.waiting = [
                (part, payload[part.part * PART :][:PART])
                for part in parts_of(len(payload), ticket, PART)
            ]
        return self.waiting.pop(0) if self.waiting else None


@dataclass
class Group:
    """Senders and members, and what is handed over but not delivered yet."""

    senders: dict[str, Sender]
    members: list[Member]
    under_way: list[tuple[str, Part, bytes]] = field(default_factory=list)

    def step(self, what: str) -> None:
        if what == DELIVER:
            self.deliver()
        elif what in (VIEW, JOIN):
            for member in self.members:
                member.view()
            if what == JOIN:
                self.members.append(Member())
        else:
            item = self.senders[what].next_part()
            if item is not None:
                self.under_way.append((what, *item))

    def deliver(self) -> None:
        if self.under_way:
            item = self.under_way.pop(0)
            for member in self.members:
                member.part(*item)


def fates(sender: Sender, seen: list[tuple[str, bytes]]) -> dict[int, int]:
    """How often each message that was handed over in whole was delivered or reported cut."""
    incomplete = sender.waiting[0][0].ticket if sender.waiting else None
    return {
        ticket: seen.count((sender.member.name or "", payload)) + sender.member.cut.count(ticket)
        for ticket, payload in sender.sent.items()
        if ticket != incomplete
    }


@given(
    st.lists(st.lists(st.integers(2, 30), max_size=6), min_size=3, max_size=3),
    st.lists(st.sampled_from([*SENDERS, DELIVER, DELIVER, DELIVER, VIEW, JOIN]), max_size=150),
)
def test_all_or_none(sizes: list[list[int]], order: list[str]) -> None:
    senders = {name: Sender(Member(name), own) for name, own in zip(SENDERS, sizes, strict=True)}
    group = Group(senders, [sender.member for sender in senders.values()])
    for what in order:
        group.step(what)
    while group.under_way:
        group.deliver()
    first = group.members[0].seen
    for member in group.members:
        assert member.seen == first[len(first) - len(member.seen) :]
    for sender in senders.values():
        assert set(fates(sender, first).values()) <= {1}


@given(st.integers(0, 20 * 1024 * 1024), st.integers(1, 2**63))
def test_parts_cover_a_message(size: int, ticket: int) -> None:
    parts = parts_of(size, ticket)
    assert len(parts) == max(1, -(-size // PART_BYTES))
    assert [read_header(part.header()) for part in parts] == list(parts)


@pytest.mark.parametrize("data", [b"", b"short", Part(1, 5, 5, 10).header()])
def test_what_is_no_part_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"part|header"):
        read_header(data)
