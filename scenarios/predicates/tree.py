"""The parsed form of a predicate. Plain values: equal trees mean the same.

`at` is where in the text a part begins; it serves messages only and takes no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: a node's name, a state, or `none`."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Sid:
    """A guest, `vm:100`."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Span:
    """A duration."""

    seconds: float
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string, for what is no bare word."""

    text: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """`guest` or `node` inside the quantifier that binds it."""

    kind: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class StepNode:
    """`@name`: the node that the step of that name hit."""

    step: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Range:
    """`vm:100..104` or `node1..node4`: the names from one number to the other."""

    prefix: str
    first: int
    last: int
    at: int = field(default=0, compare=False)

    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}{number}" for number in range(self.first, self.last + 1))


@dataclass(frozen=True, slots=True)
class Listing:
    """`[node1, node3]`."""

    items: tuple[Literal, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A named fact, `runs(vm:100)`. `master` has no arguments and no parentheses."""

    name: str
    args: tuple[Literal, ...] = ()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Happened:
    """`event(kind, field=value, ...)`: a record of the journal since the check began."""

    kind: str
    fields: tuple[tuple[str, Literal], ...] = ()
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Count:
    """`count(event(...))` or `count(guest in vm:100..104: running(guest))`."""

    of: Happened | Each
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`; op is one of ==, !=, <, <=, >, >=, in, not in."""

    left: Term
    op: str
    right: Term
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Each:
    """A quantifier. how: each, some, no, or count (inside `count(...)`). among None: over all."""

    how: str
    kind: str
    among: Range | Listing | None
    body: Predicate
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class AllGuestsRunning:
    """`all guests running`: every guest that the file wants started runs somewhere."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    part: Predicate
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Predicate, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Predicate, ...]
    at: int = field(default=0, compare=False)


Literal: TypeAlias = Word | Sid | Number | Span | Text | Variable | StepNode | Range
Term: TypeAlias = Literal | Listing | Call | Count
Predicate: TypeAlias = Or | And | Not | Each | AllGuestsRunning | Compare | Call | Happened
