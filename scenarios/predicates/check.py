"""Does a predicate make sense: known names, arguments of the right kind, sides that compare."""

from __future__ import annotations

from typing import NoReturn

from scenarios.predicates.errors import PredicateError
from scenarios.predicates.functions import (
    DURATION,
    FUNCTIONS,
    NONE,
    NUMBER,
    Answer,
    Function,
)
from scenarios.predicates.names import Names
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
    Variable,
    Word,
)
from scenarios.suggest import did_you_mean

_ORDERED = ("<", "<=", ">", ">=")
_ENDLESS = 10_000  # names in one range


def check(predicate: Predicate, text: str, names: Names | None) -> None:
    """Raises PredicateError. Without names their existence is not looked at."""
    _Checker(text, names).predicate(predicate)


class _Checker:
    def __init__(self, text: str, names: Names | None) -> None:
        self._text, self._names = text, names

    def _fail(self, message: str, at: int) -> NoReturn:
        raise PredicateError(message, self._text, at)

    # predicates

    def predicate(self, predicate: Predicate) -> None:
        match predicate:
            case Or(parts) | And(parts):
                for part in parts:
                    self.predicate(part)
            case Not(part):
                self.predicate(part)
            case Each():
                self._each(predicate)
            case Happened():
                self._event(predicate)
            case Call():
                self._truth(predicate)
            case Compare():
                self._compare(predicate)
            case AllGuestsRunning():
                pass

    def _truth(self, call: Call) -> None:
        gives = self._call(call)
        if gives.kind != "truth":
            self._fail(f"'{call.name}' gives {gives.describe()}; compare it with one", call.at)

    def _each(self, each: Each) -> None:
        if each.among is not None:
            for item in each.among.items if isinstance(each.among, Listing) else (each.among,):
                self._name(item, each.kind)
        self.predicate(each.body)

    def _event(self, event: Happened) -> None:
        if self._names is None:
            return
        known = self._names.kinds.get(event.kind)
        if known is None:
            better = did_you_mean(event.kind, self._names.kinds)
            self._fail(f"there is no event '{event.kind}'{better}", event.at)
        for name, value in event.fields:
            if name not in (*known, "actor"):
                better = did_you_mean(name, (*known, "actor"))
                self._fail(f"event '{event.kind}' has no field '{name}'{better}", value.at)
            if isinstance(value, Sid | StepNode):
                self._name(value, "guest" if isinstance(value, Sid) else "node")
            elif name == "node" and isinstance(value, Word):
                self._name(value, "node")

    # comparisons

    def _compare(self, compare: Compare) -> None:
        left, right = self._answer(compare.left), self._answer(compare.right)
        told = left or right
        if told is None:
            self._fail("two fixed values say nothing about the cluster", compare.at)
        if told.kind == "truth":
            self._fail(f"this is true or false by itself; leave out '{compare.op}'", compare.at)
        if compare.op in _ORDERED and told.kind not in ("number", "duration"):
            self._fail(f"{told.describe()} has no order: '{compare.op}' is for numbers", compare.at)
        is_many = isinstance(compare.right, Listing | Range)
        if ("in" in compare.op) != is_many:
            need = "a list such as [node1, node3]" if not is_many else "'in' or 'not in'"
            self._fail(f"{need} is expected with '{compare.op}'", compare.right.at)
        if left is not None and right is not None:
            if left != right:
                message = f"cannot compare {left.describe()} with {right.describe()}"
                self._fail(message, compare.right.at)
        else:
            self._fits(compare.right if left is not None else compare.left, told)

    def _answer(self, term: Term) -> Answer | None:
        """What kind of value a computed term has; None for a fixed one."""
        match term:
            case Call():
                return self._call(term)
            case Count(Happened() as event):
                self._event(event)
                return NUMBER
            case Count(Each() as each):
                self._each(each)
                return NUMBER
            case _:
                return None

    def _fits(self, term: Term, wanted: Answer) -> None:
        items = term.items if isinstance(term, Listing) else (term,)
        for item in items:
            match wanted.kind:
                case "node":
                    if not (isinstance(item, Word) and item.text == NONE):
                        self._name(item, "node")
                case "word":
                    self._word(item, wanted)
                case "number" if not isinstance(item, Number):
                    self._fail(f"{NUMBER.describe()} is expected here", item.at)
                case "duration" if not isinstance(item, Span):
                    self._fail(f"{DURATION.describe()} is expected here", item.at)

    def _word(self, item: Term, wanted: Answer) -> None:
        words = (*wanted.words, NONE)
        if not isinstance(item, Word):
            self._fail(f"{wanted.describe()} is expected here", item.at)
        if item.text not in words:
            better = did_you_mean(item.text, words, listed=False)
            self._fail(f"'{item.text}' is not {wanted.describe()}{better}", item.at)

    # facts and names

    def _call(self, call: Call) -> Answer:
        function = FUNCTIONS[call.name]
        self._number_of_arguments(function, call)
        kind = "guest" if function.takes == "guests" else function.takes
        for arg in call.args:
            if isinstance(arg, Range) and function.takes != "guests":
                bound = f"each {kind} in {arg.prefix}{arg.first}..{arg.last}: "
                self._fail(
                    f"'{call.name}' is about one {kind}; write '{bound}{call.name}({kind})...'",
                    arg.at,
                )
            self._name(arg, kind)
        return function.gives

    def _number_of_arguments(self, function: Function, call: Call) -> None:
        few = {"guests": 1, "": 0}.get(function.takes, 1)
        many = {"guests": _ENDLESS, "": 0}.get(function.takes, 1)
        if not few <= len(call.args) <= many:
            self._fail(f"'{call.name}' is written {function.usage()}", call.at)

    def _name(self, item: Term, kind: str) -> None:
        """A fixed value where the name of a guest or node belongs."""
        match item:
            case Variable(bound) if bound == kind:
                return
            case StepNode(step) if kind == "node":
                if self._names is not None and step not in self._names.steps:
                    better = did_you_mean(step, self._names.steps)
                    self._fail(f"no step named '{step}' hits a node{better}", item.at)
                return
            case Range(prefix, first, last):
                if last - first >= _ENDLESS:
                    self._fail(f"a range has at most {_ENDLESS} names", item.at)
                if (":" in prefix) == (kind == "guest"):
                    self._known(item, item.names(), kind)
                    return
            case Sid(text) if kind == "guest":
                self._known(item, (text,), kind)
                return
            case Word(text) if kind == "node":
                self._known(item, (text,), kind)
                return
            case _:
                pass
        example = "a guest such as vm:100" if kind == "guest" else "a node"
        self._fail(f"{example} is expected here", item.at)

    def _known(self, item: Literal, wanted: tuple[str, ...], kind: str) -> None:
        if self._names is None:
            return
        known = self._names.guests if kind == "guest" else self._names.nodes
        for name in wanted:
            if name not in known:
                self._fail(f"there is no {kind} '{name}'{did_you_mean(name, known)}", item.at)
