"""`[[guest]]`: guests and their HA options, several at once by a range of sids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from scenarios.format.cluster import MIB, node_names
from scenarios.format.fields import Place, Table
from scenarios.format.names import is_sid, spread_names
from scenarios.suggest import did_you_mean
from sim.layout import ClusterLayout, GuestSpec

STATES = ("started", "stopped", "disabled", "ignored")
SPREAD = "spread"
ALWAYS = "always"
_MOST_GUESTS = 5000


def read_guests(
    tables: Sequence[Table], layout: ClusterLayout
) -> tuple[list[GuestSpec], dict[str, Place]]:
    """All guests, and where each is written. Raises ConfigError."""
    guests: list[GuestSpec] = []
    places: dict[str, Place] = {}
    numbers: dict[str, str] = {}  # one space of numbers for virtual machines and containers
    spread: Counter[str] = Counter({node.name: 0 for node in layout.nodes if node.initially_on})
    for table in tables:
        sids = _sids(table)
        nodes = _nodes(table, sids, layout, spread)
        for sid, node in zip(sids, nodes, strict=True):
            if sid in places:
                table.fail("sid", f"'{sid}' is in line {places[sid].line} already")
            first = numbers.setdefault(sid.partition(":")[2], sid)
            if first != sid:
                line = places[first].line
                table.fail("sid", f"'{sid}' has the number of '{first}' in line {line}")
            places[sid] = table.place("sid")
            guests.append(_guest(table, sid, node, layout))
        table.end()
    if len(guests) > _MOST_GUESTS:
        tables[-1].fail("sid", f"at most {_MOST_GUESTS} guests are allowed")
    return guests, places


def _sids(table: Table) -> list[str]:
    found = []
    for item in table.items("sid") or table.fail(None, "'sid' is missing"):
        for sid in spread_names(item) or [item]:
            if not is_sid(sid):
                table.fail("sid", f"'{sid}' is no guest such as vm:100, ct:101 or vm:100..119")
            found.append(sid)
    return found


def _nodes(table: Table, sids: list[str], layout: ClusterLayout, spread: Counter[str]) -> list[str]:
    """A node a guest. `spread`: always the node with the fewest guests spread so far."""
    written = table.raw("node")
    if written is None:
        table.fail(None, "'node' is missing: a node's name, a list to alternate, or \"spread\"")
    if written != SPREAD:
        names = node_names(table, "node", layout.node_names())
        return [names[number % len(names)] for number in range(len(sids))]
    if not spread:
        table.fail("node", "no node is on at the beginning")
    found = []
    for _ in sids:
        node = min(spread, key=spread.__getitem__)
        spread[node] += 1
        found.append(node)
    return found


def _guest(table: Table, sid: str, node: str, layout: ClusterLayout) -> GuestSpec:
    usual = GuestSpec(sid, node)
    storages = [storage.name for storage in layout.storages]
    return GuestSpec(
        sid,
        node,
        storage=table.choice("storage", storages, usual.storage),
        disk_bytes=table.size_bytes("disk", usual.disk_bytes),
        cpus=table.integer("cpus", usual.cpus, least=1),
        memory_bytes=table.size_bytes("memory", usual.memory_bytes, least=MIB),
        busy=table.number("busy", usual.busy, least=0, most=1),
        busy_memory=table.number("busy_memory", usual.busy_memory, least=0, most=1),
        dirty_bytes_s=table.rate_bytes_s("dirty", usual.dirty_bytes_s),
        start_s=table.duration_s("start_time", usual.start_s),
        stop_s=table.duration_s("stop_time", usual.stop_s),
        start_fails=_start_fails(table, layout.node_names()),
        migration_fails=_failures(table, "migration_fails", table.raw("migration_fails")),
        ha=table.flag("ha", usual.ha),
        state=table.choice("state", STATES, usual.state),
        group=table.optional_text("group"),
        failback=table.flag("failback", usual.failback),
        max_restart=table.integer("max_restart", usual.max_restart),
        max_relocate=table.integer("max_relocate", usual.max_relocate),
    )


def _start_fails(table: Table, nodes: Sequence[str]) -> Mapping[str, int]:
    """How many starts fail: a number for every node, or a table node -> number."""
    raw = table.raw("start_fails")
    if not isinstance(raw, dict):
        count = _failures(table, "start_fails", raw)
        return {"*": count} if count else {}
    for node in raw:
        if node not in (*nodes, "*"):
            table.fail("start_fails", f"there is no node '{node}'" + did_you_mean(node, nodes))
    return {node: _failures(table, "start_fails", count) for node, count in raw.items()}


def _failures(table: Table, key: str, raw: Any) -> int:
    if raw is None:
        return 0
    if raw == ALWAYS:
        return -1
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 0:
        table.fail(key, f'how many attempts fail is expected, or "{ALWAYS}"')
    return raw
