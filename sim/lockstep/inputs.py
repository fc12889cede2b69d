"""The files of a case folder, read into values. Errors name the file and the field."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any, TypeVar

from appliance.model.errors import ConfigError
from appliance.model.ha.datacenter import CrsOptions, HaOptions, crs_from_fractions
from appliance.model.ha.groups import Group, parse_groups
from appliance.model.ha.ids import SIMULATED_TYPES, parse_sid
from appliance.model.ha.resources import STATES as REQUESTED_STATES
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import RuleSet, parse_rules
from appliance.model.ha.status import (
    NODE_STATES,
    SERVICE_STATES,
    Disarm,
    ManagerStatus,
    ServiceStatus,
)
from appliance.ports.ha_store import DatacenterOptions

T = TypeVar("T")
Files = Mapping[str, str]
FILES = (
    "cmdlist",
    "hardware_status",
    "service_config",
    "manager_status",
    "rules_config",
    "groups",
    "datacenter.cfg",
    "static_service_stats",
    "dynamic_service_stats",
)
GIB = 2.0**30
DEFAULT_VERSION = "9.0.0~2"


@dataclass(frozen=True, slots=True)
class NodeInput:
    power: bool = False
    network: bool = False
    maxcpu: float | None = None
    maxmem: float | None = None
    version: str = DEFAULT_VERSION


@dataclass(frozen=True, slots=True)
class CaseInputs:
    """A case folder. `static_stats` sid -> (cores, bytes) configured, `dynamic_stats` used."""

    steps: tuple[tuple[str, ...], ...]
    nodes: Mapping[str, NodeInput]
    services: Mapping[str, ServiceConfig]
    locks: Mapping[str, str]
    manager_status: ManagerStatus = field(default_factory=ManagerStatus)
    rules: RuleSet = field(default_factory=RuleSet)
    rules_digest: str = ""
    groups: tuple[Group, ...] = ()
    groups_digest: str = ""
    options: DatacenterOptions = field(default_factory=DatacenterOptions)
    static_stats: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    dynamic_stats: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    running: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)


def load_case(folder: Path) -> CaseInputs:
    """Read a case folder. ConfigError says what cannot be read; OSError if a file cannot."""
    if not (folder / "cmdlist").is_file():
        raise ConfigError("is no case folder: it has no cmdlist", file=str(folder))
    names = [*FILES, *(path.name for path in sorted(folder.glob("service_status_*")))]
    paths = {name: folder / name for name in names}
    try:
        return parse_case({name: _read(path) for name, path in paths.items() if path.is_file()})
    except ConfigError as error:
        place = str(folder / error.file)
        raise ConfigError(error.message, file=place, line=error.line, field=error.field) from None


def parse_case(files: Files) -> CaseInputs:
    """A case from the texts of its files. ConfigError says what cannot be read."""
    services, locks = _services(files)
    nodes = _nodes(files)
    static = _stats(files, "static_service_stats", "maxcpu", "maxmem")
    if static is None:
        static = dict.fromkeys(services, (4.0, 4 * GIB))
    dynamic = _stats(files, "dynamic_service_stats", "cpu", "mem")
    if dynamic is None:
        dynamic = dict.fromkeys(static, (2.0, 2 * GIB))
    rules_text, groups_text = files.get("rules_config", ""), files.get("groups", "")
    return CaseInputs(
        _steps(files),
        nodes,
        services,
        locks,
        _manager_status(files),
        parse_rules(rules_text, file="rules_config"),
        sha1(rules_text.encode()).hexdigest(),
        parse_groups(groups_text, file="groups").groups,
        sha1(groups_text.encode()).hexdigest(),
        _options(files),
        static,
        dynamic,
        {node: _running(files, node) for node in nodes},
    )


class Fields:
    """A JSON object, read field by field; what is wrong names the file and the path to it."""

    def __init__(self, value: Any, file: str, path: str = "") -> None:
        self.file, self.path = file, path
        if not isinstance(value, dict):
            raise self.error("", "must be an object")
        self.values: dict[str, Any] = value

    def error(self, name: str, message: str) -> ConfigError:
        place = ".".join(part for part in (self.path, name) if part)
        return ConfigError(message, file=self.file, field=place or None)

    def inner(self, name: str) -> Fields:
        place = ".".join(part for part in (self.path, name) if part)
        return Fields(self.values.get(name, {}), self.file, place)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value
        raise self.error(name, "must be a string")

    def needed_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise self.error(name, "is missing")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name) or default
        if value is None:
            raise self.error(name, "is missing")
        if value not in allowed:
            raise self.error(name, f"'{value}' is none of {', '.join(allowed)}")
        return value

    def number(self, name: str) -> float | None:
        return self._number(name, float, "must be a number")

    def whole(self, name: str, default: int) -> int:
        value = self._number(name, int, "must be a whole number")
        return default if value is None else value

    def flag(self, name: str, default: bool) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        if value in (0, 1, "0", "1"):
            return value in (1, "1")
        raise self.error(name, "must be 0 or 1")

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(name, "must be a list of strings")
        return tuple(value)

    def _number(self, name: str, kind: Callable[[Any], T], message: str) -> T | None:
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return kind(value)
        except (TypeError, ValueError):
            raise self.error(name, message) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError("is no text in UTF-8", file=path.name) from None


def _json(files: Files, name: str) -> Any:
    """The file's content; None if there is no such file, or nothing in it."""
    text = files.get(name, "")
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise ConfigError("is no valid JSON", file=name, line=line) from None


