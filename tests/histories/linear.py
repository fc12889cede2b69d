"""Is this history of one register linearizable? A search with memory, after Wing and Gong.

Values are the numbers of the operations that wrote them, 0 for "not there", so every value is
written once. An operation whose outcome is unknown may take effect at any time after its call, or
never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

FOREVER = float("inf")


class Kind(Enum):
    """What was asked, and how it ended."""

    WRITE = auto()
    READ = auto()  # `seen` is what it found
    SWAP = auto()  # wrote because it found `seen`
    SWAP_REFUSED = auto()  # did not write because it did not find `seen`
    REMOVE = auto()
    REMOVE_REFUSED = auto()  # found nothing to remove


@dataclass(frozen=True, slots=True)
class Op:
    """`ended_s`: FOREVER if nobody knows whether it happened."""

    number: int
    kind: Kind
    called_s: float
    ended_s: float
    seen: int = 0

    @property
    def sure(self) -> bool:
        return self.ended_s != FOREVER


def after(value: int, op: Op) -> int | None:
    """The register's value after the operation, None if it cannot have ended so here."""
    match op.kind:
        case Kind.WRITE:
            return op.number
        case Kind.READ:
            return value if value == op.seen else None
        case Kind.SWAP:
            return op.number if value == op.seen else None
        case Kind.SWAP_REFUSED:
            return value if value != op.seen else None
        case Kind.REMOVE:
            return 0 if value else None
        case Kind.REMOVE_REFUSED:
            return value if not value else None


def linearizable(history: Sequence[Op]) -> bool:
    """Whether the operations can be put into an order that explains all of them."""
    ops = sorted(_relevant(history), key=lambda op: (op.called_s, op.number))
    sure = sum(1 << at for at, op in enumerate(ops) if op.sure)
    twins = _twins(ops)
    seen: set[tuple[int, int]] = set()
    stack = [(0, 0)]
    while stack:
        done, value = stack.pop()
        if done & sure == sure:
            return True
        for at in _next(ops, done):
            twin = twins[at]
            if twin is not None and not done >> twin & 1:
                continue
            then = after(value, ops[at])
            if then is not None and (done | 1 << at, then) not in seen:
                seen.add((done | 1 << at, then))
                stack.append((done | 1 << at, then))
    return False


def _twins(ops: Sequence[Op]) -> list[int | None]:
    """For each unsure operation that nobody can have noticed: the one before that does the same.

    It does not matter which of them took effect, so they are tried in the order of their calls:
    each later one only after that. Else all of them would be tried in every order.
    """
    noticed = {op.seen for op in ops if op.kind in {Kind.READ, Kind.SWAP, Kind.SWAP_REFUSED}}
    last: dict[tuple[Kind, int], int] = {}
    found: list[int | None] = []
    for at, op in enumerate(ops):
        if op.sure or (op.kind is not Kind.REMOVE and op.number in noticed):
            found.append(None)
            continue
        same = (op.kind, op.seen if op.kind is Kind.SWAP else 0)
        found.append(last.get(same))
        last[same] = at
    return found


def _next(ops: Sequence[Op], done: int) -> list[int]:
    """Those that may come next: called before any that is left has ended."""
    found: list[int] = []
    first_end_s = FOREVER
    at = (~done & (done + 1)).bit_length() - 1  # the first that is left
    while at < len(ops) and ops[at].called_s <= first_end_s:
        if not done >> at & 1:
            found.append(at)
            first_end_s = min(first_end_s, ops[at].ended_s)
        at += 1
    return [at for at in found if ops[at].called_s <= first_end_s]


def _relevant(history: Sequence[Op]) -> list[Op]:
    """Without unsure operations that nobody can have noticed: each would double the search."""
    noticed = {op.seen for op in history if op.kind in {Kind.READ, Kind.SWAP}}
    vague = any(op.kind in {Kind.SWAP_REFUSED, Kind.REMOVE_REFUSED, Kind.REMOVE} for op in history)
    return [op for op in history if op.sure or vague or op.number in noticed]
