"""How high availability is, as rows: quorum, master, local managers, services."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from appliance.model.ha.status import LrmStatus, ManagerStatus, ServiceStatus
from appliance.model.ha.status_files import MANAGER_STATUS, lrm_status_file
from appliance.ports.config_store import ConfigStore
from appliance.services.config.ha import RESOURCES, HaRequests
from appliance.services.config.sections import Sections
from appliance.services.config.texts import read_text

Row = dict[str, Any]
_OLD_S: Final = 120
_SHOWN: Final = ("max_restart", "max_relocate", "failback", "auto-rebalance")


@dataclass(frozen=True, slots=True)
class Seen:
    """From where, and when, one looks. nodes: all of the cluster."""

    node: str
    nodes: Sequence[str]
    quorate: bool
    now_s: float


def status_rows(store: ConfigStore, seen: Seen) -> list[Row]:
    """All rows, in the order in which clients show them."""
    state = HaRequests(seen.node, store).state
    manager = state.manager_status()
    rows: list[Row] = [
        {
            "id": "quorum",
            "type": "quorum",
            "node": seen.node,
            "status": "OK" if seen.quorate else "No quorum!",
            "quorate": int(seen.quorate),
        },
        *_fencing(seen, manager),
        *_master(seen, manager),
    ]
    rows += [_local(seen, n, manager, state.lrm_status(n)) for n in sorted(seen.nodes)]
    configured = {row["sid"]: row for row in Sections(store, RESOURCES).rows()}
    known = sorted({*configured, *manager.services})
    return rows + [_service(sid, manager, configured.get(sid)) for sid in known]


def manager_status(store: ConfigStore, seen: Seen) -> Row:
    """What the daemons wrote, as they wrote it."""
    return {
        "manager_status": _json(store, MANAGER_STATUS),
        "lrm_status": {name: _json(store, lrm_status_file(name)) for name in sorted(seen.nodes)},
        "quorum": {"node": seen.node, "quorate": int(seen.quorate)},
    }


def _json(store: ConfigStore, path: str) -> Any:
    try:
        return json.loads(read_text(store, path) or "{}")
    except ValueError:
        return {}


def _fencing(seen: Seen, manager: ManagerStatus) -> list[Row]:
    disarm = manager.disarm
    state = "armed" if disarm is None else disarm.state
    if disarm is None and not manager.services:
        state = "standby"
    row: Row = {
        "id": "fencing",
        "type": "fencing",
        "node": manager.master or seen.node,
        "status": state if disarm is None else f"{state}, resource mode {disarm.mode}",
        "armed-state": state,
    }
    return [row if disarm is None else {**row, "resource_mode": disarm.mode}]


def _master(seen: Seen, manager: ManagerStatus) -> list[Row]:
    if manager.master is None:
        return []
    state = "active" if seen.now_s - manager.timestamp_s <= _OLD_S else "old timestamp - dead?"
    return [
        {
            "id": "master",
            "type": "master",
            "node": manager.master,
            "status": f"{manager.master} ({state}, {_moment(manager.timestamp_s)})",
            "timestamp": int(manager.timestamp_s),
        }
    ]


def _local(seen: Seen, name: str, manager: ManagerStatus, lrm: LrmStatus | None) -> Row:
    row: Row = {"id": f"lrm:{name}", "type": "lrm", "node": name}
    if lrm is None:
        return {**row, "status": f"{name} (unable to read lrm status)"}
    state = _local_state(seen, manager.nodes.get(name), lrm)
    told = f"{name} ({state}, {_moment(lrm.timestamp_s)})"
    return {**row, "status": told, "timestamp": int(lrm.timestamp_s)}


def _local_state(seen: Seen, node: str | None, lrm: LrmStatus) -> str:
    if seen.now_s - lrm.timestamp_s > _OLD_S:
        return "old timestamp - dead?"
    if lrm.mode == "maintenance" or node == "maintenance":
        return "maintenance mode"
    return {"wait_for_agent_lock": "idle", "lost_agent_lock": "lost lock"}.get(lrm.state, lrm.state)


def _service(sid: str, manager: ManagerStatus, row: Mapping[str, Any] | None) -> Row:
    status: ServiceStatus | None = manager.services.get(sid)
    asked = str((row or {}).get("state", "started"))
    crm = status.state if status is not None else ""
    state = _shown_state(status, asked, row is not None)
    node = status.node if status is not None else ""
    found: Row = {
        "id": f"service:{sid}",
        "type": "service",
        "sid": sid,
        "node": node,
        "state": state,
        "request_state": asked,
        "status": f"{sid} ({node or 'no node'}, {state})",
    }
    found |= {"crm_state": crm} if crm else {}
    return found | {key: row[key] for key in _SHOWN if row is not None and key in row}


def _shown_state(status: ServiceStatus | None, asked: str, configured: bool) -> str:
    if not configured:
        return "deleting"
    if asked == "ignored":
        return "ignored"
    if status is None:
        return "queued"
    if status.state == "started":
        return "started" if status.running else "starting"
    if status.state == "request_stop":
        return "stopping"
    if status.state == "stopped" and asked == "disabled":
        return "disabled"
    return status.state


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%a %b %d %H:%M:%S %Y")
