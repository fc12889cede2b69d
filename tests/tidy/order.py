"""Finds decisions that could depend on hash order, on an address or on the machine's clock.

The order of a set of strings differs between two runs of Python, so an iteration over a set in
code that decides would make one seed give two journals. What is a set is guessed from the syntax
alone: set displays, calls of `set` and `frozenset`, operators on `.keys()`, and names and fields
annotated as sets. Where the order cannot matter (`sorted`, `any`, `len`, a set from a set, ...) an
iteration is fine. `sorted`, `min` and `max` with a `key` are not among these: keys may tie. Nor is
`sum`: floats add up differently in another order.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

ORDER_FREE = {"any", "all", "len", "set", "frozenset", "bool"}
ORDER_FREE_WITHOUT_KEY = {"sorted", "min", "max"}
ORDERED = {"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "sum"}
SET_TYPES = {"set", "frozenset", "Set", "AbstractSet", "MutableSet", "KeysView"}
BANNED_CALLS = {"id", "hash", "open", "input", "print", "eval", "exec", "__import__", "vars"}
BANNED_METHODS = {"now", "utcnow", "today"}
CLOCKS = {"datetime", "date"}
SET_OPERATORS = (ast.Sub, ast.BitAnd, ast.BitOr, ast.BitXor)


def annotated_as_set(annotation: ast.expr | None) -> bool:
    """Whether a type annotation names a set (`frozenset[str]`, `set[str] | None`)."""
    if isinstance(annotation, ast.BinOp):
        return annotated_as_set(annotation.left) or annotated_as_set(annotation.right)
    if isinstance(annotation, ast.Subscript):
        return annotated_as_set(annotation.value)
    return isinstance(annotation, ast.Name) and annotation.id in SET_TYPES


def set_fields(modules: Iterable[ast.Module]) -> frozenset[str]:
    """Names of class fields that are annotated as sets, and never as anything else."""
    kinds: dict[str, list[bool]] = {}
    for module in modules:
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                for line in node.body:
                    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                        kinds.setdefault(line.target.id, []).append(
                            annotated_as_set(line.annotation)
                        )
    return frozenset(name for name, answers in kinds.items() if all(answers))


@dataclass
class Finder(ast.NodeVisitor):
    """Collects `line: what` for each doubtful place of one module."""

    fields: frozenset[str]
    found: list[str] = field(default_factory=list)
    names: list[set[str]] = field(default_factory=lambda: [set()])
    excused: list[ast.expr] = field(default_factory=list)

    def is_set(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id in ("set", "frozenset")
        if isinstance(node, ast.BinOp) and isinstance(node.op, SET_OPERATORS):
            return any(self.is_set(side) or _keys(side) for side in (node.left, node.right))
        if isinstance(node, ast.Name):
            return any(node.id in scope for scope in self.names)
        return isinstance(node, ast.Attribute) and node.attr in self.fields

    def note(self, node: ast.expr, what: str) -> None:
        self.found.append(f"{node.lineno}: {what}")

    def _is_excused(self, node: ast.expr) -> bool:
        return any(node is excused for excused in self.excused)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.names.append({a.arg for a in arguments if annotated_as_set(a.annotation)})
        self.generic_visit(node)
        self.names.pop()

    visit_FunctionDef = _function  # noqa: N815 - the name that NodeVisitor looks for
    visit_AsyncFunctionDef = _function  # noqa: N815 - as above

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name) and annotated_as_set(node.annotation):
            self.names[-1].add(node.target.id)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name) and self.is_set(node.value):
                self.names[-1].add(target.id)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        if self.is_set(node.iter):
            self.note(node.iter, "a loop over a set")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        if called in ORDER_FREE or (called in ORDER_FREE_WITHOUT_KEY and not node.keywords):
            self.excused += node.args
        elif called in ORDERED | ORDER_FREE_WITHOUT_KEY and not self._is_excused(node):
            self._arguments(node, called)
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "join":
            self._arguments(node, "join")
        if called in BANNED_CALLS:
            self.note(node, f"a call of {called}()")
        if _reads_clock(node.func):
            self.note(node, "the machine's clock")
        self.generic_visit(node)

    def _arguments(self, node: ast.Call, called: str) -> None:
        for argument in node.args:
            if self.is_set(argument):
                self.note(argument, f"{called}() of a set")

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp) -> None:
        if not self._is_excused(node):
            for generator in node.generators:
                if self.is_set(generator.iter):
                    self.note(generator.iter, "a comprehension over a set")
        self.generic_visit(node)

    visit_ListComp = _comprehension  # noqa: N815 - as above
    visit_GeneratorExp = _comprehension  # noqa: N815 - as above
    visit_DictComp = _comprehension  # noqa: N815 - as above


def _keys(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("keys", "items")
    )


def _reads_clock(function: ast.expr) -> bool:
    """`datetime.now()`, `date.today()`, `datetime.datetime.utcnow()`."""
    if not isinstance(function, ast.Attribute) or function.attr not in BANNED_METHODS:
        return False
    owner = function.value
    named = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
    return named in CLOCKS


def doubtful(module: ast.Module, fields: frozenset[str]) -> Iterator[str]:
    """Each place of a module where a decision could differ between two runs."""
    finder = Finder(fields)
    finder.visit(module)
    yield from finder.found
