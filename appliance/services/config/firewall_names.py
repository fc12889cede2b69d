"""Aliases, IP sets and security groups of a firewall file, as calls see and change them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from appliance.model.errors import ExistsError, MissingError, RefusedError
from appliance.model.firewall.document import (
    FirewallFile,
    Kind,
    Part,
    alias_line,
    aliases_of,
    member_line,
    members_of,
    new_part,
    with_comment,
)
from appliance.model.firewall.rule import Rule
from appliance.model.formats.firewall import is_network
from appliance.model.parameters import ParameterError
from appliance.model.section_edit import one_line
from appliance.services.config.firewall import Firewall, named_part, new_name

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of an IP set. comment: None leaves the present one."""

    cidr: str
    comment: str | None = None
    nomatch: bool | None = None


class Aliases:
    """Names for addresses and networks."""

    def __init__(self, firewall: Firewall) -> None:
        self._firewall = firewall

    def rows(self) -> list[Row]:
        file, digest = self._firewall.read()
        return [_alias(one, digest) for _line, one in aliases_of(file.find("aliases"))]

    def row(self, name: str) -> Row:
        """MissingError."""
        file, digest = self._firewall.read()
        return _alias(_alias_at(file.find("aliases"), name)[1], digest)

    async def add(self, name: str, cidr: str, comment: str = "") -> None:
        """ExistsError."""

        def change(file: FirewallFile) -> FirewallFile:
            part = file.find("aliases") or new_part("aliases")
            if any(one["name"].lower() == name.lower() for _line, one in aliases_of(part)):
                raise ExistsError(f"alias '{name}' already exists")
            line = alias_line(name, short(cidr), one_line("comment", comment))
            return file.put(part.with_entries([*part.entries(), line]))

        await self._firewall.edit(change)

    async def update(
        self, name: str, cidr: str, comment: str | None, rename: str | None, digest: str | None
    ) -> None:
        """MissingError, ExistsError."""

        def change(file: FirewallFile) -> FirewallFile:
            part = file.find("aliases")
            line, old = _alias_at(part, name)
            assert part is not None
            new = rename or old["name"]
            taken = [one["name"].lower() for one_, one in aliases_of(part) if one_ is not line]
            if new.lower() in taken:
                raise ExistsError(f"alias '{new}' already exists")
            said = old.get("comment", "") if comment is None else one_line("comment", comment)
            return file.put(_replaced(part, line, alias_line(new, short(cidr), said)))

        await self._firewall.edit(change, digest)

    async def remove(self, name: str, digest: str | None) -> None:
        """MissingError."""

        def change(file: FirewallFile) -> FirewallFile:
            part = file.find("aliases")
            line, _old = _alias_at(part, name)
            assert part is not None
            return file.put(_replaced(part, line))

        await self._firewall.edit(change, digest)


