"""No decision depends on hash order, an address or the machine's clock."""

from __future__ import annotations

import ast

import pytest

from tests.tidy.order import doubtful, set_fields
from tests.tidy.tree import deciding, name, python, syntax

BAD = [
    "for node in {'a', 'b'}: act(node)",
    "for node in set(nodes): act(node)",
    "for node in before.keys() - after.keys(): act(node)",
    "names = [n for n in frozenset(nodes)]",
    "first = list(set(nodes))",
    "text = ', '.join({'a', 'b'})",
    "pairs = {n: 1 for n in set(nodes)}",
    "def f(nodes: frozenset[str]) -> None:\n    for node in nodes: act(node)",
    "async def f(nodes: set[str] | None) -> None:\n    return tuple(nodes)",
    "gone = before - {'a'}\nfor node in gone: act(node)",
    "for node in view.online: act(node)",
    "best = min(set(nodes), key=load)",
    "names = sorted({n for n in nodes}, key=load)",
    "total = sum(x for x in set(loads))",
    "key = id(node)",
    "key = hash(node)",
    "at = datetime.now()",
    "at = datetime.datetime.utcnow()",
    "text = open('x').read()",
]
GOOD = [
    "for node in sorted(set(nodes)): act(node)",
    "for node in sorted(n for n in set(nodes) if n): act(node)",
    "alive = any(n in online for n in set(nodes))",
    "both = frozenset(n for n in set(nodes))",
    "count = len(set(nodes))",
    "best = min(sorted(set(nodes)), key=load)",
    "last = max(set(nodes))",
    "for node in nodes: act(node)",
    "def f(nodes: tuple[str, ...]) -> None:\n    for node in nodes: act(node)",
    "def f(n: set[str]) -> None:\n    pass\ndef g(n: list[str]) -> None:\n    for x in n: act(x)",
    "for node in view.members: act(node)",
    "at = clock.now()",
]
FIELDS = set_fields(
    [ast.parse("class View:\n    online: frozenset[str]\n    members: tuple[str, ...]")]
)


@pytest.mark.parametrize("text", BAD)
def test_doubtful_code_is_found(text: str) -> None:
    assert list(doubtful(ast.parse(text), FIELDS))


@pytest.mark.parametrize("text", GOOD)
def test_sound_code_is_left_alone(text: str) -> None:
    assert list(doubtful(ast.parse(text), FIELDS)) == []


def test_no_decision_depends_on_hash_order_or_clock() -> None:
    fields = set_fields(syntax(path) for path in python("appliance"))
    found = [
        f"{name(path)}:{what}" for path in deciding() for what in doubtful(syntax(path), fields)
    ]
    assert found == []
