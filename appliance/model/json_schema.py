"""Options as JSON schema: in the words of the published API contract, and as OpenAPI has them.

The contract's dialect marks what may be left out (`optional: 1`) and puts the keys of a property
string under `format`; OpenAPI lists what must be given and describes keys in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from appliance.model.option import Option
from appliance.model.property_string import Properties

Schema = dict[str, Any]

_NUMBERS = {"boolean": "1 or 0", "integer": "whole number", "number": "number"}
_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
}


def contract_schema(option: Option) -> Schema:
    """One option as the contract writes it. Booleans are 1 and 0 there."""
    schema = _item(option)
    if option.repeated:
        schema = {"type": "array", "items": schema}
    if option.default is not None:
        schema["default"] = _plain(option, option.default)
    if option.requires is not None:
        schema["requires"] = option.requires
    if not option.required:
        schema["optional"] = 1
    return schema


def contract_properties(options: Iterable[Option]) -> dict[str, Schema]:
    """Options by name; a numbered one stands under its name with `[n]`."""
    return {
        option.name if option.last is None else f"{option.name}[n]": contract_schema(option)
        for option in options
    }


def openapi_schema(option: Option) -> Schema:
    """One option as an OpenAPI 3 schema object, with its sentence.

    A pattern is of the whole text here, and searched for there.
    """
    schema = _bounded(option, {"type": option.kind})
    if option.pattern is not None:
        schema["pattern"] = f"^(?:{option.pattern})$"
    if option.choices:
        schema["enum"] = [_choice(option, choice) for choice in option.choices]
    if option.format is not None and option.format.name:
        schema["format"] = option.format.name + ("-list" if option.many else "")
    if option.repeated:
        schema = {"type": "array", "items": schema}
    if option.default is not None:
        schema["default"] = _plain(option, option.default, booleans=True)
    schema["description"] = describe(option)
    return schema


def openapi_object(options: Iterable[Option]) -> Schema:
    """The schema of a request body or an answer with these options."""
    listed = list(options)
    schema: Schema = {
        "type": "object",
        "properties": {name: openapi_schema(option) for option in listed for name in keys(option)},
        "additionalProperties": False,
    }
    required = [option.name for option in listed if option.required]
    return schema | ({"required": required} if required else {})


def keys(option: Option) -> list[str]:
    """The names under which an option is given."""
    if option.last is None:
        return [option.name]
    return [f"{option.name}{index}" for index in range(option.last + 1)]


def describe(option: Option) -> str:
    """The sentence of an option and what its value may be: help texts and OpenAPI."""
    allowed = option.format.allowed if isinstance(option.format, Properties) else ""
    parts = [option.sentence, f"Value: {allowed or value_words(option)}."]
    if option.requires:
        parts.append(f"Needs {option.requires}.")
    if option.default is not None:
        parts.append(f"Default: {shown_default(option)}.")
    return " ".join(parts)


def value_words(option: Option) -> str:
    """What a value looks like, in a few words."""
    form = option.format
    if option.choices:
        words = ", ".join(option.choices)
    elif isinstance(form, Properties):
        words = "keys"
    elif form is not None:
        words = form.allowed
    else:
        words = _NUMBERS.get(option.kind, "text")
    bounds = _bounds(option)
    listed = "list: " if option.many or option.repeated else ""
    unit = f", {option.unit}" if option.unit else ""
    return f"{listed}{words}{bounds}{unit}"


def shown_default(option: Option) -> str:
    """The default as a text, empty if there is none."""
    return "" if option.default is None else str(_plain(option, option.default))


def _bounds(option: Option) -> str:
    low, high = option.minimum, option.maximum
    if low is not None and high is not None:
        return f" {low:.15g} to {high:.15g}"
    if low is not None:
        return f" from {low:.15g}"
    return f" to {high:.15g}" if high is not None else ""


def _item(option: Option) -> Schema:
    schema = _bounded(option, {"type": option.kind})
    if option.choices:
        schema["enum"] = list(option.choices)
    form = option.format
    if isinstance(form, Properties):
        schema["format"] = form.name or _properties(form)
    elif form is not None:
        schema["format"] = form.name + ("-list" if option.many else "-opt" if option.empty else "")
    return schema


def _properties(form: Properties) -> Schema:
    schema: Schema = {option.name: contract_schema(option) for option in form.options}
    if form.default_key is not None:
        schema[form.default_key]["default_key"] = 1
    schema |= {alias: {"alias": name} for alias, name in form.aliases.items()}
    special = form.value_keys
    if special is not None:
        schema |= {
            name: {"alias": special.value, "keyAlias": special.key} for name in special.names
        }
    return schema


def _bounded(option: Option, schema: Schema) -> Schema:
    for attribute, key in _BOUNDS.items():
        bound = getattr(option, attribute)
        if bound is not None:
            schema[key] = bound
    return schema


def _choice(option: Option, choice: str) -> object:
    return choice if option.kind == "string" else option.decode(choice)


def _plain(option: Option, value: object, *, booleans: bool = False) -> object:
    if isinstance(value, bool):
        return value if booleans else int(value)
    if isinstance(value, tuple | Mapping):
        return option.encode(value)
    return value
