"""Published schemas as our own declarations, so that recorded cases run on our code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from appliance.model.formats import BY_NAME
from appliance.model.option import Form, Option
from appliance.model.option_table import OptionTable
from appliance.model.parameters import Parameters, Variants
from appliance.model.property_string import Properties, ValueKeys
from appliance.model.section_config import SectionType

Schema = dict[str, Any]


def option_of(name: str, schema: Schema) -> Option:
    """A published schema as an option."""
    item = schema["items"] if schema.get("type") == "array" else schema
    form, listed = form_of(item.get("format"))
    return Option(
        name,
        "",
        kind=item.get("type", "string"),
        required=not int(schema.get("optional", 0)),
        minimum=number(item, "minimum"),
        maximum=number(item, "maximum"),
        min_length=item.get("minLength"),
        max_length=item.get("maxLength"),
        pattern=item.get("pattern"),
        choices=tuple(str(choice) for choice in item.get("enum", ())),
        format=form,
        many=listed,
        repeated=schema.get("type") == "array",
        requires=schema.get("requires"),
    )


def number(schema: Schema, key: str) -> float | None:
    return None if schema.get(key) is None else float(schema[key])


def form_of(published: object) -> tuple[Form | None, bool]:
    if isinstance(published, dict):
        return properties_of(published), False
    if not isinstance(published, str):
        return None, False
    listed = published.endswith("-list")
    return BY_NAME.get(published.removesuffix("-list").removesuffix("-opt")), listed


def properties_of(published: Schema, name: str = "") -> Properties:
    """The keys of a property string."""
    plain = {key: schema for key, schema in published.items() if "alias" not in schema}
    special = [key for key, schema in published.items() if "keyAlias" in schema]
    keys = None
    if special:
        first = published[special[0]]
        keys = ValueKeys(tuple(special), first["keyAlias"], first["alias"])
    return Properties(
        tuple(option_of(key, schema) for key, schema in plain.items()),
        next((key for key, schema in plain.items() if schema.get("default_key")), None),
        name,
        {
            key: schema["alias"]
            for key, schema in published.items()
            if "alias" in schema and "keyAlias" not in schema
        },
        keys,
    )


def parameters_of(schema: Schema) -> Parameters:
    """A published object schema, with its allOf and oneOf, as parameters."""
    if "allOf" in schema:
        return merged([parameters_of(part) for part in schema["allOf"]])
    if "oneOf" in schema:
        return Parameters(OptionTable(()), variants=(variants_of(schema),))
    published = schema["properties"]
    types = {s["type-property"]: s for s in published.values() if "type-property" in s}
    plain = {
        key: value
        for key, value in published.items()
        if "alias" not in value and "type-property" not in value and key not in types
    }
    return Parameters(
        OptionTable(option_of(key, value) for key, value in plain.items()),
        {key: value["alias"] for key, value in published.items() if "alias" in value},
        tuple(dependent(key, published) for key in types),
        bool(schema.get("additionalProperties", 1)),
    )


def dependent(key: str, published: Schema) -> Variants:
    """Properties that exist for some values of another, as variants."""
    names = published[key]["enum"]
    inner = {n: s for n, s in published.items() if s.get("type-property") == key}
    cases = {
        name: Parameters(
            OptionTable(
                option_of(n, {**s, "optional": s.get("optional", 0)})
                for n, s in inner.items()
                if name in s["instance-types"]
            )
        )
        for name in names
    }
    return Variants(option_of(key, published[key]), cases)


def variants_of(schema: Schema) -> Variants:
    key = option_of(schema["type-property"], schema["type-property-schema"])
    cases = {}
    for part in schema["oneOf"]:
        case = parameters_of(part)
        options = [option for option in case.options if option.name != key.name]
        cases[part["instance-type"]] = Parameters(
            OptionTable(options), case.aliases, case.variants, case.more
        )
    return Variants(key, cases, bool(schema.get("optional")))


def merged(parts: list[Parameters]) -> Parameters:
    return Parameters(
        OptionTable(option for part in parts for option in part.options),
        {old: new for part in parts for old, new in part.aliases.items()},
        tuple(variants for part in parts for variants in part.variants),
        any(part.more for part in parts),
    )


def section_types(system: Schema) -> tuple[SectionType, ...]:
    """The section types of a recorded system of plugins."""
    base = system["base"]
    shared = {k: v for k, v in base.get("propertyList", {}).items() if k not in ("id", "type")}
    every = dict(shared)
    for plugin in system["plugins"].values():
        every |= plugin["properties"]
    key = BY_NAME["pve-configid"]
    types = []
    for name, plugin in sorted(system["plugins"].items()):
        known = {**every, **shared, **plugin["properties"]}
        names = dict(plugin["options"])
        if base.get("propertyIsolation") or plugin["plugindata"].get("isolate-properties"):
            names |= {n: s for n, s in plugin["properties"].items() if n not in names}
        options = tuple(
            replace(
                option_of(n, {**known[n], "optional": use.get("optional", 0)}),
                fixed=bool(use.get("fixed")),
            )
            for n, use in sorted(names.items())
        )
        types.append(SectionType(name, key, options))
    return tuple(types)
