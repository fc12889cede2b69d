"""Writes a case as a scenario file that reads back as the very same cluster and schedule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from scenarios.explore.case import Case, Move
from scenarios.format.steps import AMOUNTS
from scenarios.quantities import duration_text, rate_text, size_text
from sim.faults import INSTANT, Fault
from sim.layout import ClusterLayout, GuestSpec, LinkSpec, NodeSpec, QuorumSpec, StorageSpec

# How the format calls a field, where it calls it otherwise; seconds, bytes and rates by their unit.
KEYS: Mapping[str, str] = {
    "boot_s": "boot_time",
    "shutdown_s": "shutdown_time",
    "start_s": "start_time",
    "stop_s": "stop_time",
    "dirty_bytes_s": "dirty",
    "initially_on": "on",
    "latency_ms": "latency",
}
PLAIN_FAULT = ("node", "link", "switch", "site", "storage", "guest")


def key_of(name: str) -> str:
    """`memory_bytes` is written `memory`, `token_s` is written `token`."""
    if name in KEYS:
        return KEYS[name]
    for unit in ("_bytes_s", "_bytes", "_s"):
        if name.endswith(unit):
            return name.removesuffix(unit)
    return name


def text_of(name: str, value: Any) -> str:
    """The value as TOML, in the unit that its field's name ends with."""
    if name.endswith("_bytes_s"):
        return quoted(rate_text(value))
    if name.endswith("_bytes"):
        return quoted(size_text(value))
    if name.endswith("_ms"):
        return quoted(duration_text(value / 1000))
    if name.endswith("_s"):
        return quoted(duration_text(value))
    return plain(value)


def plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{quoted(key)} = {plain(one)}" for key, one in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(plain(one) for one in value)}]"
    return repr(value)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _table(head: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    return [head, *(f"{key} = {text}" for key, text in rows), ""]


def _differences(value: Any, usual: Any, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The fields that are not as usual, as rows."""
    for field in fields(value):
        own = getattr(value, field.name)
        if field.name not in skip and own is not None and own != getattr(usual, field.name):
            yield key_of(field.name), text_of(field.name, own)


# the cluster


def cluster_lines(layout: ClusterLayout) -> list[str]:
    """`[cluster]` and what belongs to it, guests included."""
    names = [node.name for node in layout.nodes]
    rows = [("nodes", plain(names))]
    if layout.name != ClusterLayout(nodes=()).name:
        rows.insert(0, ("name", quoted(layout.name)))
    if [link.name for link in layout.links] != ["link0", "link1"]:
        rows.append(("links", plain([link.name for link in layout.links])))
    for key, text in (
        ("rules", layout.rules_cfg),
        ("groups", layout.groups_cfg),
        ("datacenter", layout.datacenter_cfg),
    ):
        if text:
            rows.append((key, _several_lines(text)))
    lines = _table("[cluster]", rows)
    for node in layout.nodes:
        lines += _node_lines(node)
    for number, link in enumerate(layout.links, start=1):
        lines += _link_lines(number, link, layout)
    lines += _part("[quorum]", list(_differences(layout.quorum, QuorumSpec())))
    for storage in layout.storages:
        lines += _storage_lines(storage)
    for guest in layout.guests:
        lines += _guest_lines(guest)
    return lines


def _several_lines(text: str) -> str:
    if "'''" in text or any(ord(char) < 32 and char not in "\n\t" for char in text):
        return quoted(text)
    return f"'''\n{text}'''"


def _part(head: str, rows: list[tuple[str, str]]) -> list[str]:
    return _table(head, rows) if rows else []


def _node_lines(node: NodeSpec) -> list[str]:
    rows = list(_differences(node, NodeSpec(node.name)))
    return _table("[[node]]", [("name", quoted(node.name)), *rows]) if rows else []


def _link_lines(number: int, link: LinkSpec, layout: ClusterLayout) -> list[str]:
    sites = {node.site for node in layout.nodes}
    switches = {site: name for site, name in link.switches.items() if site in sites}
    if len(sites) == 1 and link == LinkSpec(link.name, dict.fromkeys(sites, f"switch{number}")):
        return []
    rows = list(_differences(link, LinkSpec(link.name), skip=("switches",)))
    named = ("switches", plain(switches))
    return _table("[[link]]", [("name", quoted(link.name)), named, *rows])


def _storage_lines(storage: StorageSpec) -> list[str]:
    usual = {one.name: one for one in ClusterLayout(nodes=()).storages}
    if storage == usual.get(storage.name):
        return []
    rows = _differences(storage, usual.get(storage.name, StorageSpec(storage.name)))
    return _table("[[storage]]", [("name", quoted(storage.name)), *rows])


def _guest_lines(guest: GuestSpec) -> list[str]:
    rows = [("sid", quoted(guest.sid)), ("node", quoted(guest.node))]
    for key, text in _differences(guest, GuestSpec(guest.sid, guest.node)):
        rows.append((key, text.replace("-1", '"always"') if key.endswith("_fails") else text))
    return _table("[[guest]]", rows)


# the schedule


def step_lines(moves: Iterable[Move]) -> list[str]:
    """A `[[step]]` a move."""
    moves = tuple(moves)
    healed = any(move.heal_all for move in moves)
    lines: list[str] = []
    for move in moves:
        at = ("at", quoted(duration_text(move.at_s)))
        if move.heal_all:
            lines += _table("[[step]]", [at, ("heal", quoted("all"))])
        if move.fault is not None:
            lines += _table("[[step]]", [at, *_fault_rows(move.fault, healed)])
        if move.command is not None:
            lines += _table("[[step]]", [at, ("operator", quoted(move.command))])
    return lines


def _fault_rows(fault: Fault, healed: bool) -> Iterator[tuple[str, str]]:
    """`healed`: a later step ends every fault there is."""
    yield "fault", quoted(fault.kind)
    for name in PLAIN_FAULT:
        value = getattr(fault, name)
        if value is not None:
            yield name, quoted(value)
    if fault.groups:
        yield "groups", plain(fault.groups)
    if fault.value is not None and fault.kind in AMOUNTS:
        amount = AMOUNTS[fault.kind]
        written = fault.value / amount.scale
        number = amount.form == "number"
        yield amount.key, plain(written) if number else quoted(duration_text(written))
    if fault.kind not in INSTANT and fault.heal_after_s is not None:
        yield "heal_after", quoted(duration_text(fault.heal_after_s))
    elif fault.kind not in INSTANT and not healed:
        yield "permanent", "true"


def scenario_text(case: Case, head: Iterable[tuple[str, str]], rest: Iterable[str]) -> str:
    """The whole file: `[scenario]` with these rows, the cluster, the schedule, and the rest."""
    lines = [
        *_table("[scenario]", head),
        *cluster_lines(case.layout),
        *step_lines(case.moves),
        *rest,
    ]
    return "\n".join(lines).rstrip("\n") + "\n"
