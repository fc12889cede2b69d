"""The operation table: what can be asked of a node, as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from appliance.api.ports import ApiPorts
from appliance.core.access.expressions import Rule, parse_rule
from appliance.model.errors import ConfigError
from appliance.model.option import Option
from appliance.model.option_table import OptionTable
from appliance.model.parameters import Parameters, Text, Variants
from appliance.ports.http import Upload

VERBS: Final = ("GET", "POST", "PUT", "DELETE")

# A permission as the published API contract writes it. ROOT: nobody but root@pam.
Permission: TypeAlias = Mapping[str, Any] | None
ROOT: Final[Permission] = None
WORLD: Final[Permission] = {"user": "world"}  # without a login
ANY_USER: Final[Permission] = {"user": "all"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler gets.

    user        a user or API token, or empty for who has not logged in
    parameters  values, with defaults; numbered options under their whole names (`net0`)
    texts       what was given, as the texts that a configuration file has; no defaults
    upload      the file that came with it, see the port
    """

    user: str
    parameters: Mapping[str, Any]
    address: str = ""
    texts: Mapping[str, Text] = field(default_factory=dict)
    upload: Upload | None = None


Handler: TypeAlias = Callable[[Request, ApiPorts], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked.

    path        with parameters in braces, such as `/nodes/{node}/status`; they are options too
    variants    options that depend on the value of one
    aliases     older names of options
    more        whether what is not declared is let through
    upload      whether a file may come with it
    permission  see `Permission`
    node        the parameter that names the node which must run it; None: any node
    allow_token whether an API token may ask for it
    rule        the permission, read once
    """

    verb: str
    path: str
    handler: Handler = field(repr=False)
    sentence: str
    options: tuple[Option, ...] = ()
    permission: Permission = ROOT
    node: str | None = None
    allow_token: bool = True
    variants: tuple[Variants, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    more: bool = False
    upload: bool = False
    wanted: Parameters = field(init=False, repr=False, compare=False)
    rule: Rule = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """ValueError for a permission that nobody can evaluate."""
        options = OptionTable(self.options)
        wanted = Parameters(options, self.aliases, self.variants, self.more)
        object.__setattr__(self, "wanted", wanted)
        object.__setattr__(self, "rule", parse_rule(self.permission))


@dataclass(slots=True)
class _Place:
    """A part of a path, with what may follow."""

    literal: dict[str, _Place] = field(default_factory=dict)
    parameter: tuple[str, _Place] | None = None
    operations: dict[str, Operation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """operations: by verb, of the path asked for. values: of the parameters in the path."""

    operations: Mapping[str, Operation]
    values: Mapping[str, str]


class Table:
    """All operations, found by path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(operations)
        self._root = _Place()
        for operation in self.operations:
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        names = {option.name for option in operation.options}
        place = self._root
        for part in parts_of(operation.path):
            name = _parameter(part)
            if name is None:
                place = place.literal.setdefault(part, _Place())
                continue
            if name not in names:
                raise ValueError(f"{operation.path}: {name} is no option")
            if place.parameter is None:
                place.parameter = name, _Place()
            if place.parameter[0] != name:
                raise ValueError(f"{operation.path}: {place.parameter[0]} elsewhere, here {name}")
            place = place.parameter[1]
        if operation.verb not in VERBS or operation.verb in place.operations:
            raise ValueError(f"{operation.verb} {operation.path}: twice, or no verb of ours")
        place.operations[operation.verb] = operation

    def find(self, parts: tuple[str, ...]) -> Found | None:
        """What is at this path, given by its decoded parts."""
        return _find(self._root, parts, {})


def _find(place: _Place, parts: tuple[str, ...], values: dict[str, str]) -> Found | None:
    if not parts:
        return Found(place.operations, values) if place.operations else None
    following = place.literal.get(parts[0])
    if following is not None and (found := _find(following, parts[1:], values)):
        return found
    if place.parameter is None:
        return None
    name, following = place.parameter
    found = _find(following, parts[1:], {**values, name: parts[0]})
    if found is None and _takes(following.operations, name, whole := "/".join(parts)):
        # The last part of a path may have slashes: they come encoded or not.
        return Found(following.operations, {**values, name: whole})
    return found


def _takes(operations: Mapping[str, Operation], name: str, text: str) -> bool:
    """Whether that can be the parameter's value: names of nodes, for example, have no slash."""
    for operation in operations.values():
        option = next(one for one in operation.options if one.name == name)
        try:
            option.decode(text)
        except ConfigError:
            continue
        return True
    return False


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of a path between its slashes; empty ones do not count."""
    return tuple(part for part in path.split("/") if part)


def _parameter(part: str) -> str | None:
    return part[1:-1] if part.startswith("{") and part.endswith("}") else None
