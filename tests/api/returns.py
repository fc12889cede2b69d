"""Whether an answer is what the published contract says that the operation returns.

    from tests.api.returns import assert_fits
    assert_fits("GET", "/api2/json/nodes/n1/qemu", answer.data)

The rig of these tests asks it of every good answer by itself. Without the contract (see
`tests.conformance.cases`) nothing is checked.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from appliance.api.api import PREFIX
from appliance.api.operations import build_table
from appliance.api.table import Table, parts_of
from appliance.model.errors import ConfigError
from appliance.model.percent import decode_text
from tests.conformance.cases import corpus_files
from tests.conformance.published import option_of

Schema = dict[str, Any]

# Where clients need another answer than the contract describes: "VERB PATH PLACE" and why.
DIFFERENT: Final[Mapping[str, str]] = {
    "GET /access/users/{userid}/tfa types[*": "the word recovery is misspelt there",
    "GET */{pos} pos": "one rule's position is a text, and clients read it so",
    "GET /nodes/{node}/network* *netmask": "its length, as the file has it",
    "GET /cluster/mapping/* *.description": "there only where somebody wrote one",
    "GET /cluster/mapping/usb *.error": "only where a node is asked about",
}


@functools.cache
def contract() -> Mapping[str, Mapping[str, Schema]]:
    """The published operations by path and verb; empty where they do not lie."""
    files = corpus_files("api/pve-*.json")
    found: dict[str, dict[str, Schema]] = json.loads(files[0].read_text())["paths"] if files else {}
    return found


@functools.cache
def _table() -> Table:
    return build_table()


def assert_fits(verb: str, path: str, data: Any, table: Table | None = None) -> None:
    """Fail for an answer to this request that the contract does not describe.

    path: as asked for, with or without what the API's paths begin with.
    """
    template = template_of(verb, path, table or _table())
    assert problems(verb, template, data) == [], f"{verb} {template}"


def template_of(verb: str, path: str, table: Table) -> str:
    """The path in the table that a request's path is one of; empty if there is none."""
    parts = tuple(decode_text(part) for part in parts_of(path.partition("?")[0]))
    found = table.find(parts[2:] if parts[:1] == (PREFIX,) else parts)
    operation = found.operations.get(verb) if found else None
    return operation.path if operation else ""


def problems(verb: str, template: str, data: Any) -> list[str]:
    """What is wrong with an answer, a line each: place and why."""
    published = contract().get(template, {}).get(verb)
    if published is None or (data is None and published["returns"].get("optional")):
        return []
    found = [(place or "answer", why) for place, why in misfits(published["returns"], data)]
    return [
        f"{place}: {why}"
        for place, why in found
        if not any(fnmatchcase(f"{verb} {template} {place}", known) for known in _patterns())
    ]


@functools.cache
def _patterns() -> tuple[str, ...]:
    """Square brackets stand for themselves, only stars are special."""
    return tuple(known.replace("[", "[[]") for known in DIFFERENT)


def misfits(schema: Schema, data: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Places in the data, and why they do not fit the schema."""
    if "oneOf" in schema:
        tries = [list(misfits(part, data, place)) for part in schema["oneOf"]]
        yield from min(tries, key=len) if tries else ()
        return
    kind = schema.get("type") or ("object" if "properties" in schema else "any")
    match kind:
        case "any":
            return
        case "null":
            yield from _none(data, place)
        case "object":
            yield from _object(schema, data, place)
        case "array":
            yield from _array(schema, data, place)
        case _:
            yield from _scalar(kind, schema, data, place)


def _none(data: Any, place: str) -> Iterator[tuple[str, str]]:
    if data is not None:
        yield place, f"{data!r} where nothing is returned"


def _object(schema: Schema, data: Any, place: str) -> Iterator[tuple[str, str]]:
    if not isinstance(data, dict):
        yield place, f"{_short(data)} is no object"
        return
    known = schema.get("properties", {})
    for name, part in known.items():
        inner = f"{place}.{name}".lstrip(".")
        if name in data:
            yield from misfits(part, data[name], inner)
        elif not part.get("optional"):
            yield inner, "is missing"
    more = schema.get("additionalProperties", 1)
    for name in sorted(data.keys() - known.keys()):
        inner = f"{place}.{name}".lstrip(".")
        if isinstance(more, dict):
            yield from misfits(more, data[name], inner)
        elif not more:
            yield inner, "is not described"


def _array(schema: Schema, data: Any, place: str) -> Iterator[tuple[str, str]]:
    if not isinstance(data, list):
        yield place, f"{_short(data)} is no list"
        return
    for number, item in enumerate(data):
        yield from misfits(schema.get("items", {}), item, f"{place}[{number}]")


def _scalar(kind: str, schema: Schema, data: Any, place: str) -> Iterator[tuple[str, str]]:
    if not _is_of(kind, data):
        words = "0 or 1" if kind == "boolean" else kind
        yield place, f"{_short(data)} is no {words}"
        return
    if data == "" and not schema.get("minLength"):
        return
    try:
        option_of("value", _readable(schema)).decode(str(data))
    except ConfigError as error:
        yield place, error.message


def _is_of(kind: str, data: Any) -> bool:
    """As JSON carries it here: a boolean is a number."""
    if isinstance(data, bool):
        return False
    match kind:
        case "boolean":
            return data in (0, 1) and isinstance(data, int)
        case "integer":
            return isinstance(data, int)
        case "number":
            return isinstance(data, int | float) and math.isfinite(data)
    return isinstance(data, str)


def _readable(schema: Schema) -> Schema:
    """Without a pattern that is not one of this language."""
    try:
        re.compile(schema.get("pattern", ""))
    except re.error:
        return {key: value for key, value in schema.items() if key != "pattern"}
    return schema


def _short(data: Any) -> str:
    return repr(data)[:100]
