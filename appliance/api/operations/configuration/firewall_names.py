"""Aliases, IP sets, security groups and references of the firewall, at levels that have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from appliance.api.operations.configuration.firewall_rules import GROUP, Level
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.formats.firewall import NAME, NETWORK_OR_ALIAS
from appliance.model.formats.network import IP_OR_CIDR
from appliance.model.options.make import flag, text, word
from appliance.model.section_parameters import DIGEST
from appliance.services.config.firewall_names import Aliases, Member, Sets

_NAME: Final = text(
    "name", "What it is called.", pattern=NAME, min_length=2, max_length=64, required=True
)
_CIDR: Final = text("cidr", "The address or network.", IP_OR_CIDR, required=True)
_MEMBER: Final = text("cidr", "The address, network or alias.", NETWORK_OR_ALIAS, required=True)
_COMMENT: Final = text("comment", "A remark.")
_RENAME: Final = text(
    "rename", "What it shall be called.", pattern=NAME, min_length=2, max_length=64
)
_OLD: Final = text(
    "rename", "The present name of one that is changed.", pattern=NAME, min_length=2, max_length=64
)
_OLD_GROUP: Final = text(
    "rename", "The present name of one that is changed.", pattern=NAME, min_length=2, max_length=18
)
_NOMATCH: Final = flag("nomatch", "Whether it is left out of the set.")


def _comment(request: Request) -> str | None:
    found = request.parameters.get("comment")
    return None if found is None else str(found)


def alias_operations(level: Level) -> tuple[Operation, ...]:
    """Names for addresses."""
    path, calls, keys = f"{level.path}/aliases", _AliasCalls(level), level.keys
    one, what, node = f"{path}/{{name}}", level.what, level.node
    return (
        Operation("GET", path, calls.rows, f"Aliases of {what}.", keys, level.read, node),
        Operation(
            "POST",
            path,
            calls.add,
            f"Make an alias of {what}.",
            (*keys, _NAME, _CIDR, _COMMENT),
            level.write,
            node,
        ),
        Operation("GET", one, calls.row, f"One alias of {what}.", (*keys, _NAME), level.read, node),
        Operation(
            "PUT",
            one,
            calls.update,
            f"Change an alias of {what}.",
            (*keys, _NAME, _CIDR, _COMMENT, _RENAME, DIGEST),
            level.write,
            node,
        ),
        Operation(
            "DELETE",
            one,
            calls.remove,
            f"Remove an alias of {what}.",
            (*keys, _NAME, DIGEST),
            level.write,
            node,
        ),
    )


@dataclass(frozen=True, slots=True)
class _AliasCalls:
    level: Level

    async def rows(self, request: Request, ports: ApiPorts) -> Any:
        return Aliases(await self.level.enter(request, ports)).rows()

    async def row(self, request: Request, ports: ApiPorts) -> Any:
        return Aliases(await self.level.enter(request, ports)).row(_name(request))

    async def add(self, request: Request, ports: ApiPorts) -> None:
        aliases = Aliases(await self.level.enter(request, ports, write=True))
        await aliases.add(_name(request), request.parameters["cidr"], _comment(request) or "")

    async def update(self, request: Request, ports: ApiPorts) -> None:
        given = request.parameters
        aliases = Aliases(await self.level.enter(request, ports, write=True))
        rename, digest = given.get("rename"), given.get("digest")
        await aliases.update(_name(request), given["cidr"], _comment(request), rename, digest)

    async def remove(self, request: Request, ports: ApiPorts) -> None:
        aliases = Aliases(await self.level.enter(request, ports, write=True))
        await aliases.remove(_name(request), request.parameters.get("digest"))


def _name(request: Request) -> str:
    return str(request.parameters["name"])


def set_operations(level: Level) -> tuple[Operation, ...]:
    """IP sets, and what is in them."""
    path, calls, keys = f"{level.path}/ipset", _SetCalls(level), level.keys
    one, what, node = f"{path}/{{name}}", level.what, level.node
    force = flag("force", "Whether one that is not empty goes too.")
    return (
        Operation("GET", path, calls.rows, f"IP sets of {what}.", keys, level.read, node),
        Operation(
            "POST",
            path,
            calls.add,
            f"Make an IP set of {what}, or rename one.",
            (*keys, _NAME, _COMMENT, _OLD, DIGEST),
            level.write,
            node,
        ),
        Operation(
            "GET",
            one,
            calls.members,
            f"What is in an IP set of {what}.",
            (*keys, _NAME),
            level.read,
            node,
        ),
        Operation(
            "POST",
            one,
            calls.add_member,
            f"Put an address into an IP set of {what}.",
            (*keys, _NAME, _MEMBER, _COMMENT, _NOMATCH),
            level.write,
            node,
        ),
        Operation(
            "DELETE",
            one,
            calls.remove,
            f"Remove an IP set of {what}.",
            (*keys, _NAME, force),
            level.write,
            node,
        ),
        *_member_operations(level, calls),
    )


def _member_operations(level: Level, calls: _SetCalls) -> tuple[Operation, ...]:
    path, keys, node = f"{level.path}/ipset/{{name}}/{{cidr}}", level.keys, level.node
    one = (*keys, _NAME, _MEMBER)
    return (
        Operation(
            "GET", path, calls.member, f"An address in an IP set of {level.what}.", one, level.read,
            node,
        ),
        Operation(
            "PUT",
            path,
            calls.update_member,
            f"Change an address in an IP set of {level.what}.",
            (*one, _COMMENT, _NOMATCH, DIGEST),
            level.write,
            node,
        ),
        Operation(
            "DELETE",
            path,
            calls.remove_member,
            f"Take an address out of an IP set of {level.what}.",
            (*one, DIGEST),
            level.write,
            node,
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _SetCalls:
    level: Level

    async def _sets(self, request: Request, ports: ApiPorts, *, write: bool = False) -> Sets:
        return Sets(await self.level.enter(request, ports, write=write), "ipset", "name")

    async def rows(self, request: Request, ports: ApiPorts) -> Any:
        return (await self._sets(request, ports)).rows()

    async def add(self, request: Request, ports: ApiPorts) -> None:
        await add_or_rename(await self._sets(request, ports, write=True), request, "name")

    async def remove(self, request: Request, ports: ApiPorts) -> None:
        sets = await self._sets(request, ports, write=True)
        await sets.remove(_name(request), force=bool(request.parameters.get("force")))

    async def members(self, request: Request, ports: ApiPorts) -> Any:
        return (await self._sets(request, ports)).members(_name(request))

    async def member(self, request: Request, ports: ApiPorts) -> Any:
        sets = await self._sets(request, ports)
        return sets.member(_name(request), request.parameters["cidr"])

    async def add_member(self, request: Request, ports: ApiPorts) -> None:
        sets = await self._sets(request, ports, write=True)
        await sets.add_member(_name(request), _new_member(request))

    async def update_member(self, request: Request, ports: ApiPorts) -> None:
        sets = await self._sets(request, ports, write=True)
        digest = request.parameters.get("digest")
        await sets.update_member(_name(request), _new_member(request), digest)

    async def remove_member(self, request: Request, ports: ApiPorts) -> None:
        given = request.parameters
        sets = await self._sets(request, ports, write=True)
        await sets.remove_member(_name(request), given["cidr"], given.get("digest"))


def _new_member(request: Request) -> Member:
    given = request.parameters
    return Member(str(given["cidr"]), _comment(request), given.get("nomatch"))


async def add_or_rename(sets: Sets, request: Request, key: str) -> None:
    """`rename` names one that is there, also to change nothing but its comment."""
    given = request.parameters
    name, old = str(given[key]), given.get("rename")
    if old is None:
        await sets.add(name, _comment(request) or "")
    else:
        await sets.rename(str(old), name, _comment(request), given.get("digest"))


def reference_operations(level: Level) -> tuple[Operation, ...]:
    """What rules of a level can name."""

    async def rows(request: Request, ports: ApiPorts) -> Any:
        firewall = await level.enter(request, ports)
        return firewall.references(request.parameters.get("type"))

    kind = word("type", "Only these.", "alias ipset")
    sentence = f"Aliases and IP sets that rules of {level.what} can name."
    path = f"{level.path}/refs"
    return (Operation("GET", path, rows, sentence, (*level.keys, kind), level.read, level.node),)


def group_operations(level: Level) -> tuple[Operation, ...]:
    """Security groups of the cluster; their rules are declared with those of the levels."""
    path, calls = f"{level.path}/groups", _GroupCalls(level)
    return (
        Operation("GET", path, calls.rows, "Security groups.", permission=ANY_USER),
        Operation(
            "POST",
            path,
            calls.add,
            "Make a security group, or rename one.",
            (GROUP, _COMMENT, _OLD_GROUP, DIGEST),
            level.write,
        ),
        Operation(
            "DELETE",
            f"{path}/{{group}}",
            calls.remove,
            "Remove a security group without rules.",
            (GROUP,),
            level.write,
        ),
    )


@dataclass(frozen=True, slots=True)
class _GroupCalls:
    level: Level

    async def _groups(self, request: Request, ports: ApiPorts) -> Sets:
        return Sets(await self.level.enter(request, ports), "group", "group")

    async def rows(self, request: Request, ports: ApiPorts) -> Any:
        return (await self._groups(request, ports)).rows()

    async def add(self, request: Request, ports: ApiPorts) -> None:
        await add_or_rename(await self._groups(request, ports), request, "group")

    async def remove(self, request: Request, ports: ApiPorts) -> None:
        await (await self._groups(request, ports)).remove(str(request.parameters["group"]))
