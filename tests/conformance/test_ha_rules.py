"""The recorded rule cases: which rules are dropped and why, what is inferred, the compiled form.

The cases give reasons as sentences of the reference system; ours are codes with own sentences.
Which code a sentence means stands in `KNOWN` for those seen so far. Any other sentence must mean
one and the same code wherever it occurs; names quoted in it do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from appliance.core.ha.rules import CompiledRules, DroppedRule, Reason, build_rules
from appliance.model.ha.rules import NodeAffinityRule, Rule, parse_rules
from tests.conformance.cases import Case, case_id, need, suite

CASES = suite("ha-rules", "rules")

MESSAGE = re.compile(r"Drop rule '([^']+)', because (.*)\.")
QUOTED = re.compile(r"'[^']*'")
KNOWN = {
    "rule is ineffective as there are less than two resources": Reason.TOO_FEW_RESOURCES,
    "rule defines more resources than available nodes": Reason.MORE_RESOURCES_THAN_NODES,
    "rule shares two or more resources with a positive resource affinity rule": (
        Reason.CONFLICTS_WITH_POSITIVE
    ),
    "rule shares two or more resources with a negative resource affinity rule": (
        Reason.CONFLICTS_WITH_NEGATIVE
    ),
}


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_dropped_rules(case: Case) -> None:
    dropped = run(case)[1]
    said = [parse_message(message) for message in case["expect"]["messages"]]
    assert [item.rule for item in dropped] == [rule for rule, _ in said]
    for item, (_, sentence) in zip(dropped, said, strict=True):
        assert KNOWN.get(sentence, item.reason) is item.reason


def test_every_sentence_means_one_reason() -> None:
    need(CASES, "ha-rules/rules")
    meanings: dict[str, Reason] = dict(KNOWN)
    for case in CASES:
        dropped = run(case)[1]
        said = [parse_message(message) for message in case["expect"]["messages"]]
        for item, (_, sentence) in zip(dropped, said, strict=True):
            assert meanings.setdefault(sentence, item.reason) is item.reason, (case["id"], sentence)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_rules_in_force(case: Case) -> None:
    in_force = run(case)[2]
    expected = case["expect"]["config"]
    # A disabled rule is in force nowhere; the recorded configuration may still list it.
    ids = {name: rule for name, rule in expected["ids"].items() if "disable" not in rule}
    assert {rule.id: as_recorded(rule) for rule in in_force} == {
        name: normal(rule) for name, rule in ids.items()
    }
    assert {rule.id: rule.order for rule in in_force} == {
        name: expected["order"][name] for name in ids
    }


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_compiled_rules(case: Case) -> None:
    compiled = run(case)[0]
    expected = case["expect"]["compiled"]
    assert {sid: dict(nodes) for sid, nodes in compiled.node_affinity.items()} == {
        sid: priorities(rule["nodes"]) for sid, rule in expected["node-affinity"].items()
    }
    recorded = expected["resource-affinity"]
    assert partners(compiled.positive) == members(recorded["positive"])
    assert partners(compiled.negative) == members(recorded["negative"])


def run(case: Case) -> tuple[CompiledRules, tuple[DroppedRule, ...], tuple[Rule, ...]]:
    nodes = case["context"].get("nodes", ["node1", "node2", "node3"])
    rules = parse_rules(case["input"]["text"])
    compiled, dropped, in_force = build_rules(rules, (), {}, nodes)
    return compiled, dropped, in_force.rules


def parse_message(message: str) -> tuple[str, str]:
    match = MESSAGE.fullmatch(message.strip())
    assert match is not None, message
    return match[1], QUOTED.sub("'...'", match[2])


def as_recorded(rule: Rule) -> dict[str, Any]:
    if isinstance(rule, NodeAffinityRule):
        return {
            "type": "node-affinity",
            "resources": sorted(rule.resources),
            "nodes": dict(rule.nodes),
            "strict": rule.strict,
        }
    return {
        "type": "resource-affinity",
        "resources": sorted(rule.resources),
        "affinity": rule.affinity,
    }


def normal(recorded: Mapping[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "type": recorded["type"],
        "resources": sorted(recorded["resources"]),
    }
    if recorded["type"] == "node-affinity":
        rule["nodes"] = priorities(recorded["nodes"])
        rule["strict"] = bool(int(recorded.get("strict") or 0))
    else:
        rule["affinity"] = recorded["affinity"]
    return rule


def priorities(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {node: int(value.get("priority") or 0) for node, value in nodes.items()}


def partners(compiled: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    return {sid: sorted(others) for sid, others in compiled.items()}


def members(recorded: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    return {sid: sorted(others) for sid, others in recorded.items()}
