"""The texts in Proxmox VE's formats inside a scenario: rules, groups and datacenter options.

A cluster keeps what it does not know in such a file. Here a word that nobody knows is a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeVar

from appliance.model.errors import ConfigError
from appliance.model.ha import groups as groups_cfg
from appliance.model.ha import rules as rules_cfg
from appliance.model.ha.datacenter import parse_datacenter
from appliance.model.ha.groups import Groups, parse_groups
from appliance.model.ha.rules import NodeAffinityRule, RuleSet, parse_rules
from appliance.model.section_config import Document, SectionType
from scenarios.format.fields import Place, Table
from scenarios.suggest import did_you_mean
from sim.layout import ClusterLayout

T = TypeVar("T")


def check_texts(cluster: Table, layout: ClusterLayout, places: Mapping[str, Place]) -> None:
    """Raises ConfigError, with the line in the scenario file, where a text breaks a rule."""
    rules = _Text(cluster, "rules")
    _check_rules(rules, rules.read(layout.rules_cfg, parse_rules), layout)
    groups = _Text(cluster, "groups")
    found = groups.read(layout.groups_cfg, parse_groups)
    _check_groups(groups, found, layout)
    _Text(cluster, "datacenter").read(layout.datacenter_cfg, parse_datacenter)
    known = [group.id for group in found.groups]
    for guest in layout.guests:
        if guest.group is not None and guest.group not in known:
            better = did_you_mean(guest.group, known)
            places[guest.sid].fail(f"there is no group '{guest.group}'{better}")


class _Text:
    """One such text; lines count from where it begins in the scenario file."""

    def __init__(self, table: Table, key: str) -> None:
        self._place = table.place(key)
        self._begin = table.content_line(key)

    def fail(self, message: str, line: int | None, field: str | None = None) -> NoReturn:
        raise self._error(message, line, field)

    def _error(self, message: str, line: int | None, field: str | None) -> ConfigError:
        name = f"{self._place.field}: {field}" if field else self._place.field
        at = self._begin + max((line or 1) - 1, 0)
        return ConfigError(message, file=self._place.file, line=at, field=name)

    def read(self, text: str, parse: Callable[..., T]) -> T:
        try:
            return parse(text, strict=True)
        except ConfigError as error:
            raise self._error(error.message, error.line, error.field) from None

    def declared_only(self, document: Document, types: Sequence[SectionType]) -> None:
        """No unknown type of section, no unknown key."""
        by_name = {declared.name: declared for declared in types}
        for section in document.sections:
            if section.type not in by_name:
                better = did_you_mean(section.type, by_name)
                self.fail(f"there is no '{section.type}'{better}", section.line)
            known = [option.name for option in by_name[section.type].options]
            for entry in section.entries:
                if entry.key not in known:
                    better = did_you_mean(entry.key, known)
                    self.fail(f"there is no such key{better}", entry.line, entry.key)


def _check_rules(text: _Text, found: RuleSet, layout: ClusterLayout) -> None:
    text.declared_only(found.document, rules_cfg.TYPES)
    lines = {section.id: section.line for section in found.document.sections}
    managed = [guest.sid for guest in layout.guests if guest.ha]
    for rule in found.rules:
        for sid in rule.resources:
            if sid not in managed:
                better = did_you_mean(sid, managed)
                message = f"there is no guest '{sid}' under HA{better}"
                text.fail(message, lines[rule.id], f"{rule.id} resources")
        for node in rule.nodes if isinstance(rule, NodeAffinityRule) else ():
            if node not in layout.node_names():
                better = did_you_mean(node, layout.node_names())
                text.fail(f"there is no node '{node}'{better}", lines[rule.id], f"{rule.id} nodes")


def _check_groups(text: _Text, found: Groups, layout: ClusterLayout) -> None:
    text.declared_only(found.document, groups_cfg.TYPES)
    lines = {section.id: section.line for section in found.document.sections}
    for group in found.groups:
        for node in group.nodes:
            if node not in layout.node_names():
                better = did_you_mean(node, layout.node_names())
                message = f"there is no node '{node}'{better}"
                text.fail(message, lines[group.id], f"{group.id} nodes")