class Sets:
    """IP sets, or security groups without their rules."""

    def __init__(self, firewall: Firewall, kind: Kind, key: str) -> None:
        self._firewall, self._kind, self._key = firewall, kind, key

    def rows(self) -> list[Row]:
        """By name."""
        file, digest = self._firewall.read()
        return [
            {
                self._key: part.name,
                **({"comment": part.comment} if part.comment else {}),
                "digest": digest,
            }
            for part in sorted(file.named(self._kind), key=lambda part: part.name)
        ]

    async def add(self, name: str, comment: str = "") -> None:
        """ExistsError."""
        one_line("comment", comment)

        def change(file: FirewallFile) -> FirewallFile:
            new_name(file, self._kind, name)
            return file.put(new_part(self._kind, name, comment))

        await self._firewall.edit(change)

    async def rename(self, old: str, name: str, comment: str | None, digest: str | None) -> None:
        """Give another name or comment. MissingError, ExistsError."""

        def change(file: FirewallFile) -> FirewallFile:
            part = named_part(file, self._kind, old)
            if name.lower() != old.lower():
                new_name(file, self._kind, name)
            said = part.comment if comment is None else one_line("comment", comment)
            return file.rename(part, with_comment(part, name, said))

        await self._firewall.edit(change, digest)

    async def remove(self, name: str, *, force: bool = False) -> None:
        """RefusedError for one that has something in it, unless by force."""

        def change(file: FirewallFile) -> FirewallFile:
            part = named_part(file, self._kind, name)
            if part.entries() and not force:
                word = "security group" if self._kind == "group" else "IPSet"
                raise RefusedError(f"{word} '{name}' is not empty")
            return file.without(part)

        await self._firewall.edit(change)

    # members of an IP set

    def members(self, name: str) -> list[Row]:
        """MissingError for the set."""
        file, digest = self._firewall.read()
        part = named_part(file, self._kind, name)
        return [_member(one, digest) for _line, one in members_of(part)]

    def member(self, name: str, cidr: str) -> Row:
        """MissingError."""
        wanted = short(cidr).lower()
        for row in self.members(name):
            if str(row["cidr"]).lower() == wanted:
                return row
        raise _no_member(name, cidr)

    async def add_member(self, name: str, new: Member) -> None:
        """ExistsError; ParameterError for an alias that there is not."""

        def change(file: FirewallFile) -> FirewallFile:
            part = named_part(file, self._kind, name)
            cidr = self._checked(new.cidr, file)
            if any(one["cidr"].lower() == cidr.lower() for _line, one in members_of(part)):
                raise ExistsError(f"address '{cidr}' already exists")
            comment = one_line("comment", new.comment or "")
            line = member_line(cidr, comment, nomatch=bool(new.nomatch))
            return file.put(part.with_entries([*part.entries(), line]))

        await self._firewall.edit(change)

    async def update_member(self, name: str, new: Member, digest: str | None) -> None:
        """MissingError."""

        def change(file: FirewallFile) -> FirewallFile:
            part = named_part(file, self._kind, name)
            line, old = _member_at(part, new.cidr)
            comment = old.get("comment", "") if new.comment is None else new.comment
            nomatch = "nomatch" in old if new.nomatch is None else new.nomatch
            made = member_line(old["cidr"], one_line("comment", comment), nomatch=nomatch)
            return file.put(_replaced(part, line, made))

        await self._firewall.edit(change, digest)

    async def remove_member(self, name: str, cidr: str, digest: str | None) -> None:
        """MissingError."""

        def change(file: FirewallFile) -> FirewallFile:
            part = named_part(file, self._kind, name)
            return file.put(_replaced(part, _member_at(part, cidr)[0]))

        await self._firewall.edit(change, digest)

    def _checked(self, cidr: str, file: FirewallFile) -> str:
        if is_network(cidr):
            if cidr.partition("/")[2] == "0":
                raise ParameterError({"cidr": "a network of everything cannot be in an IP set"})
            return short(cidr)
        if cidr.lower() not in self._firewall.known(file).aliases:
            raise ParameterError({"cidr": f"no such alias '{cidr}'"})
        return cidr


def short(cidr: str) -> str:
    """A network of one address is written as the address."""
    address, _, length = cidr.partition("/")
    single = (length == "32" and ":" not in address) or length == "128"
    return address if single else cidr


def _alias(one: Rule, digest: str) -> Row:
    return {**one, "ipversion": 6 if ":" in one["cidr"] else 4, "digest": digest}


def _alias_at(part: Part | None, name: str) -> tuple[str, Rule]:
    for line, one in aliases_of(part):
        if one["name"].lower() == name.lower():
            return line, one
    raise MissingError(f"no such alias '{name}', it does not exist")


def _member(one: Rule, digest: str) -> Row:
    row: Row = {**one, "digest": digest}
    return {**row, "nomatch": 1} if "nomatch" in one else row


def _member_at(part: Part, cidr: str) -> tuple[str, Rule]:
    for line, one in members_of(part):
        if one["cidr"].lower() == short(cidr).lower():
            return line, one
    raise _no_member(part.name, cidr)


def _no_member(name: str, cidr: str) -> MissingError:
    return MissingError(f"no such IP/Network '{cidr}' in '{name}', it does not exist")


def _replaced(part: Part, line: str, *new: str) -> Part:
    entries: list[str] = []
    for one in part.entries():
        entries += new if one is line else (one,)
    return part.with_entries(entries)
