"""The operation table held against a published API contract: what is there, and what differs.

A contract is a mapping of paths to verbs to operations, as the published one is written: `name`,
`parameters` (a schema each), `permissions`, `proxyto`, `allow_token`, `returns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from appliance.api.table import Operation, parts_of
from appliance.core.access.expressions import parse_rule
from appliance.model.json_schema import contract_schema
from appliance.model.option import Option
from appliance.model.schema_difference import differences

Contract: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
State: TypeAlias = Literal["equal", "different", "missing", "more"]

# Which types a parameter belongs to: said by the types themselves here.
_TYPE_MARKS: Final = ("instance-types", "type-property")


@dataclass(frozen=True, slots=True)
class Finding:
    """One operation of either side. `more`: the contract does not have it.

    differences: `permission`, `node`, `token`, and parameters as `NAME: what differs`
    """

    verb: str
    path: str
    area: str
    state: State
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AreaCount:
    """How many operations of an area there are in the contract, and how many of them here."""

    area: str
    published: int
    implemented: int
    equal: int

    @property
    def missing(self) -> int:
        return self.published - self.implemented


def compare(operations: Iterable[Operation], contract: Contract) -> tuple[Finding, ...]:
    """Every operation of both sides, in the order of paths and verbs."""
    ours = {(operation.path, operation.verb): operation for operation in operations}
    theirs = {(path, verb): one for path, verbs in contract.items() for verb, one in verbs.items()}
    area_of = areas((*contract, *(path for path, _verb in ours)))
    found = []
    for key in sorted(ours.keys() | theirs.keys()):
        (path, verb), area = key, area_of(key[0])
        if key not in ours:
            found.append(Finding(verb, path, area, "missing"))
        elif key not in theirs:
            found.append(Finding(verb, path, area, "more"))
        else:
            unlike = tuple(operation_differences(ours[key], theirs[key]))
            found.append(Finding(verb, path, area, "different" if unlike else "equal", unlike))
    return tuple(found)


def by_area(findings: Iterable[Finding]) -> tuple[AreaCount, ...]:
    """What the contract has, counted; operations of our own are left out."""
    counts: dict[str, list[State]] = {}
    for finding in findings:
        if finding.state != "more":
            counts.setdefault(finding.area, []).append(finding.state)
    return tuple(
        AreaCount(area, len(states), len(states) - states.count("missing"), states.count("equal"))
        for area, states in sorted(counts.items())
    )


def as_contract(operations: Iterable[Operation]) -> dict[str, dict[str, dict[str, Any]]]:
    """Our own operations as a contract has them, without what they return."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for operation in operations:
        found.setdefault(operation.path, {})[operation.verb] = {
            "parameters": {
                _published_name(option): contract_schema(option) for option in operation.options
            },
            "permissions": operation.permission,
            "proxyto": operation.node,
            "allow_token": operation.allow_token,
        }
    return found


def operation_differences(ours: Operation, theirs: Mapping[str, Any]) -> list[str]:
    """In what an operation is not as published."""
    found = []
    if ours.rule != parse_rule(theirs.get("permissions")):
        found.append("permission")
    if not theirs.get("proxyto_callback") and ours.node != theirs.get("proxyto"):
        found.append("node")
    if ours.allow_token != bool(theirs.get("allow_token", True)):
        found.append("token")
    inside = {part[1:-1] for part in parts_of(ours.path) if part.startswith("{")}
    return found + _parameter_differences(ours.options, theirs.get("parameters", {}), inside)


def _parameter_differences(
    options: Iterable[Option], published: Mapping[str, dict[str, Any]], inside: AbstractSet[str]
) -> list[str]:
    ours = {_published_name(option): option for option in options}
    found = [f"{name}: is not taken" for name in sorted(published.keys() - ours.keys())]
    found += [f"{name}: is not published" for name in sorted(ours.keys() - published.keys())]
    for name in sorted(ours.keys() & published.keys()):
        schema = {key: value for key, value in published[name].items() if key not in _TYPE_MARKS}
        if schema.get("type") == "integer":
            schema.pop("format", None)  # names the bounds, which are written too
        mine = _comparable(ours[name], schema)
        if name in inside:  # what stands in the path is always given
            schema.pop("optional", None)
            mine.pop("optional", None)
        found += differences(name, mine, schema)
    return found


def _comparable(option: Option, published: Mapping[str, Any]) -> dict[str, Any]:
    """Our schema, without a default that says no more than the published one."""
    mine = contract_schema(option)
    in_words = isinstance(published.get("default"), dict)
    off = option.default is False and "default" not in published
    if in_words or off:  # a switch that is not given is off, there too
        mine.pop("default", None)
    return mine


def _published_name(option: Option) -> str:
    if option.last is None:
        return option.name
    return f"{option.name}0" if option.last == 0 else f"{option.name}[n]"


def areas(paths: Iterable[str]) -> Callable[[str], str]:
    """How a path among these is called by area: `nodes/qemu` for what is below
    `/nodes/{node}/qemu`; a call with nothing below it is in the area above.
    """
    folders = _folders(paths)

    def area(path: str) -> str:
        fixed = _literals(path)
        return "/".join(fixed[:2] if fixed[:2] in folders else fixed[:1])

    return area


def _literals(path: str) -> tuple[str, ...]:
    return tuple(part for part in parts_of(path) if not part.startswith("{"))


def _folders(paths: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """The first two fixed parts of paths that have more below them."""
    return frozenset(
        _literals(path)[:2]
        for path in paths
        if len(_literals(path)) >= 2 and len(parts_of(path)) > _depth(path)
    )


def _depth(path: str) -> int:
    """How many parts lead to the second fixed one."""
    fixed = [n for n, part in enumerate(parts_of(path), 1) if not part.startswith("{")]
    return fixed[1]
