"""Our declarations of HA options against the published schemas, named forms against probes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.model import formats
from appliance.model.ha import datacenter, groups, ids, resources, rules
from appliance.model.option import Format, Option
from appliance.model.section_config import SectionType
from tests.conformance.cases import Case, corpus_files, need, suite

FORMATS = (formats.CONFIG_ID, formats.NODE, ids.NODE_PRIORITY, ids.RESOURCE)
FILES: dict[str, tuple[SectionType, ...]] = {
    "ha_groups": groups.TYPES,
    "ha_resources": resources.TYPES,
    "ha_rules": rules.TYPES,
}
PROPERTY_STRINGS = {"ha": datacenter.HA_OPTIONS, "crs": datacenter.CRS_OPTIONS}
MACHINERY = ("optional", "completion", "typetext")


def schema_file(name: str) -> dict[str, Any]:
    paths = corpus_files(f"formats/{name}.json")
    need(paths, f"formats/{name}")
    content: dict[str, Any] = json.loads(paths[0].read_text("utf-8"))
    return content


@pytest.mark.parametrize("name", sorted(FILES))
def test_section_types(name: str) -> None:
    published = schema_file(name)["types"]
    assert {declared.name for declared in FILES[name]} == set(published)
    for declared in FILES[name]:
        properties = published[declared.name]["properties"]
        assert {option.name for option in declared.options} == set(properties)
        for option in declared.options:
            entry = properties[option.name]
            assert as_schema(option) == normal(entry["schema"]), option.name
            assert option.required == (not entry["use"].get("optional")), option.name


@pytest.mark.parametrize("name", sorted(PROPERTY_STRINGS))
def test_property_strings(name: str) -> None:
    published = schema_file("datacenter_cfg")["options"][name]["format"]
    assert {option.name for option in PROPERTY_STRINGS[name]} == set(published)
    for option in PROPERTY_STRINGS[name]:
        assert as_schema(option) == normal(published[option.name]), option.name
        assert option.required == (not published[option.name].get("optional")), option.name


def test_max_workers() -> None:
    published = schema_file("datacenter_cfg")["options"]["max_workers"]
    ours = as_schema(datacenter.MAX_WORKERS)
    # The schema names no default; 4 is what the local resource manager takes.
    assert ours.pop("default") == 4
    assert ours == normal(published)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_named_forms(form: Format) -> None:
    cases = [
        case
        for case in suite("formats", "code_formats", observed=True)
        if case["input"]["format"] == form.name
    ]
    need(cases, f"formats/code_formats_observed, {form.name}")
    for case in cases:
        taken = [value for value in case["context"]["values"] if accepts(form, value)]
        assert taken == case["expect"]["accepted"]


def test_datacenter_lines() -> None:
    """Probes with lines about our options: what is read, and whether there is a warning."""
    cases = [c for c in suite("cluster", "datacenter_cfg", observed=True) if concerns_ha(c)]
    need(cases, "cluster/datacenter_cfg_observed")
    for case in cases:
        found = datacenter.parse_datacenter(case["input"]["text"])
        parsed = case["expect"]["parsed"]
        assert bool(found.problems) == case["expect"]["warned"], case["id"]
        policy = parsed.get("ha", {}).get("shutdown_policy", "conditional")
        assert found.ha.shutdown_policy == policy, case["id"]
        assert found.max_workers == int(parsed.get("max_workers", 4)), case["id"]
        crs = parsed.get("crs", {})
        assert found.crs.mode == crs.get("ha", "basic"), case["id"]
        assert found.crs.rebalance_on_start == bool(int(crs.get("ha-rebalance-on-start", 0)))


def concerns_ha(case: Case) -> bool:
    keys = {line.partition(":")[0] for line in case["input"]["text"].splitlines()}
    return bool(keys & {"ha", "crs", "max_workers"})


def accepts(form: Format, value: str) -> bool:
    try:
        form.parse(value)
    except ValueError:
        return False
    return True


def as_schema(option: Option) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": option.kind}
    if option.default is not None:
        schema["default"] = option.default
    if option.choices:
        schema["enum"] = sorted(option.choices)
    if option.format is not None:
        schema["format"] = option.format.name + ("-list" if option.many else "")
    bounds = {
        "minimum": option.minimum,
        "maximum": option.maximum,
        "maxLength": option.max_length,
        "requires": option.requires,
    }
    return schema | {key: value for key, value in bounds.items() if value is not None}


def normal(published: dict[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in published.items() if key not in MACHINERY}
    if "enum" in schema:
        schema["enum"] = sorted(schema["enum"])
    return schema
