"""The order of one ring's messages, and how far each of its nodes has come in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto


class Kind(Enum):
    """A message, or a process that joins or leaves the group."""

    PAYLOAD = auto()
    JOIN = auto()
    LEAVE = auto()


@dataclass(slots=True)
class Sent:
    """Something on its way. moved: it goes to another ring instead; boot: of the sender."""

    kind: Kind
    sender: str
    boot: object
    payload: bytes = b""
    ticket: int = 0
    moved: bool = False


@dataclass(slots=True)
class Ring:
    """order: all that was ever sent in it. done: how much of that its nodes delivered while it was
    whole. ahead: how much more some delivered since it stalled. fixed: how much of the order is
    known to have been on the wire, since somebody delivered it.

    joined: the processes of the group, as of `done`. holder: who had the token when it stalled.
    """

    nodes: tuple[str, ...]
    joined: tuple[str, ...] = ()
    order: list[Sent] = field(default_factory=list)
    done: int = 0
    ahead: dict[str, int] = field(default_factory=dict)
    views: dict[str, tuple[str, ...]] = field(default_factory=dict)  # joined, for who is ahead
    fixed: int = 0
    last_us: int = 0
    stalled_us: int | None = None
    holder: str = ""

    def position(self, node: str) -> int:
        """How much of the order this node has delivered."""
        return self.ahead.get(node, self.done)

    def joined_at(self, node: str) -> tuple[str, ...]:
        """The group as that node knows it."""
        return self.views.get(node, self.joined)

    def trim(self) -> None:
        """Forget what all have delivered."""
        if self.stalled_us is None and self.done > 256:
            del self.order[: self.done]
            self.fixed = max(0, self.fixed - self.done)
            self.done = 0
