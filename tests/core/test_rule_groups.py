"""Legacy groups as rules."""

from __future__ import annotations

from dataclasses import replace

from appliance.core.ha.rules import (
    apply_group_failback,
    build_rules,
    rules_from_groups,
    with_groups,
)
from appliance.model.ha.groups import Group
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import NodeAffinityRule, RuleSet

GROUPS = (
    Group("west", {"n1": 2, "n2": 0}, restricted=True, comment="by the window"),
    Group("east", {"n3": 0}, nofailback=True),
    Group("idle", {"n1": 0}),
)
SERVICES = {
    "vm:2": ServiceConfig("vm:2", "n1", group="west"),
    "vm:1": ServiceConfig("vm:1", "n1", group="west", failback=False),
    "vm:3": ServiceConfig("vm:3", "n1", group="east"),
    "vm:4": ServiceConfig("vm:4", "n1", group="nowhere"),
    "vm:5": ServiceConfig("vm:5", "n1", failback=False),
}
EAST = NodeAffinityRule(
    "ha-group-east", ("vm:3",), {"n3": 0}, False, "Generated from HA group 'east'.", order=1
)
WEST = NodeAffinityRule(
    "ha-group-west", ("vm:1", "vm:2"), {"n1": 2, "n2": 0}, True, "by the window", order=2
)


def test_groups_become_node_rules() -> None:
    assert rules_from_groups(GROUPS, SERVICES) == (EAST, WEST)


def test_they_come_behind_the_rules_there_are() -> None:
    own = NodeAffinityRule("own", ("vm:5",), {"n2": 0}, order=7)
    stale = replace(EAST, nodes={"n1": 0}, order=3)
    merged = with_groups(RuleSet((stale, own)), GROUPS, SERVICES)
    assert merged.rules == (own, replace(EAST, order=8), replace(WEST, order=9))
    assert with_groups(RuleSet((own,)), (), SERVICES).rules == (own,)


def test_they_are_checked_like_other_rules() -> None:
    own = NodeAffinityRule("own", ("vm:3",), {"n2": 0}, order=1)
    compiled, dropped, _ = build_rules(RuleSet((own,)), GROUPS, SERVICES, ("n1", "n2", "n3"))
    assert [item.rule for item in dropped] == ["ha-group-east", "own"]
    assert compiled.node_affinity == {sid: {"n1": 2, "n2": 0} for sid in ("vm:1", "vm:2")}


def test_failback_is_the_groups() -> None:
    found = apply_group_failback(GROUPS, SERVICES)
    assert {sid: found[sid].failback for sid in found} == {
        "vm:1": True,
        "vm:2": True,
        "vm:3": False,
        "vm:4": True,
        "vm:5": False,
    }
    assert list(found) == list(SERVICES)
    assert apply_group_failback((), SERVICES) is SERVICES
