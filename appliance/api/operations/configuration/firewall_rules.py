"""Options and rules of the firewall, at every level: a list, and each rule by its position."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Permission, Request
from appliance.model.formats.firewall import NAME
from appliance.model.formats.names import CONFIG_ID
from appliance.model.option import Option
from appliance.model.options.firewall import RULE_OPTIONS
from appliance.model.options.make import text, whole
from appliance.model.section_parameters import DIGEST
from appliance.services.config.firewall import Firewall, Place

Locate = Callable[[Mapping[str, Any]], Place]
Guard = Callable[[Request, ApiPorts, bool], Awaitable[None]]

GROUP: Final = text(
    "group", "The security group.", pattern=NAME, min_length=2, max_length=18, required=True
)
DELETE: Final = Option("delete", "Options to take out.", format=CONFIG_ID, many=True)
_POS: Final = whole("pos", "The position of the rule.", 0)
_MOVE: Final = whole("moveto", "The position to move it to; all else is left as it is.", 0)
_NEW: Final = {"type": {"required": True}, "action": {"required": True}}


@dataclass(frozen=True, slots=True)
class Level:
    """Where a firewall is, and who may look at it and change it.

    path     of its operations; keys: the parameters in it
    what     for sentences
    located  the file, by the parameters
    node     the parameter that names the node which must answer, for rules and for options
    guard    asked before everything else where permissions depend on more than the path
    fixed    options that exist in the file and cannot be set
    """

    path: str
    what: str
    keys: tuple[Option, ...]
    located: Locate
    read: Permission
    write: Permission
    node: str | None = None
    options_node: str | None = None
    guard: Guard | None = None
    fixed: tuple[str, ...] = ()

    async def enter(self, request: Request, ports: ApiPorts, *, write: bool = False) -> Firewall:
        """The file of a request that may look at it, or change it."""
        if self.guard is not None:
            await self.guard(request, ports, write)
        return Firewall(ports.store, self.located(request.parameters))

    def given(self, request: Request, *without: str) -> dict[str, str]:
        """Texts that are no parameters of the call."""
        apart = {"digest", "delete", "pos", "moveto", "group", *without}
        apart |= {key.name for key in self.keys}
        return {k: str(v) for k, v in request.texts.items() if k not in apart}


def options_operations(level: Level) -> tuple[Operation, ...]:
    """Reading and setting the options of a level."""

    async def read(request: Request, ports: ApiPorts) -> Any:
        return (await level.enter(request, ports)).options()

    async def change(request: Request, ports: ApiPorts) -> None:
        firewall = await level.enter(request, ports, write=True)
        given = request.parameters
        delete, digest = given.get("delete") or (), given.get("digest")
        await firewall.set_options(level.given(request), delete, digest)

    place = level.located({key.name: "0" for key in level.keys})
    settable = tuple(o for o in place.options if o.name not in level.fixed)
    path, node = f"{level.path}/options", level.options_node
    return (
        Operation(
            "GET",
            path,
            read,
            f"Options of the firewall of {level.what}.",
            level.keys,
            level.read,
            node,
        ),
        Operation(
            "PUT",
            path,
            change,
            f"Set options of the firewall of {level.what}.",
            (*level.keys, *settable, DELETE, DIGEST),
            level.write,
            node,
        ),
    )


def rule_operations(
    level: Level, part: str = "rules", group: Option | None = None
) -> tuple[Operation, ...]:
    """The rules of a level, or of a security group of the cluster."""
    keys = (*level.keys, *((group,) if group is not None else ()))
    path = f"{level.path}/{part}"
    what = "a security group" if group is not None else level.what

    def at(verb: str, handler: Any, sentence: str, *more: Option) -> Operation:
        one = (*keys, _POS, *more)
        permission = level.read if verb == "GET" else level.write
        return Operation(verb, f"{path}/{{pos}}", handler, sentence, one, permission, level.node)

    calls = _RuleCalls(level)
    return (
        Operation(
            "GET", path, calls.rows, f"The firewall rules of {what}.", keys, level.read, level.node
        ),
        Operation(
            "POST",
            path,
            calls.add,
            f"Add a firewall rule to {what}, above all others.",
            (*keys, *_rule_options(_NEW), _POS, DIGEST),
            level.write,
            level.node,
        ),
        at("GET", calls.row, f"One firewall rule of {what}."),
        at(
            "PUT",
            calls.change,
            f"Change a firewall rule of {what}, or move it.",
            *_rule_options({}),
            _MOVE,
            DELETE,
            DIGEST,
        ),
        at("DELETE", calls.remove, f"Remove a firewall rule of {what}.", DIGEST),
    )


def _rule_options(changes: Mapping[str, Mapping[str, Any]]) -> tuple[Option, ...]:
    return tuple(replace(option, **changes.get(option.name, {})) for option in RULE_OPTIONS)


@dataclass(frozen=True, slots=True)
class _RuleCalls:
    """Handlers for the rules of a level; of a security group where the call names one."""

    level: Level

    async def rows(self, request: Request, ports: ApiPorts) -> Any:
        return (await self.level.enter(request, ports)).rules(_group(request))

    async def row(self, request: Request, ports: ApiPorts) -> Any:
        firewall = await self.level.enter(request, ports)
        return firewall.rule(_position(request), _group(request))

    async def add(self, request: Request, ports: ApiPorts) -> None:
        firewall = await self.level.enter(request, ports, write=True)
        digest = request.parameters.get("digest")
        await firewall.add_rule(self.level.given(request), digest, _group(request))

    async def change(self, request: Request, ports: ApiPorts) -> None:
        firewall = await self.level.enter(request, ports, write=True)
        given, pos, group = request.parameters, _position(request), _group(request)
        digest = given.get("digest")
        if "moveto" in given:
            await firewall.move_rule(pos, given["moveto"], digest, group)
            return
        delete = given.get("delete") or ()
        await firewall.change_rule(pos, self.level.given(request), delete, digest, group)

    async def remove(self, request: Request, ports: ApiPorts) -> None:
        firewall = await self.level.enter(request, ports, write=True)
        digest = request.parameters.get("digest")
        await firewall.remove_rule(_position(request), digest, _group(request))


def _group(request: Request) -> str:
    return str(request.parameters.get("group") or "")


def _position(request: Request) -> int:
    return int(request.parameters["pos"])
