"""Large messages in parts: how they are cut, and how a member puts them together again.

A pure state machine of what a member sees in the group's order. All who stay together see the same
parts and view changes in the same order, so all of them deliver a message or none does.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

HEADER: Final = struct.Struct("<HHIQ")  # part, parts, size of the whole message, ticket
PART_BYTES: Final = 256 * 1024  # below corosync's atomic limit; small enough not to hold up others


@dataclass(frozen=True, slots=True)
class Part:
    """What a part says of itself."""

    ticket: int
    part: int = 0
    parts: int = 1
    size_bytes: int = 0

    def header(self) -> bytes:
        return HEADER.pack(self.part, self.parts, self.size_bytes, self.ticket)


def parts_of(size_bytes: int, ticket: int, part_bytes: int = PART_BYTES) -> tuple[Part, ...]:
    """The parts of a message of that size; an empty message has one."""
    parts = max(1, -(-size_bytes // part_bytes))
    return tuple(Part(ticket, part, parts, size_bytes) for part in range(parts))


def read_header(data: bytes) -> Part:
    """The inverse of `Part.header`. ValueError for what was not made by it."""
    try:
        part, parts, size_bytes, ticket = HEADER.unpack(data)
    except struct.error:
        raise ValueError("a message without a header") from None
    if part >= parts:
        raise ValueError(f"part {part} of {parts}")
    return Part(ticket, part, parts, size_bytes)


@dataclass(slots=True)
class _Collection:
    """What there is of one sender's message."""

    first: Part
    chunks: list[bytes] = field(default_factory=list)

    def expects(self, part: Part) -> bool:
        return part.ticket == self.first.ticket and part.part == len(self.chunks)


class Assembler:
    """Collects the parts of all senders. A sender sends one message after the other."""

    def __init__(self) -> None:
        self._collections: dict[Hashable, _Collection] = {}

    def feed(self, sender: Hashable, part: Part, chunk: bytes) -> bytes | None:
        """The whole message if this part completes it."""
        if part.parts == 1:
            self._collections.pop(sender, None)
            return chunk
        if part.part == 0:
            self._collections[sender] = _Collection(part, [chunk])
            return None
        collection = self._collections.get(sender)
        if collection is None or not collection.expects(part):
            return None  # its beginning was before a view change, for every member alike
        collection.chunks.append(chunk)
        if part.part + 1 < part.parts:
            return None
        del self._collections[sender]
        whole = b"".join(collection.chunks)
        return whole if len(whole) == part.size_bytes else None

    def view_changed(self, own: Hashable) -> int | None:
        """Forget all that is incomplete; the ticket of the own message that this cut, if any."""
        cut = self._collections.get(own)
        self._collections.clear()
        return cut.first.ticket if cut else None
