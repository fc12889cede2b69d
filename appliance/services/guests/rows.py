"""Rows about guests: of lists, of their present state, of the whole cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from appliance.services.guests.board import Live
from appliance.services.guests.summaries import Summary

Row = dict[str, Any]
_NO_COUNTS: Mapping[str, int | float] = {
    "cpu": 0,
    "mem": 0,
    "disk": 0,
    "netin": 0,
    "netout": 0,
    "diskread": 0,
    "diskwrite": 0,
    "uptime": 0,
}


def guest_row(one: Summary, live: Live | None) -> Row:
    """What lists of a node tell of a guest; live: what is known of its process."""
    running = live is not None and live.get("status") == "running"
    row: Row = {
        "vmid": one.vmid,
        "name": one.name,
        "status": "running" if running else "stopped",
        "cpus": one.cpus or 1,
        "maxmem": one.memory_bytes,
        "maxdisk": one.disk_bytes,
        **_NO_COUNTS,
    }
    if one.kind == "ct":
        row |= {"type": "lxc", "swap": 0, "maxswap": one.swap_bytes}
    if live is not None and running:
        row |= {key: live[key] for key in (*_NO_COUNTS, "pid") if key in live}
    if one.kind == "vm":
        row["disk"] = 0  # nobody but the guest knows how full it is
    return {**row, **_marks(one)}


def _marks(one: Summary) -> Row:
    row: Row = {}
    if one.template:
        row["template"] = 1
    if one.tags:
        row["tags"] = one.tags
    if one.lock:
        row["lock"] = one.lock
    return row


def resource_row(one: Summary, live: Live | None, pool: str | None, ha_state: str | None) -> Row:
    """What the list of the cluster's resources tells of a guest."""
    kind = "qemu" if one.kind == "vm" else "lxc"
    row = guest_row(one, live)
    for gone in ("cpus", "swap", "maxswap", "pid"):
        row.pop(gone, None)
    row |= {
        "id": f"{kind}/{one.vmid}",
        "type": kind,
        "node": one.node,
        "maxcpu": one.cpus or 1,
        "template": int(one.template),
    }
    if one.kind == "vm":
        row["memhost"] = row["mem"]
    if pool is not None:
        row["pool"] = pool
    if ha_state is not None:
        row["hastate"] = ha_state
    return row


def current_row(one: Summary, live: Live | None, managed: Row) -> Row:
    """What is told of one guest: as in lists, and more."""
    row = guest_row(one, live)
    row["ha"] = managed
    if one.kind == "vm":
        row["qmpstatus"] = str(live["qmpstatus"]) if live else "stopped"
        if one.agent:
            row["agent"] = 1
    return row


def by_node(
    summaries: Iterator[Summary], heard: Mapping[str, Mapping[str, Live]]
) -> Iterator[tuple[Summary, Live | None]]:
    """Each guest with what its node said of it."""
    for one in summaries:
        yield one, heard.get(one.node, {}).get(one.sid)
