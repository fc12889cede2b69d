"""Which steps a predicate refers to."""

from __future__ import annotations

from scenarios.predicates.tree import (
    And,
    Call,
    Compare,
    Count,
    Each,
    Happened,
    Listing,
    Not,
    Or,
    Predicate,
    StepNode,
    Term,
)


def steps_used(part: Predicate | Term) -> tuple[str, ...]:
    """Names of all `@step` in it."""
    match part:
        case StepNode(step):
            return (step,)
        case Or(inner) | And(inner) | Listing(inner) | Call(args=inner):
            parts: tuple[Predicate | Term, ...] = inner
        case Not(one) | Count(one):
            parts = (one,)
        case Each(among=among, body=body):
            parts = (body,) if among is None else (among, body)
        case Compare(left, _, right):
            parts = (left, right)
        case Happened(_, fields):
            parts = tuple(value for _, value in fields)
        case _:
            parts = ()
    return tuple(step for inner in parts for step in steps_used(inner))
