"""The grammar, by recursive descent.

    predicate  = all_of { "or" all_of }
    all_of     = negation { "and" negation }
    negation   = "not" negation | quantifier | test
    quantifier = ("each" | "some" | "no") bound ":" predicate
    bound      = ("guest" | "node") [ "in" (range | listing) ]
    test       = "(" predicate ")" | "all" "guests" "running" | event | term [ op term ]
    op         = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in"
    term       = "count" "(" counted ")" | fact | literal | listing
    counted    = event | bound ":" predicate | name
    event      = "event" "(" kind { "," field "=" literal } ")"
    fact       = name [ "(" literal { "," literal } ")" ]

A quantifier reaches as far to the right as it can.
"""

from __future__ import annotations

import re
from typing import NoReturn

from scenarios.predicates.check import check
from scenarios.predicates.errors import PredicateError
from scenarios.predicates.functions import FUNCTIONS
from scenarios.predicates.names import Names
from scenarios.predicates.tokens import BadToken, Token, tokens
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
from scenarios.quantities import duration_s
from scenarios.suggest import did_you_mean

__all__ = ["PredicateError", "parse"]

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_QUANTIFIERS = ("each", "some", "no")
_BOUND = ("guest", "node")
_DEEPEST = 50  # far from what a person writes, and from what the stack bears
_NUMBERED = re.compile(r"(.*?)(\d+)")


def parse(text: str, names: Names | None = None) -> Predicate:
    """The tree of a predicate.

    With `names`, nodes, guests, steps and events have to be known ones. Raises PredicateError,
    which knows the place.
    """
    try:
        found = tokens(text)
    except BadToken as bad:
        message = f"'{text[bad.at]}' has no meaning here"
        raise PredicateError(message, text, bad.at) from None
    parser = _Parser(text, found)
    predicate = parser.predicate()
    parser.end()
    check(predicate, text, names)
    return predicate


def _stands_alone(name: str) -> bool:
    return name in FUNCTIONS and not FUNCTIONS[name].takes


