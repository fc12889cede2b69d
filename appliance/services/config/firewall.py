"""The firewall's files as calls see and change them, at every level the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.core.firewall.check import Known, Scope, problems
from appliance.model.digest import digest_of
from appliance.model.errors import ExistsError, MissingError
from appliance.model.firewall.document import (
    FirewallFile,
    Kind,
    Part,
    aliases_of,
    new_part,
    option_of,
    parse_firewall,
    rules_of,
)
from appliance.model.firewall.rule import Rule, version_of, write_rule
from appliance.model.option_table import OptionTable
from appliance.model.options.firewall import RULE_OPTIONS
from appliance.model.parameters import ParameterError
from appliance.model.section_edit import one_line, shown_text
from appliance.ports.config_store import ConfigStore
from appliance.services.config.texts import change_text, read_text

CLUSTER_FILE = "firewall/cluster.fw"
Row = dict[str, Any]
Change = Callable[[FirewallFile], FirewallFile]


@dataclass(frozen=True, slots=True)
class Place:
    """A file and what may stand in it. options: those of its `[OPTIONS]`."""

    path: str
    scope: Scope
    options: OptionTable


class Firewall:
    """One file of one node's store."""

    def __init__(self, store: ConfigStore, place: Place) -> None:
        self._store, self.place = store, place

    def read(self) -> tuple[FirewallFile, str]:
        """The file and its digest."""
        text = read_text(self._store, self.place.path)
        return parse_firewall(text), digest_of(text)

    async def edit(self, change: Change, digest: str | None = None) -> None:
        """All at once; see `change_text`."""
        await change_text(
            self._store,
            self.place.path,
            lambda text: change(parse_firewall(text)).text(),
            digest,
        )

    # options

    def options(self) -> Row:
        """Those that are written, and the digest."""
        file, digest = self.read()
        part, found = file.find("options"), dict[str, Any]()
        for line in part.entries() if part is not None else ():
            key, value = option_of(line) or ("", "")
            option = self.place.options.find(key)
            if option is not None:
                found.setdefault(key, shown_text(option, value))
        return {**found, "digest": digest}

    async def set_options(
        self, texts: Mapping[str, str], delete: Iterable[str], digest: str | None
    ) -> None:
        gone = tuple(delete)
        for key in gone:
            if self.place.options.find(key) is None:
                raise ParameterError({"delete": f"there is no option '{key}'"})

        def change(file: FirewallFile) -> FirewallFile:
            part = file.find("options") or new_part("options")
            lines, left = list[str](), dict(texts)
            for line in part.entries():
                key = (option_of(line) or ("", ""))[0]
                if key in left:
                    lines.append(self._option_line(key, left.pop(key)))
                elif key not in gone and key not in texts:
                    lines.append(line)
            lines += [self._option_line(key, text) for key, text in left.items()]
            return file.put(part.with_entries(lines))

        await self.edit(change, digest)

    def _option_line(self, key: str, text: str) -> str:
        option = self.place.options.find(key)
        if option is not None and option.kind == "boolean":
            return f"{key}: {int(bool(option.decode(text)))}"
        return f"{key}: {one_line(key, text)}"

    # rules

    def rules(self, group: str = "") -> list[Row]:
        file, digest = self.read()
        found = rules_of(self._rule_part(file, group))
        return [_shown(rule, pos, digest) for pos, (_line, rule) in enumerate(found)]

    def rule(self, pos: int, group: str = "") -> Row:
        """MissingError. Its position is a text, as clients read it."""
        rows = self.rules(group)
        if pos >= len(rows):
            raise MissingError(f"no rule at position {pos}, it does not exist")
        return {**rows[pos], "pos": str(pos)}

    async def add_rule(
        self, given: Mapping[str, str], digest: str | None = None, group: str = ""
    ) -> None:
        """Above all others. A rule that does not say so is not in force."""
        rule = _clean({"enable": "0", **given})

        def change(file: FirewallFile) -> FirewallFile:
            self._check(rule, file, group)
            part = self._rule_part(file, group) or new_part("rules")
            return file.put(part.with_entries([write_rule(rule), *part.entries()]))

        await self.edit(change, digest)

    async def change_rule(
        self,
        pos: int,
        given: Mapping[str, str],
        delete: Sequence[str] = (),
        digest: str | None = None,
        group: str = "",
    ) -> None:
        """MissingError, ParameterError."""

        def change(file: FirewallFile) -> FirewallFile:
            part, line, rule = self._at(file, pos, group)
            changed = _clean({k: v for k, v in rule.items() if k not in delete} | dict(given))
            if changed.get("type") == "group":
                changed = {k: v for k, v in changed.items() if k in _OF_GROUPS}
            self._check(changed, file, group)
            entries = part.entries()
            entries[_index(entries, line)] = write_rule(changed)
            return file.put(part.with_entries(entries))

        await self.edit(change, digest)

    async def move_rule(
        self, pos: int, to: int, digest: str | None = None, group: str = ""
    ) -> None:
        """Before the one that is at `to` now, or to the end."""

        def change(file: FirewallFile) -> FirewallFile:
            part, line, _rule = self._at(file, pos, group)
            others = [one for one, _rule in rules_of(part)]
            before = others[to] if to < len(others) else None
            if before is line or to == pos:
                return file
            entries = part.entries()
            moved = entries.pop(_index(entries, line))
            at = len(entries) if before is None else _index(entries, before)
            entries.insert(at, moved)
            return file.put(part.with_entries(entries))

        await self.edit(change, digest)

    async def remove_rule(self, pos: int, digest: str | None = None, group: str = "") -> None:
        def change(file: FirewallFile) -> FirewallFile:
            part, line, _rule = self._at(file, pos, group)
            entries = part.entries()
            entries.pop(_index(entries, line))
            return file.put(part.with_entries(entries))

        await self.edit(change, digest)

    def _rule_part(self, file: FirewallFile, group: str) -> Part | None:
        return named_part(file, "group", group) if group else file.find("rules")

    def _at(self, file: FirewallFile, pos: int, group: str) -> tuple[Part, str, Rule]:
        part = self._rule_part(file, group)
        found = rules_of(part)
        if part is None or pos >= len(found):
            raise MissingError(f"no rule at position {pos}, it does not exist")
        return part, *found[pos]

    def _check(self, rule: Rule, file: FirewallFile, group: str) -> None:
        errors = problems(rule, "group" if group else self.place.scope, self.known(file))
        if errors:
            raise ParameterError(errors)

    # what rules can name

    def known(self, own: FirewallFile) -> Known:
        """The names in the cluster's file, and over them those in this one."""
        cluster = own
        if self.place.path != CLUSTER_FILE:
            cluster = parse_firewall(read_text(self._store, CLUSTER_FILE))
        aliases, sets = _names(cluster, "dc/")
        if self.place.scope in ("vm", "ct"):
            more, more_sets = _names(own, "guest/")
            aliases |= more
            sets += more_sets
        groups = [part.name.lower() for part in cluster.named("group")]
        return Known(aliases, frozenset(sets), frozenset(groups))

    def references(self, kind: str | None = None) -> list[Row]:
        """Aliases and IP sets that a rule here can name."""
        own, _digest = self.read()
        rows = []
        if self.place.path != CLUSTER_FILE:
            cluster = parse_firewall(read_text(self._store, CLUSTER_FILE))
            rows += _references(cluster, "dc")
        rows += _references(own, "dc" if self.place.path == CLUSTER_FILE else "guest")
        return [row for row in rows if kind in (None, row["type"])]


