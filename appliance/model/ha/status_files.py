"""ha/manager_status and nodes/<node>/lrm_status: what the HA daemons tell each other, as JSON.

The names are Proxmox VE's, with three more: `round` and `steady` of the manager's, and
`checked_round` of a node's status (see `appliance.core.ha.order`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from appliance.model.ha.status import (
    EMPTY,
    NODE_STATES,
    SERVICE_STATES,
    Disarm,
    LrmStatus,
    ManagerStatus,
    OrderResult,
    ServiceStatus,
)
from appliance.model.json_fields import Fields, parse_json, text_of

MANAGER_STATUS: Final = "ha/manager_status"
_SERVICES: Final = '{"service_status":'  # what a file begins with that was written here
_DECODER: Final = json.JSONDecoder()
_text: Final = json.JSONEncoder(separators=(",", ":")).encode


def lrm_status_file(node: str) -> str:
    return f"nodes/{node}/lrm_status"


# the local resource manager's


def write_lrm_status(status: LrmStatus) -> bytes:
    """Every node writes one every few seconds: it is put together of its few values."""
    results = {
        uid: {"sid": result.sid, "state": result.order, "exit_code": result.exit_code}
        for uid, result in status.results.items()
    }
    checked = "" if status.checked_round is None else f',"checked_round":{status.checked_round}'
    return (
        f'{{"state":{_text(status.state)},"mode":{_text(status.mode)},'
        f'"timestamp":{status.timestamp_s!r},"results":{_text(results) if results else "{}"}'
        f"{checked}}}"
    ).encode()


def read_lrm_status(content: bytes, file: str) -> LrmStatus:
    """ConfigError if it is none."""
    fields = _top(text_of(content, file), file)
    results = fields.inner("results")
    return LrmStatus(
        fields.needed_text("state"),
        fields.text("mode") or "active",
        fields.number("timestamp") or 0.0,
        {uid: _result(results.inner(uid)) for uid in results.values} or EMPTY,
        fields.optional_whole("checked_round"),
    )


def _result(fields: Fields) -> OrderResult:
    return OrderResult(
        fields.needed_text("sid"), fields.text("state") or "", fields.whole("exit_code", 0)
    )


# the manager's


def manager_status_of(fields: Fields) -> ManagerStatus:
    """What these fields say. ConfigError names the one that is wrong."""
    services = fields.inner("service_status")
    found = {sid: service_status_of(services.inner(sid)) for sid in sorted(services.values)}
    return _manager_status(fields, found)


def service_status_of(fields: Fields) -> ServiceStatus:
    command = fields.texts("cmd") if fields.values.get("cmd") else None
    if command is not None and len(command) != 2:
        raise fields.error("cmd", "must be a verb and its argument")
    return ServiceStatus(
        fields.choice("state", SERVICE_STATES),
        fields.text("node") or "",
        fields.text("uid") or "",
        fields.text("target"),
        fields.optional_whole("timeout"),
        fields.flag("running", False),
        fields.texts("failed_nodes"),
        fields.text("maintenance_node"),
        None if command is None else (command[0], command[1]),
        fields.flag("steady", False),
    )


class ManagerStatusForm:
    """Writes and reads the file again and again. What has not changed since is not done again.

    Most rounds of a manager change no service: then a round costs as little as its few other
    values, and readers find the very same `services`.
    """

    __slots__ = ("_read_head", "_read_services", "_seen", "_texts", "_written", "_written_head")

    def __init__(self) -> None:
        self._written: Mapping[str, ServiceStatus] | None = None
        self._written_head = ""
        self._texts: dict[str, tuple[ServiceStatus, str]] = {}
        self._read_head = ""
        self._read_services: Mapping[str, ServiceStatus] = EMPTY
        self._seen: dict[str, tuple[Any, ServiceStatus]] = {}

    def write(self, status: ManagerStatus) -> bytes:
        if self._written is not status.services:
            self._written_head = _SERVICES + self._services_text(status.services)
            self._written = status.services
        values: dict[str, Any] = {"master_node": status.master, "timestamp": status.timestamp_s}
        values |= {"round": status.round, "node_status": dict(status.nodes)}
        if status.maintenance:
            nodes = sorted(status.maintenance)
            values["node_request"] = {node: {"maintenance": 1} for node in nodes}
        if status.disarm is not None:
            values["disarm"] = {"mode": status.disarm.mode, "state": status.disarm.state}
        return f"{self._written_head},{_text(values)[1:]}".encode()

    def read(self, content: bytes, file: str = MANAGER_STATUS) -> ManagerStatus:
        """ConfigError if it is none."""
        text = text_of(content, file)
        head = self._read_head
        if head and text.startswith(head):
            rest = _top("{" + text[len(head) + 1 :], file)
            if "service_status" not in rest.values:
                return _manager_status(rest, self._read_services)
        fields = _top(text, file)
        services = self._services(fields.inner("service_status"))
        status = _manager_status(fields, services)
        self._read_head, self._read_services = _head_of(text), services
        return status

    def _services_text(self, services: Mapping[str, ServiceStatus]) -> str:
        before, self._texts = self._texts, {}
        for sid, status in services.items():
            known = before.get(sid)
            same = known is not None and known[0] is status
            text = known[1] if same and known else f"{_text(sid)}:{_text(_service(status))}"
            self._texts[sid] = status, text
        return "{" + ",".join(text for _, text in self._texts.values()) + "}"

    def _services(self, fields: Fields) -> Mapping[str, ServiceStatus]:
        before, self._seen = self._seen, {}
        for sid in sorted(fields.values):
            known, raw = before.get(sid), fields.values[sid]
            same = known is not None and known[0] == raw
            status = known[1] if same and known else service_status_of(fields.inner(sid))
            self._seen[sid] = raw, status
        return {sid: status for sid, (_, status) in self._seen.items()}


def _manager_status(fields: Fields, services: Mapping[str, ServiceStatus]) -> ManagerStatus:
    nodes, requests = fields.inner("node_status"), fields.inner("node_request")
    disarm = fields.inner("disarm") if fields.values.get("disarm") else None
    return ManagerStatus(
        fields.text("master_node"),
        fields.number("timestamp") or 0.0,
        fields.whole("round", 0),
        {node: nodes.choice(node, NODE_STATES) for node in sorted(nodes.values)},
        services,
        frozenset(
            node for node in requests.values if requests.inner(node).flag("maintenance", False)
        ),
        None if disarm is None else _disarm(disarm),
    )


def _disarm(fields: Fields) -> Disarm:
    return Disarm(fields.needed_text("mode"), fields.needed_text("state"))


def _service(status: ServiceStatus) -> dict[str, Any]:
    """What is not as usual is written."""
    values: dict[str, Any] = {"state": status.state, "node": status.node, "uid": status.uid}
    optional = {
        "target": status.target,
        "timeout": status.timeout_s,
        "running": 1 if status.running else None,
        "failed_nodes": list(status.failed_nodes) or None,
        "maintenance_node": status.maintenance_node,
        "cmd": None if status.command is None else list(status.command),
        "steady": 1 if status.steady else None,
    }
    return values | {name: value for name, value in optional.items() if value is not None}


def _head_of(text: str) -> str:
    """The part of a file written here that holds the services; empty if it was not."""
    if not text.startswith(_SERVICES):
        return ""
    _, end = _DECODER.raw_decode(text, len(_SERVICES))
    return text[:end] if text[end : end + 1] == "," else ""


def _top(text: str, file: str) -> Fields:
    value = parse_json(text, file)
    return Fields({} if value is None else value, file)