class _Parser:
    def __init__(self, text: str, found: list[Token]) -> None:
        self._text, self._tokens, self._next = text, found, 0
        self._bound: list[str] = []
        self._depth = 0

    # moving on

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _fail(self, message: str, at: int | None = None) -> NoReturn:
        raise PredicateError(message, self._text, self._token.at if at is None else at)

    def _take(self) -> Token:
        token = self._token
        if token.kind != "end":
            self._next += 1
        return token

    def _is(self, text: str, ahead: int = 0) -> bool:
        token = self._tokens[min(self._next + ahead, len(self._tokens) - 1)]
        return token.text == text and token.kind in ("word", "sign")

    def _maybe(self, text: str) -> bool:
        found = self._is(text)
        if found:
            self._next += 1
        return found

    def _need(self, text: str, what: str) -> None:
        if not self._maybe(text):
            self._fail(f"'{text}' is missing {what}")

    def end(self) -> None:
        if self._token.kind != "end":
            if self._is("="):
                self._fail("'=' compares nothing; write '=='")
            self._fail("'and', 'or' or the end is expected here")

    # predicates

    def predicate(self) -> Predicate:
        at, parts = self._token.at, [self._all_of()]
        while self._maybe("or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else Or(tuple(parts), at)

    def _all_of(self) -> Predicate:
        at, parts = self._token.at, [self._negation()]
        while self._maybe("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts), at)

    def _negation(self) -> Predicate:
        if self._depth == _DEEPEST:
            self._fail(f"this is nested too deeply; at most {_DEEPEST} levels are allowed")
        self._depth += 1
        found = self._one()
        self._depth -= 1
        return found

    def _one(self) -> Predicate:
        at = self._token.at
        if self._maybe("not"):
            return Not(self._negation(), at)
        if self._token.text in _QUANTIFIERS and self._token.kind == "word":
            return self._quantifier(self._take().text, at)
        return self._test()

    def _quantifier(self, how: str, at: int) -> Each:
        kind = self._token
        if kind.kind != "word" or kind.text not in _BOUND:
            self._fail(f"'{how}' is followed by 'guest' or 'node'")
        self._take()
        among = self._among(kind.text) if self._maybe("in") else None
        self._need(":", f"between '{how} {kind.text}' and what is said of it")
        self._bound.append(kind.text)
        body = self.predicate()
        self._bound.pop()
        return Each(how, kind.text, among, body, at)

    def _among(self, kind: str) -> Range | Listing:
        at = self._token.at
        found: Term = self._listing() if self._is("[") else self._literal()
        if isinstance(found, Word | Sid):  # one name is a listing of one
            return Listing((found,), at)
        if not isinstance(found, Range | Listing):
            example = "vm:100..104 or [vm:100, vm:107]" if kind == "guest" else "[node1, node3]"
            self._fail(f"'in' is followed by names such as {example}", at)
        return found

    def _test(self) -> Predicate:
        at = self._token.at
        if self._is("("):
            return self._parenthesis()
        if self._is("all") and self._is("guests", 1):
            self._next += 2
            self._need("running", "after 'all guests'")
            return AllGuestsRunning(at)
        if self._is("event") and self._is("(", 1):
            return self._event()
        left = self._term()
        if self._token.text in _COMPARISONS:
            return Compare(left, self._take().text, self._term(), at)
        if self._maybe("in"):
            return Compare(left, "in", self._term(), at)
        if self._is("not") and self._is("in", 1):
            self._next += 2
            return Compare(left, "not in", self._term(), at)
        if self._is("="):
            self._fail("'=' compares nothing; write '=='")
        if not isinstance(left, Call):
            self._fail("this says nothing; compare it with something", at)
        return left

    def _parenthesis(self) -> Predicate:
        opened = self._take()
        inside = self.predicate()
        if not self._maybe(")"):
            self._fail(f"')' is missing for the '(' in column {opened.at + 1}")
        return inside

    # terms

    def _term(self) -> Term:
        if self._is("["):
            return self._listing()
        if self._is("count") and self._is("(", 1):
            return self._count()
        token = self._token
        called = self._is("(", 1)
        if token.kind == "word" and (called or _stands_alone(token.text)):
            if called and token.text not in FUNCTIONS:
                self._fail(f"there is no '{token.text}(...)'" + did_you_mean(token.text, FUNCTIONS))
            self._take()
            return Call(token.text, self._arguments() if called else (), token.at)
        return self._literal()

    def _arguments(self) -> tuple[Literal, ...]:
        self._take()
        found: list[Literal] = []
        while not self._is(")"):
            found.append(self._literal())
            if not self._maybe(","):
                break
        self._need(")", "after the arguments")
        return tuple(found)

    def _count(self) -> Count:
        at = self._take().at
        self._take()
        inner = self._token
        of: Happened | Each
        if self._is("event"):
            of = self._event()
        elif inner.text in _BOUND and not self._is("(", 1):
            of = self._quantifier("count", inner.at)
        elif inner.text in FUNCTIONS and FUNCTIONS[inner.text].takes in _BOUND:
            of = self._short_count(self._take())
        else:
            self._fail("'count' counts 'event(...)' or 'guest: ...' or 'node: ...'")
        self._need(")", "after what is counted")
        return Count(of, at)

    def _short_count(self, name: Token) -> Each:
        """`count(running)` is `count(guest: running(guest))`."""
        kind = FUNCTIONS[name.text].takes
        call = Call(name.text, (Variable(kind, name.at),), name.at)
        return Each("count", kind, None, call, name.at)

    def _event(self) -> Happened:
        at = self._take().at
        self._need("(", "after 'event'")
        kind = self._token
        if kind.kind != "word":
            self._fail("the kind of event is expected here, for example fence_done")
        self._take()
        fields: list[tuple[str, Literal]] = []
        while self._maybe(","):
            name = self._take()
            if name.kind != "word":
                self._fail("a field is expected here, for example node=node3", name.at)
            self._need("=", f"after the field '{name.text}'")
            fields.append((name.text, self._literal()))
        self._need(")", "after the event's fields")
        return Happened(kind.text, tuple(fields), at)

    def _listing(self) -> Listing:
        at = self._take().at
        items: list[Literal] = []
        while not self._is("]"):
            items.append(self._literal())
            if not self._maybe(","):
                break
        self._need("]", "after the list")
        if not items:
            self._fail("the list is empty", at)
        return Listing(tuple(items), at)

    def _literal(self) -> Literal:
        token = self._take()
        match token.kind:
            case "sid":
                return self._ranged(token, Sid(token.text, token.at))
            case "word" if token.text in self._bound:
                return Variable(token.text, token.at)
            case "word":
                return self._ranged(token, Word(token.text, token.at))
            case "span":
                return Span(duration_s(token.text) or 0.0, token.at)
            case "number":
                return Number(float(token.text), token.at)
            case "step":
                return StepNode(token.text[1:], token.at)
            case "text":
                return Text(token.text[1:-1], token.at)
            case "end":
                message = "the predicate ends too early: something is expected here"
            case _:
                message = f"'{token.text}' cannot stand here"
        raise PredicateError(message, self._text, token.at)

    def _ranged(self, token: Token, single: Sid | Word) -> Literal:
        if not self._maybe(".."):
            return single
        begin = _NUMBERED.fullmatch(token.text)
        last = self._take()
        end = _NUMBERED.fullmatch(last.text)
        if begin is None or end is None or end.group(1) not in ("", begin.group(1)):
            self._fail("a range is written vm:100..104 or node1..node4", token.at)
        first_number, last_number = int(begin.group(2)), int(end.group(2))
        if first_number > last_number:
            self._fail("the range ends before it begins", token.at)
        return Range(begin.group(1), first_number, last_number, token.at)
