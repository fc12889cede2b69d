"""Affinity rules: whether they can hold, what follows from them, and what they ask of placement."""

from __future__ import annotations

from appliance.core.ha.rules.build import build_rules
from appliance.core.ha.rules.checks import DroppedRule, Reason
from appliance.core.ha.rules.compiled import (
    FALLBACK,
    CompiledRules,
    compile_rules,
    node_affinity,
    resource_affinity,
)
from appliance.core.ha.rules.groups import (
    apply_group_failback,
    rules_from_groups,
    with_groups,
)

__all__ = [
    "FALLBACK",
    "CompiledRules",
    "DroppedRule",
    "Reason",
    "apply_group_failback",
    "build_rules",
    "compile_rules",
    "node_affinity",
    "resource_affinity",
    "rules_from_groups",
    "with_groups",
]
