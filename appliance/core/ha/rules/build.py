"""From configured rules to compiled ones: convert groups, check, transform, compile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from appliance.core.ha.rules.checks import DroppedRule, find_dropped
from appliance.core.ha.rules.compiled import CompiledRules, compile_rules
from appliance.core.ha.rules.groups import with_groups
from appliance.core.ha.rules.transform import transform
from appliance.model.ha.groups import Group
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import RuleSet


def build_rules(
    rules: RuleSet,
    groups: Sequence[Group],
    services: Mapping[str, ServiceConfig],
    nodes: Sequence[str],
) -> tuple[CompiledRules, tuple[DroppedRule, ...], RuleSet]:
    """(compiled, dropped, rules in force). `nodes` are all known nodes.

    The third is the enabled rules without the dropped ones and with what follows from them.
    """
    enabled = with_groups(rules, groups, services).enabled()
    dropped = find_dropped(enabled, nodes)
    named = frozenset(item.rule for item in dropped)
    in_force = transform([rule for rule in enabled if rule.id not in named])
    return compile_rules(in_force, nodes), dropped, replace(rules, rules=in_force)
