"""The predicate language: what is understood, what is refused and where, and its text form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.predicates import Names, Predicate, PredicateError, as_text, parse
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
    Range,
    Sid,
    Span,
    StepNode,
    Term,
    Text,
    Variable,
    Word,
)
from scenarios.predicates.uses import steps_used

NAMES = Names(
    nodes=("node1", "node2", "node3"),
    guests=("vm:100", "vm:101", "ct:200"),
    steps=("cut",),
    kinds={"fence_done": ("node",), "status": ("from", "to"), "recovered": ("service", "to")},
)

GOLDENS = {
    "running(vm:100)": Call("running", (Sid("vm:100"),)),
    "runs(vm:100) == node2": Compare(Call("runs", (Sid("vm:100"),)), "==", Word("node2")),
    "runs(vm:100) in [node1, node3]": Compare(
        Call("runs", (Sid("vm:100"),)), "in", Listing((Word("node1"), Word("node3")))
    ),
    "runs(vm:100) not in node1..node2": Compare(
        Call("runs", (Sid("vm:100"),)), "not in", Range("node", 1, 2)
    ),
    "master != @cut": Compare(Call("master"), "!=", StepNode("cut")),
    "master == none": Compare(Call("master"), "==", Word("none")),
    "downtime(vm:100) < 2m30s": Compare(Call("downtime", (Sid("vm:100"),)), "<", Span(150)),
    "event(fence_done, node=node3)": Happened("fence_done", (("node", Word("node3")),)),
    "count(event(recovered)) >= 2": Compare(Count(Happened("recovered")), ">=", Number(2)),
    "count(running) == 3": Compare(
        Count(Each("count", "guest", None, Call("running", (Variable("guest"),)))),
        "==",
        Number(3),
    ),
    "all guests running": AllGuestsRunning(),
    "not quorate(node1) and quorate(node2) or online(node3)": Or(
        (
            And((Not(Call("quorate", (Word("node1"),))), Call("quorate", (Word("node2"),)))),
            Call("online", (Word("node3"),)),
        )
    ),
    "not (quorate(node1) and quorate(node2))": Not(
        And((Call("quorate", (Word("node1"),)), Call("quorate", (Word("node2"),))))
    ),
    "each guest in vm:100..101: runs(guest) == node1": Each(
        "each",
        "guest",
        Range("vm:", 100, 101),
        Compare(Call("runs", (Variable("guest"),)), "==", Word("node1")),
    ),
    "no node: power(node) == off": Each(
        "no", "node", None, Compare(Call("power", (Variable("node"),)), "==", Word("off"))
    ),
    "some guest in vm:100: together(guest, ct:200)": Each(
        "some",
        "guest",
        Listing((Sid("vm:100"),)),
        Call("together", (Variable("guest"), Sid("ct:200"))),
    ),
    'event(status, actor="node1/crm", to=master)': Happened(
        "status", (("actor", Text("node1/crm")), ("to", Word("master")))
    ),
}


@pytest.mark.parametrize(("text", "tree"), GOLDENS.items(), ids=list(GOLDENS))
def test_understood(text: str, tree: Predicate) -> None:
    assert parse(text, NAMES) == tree


def test_a_quantifier_reaches_to_the_end() -> None:
    each = parse("each node: quorate(node) and power(node) == on", NAMES)
    assert isinstance(each, Each)
    assert isinstance(each.body, And)
    closed = parse("(each node: quorate(node)) and power(node1) == on", NAMES)
    assert isinstance(closed, And)


REFUSED = {
    # text: (what the message says, column)
    "": ("ends too early", 1),
    "runs(vm:100) = node2": ("write '=='", 14),
    "runs(vm:100)": ("gives a node or none; compare it with one", 1),
    "runz(vm:100) == node1": ("did you mean 'runs'?", 1),
    "runs(vm:100) == nod2": ("there is no node 'nod2'; did you mean 'node2'?", 17),
    "running(vm:105)": ("there is no guest 'vm:105'", 9),
    "running(node1)": ("a guest such as vm:100 is expected", 9),
    "runs(vm:100..101) == node1": ("each guest in vm:100..101", 6),
    "runs() == node1": ("is written runs(vm:100)", 1),
    "runs(vm:100, vm:101) == node1": ("is written runs(vm:100)", 1),
    "running(vm:100) == started": ("true or false by itself", 1),
    "power(node3) == fence": ("not one of on, off", 17),
    "node(node3) == fenced": ("did you mean 'fence'?", 16),
    "downtime(vm:100) < 4": ("a duration such as 2m30s is expected", 20),
    "count(running) == 4m": ("a number is expected", 19),
    "master < node1": ("has no order", 1),
    "node1 == node2": ("say nothing about the cluster", 1),
    "node1": ("says nothing", 1),
    "runs(vm:100) in node1": ("a list such as", 17),
    "runs(vm:100) == [node1]": ("'in' or 'not in'", 17),
    "runs(vm:100) == service(vm:100)": ("cannot compare a node or none with one of stopped", 17),
    "count(vm:100) == 1": ("'count' counts", 7),
    "event(fence_don)": ("did you mean 'fence_done'?", 1),
    "event(fence_done, nod=node1)": ("has no field 'nod'; did you mean 'node'?", 23),
    "event(fence_done, node=node9)": ("there is no node 'node9'", 24),
    "event(fence_done, node node1)": ("'=' is missing after the field 'node'", 24),
    "(running(vm:100)": ("')' is missing for the '(' in column 1", 17),
    "running(vm:100": ("')' is missing after the arguments", 15),
    "running(vm:100) running(vm:101)": ("'and', 'or' or the end", 17),
    "each guest running(guest)": ("':' is missing", 12),
    "each disk: running(vm:100)": ("followed by 'guest' or 'node'", 6),
    "each guest in 4m: running(guest)": ("'in' is followed by names", 15),
    "each guest: quorate(guest)": ("a node is expected", 21),
    "running(guest)": ("a guest such as vm:100 is expected", 9),
    "all guests run": ("'running' is missing", 12),
    "master == @cat": ("no step named 'cat' hits a node; did you mean 'cut'?", 11),
    "runs(vm:100) in []": ("the list is empty", 17),
    "apart(vm:101..100)": ("ends before it begins", 7),
    "apart(vm:100..ct:200)": ("a range is written", 7),
    "running(vm:100) & running(vm:101)": ("'&' has no meaning", 17),
    "(" * 60 + "running(vm:100)" + ")" * 60: ("nested too deeply", 51),
    "not " * 60 + "running(vm:100)": ("nested too deeply", 201),
    "__import__(vm:100)": ("there is no '__import__(...)'", 1),
}


@pytest.mark.parametrize(("text", "wrong"), REFUSED.items(), ids=[text[:40] for text in REFUSED])
def test_refused_with_the_place(text: str, wrong: tuple[str, int]) -> None:
    with pytest.raises(PredicateError) as caught:
        parse(text, NAMES)
    message, column = wrong
    assert message in caught.value.message
    assert caught.value.at + 1 == column
    assert caught.value.pointer().splitlines()[1] == " " * (column - 1) + "^"


def test_every_step_that_is_used_is_found() -> None:
    text = "each node in [@a]: master == @b and (not runs(vm:100) in [node1, @c] or quorate(@d))"
    assert set(steps_used(parse(text))) == {"a", "b", "c", "d"}
    assert steps_used(parse("count(event(fence_done, node=@e)) == 1")) == ("e",)


# Any tree comes back from its text.

NODES = st.sampled_from(["node1", "node2", "node-3"]).map(Word)
SIDS = st.sampled_from(["vm:100", "ct:200"]).map(Sid)
STEPS = st.sampled_from(["cut", "second-cut"]).map(StepNode)
SPANS = st.integers(0, 10**9).map(lambda ms: Span(ms / 1000))
NUMBERS = st.integers(0, 10**6).map(lambda n: Number(float(n)))
RANGES = st.sampled_from([Range("node", 1, 3), Range("node-", 3, 3)])
SID_RANGES = st.sampled_from([Range("vm:", 100, 104), Range("ct:", 1, 1)])
OPERATORS = st.sampled_from(["==", "!="])
ORDER = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def nodes(bound: tuple[str, ...]) -> st.SearchStrategy[Literal]:
    named: st.SearchStrategy[Literal] = st.one_of(NODES, STEPS)
    return st.one_of(named, st.just(Variable("node"))) if "node" in bound else named


def guests(bound: tuple[str, ...]) -> st.SearchStrategy[Literal]:
    named: st.SearchStrategy[Literal] = SIDS
    return st.one_of(named, st.just(Variable("guest"))) if "guest" in bound else named


def events(bound: tuple[str, ...]) -> st.SearchStrategy[Happened]:
    values: st.SearchStrategy[Literal] = st.one_of(
        nodes(bound), guests(bound), st.just(Text("node1/crm")), NUMBERS
    )
    pairs = st.lists(st.tuples(st.sampled_from(["node", "to", "actor"]), values), max_size=2)
    kinds = st.sampled_from(["fence_done", "status"])
    return st.builds(lambda kind, found: Happened(kind, tuple(found)), kinds, pairs)


def call(name: str, args: st.SearchStrategy[Literal]) -> st.SearchStrategy[Call]:
    return args.map(lambda arg: Call(name, (arg,)))


def company(bound: tuple[str, ...]) -> st.SearchStrategy[Call]:
    names = st.sampled_from(["together", "apart"])
    many = st.lists(guests(bound) | SID_RANGES, min_size=1, max_size=3)
    return st.builds(lambda name, args: Call(name, tuple(args)), names, many)


def memberships(bound: tuple[str, ...]) -> st.SearchStrategy[Compare]:
    left: st.SearchStrategy[Term] = st.just(Call("master")) | call("runs", guests(bound))
    lists = st.lists(nodes(bound), min_size=1, max_size=3).map(lambda some: Listing(tuple(some)))
    inside: st.SearchStrategy[Term] = RANGES | lists
    return st.builds(Compare, left, st.sampled_from(["in", "not in"]), inside)


def equalities(bound: tuple[str, ...]) -> st.SearchStrategy[Compare]:
    places: st.SearchStrategy[Term] = nodes(bound) | st.sampled_from([Word("none"), Call("master")])
    power = call("power", nodes(bound))
    return st.builds(Compare, call("placed", guests(bound)), OPERATORS, places) | st.builds(
        Compare, power, OPERATORS, st.just(Word("booting"))
    )


def amounts(bound: tuple[str, ...]) -> st.SearchStrategy[Compare]:
    counted = (events(bound) | quantifiers(bound, "count", depth=0)).map(Count)
    return st.builds(Compare, call("downtime", guests(bound)), ORDER, SPANS) | st.builds(
        Compare, counted, ORDER, NUMBERS
    )


def simple(bound: tuple[str, ...]) -> st.SearchStrategy[Predicate]:
    facts = call("running", guests(bound)) | call("quorate", nodes(bound))
    return st.one_of(
        st.just(AllGuestsRunning()),
        events(bound),
        facts,
        company(bound),
        memberships(bound),
        equalities(bound),
        amounts(bound),
    )


@st.composite
def quantifiers(draw: st.DrawFn, bound: tuple[str, ...], how: str, depth: int) -> Each:
    kind = draw(st.sampled_from(["guest", "node"]))
    ranges: st.SearchStrategy[Range] = SID_RANGES if kind == "guest" else RANGES
    single: st.SearchStrategy[Literal] = SIDS if kind == "guest" else st.one_of(NODES, STEPS)
    lists = st.lists(single, min_size=1, max_size=3).map(lambda some: Listing(tuple(some)))
    among = draw(st.none() | ranges | lists)
    return Each(how, kind, among, draw(predicates((*bound, kind), depth)))


@st.composite
def predicates(draw: st.DrawFn, bound: tuple[str, ...] = (), depth: int = 3) -> Predicate:
    form = draw(st.integers(0, 4)) if depth else 0
    if form == 1:
        return Not(draw(predicates(bound, depth - 1)))
    if form == 2:
        return draw(quantifiers(bound, draw(st.sampled_from(["each", "some", "no"])), depth - 1))
    if form in (3, 4):
        joined = And if form == 3 else Or
        part = predicates(bound, depth - 1).filter(lambda one: not isinstance(one, joined))
        parts = tuple(draw(st.lists(part, min_size=2, max_size=3)))
        return joined(parts)
    return draw(simple(bound))


@given(predicates())
def test_a_tree_comes_back_from_its_text(tree: Predicate) -> None:
    assert parse(as_text(tree)) == tree


@given(st.text(alphabet='runs(vm:10)=!<>[]." @eachguntod,', max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        tree = parse(text, NAMES)
    except PredicateError as error:
        found, wrong_at = None, error.at
    else:
        found, wrong_at = tree, 0
    assert 0 <= wrong_at <= len(text)
    assert found is None or parse(as_text(found), NAMES) == found
