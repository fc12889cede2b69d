"""Our declarations of options against the published schemas: names, types, bounds, forms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.model.json_schema import contract_schema
from appliance.model.option import Option
from appliance.model.option_table import OptionTable
from appliance.model.options import backup, cluster, cpu, ct, jobs, mappings, realms, storage, vm
from appliance.model.schema_difference import differences
from appliance.model.section_config import SectionType
from appliance.model.section_parameters import flat_create_options, flat_update_options
from tests.conformance.cases import corpus_files, need

Schema = dict[str, Any]

FLAT: dict[str, OptionTable] = {
    "ct_config": ct.OPTIONS,
    "datacenter_cfg": cluster.DATACENTER_OPTIONS,
    "node_config": cluster.NODE_OPTIONS,
    "vm_config": vm.OPTIONS,
    "vzdump_conf": backup.OPTIONS,
}
SECTIONS: dict[str, tuple[SectionType, ...]] = {
    "cpu_models_conf": cpu.MODEL_TYPES,
    "domains_cfg": realms.TYPES,
    "jobs_cfg": jobs.TYPES,
    "mapping_dir": mappings.TYPES["dir"],
    "mapping_pci": mappings.TYPES["pci"],
    "mapping_usb": mappings.TYPES["usb"],
    "replication_cfg": cluster.REPLICATION_TYPES,
    "status_cfg": cluster.METRICS_TYPES,
    "storage_cfg": storage.TYPES,
}
_WEIGHT = "the default there depends on the host's control groups and is told in words"
_BOUND = "the bounds there are misspelt and hold for nobody; ours do"
# Where ours differ on purpose, and why.
DIFFERENT = {
    "ct_config/cpuunits: default": _WEIGHT,
    "datacenter_cfg/max_workers: default": "4 is what is taken where nothing is written",
    "datacenter_cfg/next-id.lower: max": _BOUND,
    "datacenter_cfg/next-id.lower: maximum": _BOUND,
    "datacenter_cfg/next-id.lower: min": _BOUND,
    "datacenter_cfg/next-id.lower: minimum": _BOUND,
    "datacenter_cfg/next-id.upper: max": _BOUND,
    "datacenter_cfg/next-id.upper: maximum": _BOUND,
    "datacenter_cfg/next-id.upper: min": _BOUND,
    "datacenter_cfg/next-id.upper: minimum": _BOUND,
    "vm_config/cpuunits: default": _WEIGHT,
    "vm_config/vcpus: default": "0 is below the minimum; not given means all",
    "vm_config/vmgenid: default": "the default is a new id, which no text is",
}
# What the calls for sections list there although no type takes it.
UNUSED = {
    "jobs_cfg": {"full", "purge"},
    "storage_cfg": {"authsupported"},
}
KEYS = {"domains_cfg": "realm", "storage_cfg": "storage"}


def published(name: str) -> Schema:
    paths = corpus_files(f"formats/{name}.json")
    need(paths, f"formats/{name}")
    content: Schema = json.loads(paths[0].read_text("utf-8"))
    return content


@pytest.mark.parametrize("name", sorted(FLAT))
def test_files_of_options(name: str) -> None:
    content = published(name)
    theirs = dict(content["options"])
    for key, numbered in content.get("numbered_options", {}).items():
        theirs |= {f"{key}{i}": numbered["schema"] for i in range(numbered["to"] + 1)}
    table = FLAT[name]
    assert sorted(table.names()) == sorted(theirs)
    found = []
    for key, schema in theirs.items():
        option = table.find(key)
        assert option is not None
        found += differences(f"{name}/{key}", contract_schema(option), schema)
    assert unknown_differences(found) == []


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_section_files(name: str) -> None:
    theirs = published(name)["types"]
    assert sorted(declared.name for declared in SECTIONS[name]) == sorted(theirs)
    found = []
    for declared in SECTIONS[name]:
        entries = theirs[declared.name]["properties"]
        options = {option.name: option for option in declared.options}
        assert sorted(options) == sorted(entries), declared.name
        for key, entry in entries.items():
            found += section_option(f"{name}/{declared.name}/{key}", options[key], entry)
    assert unknown_differences(found) == []


def section_option(place: str, option: Option, entry: Schema) -> list[str]:
    use = entry.get("use", entry)
    if "schema" not in entry:  # the file of CPU models has the schemas alone
        return differences(place, contract_schema(option), entry)
    schema = {**entry["schema"], "optional": int(use.get("optional", 0))}
    found = differences(place, contract_schema(option), schema)
    if option.fixed != bool(use.get("fixed")):
        found.append(f"{place}: fixed")
    return found


@pytest.mark.parametrize("name", sorted(set(SECTIONS) - {"cpu_models_conf"}))
def test_calls_for_sections(name: str) -> None:
    """The parameters of the calls that make and change a section."""
    content = published(name)
    for key, ours in (
        ("create_schema", flat_create_options(SECTIONS[name])),
        ("update_schema", flat_update_options(SECTIONS[name])),
    ):
        theirs = set(content[key]["properties"]) - {KEYS.get(name, "id"), "type"}
        assert set(ours) == theirs - UNUSED.get(name, set()), key


def unknown_differences(found: list[str]) -> list[str]:
    return [place for place in found if place not in DIFFERENT]


def test_raw_keys_of_containers() -> None:
    content = published("ct_config")
    assert sorted(ct.RAW_KEYS) == content["raw_lxc_keys_allowed"]
    assert sorted(ct.RAW_KEYS_REFUSED) == content["raw_lxc_keys_refused"]
