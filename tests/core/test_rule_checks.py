"""Each check on a small set of rules: who is named, why, how often."""

from __future__ import annotations

from appliance.core.ha.rules.checks import Reason, find_dropped, group_positive
from appliance.model.ha.rules import NodeAffinityRule, ResourceAffinityRule, Rule

NODES = ("n1", "n2", "n3")


def at(rule_id: str, resources: str, nodes: str, *, disabled: bool = False) -> NodeAffinityRule:
    priorities = {}
    for item in nodes.split():
        node, _, priority = item.partition(":")
        priorities[node] = int(priority or 0)
    return NodeAffinityRule(rule_id, tuple(resources.split()), priorities, disabled=disabled)


def together(rule_id: str, resources: str) -> ResourceAffinityRule:
    return ResourceAffinityRule(rule_id, tuple(resources.split()), "positive")


def apart(rule_id: str, resources: str) -> ResourceAffinityRule:
    return ResourceAffinityRule(rule_id, tuple(resources.split()), "negative")


def dropped(*rules: Rule, nodes: tuple[str, ...] = NODES) -> list[tuple[str, Reason]]:
    return [(item.rule, item.reason) for item in find_dropped(rules, nodes)]


def test_sound_rules_stay() -> None:
    assert not dropped(
        at("a", "v1 v2", "n1 n2"), together("b", "v1 v2"), apart("c", "v1 v3"), at("d", "v3", "n3")
    )


def test_a_service_in_two_node_rules_drops_both_once_for_each_service() -> None:
    duplicate = Reason.DUPLICATE_RESOURCE
    assert dropped(at("b", "v1 v2", "n1"), at("a", "v2 v1", "n2"), at("c", "v3", "n1")) == [
        ("a", duplicate),
        ("a", duplicate),
        ("b", duplicate),
        ("b", duplicate),
    ]


def test_disabled_rules_are_no_trouble() -> None:
    assert not dropped(at("a", "v1", "n1"), at("b", "v1", "n2", disabled=True))


def test_resource_rules_need_two_services() -> None:
    few = Reason.TOO_FEW_RESOURCES
    assert dropped(together("a", "v1"), apart("b", "v2"), apart("c", "")) == [
        ("a", few),
        ("b", few),
        ("c", few),
    ]


def test_no_more_services_apart_than_nodes() -> None:
    rules = (apart("a", "v1 v2 v3"), together("b", "v4 v5 v6 v7"))
    assert not dropped(*rules)
    assert dropped(*rules, nodes=("n1", "n2")) == [("a", Reason.MORE_RESOURCES_THAN_NODES)]


def test_together_and_apart_at_once_drops_the_whole_group() -> None:
    found = dropped(
        together("p1", "v1 v2"),
        together("p2", "v2 v3"),
        together("p3", "v8 v9"),
        apart("x", "v1 v3"),
    )
    assert found == [
        ("p1", Reason.CONFLICTS_WITH_NEGATIVE),
        ("p2", Reason.CONFLICTS_WITH_NEGATIVE),
        ("x", Reason.CONFLICTS_WITH_POSITIVE),
    ]


def test_each_conflict_counts() -> None:
    found = dropped(together("p", "v1 v2 v3"), apart("x", "v1 v2"), apart("y", "v2 v3 v4"))
    assert found == [
        ("p", Reason.CONFLICTS_WITH_NEGATIVE),
        ("p", Reason.CONFLICTS_WITH_NEGATIVE),
        ("x", Reason.CONFLICTS_WITH_POSITIVE),
        ("y", Reason.CONFLICTS_WITH_POSITIVE),
    ]


def test_priorities_do_not_go_with_resource_affinity() -> None:
    many = Reason.MULTIPLE_PRIORITIES
    assert dropped(at("a", "v1", "n1:2 n2"), apart("b", "v1 v2"), at("c", "v2", "n3")) == [
        ("a", many),
        ("b", many),
        ("c", many),
    ]
    assert not dropped(at("a", "v1", "n1:2 n2:2"), apart("b", "v1 v2"), at("c", "v2", "n3"))
    assert not dropped(at("a", "v9", "n1:2 n2"), apart("b", "v1 v2"))


def test_a_group_stands_in_one_node_rule_at_most() -> None:
    many = Reason.MULTIPLE_NODE_RULES
    found = dropped(
        together("p1", "v1 v2"), together("p2", "v2 v3"), at("a", "v1", "n1"), at("b", "v3", "n1")
    )
    assert found == [("a", many), ("b", many), ("p1", many), ("p2", many)]


def test_services_apart_need_as_many_nodes() -> None:
    few = Reason.TOO_FEW_NODES
    assert dropped(at("a", "v1 v2", "n1"), apart("b", "v1 v2")) == [("a", few), ("b", few)]
    assert dropped(at("a", "v1", "n1"), at("c", "v2", "n1"), apart("b", "v1 v2 v3")) == [
        ("a", few),
        ("b", few),
        ("c", few),
    ]
    assert not dropped(at("a", "v1", "n1"), apart("b", "v1 v2"))


def test_reasons_of_one_rule_stand_in_the_order_of_the_checks() -> None:
    found = dropped(at("a", "v1", "n1:1 n2"), at("b", "v1", "n1"), apart("c", "v1"))
    assert [reason for rule, reason in found if rule == "a"] == [
        Reason.DUPLICATE_RESOURCE,
        Reason.MULTIPLE_PRIORITIES,
    ]


def test_every_reason_has_a_sentence() -> None:
    sentences = [item.sentence for item in find_dropped([apart("a", "v1")], NODES)]
    assert sentences == ["it needs two services or more to have an effect"]


def test_groups_are_not_joined_by_a_later_rule() -> None:
    # Sorted by lowest service: p1 (v1), p3 (v2), p2 (v3). When p2 comes, p1 is the first it meets.
    groups = group_positive(
        [together("p1", "v1 v4"), together("p2", "v3 v4 v5"), together("p3", "v2 v5")]
    )
    assert [[rule.id for rule in group] for group in groups] == [["p1", "p2"], ["p3"]]
