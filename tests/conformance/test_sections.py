"""Section files of recorded systems: read, written, and the parameters of their calls."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.errors import ConfigError
from appliance.model.option import Option
from appliance.model.section_config import (
    Document,
    Entry,
    Section,
    SectionType,
    Wanted,
    merge_sections,
    read_sections,
    write_sections,
)
from appliance.model.section_parameters import (
    create_parameters,
    flat_create_options,
    flat_update_options,
    type_option,
    update_parameters,
)
from tests.conformance.cases import Case, case_id, suite
from tests.conformance.published import option_of, section_types

NOT_OURS = {
    "cluster/section_config_schema_extra_args/007": "a schema of one type out of several: the "
    "reference refuses to make it, here each type has its own",
}
CASES = suite("cluster", "section_config_")


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_section_files(case: Case) -> None:
    if case["id"] in NOT_OURS:
        pytest.skip(NOT_OURS[case["id"]])
    system = case["context"]["systems"][case["input"]["system"]]
    operation = case["input"]["operation"]
    types = section_types(system)
    if operation == "parse_config":
        check_read(case, types)
    elif operation == "write_config":
        check_write(case, types)
    else:
        check_schema(case, system, types, create=operation == "createSchema")


def check_read(case: Case, types: tuple[SectionType, ...]) -> None:
    text = case["input"]["text"]
    if case["expect"].get("error"):
        with pytest.raises(ConfigError):
            read_sections(text, types, file="test.cfg", strict=True)
        return
    found = read_sections(text, types, file="test.cfg")
    assert found.problems == ()
    read = {f.section.id: {"type": f.section.type, **told(f.values, types)} for f in found.found}
    known = {declared.name for declared in types}
    for section in found.document.sections:
        if section.type not in known:
            read[section.id] = {"type": section.type, **lines(section)}
    assert read == case["expect"]["parsed"]["ids"]
    assert [s.id for s in found.document.sections] == in_order(case["expect"]["parsed"])


def told(values: Any, types: tuple[SectionType, ...]) -> dict[str, Any]:
    """Values as the reference keeps them: property strings as texts."""
    options = {option.name: option for declared in types for option in declared.options}
    return {
        key: [options[key].encode(part) for part in value] if isinstance(value, tuple) else value
        for key, value in values.items()
    }


def lines(section: Section) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for entry in section.entries:
        before = result.get(entry.key)
        if before is None:
            result[entry.key] = entry.value
        else:
            result[entry.key] = [*(before if isinstance(before, list) else [before]), entry.value]
    return result


def in_order(config: dict[str, Any]) -> list[str]:
    return sorted(config["order"], key=lambda name: int(config["order"][name]))


def check_write(case: Case, types: tuple[SectionType, ...]) -> None:
    config = case["input"]["config"]
    known = {declared.name: declared for declared in types}
    sections, wanted = [], []
    for name in in_order(config):
        values = dict(config["ids"][name])
        kind = values.pop("type")
        if kind in known:
            sections.append(Section(kind, name))
            wanted.append(Wanted(kind, name, decoded(known[kind], values)))
        else:
            sections.append(Section(kind, name, tuple(entries(values))))
    document = merge_sections(Document(tuple(sections)), types, wanted)
    assert write_sections(document) == case["expect"]["text"]


def entries(values: dict[str, Any]) -> list[Entry]:
    pairs = sorted(values.items())
    return [
        Entry(k, part)
        for k, value in pairs
        for part in (value if isinstance(value, list) else [value])
    ]


def decoded(declared: SectionType, values: dict[str, Any]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in values.items():
        option = declared.option(key)
        assert option is not None
        many = isinstance(value, list)
        result[key] = tuple(map(option.decode, value)) if many else option.decode(str(value))
    return result


def check_schema(
    case: Case, system: dict[str, Any], types: tuple[SectionType, ...], *, create: bool
) -> None:
    """Which parameters there are. Of flat lists also which of them are required."""
    schema = case["expect"]["schema"]
    skip_type, *extra = case["input"].get("arguments", [0])
    if "type" in case["input"]:
        types = tuple(declared for declared in types if declared.name == case["input"]["type"])
    shared = shared_options(system, types, extra[0] if extra else {})
    if "properties" in schema:
        flat = (flat_create_options if create else flat_update_options)(types, shared)
        if create and not skip_type:
            flat["type"] = type_option(types)
        ours = {name: option.required for name, option in flat.items()}
        published = {n: not int(s.get("optional", 0)) for n, s in schema["properties"].items()}
        assert {**dict.fromkeys(unused(system, create=create), False), **ours} == published
    else:
        check_isolated(schema, types, shared, create=create)


def unused(system: dict[str, Any], *, create: bool) -> list[str]:
    """Properties that no type takes are listed there all the same."""
    names = [n for n in system["base"].get("propertyList", {}) if n != "type"]
    if create:
        plugins = system["plugins"].values()
        names += [n for p in plugins for n in p["properties"] if n not in p["options"]]
    return names


def shared_options(
    system: dict[str, Any], types: tuple[SectionType, ...], extra: dict[str, Any]
) -> list[Option]:
    base = {n: s for n, s in system["base"].get("propertyList", {}).items() if n != "type"}
    isolated = system["base"].get("propertyIsolation")
    used = {option.name for declared in types for option in declared.options}
    required = {
        n: s
        for n, s in base.items()
        if not int(s.get("optional", 0)) and not (isolated and n in used)
    }
    return [option_of(n, s) for n, s in {**required, **extra}.items()]


def check_isolated(
    schema: dict[str, Any],
    types: tuple[SectionType, ...],
    shared: list[Option],
    *,
    create: bool,
) -> None:
    parts = schema.get("allOf", [schema])
    one_of = next((part["oneOf"] for part in parts if "oneOf" in part), None)
    common = {name for part in parts for name in part.get("properties", ())}
    ours = create_parameters(types, shared) if create else None
    for declared in types:
        if ours is not None:
            own = {option.name for option in ours.variants[0].cases[declared.name].options}
            own |= {option.name for option in shared}
        else:
            own = {option.name for option in update_parameters(declared, shared).options}
        published = set(common)
        for part in one_of or ():
            if part["instance-type"] == declared.name:
                published |= set(part["properties"])
        assert own == published