def _steps(files: Files) -> tuple[tuple[str, ...], ...]:
    steps = _json(files, "cmdlist")
    if not isinstance(steps, list):
        raise ConfigError("must be a list of lists of strings", file="cmdlist")
    for number, step in enumerate(steps, start=1):
        if not isinstance(step, list) or not all(isinstance(text, str) for text in step):
            raise ConfigError("must be a list of strings", file="cmdlist", field=f"step {number}")
    return tuple(tuple(step) for step in steps)


def _nodes(files: Files) -> dict[str, NodeInput]:
    content = _json(files, "hardware_status")
    if content is None:
        default = NodeInput(maxcpu=24.0, maxmem=128 * GIB)
        return {f"node{number}": default for number in (1, 2, 3)}
    top = Fields(content, "hardware_status")
    return {name: _node(top.inner(name)) for name in sorted(top.values)}


def _node(fields: Fields) -> NodeInput:
    return NodeInput(
        fields.choice("power", ("on", "off"), "off") == "on",
        fields.choice("network", ("on", "off"), "off") == "on",
        fields.number("maxcpu"),
        fields.number("maxmem"),
        fields.text("pve-manager-version") or DEFAULT_VERSION,
    )


def _services(files: Files) -> tuple[dict[str, ServiceConfig], dict[str, str]]:
    content = _json(files, "service_config")
    if content is None:
        content = {f"vm:{101 + n}": {"node": f"node{1 + n % 3}"} for n in range(6)}
    top = Fields(content, "service_config")
    services: dict[str, ServiceConfig] = {}
    locks: dict[str, str] = {}
    for sid in sorted(top.values):
        try:
            parse_sid(sid, SIMULATED_TYPES)
        except ConfigError as error:
            raise ConfigError(error.message, file="service_config", field=sid) from None
        fields = top.inner(sid)
        services[sid] = _service(sid, fields)
        lock = fields.text("lock")
        if lock:
            locks[sid] = lock
    return services, locks


def _service(sid: str, fields: Fields) -> ServiceConfig:
    state = fields.choice("state", REQUESTED_STATES, "disabled")
    return ServiceConfig(
        sid,
        fields.needed_text("node"),
        "started" if state == "enabled" else state,
        fields.text("group"),
        fields.flag("failback", True),
        fields.whole("max_restart", 1),
        fields.whole("max_relocate", 1),
    )


def _stats(files: Files, name: str, cpu: str, mem: str) -> dict[str, tuple[float, float]] | None:
    content = _json(files, name)
    if content is None:
        return None
    top = Fields(content, name)
    inner = {sid: top.inner(sid) for sid in sorted(top.values)}
    return {sid: (f.number(cpu) or 0.0, f.number(mem) or 0.0) for sid, f in inner.items()}


def _running(files: Files, node: str) -> dict[str, bool]:
    name = f"service_status_{node}"
    fields = Fields(_json(files, name) or {}, name)
    return {sid: fields.flag(sid, False) for sid in fields.values}


def _options(files: Files) -> DatacenterOptions:
    fields = Fields(_json(files, "datacenter.cfg") or {}, "datacenter.cfg")
    ha, crs = fields.inner("ha"), fields.inner("crs")
    policy = ha.text("shutdown_policy") or HaOptions().shutdown_policy
    try:
        scheduler = crs_from_fractions(crs.values)
    except ConfigError as error:
        raise crs.error(error.field or "", error.message) from None
    assert isinstance(scheduler, CrsOptions)
    return DatacenterOptions(HaOptions(policy), scheduler)


def _manager_status(files: Files) -> ManagerStatus:
    fields = Fields(_json(files, "manager_status") or {}, "manager_status")
    nodes, services = fields.inner("node_status"), fields.inner("service_status")
    requests = fields.inner("node_request")
    disarm = fields.inner("disarm") if fields.values.get("disarm") else None
    return ManagerStatus(
        fields.text("master_node"),
        fields.number("timestamp") or 0.0,
        0,
        {node: nodes.choice(node, NODE_STATES) for node in sorted(nodes.values)},
        {sid: _service_status(services.inner(sid)) for sid in sorted(services.values)},
        frozenset(
            node for node in requests.values if requests.inner(node).flag("maintenance", False)
        ),
        None if disarm is None else _disarm(disarm),
    )


def _disarm(fields: Fields) -> Disarm:
    return Disarm(fields.needed_text("mode"), fields.needed_text("state"))


def _service_status(fields: Fields) -> ServiceStatus:
    command = fields.texts("cmd") if fields.values.get("cmd") else None
    if command is not None and len(command) != 2:
        raise fields.error("cmd", "must be a verb and its argument")
    timeout_s = fields.values.get("timeout")
    return ServiceStatus(
        fields.choice("state", SERVICE_STATES),
        fields.text("node") or "",
        fields.text("uid") or "",
        fields.text("target"),
        None if timeout_s is None else fields.whole("timeout", 0),
        fields.flag("running", False),
        fields.texts("failed_nodes"),
        fields.text("maintenance_node"),
        None if command is None else (command[0], command[1]),
    )