def named_part(file: FirewallFile, kind: Kind, name: str) -> Part:
    """An IP set or security group. MissingError."""
    part = file.find(kind, name)
    if part is None:
        word = "security group" if kind == "group" else "IPSet"
        raise MissingError(f"no such {word} '{name}', it does not exist")
    return part


def new_name(file: FirewallFile, kind: Kind, name: str) -> None:
    """ExistsError if there is one."""
    if file.find(kind, name) is not None:
        word = "security group" if kind == "group" else "IPSet"
        raise ExistsError(f"{word} '{name}' already exists")


_OF_GROUPS = ("type", "action", "iface", "enable", "comment")


def _index(entries: Sequence[str], line: str) -> int:
    """By identity: two rules may be the same text."""
    return next(i for i, one in enumerate(entries) if one is line)


def _clean(rule: Mapping[str, str]) -> Rule:
    """An empty text is none; verdicts are written in capitals."""
    found = {key: text for key, text in rule.items() if text != ""}
    if found.get("type") != "group" and "action" in found:
        found["action"] = found["action"].upper()
    return found


def _shown(rule: Rule, pos: int, digest: str) -> Row:
    row: Row = {}
    for name, text in rule.items():
        option = RULE_OPTIONS.find(name)
        row[name] = text if option is None else shown_text(option, text)
    version = version_of(rule)
    return {**row, **({"ipversion": version} if version else {}), "pos": pos, "digest": digest}


def _names(file: FirewallFile, prefix: str) -> tuple[dict[str, str], list[str]]:
    aliases: dict[str, str] = {}
    for _line, alias in aliases_of(file.find("aliases")):
        name = alias["name"].lower()
        aliases |= {name: alias["cidr"], f"{prefix}{name}": alias["cidr"]}
    names = [part.name.lower() for part in file.named("ipset")]
    return aliases, [*names, *(f"{prefix}{name}" for name in names)]


def _references(file: FirewallFile, scope: str) -> list[Row]:
    rows = [
        _reference("alias", scope, alias["name"], "", alias.get("comment", ""))
        for _line, alias in aliases_of(file.find("aliases"))
    ]
    sets = [_reference("ipset", scope, p.name, "+", p.comment) for p in file.named("ipset")]
    return rows + sets


def _reference(kind: str, scope: str, name: str, mark: str, comment: str) -> Row:
    row = {"type": kind, "name": name, "ref": f"{mark}{scope}/{name}", "scope": scope}
    return {**row, "comment": comment} if comment else row
