"""The files of a case folder, read into values. Errors name the file and the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any

from appliance.model.errors import ConfigError
from appliance.model.ha.datacenter import CrsOptions, HaOptions, crs_from_fractions
from appliance.model.ha.groups import Group, parse_groups
from appliance.model.ha.ids import SIMULATED_TYPES, parse_sid
from appliance.model.ha.resources import STATES as REQUESTED_STATES
from appliance.model.ha.resources import ServiceConfig
from appliance.model.ha.rules import RuleSet, parse_rules
from appliance.model.ha.status import ManagerStatus
from appliance.model.ha.status_files import manager_status_of
from appliance.model.json_fields import Fields, parse_json
from appliance.ports.ha_store import DatacenterOptions

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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError("is no text in UTF-8", file=path.name) from None


def _json(files: Files, name: str) -> Any:
    """The file's content; None if there is no such file, or nothing in it."""
    return parse_json(files.get(name, ""), name)


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
    return manager_status_of(Fields(_json(files, "manager_status") or {}, "manager_status"))
