"""The operation table as an OpenAPI document: for makers of clients, and for tests with any input.

Numbered options (`net0`, `net1`, ...) are pattern properties of a body; in a query, where OpenAPI
has no such thing, the first few are written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from appliance.api.answers import STATUS
from appliance.api.api import FORMS, PREFIX
from appliance.api.coverage import areas
from appliance.api.table import WORLD, Operation, parts_of
from appliance.model.json_schema import openapi_schema
from appliance.model.option import Option
from appliance.model.parameters import Parameters, Variants

VERSION: Final = "3.1.0"
IN_QUERY: Final = ("GET", "DELETE")
SHOWN_IN_QUERY: Final = 2  # of each numbered option
_FORM: Final = "application/x-www-form-urlencoded"
_ERRORS: Final[Mapping[int, str]] = {
    400: "Parameters are wrong, see `errors` by parameter",
    401: "No ticket or token, or none that is good",
    403: "Forbidden; the message names the privilege that is missing",
    500: "It failed, and the message says why: missing, exists, stale, no quorum, ...",
    501: "There is no such operation",
    503: "Something that it needs does not answer",
}

Json = dict[str, Any]


def openapi(operations: Iterable[Operation], version: str) -> Json:
    """The document, below the address of a node."""
    listed = tuple(operations)
    area = areas(operation.path for operation in listed)
    paths: dict[str, Json] = {}
    for operation in sorted(listed, key=lambda one: (one.path, one.verb)):
        place = paths.setdefault(f"/{PREFIX}/{FORMS[0]}{operation.path}".rstrip("/"), {})
        place[operation.verb.lower()] = _operation(operation, area(operation.path))
    return {
        "openapi": VERSION,
        "info": {"title": "Quorate", "version": version},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "ticket": {"type": "apiKey", "in": "cookie", "name": "PVEAuthCookie"},
                "csrf": {"type": "apiKey", "in": "header", "name": "CSRFPreventionToken"},
                "token": {"type": "apiKey", "in": "header", "name": "Authorization"},
            },
            "schemas": {"Error": _error()},
            "responses": {str(code): _refusal(text) for code, text in _ERRORS.items()},
        },
    }


def _operation(operation: Operation, tag: str) -> Json:
    inside = {part[1:-1] for part in parts_of(operation.path) if part.startswith("{")}
    options = all_options(operation.wanted)
    given = [option for option in options if option.name not in inside]
    found: Json = {
        "operationId": _name(operation),
        "summary": operation.sentence,
        "tags": [tag],
        "parameters": [_parameter(o, "path") for o in options if o.name in inside],
        "responses": {"200": _answer(), **{str(code): _reference(code) for code in _ERRORS}},
        "security": _security(operation),
    }
    if operation.verb in IN_QUERY:
        found["parameters"] += [one for option in given for one in _queried(option)]
    elif given:
        schema = body_schema(operation.wanted, given)
        found["requestBody"] = {
            "required": any(option.required for option in given),
            "content": {kind: {"schema": schema} for kind in ("application/json", _FORM)},
        }
    return found


def all_options(wanted: Parameters) -> list[Option]:
    """Each once: those of all variants too, none of which every call needs."""
    found = {option.name: option for option in wanted.options}
    for variants in wanted.variants:
        found.setdefault(variants.key.name, variants.key)
        for option in _of_cases(variants):
            found.setdefault(option.name, option)
    return list(found.values())


def _of_cases(variants: Variants) -> Iterable[Option]:
    for case in variants.cases.values():
        yield from all_options(case)


def body_schema(wanted: Parameters, given: Sequence[Option]) -> Json:
    """An object with these options. What only some variants need is not required here."""
    own = {option.name for option in wanted.options}
    schema: Json = {
        "type": "object",
        "properties": {o.name: openapi_schema(o) for o in given if o.last is None},
        "additionalProperties": wanted.more,
    }
    numbered = {_numbers(o): openapi_schema(o) for o in given if o.last is not None}
    required = [o.name for o in given if o.required and o.last is None and o.name in own]
    return (
        schema
        | ({"patternProperties": numbered} if numbered else {})
        | ({"required": required} if required else {})
    )


def _numbers(option: Option) -> str:
    """A pattern of `net0` to `net31`."""
    last = option.last or 0
    return f"^{option.name}({'|'.join(str(number) for number in range(last + 1))})$"


def _queried(option: Option) -> Iterable[Json]:
    if option.last is None:
        yield _parameter(option, "query")
        return
    for number in range(min(option.last + 1, SHOWN_IN_QUERY)):
        yield {**_parameter(option, "query"), "name": f"{option.name}{number}"}


def _parameter(option: Option, place: str) -> Json:
    return {
        "name": option.name,
        "in": place,
        "required": option.required or place == "path",
        "schema": openapi_schema(option),
    }


def _name(operation: Operation) -> str:
    words = "_".join(part.strip("{}") for part in parts_of(operation.path))
    return f"{operation.verb.lower()}_{words or 'index'}"


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.permission == WORLD:
        return []
    ticket: dict[str, list[str]] = {"ticket": []}
    if operation.verb != "GET" and not operation.upload:
        ticket["csrf"] = []
    return [ticket, {"token": []}] if operation.allow_token else [ticket]


def _answer() -> Json:
    schema = {"type": "object", "properties": {"data": {}}, "required": ["data"]}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _error() -> Json:
    codes = [*sorted(STATUS), "missing", "exists", "stale", "not_quorate", "refused"]
    return {
        "type": "object",
        "properties": {
            "data": {"type": "null"},
            "message": {"type": "string", "description": "For people."},
            "code": {"type": "string", "description": f"For machines: {', '.join(codes)}, ..."},
            "errors": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["data", "message", "code"],
    }


def _refusal(text: str) -> Json:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _reference(code: int) -> Json:
    return {"$ref": f"#/components/responses/{code}"}
