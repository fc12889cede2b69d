"""A predicate made ready: functions over the scene, built once, called when it may have changed.

A node that is unknown yet (`@step` before the step) equals nothing; a guest that runs on two nodes
runs on "node1+node2", which equals no node either.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from scenarios.predicates.functions import NONE
from scenarios.predicates.scene import Env, Scene, Tally
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

Value = str | float | bool
Truth = Callable[[Env], bool]
Get = Callable[[Env], Value]

_OPERATORS: Mapping[str, Callable[[Value, Value], bool]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)
_HARDWARE = frozenset({"guest", "node_power"})
_WAKES = {  # fact -> kinds of records after which it can differ; the others: any
    **dict.fromkeys(("runs", "running", "together", "apart", "downtime"), _HARDWARE),
    "power": frozenset({"node_power"}),
    "quorate": frozenset({"node_power", "view"}),
    "online": frozenset({"node_power", "view"}),
}


class Watch:
    """One predicate looked at from now on: events and downtime count from its making."""

    def __init__(self, predicate: Predicate, scene: Scene) -> None:
        self.predicate, self.scene = predicate, scene
        self._tallies: dict[Happened, Tally] = {}
        self._down_s = scene.meter.totals_s(scene.now_s())
        self.kinds = kinds(predicate)
        self._truth = self.compile(predicate)

    def holds(self) -> bool:
        return self._truth({})

    def close(self) -> None:
        """Stop counting events."""
        for tally in self._tallies.values():
            self.scene.forget(tally)
        self._tallies.clear()

    # predicates

    def compile(self, predicate: Predicate) -> Truth:
        """The predicate, or a part of it, as a function of what `guest` and `node` stand for."""
        match predicate:
            case Or(parts):
                ready = [self.compile(part) for part in parts]
                return lambda env: any(part(env) for part in ready)
            case And(parts):
                ready = [self.compile(part) for part in parts]
                return lambda env: all(part(env) for part in ready)
            case Not(part):
                inner = self.compile(part)
                return lambda env: not inner(env)
            case Each():
                return self._each(predicate)
            case AllGuestsRunning():
                guests, nodes = self.scene.names.wanted, self.scene.facts.guest_nodes
                return lambda _env: all(nodes(sid) for sid in guests)
            case Happened():
                tally = self._tally(predicate)
                return lambda env: tally.count(env) > 0
            case Call():
                get = self.value(predicate)
                return lambda env: bool(get(env))
            case Compare():
                return self._compare(predicate)

    def among(self, each: Each) -> tuple[str, ...]:
        """The names over which a quantifier goes."""
        names = self.scene.names
        if each.among is None:
            return names.guests if each.kind == "guest" else names.nodes
        items = each.among.items if isinstance(each.among, Listing) else (each.among,)
        return tuple(name for item in items for name in self._names(item))

    def _names(self, item: Literal) -> tuple[str, ...]:
        match item:
            case Range():
                return item.names()
            case StepNode(step):
                return (self.scene.hit.get(step, ""),)
            case Word(text) | Sid(text):
                return (text,)
        raise AssertionError(item)

    def _each(self, each: Each) -> Truth:
        kind, names, body = each.kind, self.among(each), self.compile(each.body)

        def bodies(env: Env) -> Iterable[bool]:
            return (body({**env, kind: name}) for name in names)

        if each.how == "each":
            return lambda env: all(bodies(env))
        if each.how == "some":
            return lambda env: any(bodies(env))
        return lambda env: not any(bodies(env))

    def _compare(self, compare: Compare) -> Truth:
        left = self.value(compare.left)
        if "in" in compare.op:
            many = compare.right
            items = many.items if isinstance(many, Listing) else (many,)
            inside = [self.value(one) for item in items for one in _spread(item)]
            wanted = compare.op == "in"
            return lambda env: any(left(env) == item(env) for item in inside) is wanted
        right, test = self.value(compare.right), _OPERATORS[compare.op]
        return lambda env: test(left(env), right(env))

    # values

    def value(self, term: Term) -> Get:
        """A term as a function; nodes and words are texts, `none` included."""
        match term:
            case Number(number) | Span(number):
                return lambda _env: number
            case Variable(kind):
                return lambda env: env[kind]
            case StepNode(step):
                hit = self.scene.hit
                return lambda _env: hit.get(step, "")
            case Count(Happened() as event):
                tally = self._tally(event)
                return lambda env: float(tally.count(env))
            case Count(Each() as each):
                kind, names, body = each.kind, self.among(each), self.compile(each.body)
                return lambda env: float(sum(body({**env, kind: name}) for name in names))
            case Call():
                return self._call(term)
            case Word(text) | Sid(text) | Text(text):
                return lambda _env: text
        raise AssertionError(term)

    def _tally(self, event: Happened) -> Tally:
        if event not in self._tallies:
            self._tallies[event] = self.scene.tally(event)
        return self._tallies[event]

    def _call(self, call: Call) -> Get:
        facts, name = self.scene.facts, call.name
        if name == "master":
            return lambda _env: facts.master() or NONE
        if name == "converged":
            return lambda _env: not self.scene.unmet()
        if name in ("together", "apart"):
            return self._company(call)
        subject = self.value(call.args[0])
        if name == "downtime":
            return lambda env: self._downtime(str(subject(env)))
        asks: dict[str, Callable[[str], Value | None]] = {
            "runs": lambda sid: "+".join(facts.guest_nodes(sid)) or NONE,
            "running": lambda sid: bool(facts.guest_nodes(sid)),
            "service": facts.service_state,
            "placed": facts.service_node,
            "power": facts.node_power,
            "online": facts.online,
            "quorate": facts.quorate,
            "node": facts.node_state,
            "lrm": facts.lrm_state,
        }
        ask = asks[name]

        def answer(env: Env) -> Value:
            found = ask(str(subject(env)))
            return NONE if found is None else found

        return answer

    def _downtime(self, sid: str) -> float:
        scene = self.scene
        return scene.meter.total_s(sid, scene.now_s()) - self._down_s.get(sid, 0.0)

    def _company(self, call: Call) -> Get:
        guests = [self.value(one) for arg in call.args for one in _spread(arg)]
        nodes, is_together = self.scene.facts.guest_nodes, call.name == "together"

        def answer(env: Env) -> bool:
            used = [node for guest in guests for node in nodes(str(guest(env)))]
            return len(set(used)) <= 1 if is_together else len(set(used)) == len(used)

        return answer


def _spread(item: Term) -> tuple[Term, ...]:
    """A range as its names."""
    if not isinstance(item, Range):
        return (item,)
    make = Sid if ":" in item.prefix else Word
    return tuple(make(name) for name in item.names())


def kinds(part: Predicate | Term) -> frozenset[str] | None:
    """The kinds of records after which it can be true or false anew; None: after any."""
    match part:
        case Or(parts) | And(parts):
            found = _union(kinds(inner) for inner in parts)
        case Not(inner) | Count(inner) | Each(body=inner):
            found = kinds(inner)
        case Compare(left, _, right):
            found = _union((kinds(left), kinds(right)))
        case Happened(kind):
            found = frozenset({kind})
        case AllGuestsRunning():
            found = _HARDWARE
        case Call(name):
            found = _WAKES.get(name)
        case _:
            found = frozenset()
    return found


def _union(found: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    merged: frozenset[str] = frozenset()
    for one in found:
        if one is None:
            return None
        merged |= one
    return merged
