"""Recorded firewall files: what they say, and that what is not changed stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.core.firewall.check import Known, Scope, problems
from appliance.model.firewall.document import (
    FirewallFile,
    aliases_of,
    members_of,
    option_of,
    parse_firewall,
    rules_of,
)
from appliance.model.firewall.macros import MACROS
from appliance.model.firewall.rule import parse_rule, version_of, write_rule
from appliance.model.formats import firewall as formats
from appliance.model.json_schema import contract_properties
from appliance.model.option_table import OptionTable
from appliance.model.options import firewall as options
from appliance.model.schema_difference import differences
from appliance.services.config.firewall import Place
from tests.conformance.cases import corpus_files

Rows = list[dict[str, Any]]


def load(name: str) -> Any:
    files = corpus_files(name)
    return json.loads(files[0].read_text("utf-8")) if files else {}


FOLDERS: dict[str, dict[str, str]] = load("firewall/folders.json").get("folders", {})
OBSERVED: dict[str, Any] = load("firewall/observed.json").get("folders", {})
FORMATS: dict[str, Any] = load("formats/firewall.json")
TEXTS = [(folder, file) for folder, files in FOLDERS.items() for file in files]
TABLES = {
    "cluster_options": options.CLUSTER_OPTIONS,
    "host_options": options.HOST_OPTIONS,
    "guest_options": options.GUEST_OPTIONS,
    "vnet_options": options.VNET_OPTIONS,
}


@pytest.mark.parametrize(("folder", "file"), TEXTS)
def test_what_is_only_read_stays_the_same(folder: str, file: str) -> None:
    text = FOLDERS[folder][file]
    assert parse_firewall(text).text() == text


def told(folder: str, file: str) -> dict[str, Any]:
    parsed = OBSERVED[folder]["parsed"]
    if file == "cluster.fw":
        found = parsed["cluster"]
    elif file == "host.fw":
        found = parsed["host"]
    else:
        found = parsed["guests"].get(file.removesuffix(".fw"), {})
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("folder", "file"), TEXTS)
def test_rules(folder: str, file: str) -> None:
    read, expected = parse_firewall(FOLDERS[folder][file]), told(folder, file)
    known = names(folder, file)
    scope = scope_of(file)
    check_rules(read, "rules", "", expected.get("rules", []), scope, known)
    for group, rows in expected.get("groups", {}).items():
        check_rules(read, "group", group, rows, "group", known)


def check_rules(
    read: FirewallFile, kind: Any, name: str, expected: Rows, scope: Scope, known: Known
) -> None:
    found = [rule for _line, rule in rules_of(read.find(kind, name))]
    assert len(found) == len(expected)
    for rule, row in zip(found, expected, strict=True):
        wanted = {k: str(v) for k, v in row.items() if k not in ("errors", "ipversion")}
        assert {k: v.lower() if k == "action" else v for k, v in rule.items()} == {
            k: v.lower() if k == "action" else v for k, v in wanted.items()
        }
        if "ipversion" in row and not formats.is_alias(
            rule.get("source") or rule.get("dest") or "0"
        ):
            assert version_of(rule) == row["ipversion"]
        assert sorted(problems(rule, scope, known)) == sorted(row.get("errors", {}))
        assert parse_rule(write_rule(rule)) == rule


def scope_of(file: str) -> Scope:
    if file == "cluster.fw":
        return "cluster"
    if file == "host.fw":
        return "host"
    return "vm" if file.startswith("1") else "ct"


def names(folder: str, file: str) -> Known:
    aliases: dict[str, str] = {}
    sets: list[str] = []
    groups: list[str] = []
    for one in ("cluster.fw", file):
        read = parse_firewall(FOLDERS[folder].get(one, ""))
        aliases |= {a["name"].lower(): a["cidr"] for _line, a in aliases_of(read.find("aliases"))}
        sets += [part.name.lower() for part in read.named("ipset")]
        groups += [part.name.lower() for part in read.named("group")]
    return Known(aliases, frozenset(sets), frozenset(groups))


@pytest.mark.parametrize(("folder", "file"), TEXTS)
def test_options_aliases_and_sets(folder: str, file: str) -> None:
    read, expected = parse_firewall(FOLDERS[folder][file]), told(folder, file)
    part = read.find("options")
    pairs = [option_of(line) for line in part.entries()] if part is not None else []
    known = {pair[0]: pair[1] for pair in pairs if pair is not None and table(file).find(pair[0])}
    assert known == {key: str(value) for key, value in expected.get("options", {}).items()}
    aliases = {one["name"]: one["cidr"] for _line, one in aliases_of(read.find("aliases"))}
    assert aliases == {k: v["cidr"] for k, v in expected.get("aliases", {}).items()}
    for name, members in expected.get("ipset", {}).items():
        found = [one["cidr"] for _line, one in members_of(read.find("ipset", name))]
        assert found == [one["cidr"] for one in members]


def table(file: str) -> OptionTable:
    return {
        "cluster": options.CLUSTER_OPTIONS,
        "host": options.HOST_OPTIONS,
        "vm": options.GUEST_OPTIONS,
        "ct": options.GUEST_OPTIONS,
    }[Place("", scope_of(file), options.GUEST_OPTIONS).scope]


@pytest.mark.parametrize("name", [name for name in TABLES if name in FORMATS])
def test_tables_of_options(name: str) -> None:
    ours, theirs = contract_properties(TABLES[name]), FORMATS[name]
    assert sorted(ours) == sorted(theirs)
    found = [line for key in ours for line in differences(key, ours[key], theirs[key])]
    assert found == []


def test_macros_are_the_published_ones() -> None:
    theirs = FORMATS.get("macros")
    if theirs is None:
        pytest.skip("the recorded formats do not lie here")
    assert sorted(MACROS) == sorted(theirs)
    for name, macro in MACROS.items():
        rules = theirs[name].get("rules", [])
        assert [(p.protocol, p.ports, p.source_ports) for p in macro.parts] == [
            (rule["proto"], str(rule.get("dport", "")), str(rule.get("sport", "")))
            for rule in rules
        ]
        assert macro.only_version == theirs[name]["only_ip_version"]


def test_names_of_protocols_and_kinds_of_icmp() -> None:
    if not FORMATS:
        pytest.skip("the recorded formats do not lie here")
    assert sorted(formats.ICMP_TYPES) == sorted(FORMATS["icmp_types"])
    assert sorted(formats.ICMP_TYPES_V6) == sorted(FORMATS["icmpv6_types"])
    assert sorted(formats.WITH_PORTS) == sorted(FORMATS["protocols_with_ports"])
    assert sorted(formats.CONNTRACK_HELPERS) == sorted(FORMATS["conntrack_helpers"])
