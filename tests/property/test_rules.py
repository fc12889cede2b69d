"""Rules: what must hold for any set of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.ha.rules import build_rules, node_affinity
from appliance.core.ha.rules.checks import find_dropped
from appliance.model.ha.rules import NodeAffinityRule, ResourceAffinityRule, Rule, RuleSet
from tests.property.strategies_ha import node_rules, resource_rules

NODES = ("n1", "n2", "n3", "n4")
# Few names, so that rules meet.
SIDS = st.sampled_from([f"vm:{number}" for number in range(100, 107)])
IDS = st.sampled_from([f"rule{number}" for number in range(9)])
PRIORITIES = st.dictionaries(st.sampled_from(NODES), st.integers(0, 1), min_size=1)
RULES = st.lists(
    st.one_of(
        st.builds(
            lambda rule, nodes: replace(rule, nodes=dict(sorted(nodes.items()))),
            node_rules(IDS, SIDS),
            PRIORITIES,
        ),
        resource_rules(IDS, SIDS),
    ),
    max_size=6,
    unique_by=lambda rule: rule.id,
).map(lambda rules: tuple(replace(rule, order=order) for order, rule in enumerate(rules, start=1)))


@given(RULES, st.randoms(use_true_random=False))
def test_dropped_rules_do_not_depend_on_order(rules: Sequence[Rule], shuffle: Random) -> None:
    mixed = list(rules)
    shuffle.shuffle(mixed)
    assert find_dropped(mixed, NODES) == find_dropped(rules, NODES)


@given(RULES)
def test_what_is_in_force_drops_nothing_more(rules: Sequence[Rule]) -> None:
    _, dropped, _ = build_rules(RuleSet(tuple(rules)), (), {}, NODES)
    named = {item.rule for item in dropped}
    assert named <= {rule.id for rule in rules if not rule.disabled}
    assert find_dropped([rule for rule in rules if rule.id not in named], NODES) == ()


@given(RULES)
def test_compiled_partners_are_mutual(rules: Sequence[Rule]) -> None:
    compiled, _, _ = build_rules(RuleSet(tuple(rules)), (), {}, NODES)
    for partners in (compiled.positive, compiled.negative):
        for sid, others in partners.items():
            assert others == tuple(sorted(others))
            assert sid not in others
            assert all(sid in partners[other] for other in others)


@given(RULES)
def test_nobody_has_to_be_together_with_whom_it_has_to_be_apart_from(
    rules: Sequence[Rule],
) -> None:
    compiled, _, _ = build_rules(RuleSet(tuple(rules)), (), {}, NODES)
    for sid, others in compiled.positive.items():
        apart = compiled.negative.get(sid, ())
        assert not set(others) & set(apart)


@given(RULES)
def test_surviving_rules_stay_in_force(rules: Sequence[Rule]) -> None:
    compiled, dropped, _ = build_rules(RuleSet(tuple(rules)), (), {}, NODES)
    named = {item.rule for item in dropped}
    for rule in rules:
        if rule.disabled or rule.id in named:
            continue
        for sid in rule.resources:
            if isinstance(rule, ResourceAffinityRule):
                partners = compiled.positive if rule.affinity == "positive" else compiled.negative
                assert set(rule.resources) - {sid} <= set(partners[sid])
            else:
                assert_placed(rule, compiled.node_affinity[sid])


def assert_placed(rule: NodeAffinityRule, compiled: object) -> None:
    assert isinstance(compiled, dict)
    assert {node: compiled[node] for node in rule.nodes} == rule.nodes
    rest = {node for node in NODES if node not in rule.nodes}
    assert {node for node in compiled if compiled[node] == -1} == (set() if rule.strict else rest)


@given(RULES, st.lists(st.sampled_from(NODES), unique=True), SIDS)
def test_preferred_nodes_are_allowed_and_online(
    rules: Sequence[Rule], online: list[str], sid: str
) -> None:
    compiled, _, _ = build_rules(RuleSet(tuple(rules)), (), {}, NODES)
    allowed, preferred = node_affinity(compiled, sid, sorted(online))
    assert set(preferred) <= set(allowed) <= set(online)
    assert bool(preferred) == bool(allowed)
