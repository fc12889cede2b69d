"""ha/rules.cfg: where services belong, and which of them belong together or apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from appliance.model.errors import ConfigError
from appliance.model.formats import CONFIG_ID
from appliance.model.ha.groups import node_priorities
from appliance.model.ha.ids import NODE_PRIORITY, RESOURCE
from appliance.model.option import Option
from appliance.model.section_config import (
    Document,
    SectionType,
    Wanted,
    merge_sections,
    read_sections,
    write_sections,
)

FILE = "ha/rules.cfg"

Affinity = Literal["positive", "negative"]

_RESOURCES = Option(
    "resources",
    "The services that the rule is about.",
    format=RESOURCE,
    many=True,
    required=True,
)
_DISABLE = Option("disable", "The rule is not in force; its mere presence counts.", kind="boolean")
_COMMENT = Option("comment", "A remark.", max_length=4096, percent=True)

NODE_AFFINITY_OPTIONS = (
    _RESOURCES,
    Option(
        "nodes",
        "The nodes that the services prefer, each with an optional priority; higher is better.",
        format=NODE_PRIORITY,
        many=True,
        required=True,
    ),
    Option(
        "strict",
        "Whether the services may run on no other node.",
        kind="boolean",
        default=False,
    ),
    _DISABLE,
    _COMMENT,
)
RESOURCE_AFFINITY_OPTIONS = (
    _RESOURCES,
    Option(
        "affinity",
        "Whether the services stay on one node (positive) or on different ones (negative).",
        choices=("positive", "negative"),
        required=True,
    ),
    _DISABLE,
    _COMMENT,
)
TYPES = (
    SectionType("node-affinity", CONFIG_ID, NODE_AFFINITY_OPTIONS),
    SectionType("resource-affinity", CONFIG_ID, RESOURCE_AFFINITY_OPTIONS),
)


@dataclass(frozen=True, slots=True)
class NodeAffinityRule:
    """`resources` and `nodes` (node -> priority) sorted; `order`: position in the file, from 1."""

    id: str
    resources: tuple[str, ...]
    nodes: Mapping[str, int]
    strict: bool = False
    comment: str | None = None
    disabled: bool = False
    order: int = 0


@dataclass(frozen=True, slots=True)
class ResourceAffinityRule:
    """`resources` sorted; `order`: position in the file, from 1."""

    id: str
    resources: tuple[str, ...]
    affinity: Affinity
    comment: str | None = None
    disabled: bool = False
    order: int = 0


Rule = NodeAffinityRule | ResourceAffinityRule


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in file order. `document` is what was read, unknown content included."""

    rules: tuple[Rule, ...] = ()
    document: Document = field(default_factory=Document, compare=False, repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)

    def enabled(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if not rule.disabled)

    def get(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


def parse_rules(text: str, *, strict: bool = False, file: str = FILE) -> RuleSet:
    """Read the file. Lenient reading leaves out what is bad, see `problems`; strict raises."""
    reading = read_sections(text, TYPES, file=file, strict=strict)
    rules = tuple(
        _rule(found.section.type, found.section.id, found.values, order)
        for order, found in enumerate(reading.found, start=1)
    )
    return RuleSet(rules, reading.document, reading.problems)


def write_rules(rules: Iterable[Rule], document: Document | None = None) -> str:
    """The text. Content of `document` that is not about known options stays."""
    wanted = [_wanted(rule) for rule in rules]
    return write_sections(merge_sections(document or Document(), TYPES, wanted))


def _rule(kind: str, rule_id: str, values: Mapping[str, object], order: int) -> Rule:
    # A repeated resource counts once.
    resources = tuple(sorted(dict.fromkeys(cast(tuple[str, ...], values["resources"]))))
    comment = cast(str | None, values.get("comment"))
    disabled = "disable" in values
    if kind == "node-affinity":
        nodes = node_priorities(cast(tuple[tuple[str, int], ...], values["nodes"]))
        strict = cast(bool, values.get("strict", False))
        return NodeAffinityRule(rule_id, resources, nodes, strict, comment, disabled, order)
    affinity = cast(Affinity, values["affinity"])
    return ResourceAffinityRule(rule_id, resources, affinity, comment, disabled, order)


def _wanted(rule: Rule) -> Wanted:
    values: dict[str, object] = {
        "resources": tuple(sorted(rule.resources)),
        "comment": rule.comment,
        "disable": True if rule.disabled else None,
    }
    if isinstance(rule, NodeAffinityRule):
        values |= {"nodes": tuple(sorted(rule.nodes.items())), "strict": rule.strict}
        return Wanted("node-affinity", rule.id, values)
    values["affinity"] = rule.affinity
    return Wanted("resource-affinity", rule.id, values)
