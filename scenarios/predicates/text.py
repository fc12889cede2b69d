"""A predicate tree as text; parsing that text gives the same tree."""

from __future__ import annotations

from scenarios.predicates.tree import (
    AllGuestsRunning,
    And,
    Call,
    Compare,
    Count,
    Each,
    Happened,
    Listing,
    Literal,
    Not,
    Number,
    Or,
    Predicate,
    Range,
    Sid,
    Span,
    StepNode,
    Term,
    Text,
    Variable,
    Word,
)
from scenarios.quantities import duration_text


def as_text(predicate: Predicate) -> str:
    """The predicate in its own language, with no more parentheses than it needs."""
    match predicate:
        case Or(parts):
            return " or ".join(_inside(part, Or) for part in parts)
        case And(parts):
            return " and ".join(_inside(part, Or, And) for part in parts)
        case Not(part):
            return f"not {_inside(part, Or, And)}"
        case Each():
            return f"{predicate.how} {_quantified(predicate)}"
        case AllGuestsRunning():
            return "all guests running"
        case Compare(left, op, right):
            return f"{term_text(left)} {op} {term_text(right)}"
        case Call() | Happened():
            return term_text(predicate)


def _inside(part: Predicate, *looser: type) -> str:
    # A quantifier reaches as far right as it can, so inside another form it is closed by hand.
    text = as_text(part)
    return f"({text})" if isinstance(part, (*looser, Each)) else text


def _quantified(each: Each) -> str:
    among = f" in {term_text(each.among)}" if each.among is not None else ""
    return f"{each.kind}{among}: {as_text(each.body)}"


def term_text(term: Term | Happened) -> str:
    """One value, as it is written."""
    match term:
        case Call(name, args):
            return f"{name}({', '.join(term_text(arg) for arg in args)})" if args else name
        case Count(of):
            inside = _quantified(of) if isinstance(of, Each) else term_text(of)
            return f"count({inside})"
        case Happened(kind, fields):
            rest = "".join(f", {name}={term_text(value)}" for name, value in fields)
            return f"event({kind}{rest})"
        case Listing(items):
            return f"[{', '.join(term_text(item) for item in items)}]"
    return _literal_text(term)


def _literal_text(literal: Literal) -> str:
    match literal:
        case Word(text) | Sid(text) | Variable(text):
            return text
        case Number(value):
            return f"{value:.15g}"
        case Span(seconds):
            return duration_text(seconds)
        case Text(text):
            return f'"{text}"'
        case StepNode(step):
            return f"@{step}"
        case Range(prefix, first, last):
            end = str(last) if ":" in prefix else f"{prefix}{last}"
            return f"{prefix}{first}..{end}"
