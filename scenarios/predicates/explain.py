"""What was there instead: the facts that make a predicate true or false at this moment."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.predicates.evaluate import Value, Watch
from scenarios.predicates.functions import NONE
from scenarios.predicates.scene import Env
from scenarios.predicates.text import term_text
from scenarios.predicates.tree import (
    AllGuestsRunning,
    And,
    Call,
    Compare,
    Count,
    Each,
    Happened,
    Literal,
    Not,
    Or,
    Predicate,
    Range,
    Sid,
    StepNode,
    Term,
    Variable,
    Word,
)
from scenarios.quantities import about

_SHOWN = 3  # culprits told by name


@dataclass(frozen=True, slots=True)
class Seen:
    """facts: one a line. names: the nodes and guests they are about, for a look at the journal."""

    facts: tuple[str, ...]
    names: tuple[str, ...]

    def sentence(self) -> str:
        return "; ".join(self.facts)


def explain(watch: Watch) -> Seen:
    """The facts that decide, at this moment."""
    teller = _Teller(watch)
    facts = teller.tell(watch.predicate, {})
    return Seen(tuple(dict.fromkeys(facts)), tuple(dict.fromkeys(teller.names)))


class _Teller:
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.names: list[str] = []

    def _true(self, predicate: Predicate, env: Env) -> bool:
        return self._watch.compile(predicate)(env)

    def tell(self, predicate: Predicate, env: Env) -> list[str]:
        match predicate:
            case And(parts):
                wrong = [part for part in parts if not self._true(part, env)] or parts
                return [fact for part in wrong for fact in self.tell(part, env)]
            case Or(parts):
                right = [part for part in parts if self._true(part, env)] or parts
                return [fact for part in right for fact in self.tell(part, env)]
            case Not(part):
                return self.tell(part, env)
            case Each():
                return self._tell_each(predicate, env)
            case AllGuestsRunning():
                return self._tell_guests()
            case Compare(left, _, right):
                told = [self._tell_term(side, env) for side in (left, right)]
                return [fact for fact in told if fact]
            case Happened() | Call():
                return [self._tell_term(predicate, env)]

    def _tell_each(self, each: Each, env: Env) -> list[str]:
        names = self._watch.among(each)
        envs = [{**env, each.kind: name} for name in names]
        true = [one for one in envs if self._true(each.body, one)]
        culprits = [one for one in envs if one not in true] if each.how == "each" else true
        shown = culprits or envs
        facts = [fact for one in shown[:_SHOWN] for fact in self.tell(each.body, one)]
        if len(shown) > _SHOWN:
            facts.append(f"and {len(shown) - _SHOWN} more")
        return facts

    def _tell_guests(self) -> list[str]:
        nodes = self._watch.scene.facts.guest_nodes
        down = [sid for sid in self._watch.scene.names.wanted if not nodes(sid)]
        if not down:
            return ["all guests run"]
        self.names += down
        more = f" and {len(down) - _SHOWN} more" if len(down) > _SHOWN else ""
        verb = "runs" if len(down) == 1 else "run"
        return [f"{', '.join(down[:_SHOWN])}{more} {verb} nowhere"]

    def _tell_term(self, term: Term | Happened, env: Env) -> str:
        """One computed term and its value; nothing for what is fixed."""
        match term:
            case Happened():
                self.names += [self._name(value, env) for _, value in term.fields]
                happened = "happened" if self._true(term, env) else "did not happen"
                return f"{term_text(self._bound(term, env))} {happened}"
            case Call(name, args):
                self.names += [one for arg in args for one in self._all(arg, env)]
                value = self._watch.value(term)(env)
                if name == "converged" and not value:
                    return "; ".join(self._watch.scene.unmet()[:_SHOWN])
                if name == "master":
                    self.names.append(str(value))
                return f"{term_text(self._bound(term, env))} is {_shown(value, name)}"
            case Count(of):
                if isinstance(of, Happened):
                    self.names += [self._name(value, env) for _, value in of.fields]
                return f"{term_text(term)} is {_shown(self._watch.value(term)(env))}"
            case StepNode(step):
                return f"@{step} is {self._name(term, env) or 'not known yet'}"
            case _:
                return ""

    def _name(self, value: Literal, env: Env) -> str:
        match value:
            case Variable(kind):
                return env[kind]
            case StepNode(step):
                return self._watch.scene.hit.get(step, "")
            case Word(text) | Sid(text):
                return text
            case _:
                return ""

    def _all(self, value: Literal, env: Env) -> tuple[str, ...]:
        return value.names() if isinstance(value, Range) else (self._name(value, env),)

    def _bound(self, term: Call | Happened, env: Env) -> Call | Happened:
        """The term with `guest` and `node` replaced by what they stand for."""

        def fixed(value: Literal) -> Literal:
            return Word(env[value.kind]) if isinstance(value, Variable) else value

        if isinstance(term, Call):
            return Call(term.name, tuple(fixed(arg) for arg in term.args))
        return Happened(term.kind, tuple((name, fixed(v)) for name, v in term.fields))


def _shown(value: Value, name: str = "") -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return about(value) if name == "downtime" else f"{value:g}"
    return "nowhere" if name in ("runs", "placed") and value == NONE else value
