"""What follows from sound rules, and the compiled form."""

from __future__ import annotations

from appliance.core.ha.rules import (
    CompiledRules,
    build_rules,
    compile_rules,
    node_affinity,
    resource_affinity,
)
from appliance.core.ha.rules.transform import transform
from appliance.model.ha.rules import NodeAffinityRule, ResourceAffinityRule, Rule, RuleSet
from appliance.model.ha.status import ServiceStatus

NODES = ("n1", "n2", "n3")


def numbered(*rules: Rule) -> tuple[Rule, ...]:
    """The rules as a file with them in this order gives them."""
    out: list[Rule] = []
    for order, rule in enumerate(rules, start=1):
        if isinstance(rule, NodeAffinityRule):
            out.append(
                NodeAffinityRule(rule.id, rule.resources, rule.nodes, rule.strict, order=order)
            )
        else:
            out.append(ResourceAffinityRule(rule.id, rule.resources, rule.affinity, order=order))
    return tuple(out)


def together(rule_id: str, *resources: str) -> ResourceAffinityRule:
    return ResourceAffinityRule(rule_id, resources, "positive")


def apart(rule_id: str, *resources: str) -> ResourceAffinityRule:
    return ResourceAffinityRule(rule_id, resources, "negative")


def test_overlapping_positive_rules_become_one() -> None:
    rules = numbered(apart("x", "v8", "v9"), together("b", "v2", "v3"), together("a", "v1", "v2"))
    merged = ResourceAffinityRule("_merged-a-b", ("v1", "v2", "v3"), "positive", order=3)
    assert transform(rules) == (rules[0], merged)


def test_partners_are_kept_apart_from_what_one_is_kept_apart_from() -> None:
    rules = numbered(together("p", "v1", "v2", "v3"), apart("x", "v2", "v9"))
    assert transform(rules) == (
        *rules,
        ResourceAffinityRule("_implicit-negative-p-v1-v9", ("v1", "v9"), "negative", order=2),
        ResourceAffinityRule("_implicit-negative-p-v3-v9", ("v3", "v9"), "negative", order=2),
    )


def test_merging_comes_before_implying() -> None:
    rules = numbered(together("p", "v1", "v2"), together("q", "v2", "v3"), apart("x", "v1", "v9"))
    names = [rule.id for rule in transform(rules)]
    assert names == [
        "x",
        "_merged-p-q",
        "_implicit-negative-_merged-p-q-v2-v9",
        "_implicit-negative-_merged-p-q-v3-v9",
    ]


def test_implied_rules_imply_nothing() -> None:
    rules = numbered(together("p", "v1", "v2"), together("q", "v3", "v4"), apart("x", "v1", "v3"))
    assert [rule.id for rule in transform(rules)[3:]] == [
        "_implicit-negative-p-v2-v3",
        "_implicit-negative-q-v4-v1",
    ]


def test_node_affinity_of_one_is_that_of_its_partners() -> None:
    rules = numbered(
        NodeAffinityRule("n", ("v2", "v5"), {"n1": 0}, strict=True), together("p", "v1", "v2")
    )
    assert transform(rules)[0].resources == ("v1", "v2", "v5")


def test_compiled_by_service() -> None:
    compiled = compile_rules(
        numbered(
            NodeAffinityRule("loose", ("v1",), {"n2": 3, "n9": 1}),
            NodeAffinityRule("tight", ("v2",), {"n1": 0}, strict=True),
            together("p", "v2", "v3"),
            apart("x", "v3", "v1"),
            apart("y", "v3", "v4"),
        ),
        NODES,
    )
    assert compiled.node_affinity == {"v1": {"n1": -1, "n2": 3, "n3": -1, "n9": 1}, "v2": {"n1": 0}}
    assert compiled.positive == {"v2": ("v3",), "v3": ("v2",)}
    assert compiled.negative == {"v1": ("v3",), "v3": ("v1", "v4"), "v4": ("v3",)}


def test_building_drops_transforms_and_compiles() -> None:
    rules = RuleSet(
        numbered(together("p", "v1", "v2"), apart("x", "v1", "v9"), apart("alone", "v1"))
    )
    compiled, dropped, in_force = build_rules(rules, (), {}, NODES)
    assert [item.rule for item in dropped] == ["alone"]
    assert [rule.id for rule in in_force.rules] == ["p", "x", "_implicit-negative-p-v2-v9"]
    assert compiled.negative == {"v1": ("v9",), "v2": ("v9",), "v9": ("v1", "v2")}


AFFINITY = CompiledRules(node_affinity={"v1": {"n1": 2, "n2": 2, "n3": -1}})


def test_preferred_are_the_best_of_the_online_nodes() -> None:
    assert node_affinity(AFFINITY, "v1", NODES) == (["n1", "n2", "n3"], ["n1", "n2"])
    assert node_affinity(AFFINITY, "v1", ("n2", "n3", "n4")) == (["n2", "n3"], ["n2"])
    assert node_affinity(AFFINITY, "v1", ("n3", "n4")) == (["n3"], ["n3"])
    assert node_affinity(AFFINITY, "v1", ("n4",)) == ([], [])
    assert node_affinity(AFFINITY, "other", NODES) == (NODES, NODES)


def test_partners_draw_and_repel_by_where_they_are_or_go() -> None:
    rules = CompiledRules(positive={"v1": ("v2", "v3", "v4")}, negative={"v1": ("v5", "v6", "v7")})
    services = {
        "v2": ServiceStatus("started", "n1", "u"),
        "v3": ServiceStatus("migrate", "n2", "u", target="n1"),
        "v4": ServiceStatus("stopped", "n3", "u"),
        "v5": ServiceStatus("migrate", "n2", "u", target="n3"),
        "v6": ServiceStatus("started", "gone", "u"),
    }
    together_at, separate = resource_affinity(rules, "v1", services, frozenset(NODES))
    assert together_at == {"n1": 2}
    assert separate == {"n2", "n3"}
    assert resource_affinity(rules, "v9", services, frozenset(NODES)) == ({}, frozenset())
