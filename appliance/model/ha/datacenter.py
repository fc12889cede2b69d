"""datacenter.cfg: the options that high availability reads, `ha`, `crs` and `max_workers`.

One `key: value` line an option; lines that begin with # are the description. Everything else in
the file is kept as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.model.errors import ConfigError
from appliance.model.option import Option, placed
from appliance.model.property_string import (
    PropertyString,
    format_property_string,
    parse_property_string,
)

FILE = "datacenter.cfg"

_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*):\s*(.*?)\s*", re.ASCII)

HA_OPTIONS = (
    Option(
        "shutdown_policy",
        "What becomes of the services of a node that is shut down or rebooted.",
        default="conditional",
        choices=("freeze", "failover", "conditional", "migrate"),
        required=True,
    ),
)
CRS_OPTIONS = (
    Option(
        "ha",
        "How nodes are compared: by number of services, configured or measured load.",
        default="basic",
        choices=("basic", "static", "dynamic"),
    ),
    Option(
        "ha-rebalance-on-start",
        "Whether the best node is sought when a service is started.",
        kind="boolean",
        default=False,
    ),
    Option(
        "ha-auto-rebalance",
        "Whether services are moved when load is spread unevenly.",
        kind="boolean",
        default=False,
    ),
    Option(
        "ha-auto-rebalance-threshold",
        "Imbalance, in percent, above which something is done.",
        kind="number",
        default=30,
        minimum=0,
        maximum=100,
        requires="ha-auto-rebalance",
    ),
    Option(
        "ha-auto-rebalance-method",
        "How the best move is found.",
        default="bruteforce",
        choices=("bruteforce", "topsis"),
        requires="ha-auto-rebalance",
    ),
    Option(
        "ha-auto-rebalance-hold-duration",
        "For how many rounds the imbalance must last.",
        kind="number",
        default=3,
        minimum=0,
        requires="ha-auto-rebalance",
    ),
    Option(
        "ha-auto-rebalance-margin",
        "By how many percent a move must lessen the imbalance.",
        kind="number",
        default=10,
        minimum=0,
        maximum=100,
        requires="ha-auto-rebalance",
    ),
)
MAX_WORKERS = Option(
    "max_workers",
    "How many jobs of one kind a node runs at a time.",
    kind="integer",
    default=4,
    minimum=1,
)


@dataclass(frozen=True, slots=True)
class HaOptions:
    """`shutdown_policy` may be a word nobody knows: the LRM reports it and acts as conditional."""

    shutdown_policy: str = "conditional"


@dataclass(frozen=True, slots=True)
class CrsOptions:
    """The resource scheduler. `mode` may be a word nobody knows: reported, then basic.

    threshold      imbalance above which services are moved, as a fraction
    method         `bruteforce` or `topsis`
    hold_duration  rounds that the imbalance must last
    margin         least relative improvement, as a fraction
    """

    mode: str = "basic"
    rebalance_on_start: bool = False
    auto_rebalance: bool = False
    threshold: float = 0.3
    method: str = "bruteforce"
    hold_duration: float = 3
    margin: float = 0.1


@dataclass(frozen=True, slots=True)
class Datacenter:
    """The file: what high availability uses, its lines, and what was wrong with them."""

    ha: HaOptions = field(default_factory=HaOptions)
    crs: CrsOptions = field(default_factory=CrsOptions)
    max_workers: int = 4
    lines: tuple[str, ...] = field(default=(), compare=False, repr=False)
    problems: tuple[ConfigError, ...] = field(default=(), compare=False, repr=False)


# Option name -> field of CrsOptions. The file has percent, the core computes with fractions.
_CRS_FIELDS = {
    "ha": "mode",
    "ha-rebalance-on-start": "rebalance_on_start",
    "ha-auto-rebalance": "auto_rebalance",
    "ha-auto-rebalance-threshold": "threshold",
    "ha-auto-rebalance-method": "method",
    "ha-auto-rebalance-hold-duration": "hold_duration",
    "ha-auto-rebalance-margin": "margin",
}
_PERCENT = frozenset({"ha-auto-rebalance-threshold", "ha-auto-rebalance-margin"})


def crs_from_fractions(values: Mapping[str, object]) -> CrsOptions:
    """Scheduler options from option names and loose values, threshold and margin as fractions.

    This is the form of Proxmox VE HA manager 5.2, older than that of the file. Words are not
    checked, so `mode` and `method` may be unknown ones. ConfigError for what is no number.
    """
    changes: dict[str, Any] = {}
    for option in CRS_OPTIONS:
        if option.name not in values:
            continue
        text = _loose_text(values[option.name])
        loose = replace(option, choices=(), maximum=None)
        changes[_CRS_FIELDS[option.name]] = loose.decode(text)
    return CrsOptions(**changes)


def parse_datacenter(text: str, *, strict: bool = False, file: str = FILE) -> Datacenter:
    """Read the file. Lenient reading takes defaults for a bad option, see `problems`."""
    lines = tuple(text.removesuffix("\n").split("\n")) if text else ()
    changes: dict[str, Any] = {}
    problems: list[ConfigError] = []
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None or match[1] not in ("ha", "crs", "max_workers"):
            continue
        try:
            if match[1] in changes:
                raise ConfigError("is repeated, the first one holds")
            changes[match[1]] = _parse_option(match[1], match[2])
        except ConfigError as error:
            problems.append(placed(error, file=file, line=number, field=match[1]))
    if strict and problems:
        raise problems[0]
    return Datacenter(**changes, lines=lines, problems=tuple(problems))


def write_datacenter(datacenter: Datacenter) -> str:
    """The text: lines of changed options are rewritten, unknown keys within them kept."""
    lines: list[str] = []
    before = parse_datacenter("\n".join(datacenter.lines))
    left = {"ha": datacenter.ha, "crs": datacenter.crs, "max_workers": datacenter.max_workers}
    for line in datacenter.lines:
        match = _LINE.fullmatch(line)
        if match is None or match[1] not in ("ha", "crs", "max_workers"):
            lines.append(line)
        elif match[1] in left:
            value = left.pop(match[1])
            same = value == getattr(before, match[1])
            new = line if same else _option_line(match[1], value, match[2])
            lines += [new] if new else []
    for key, value in left.items():
        new = _option_line(key, value, "")
        lines += [new] if new else []
    return "".join(f"{line}\n" for line in lines)


def _parse_option(key: str, text: str) -> object:
    if key == "max_workers":
        return MAX_WORKERS.decode(text)
    if key == "ha":
        values = parse_property_string(text, HA_OPTIONS).values
        return HaOptions(str(values["shutdown_policy"]))
    changes: dict[str, Any] = {}
    for name, value in parse_property_string(text, CRS_OPTIONS).values.items():
        assert isinstance(value, bool | int | float | str)
        fraction = name in _PERCENT and not isinstance(value, str)
        changes[_CRS_FIELDS[name]] = float(value) / 100 if fraction else value
    return CrsOptions(**changes)


def _option_line(key: str, value: object, before: str) -> str:
    """The line of an option; empty if all of it is default and nothing else was written there."""
    if isinstance(value, HaOptions):
        return _property_line(key, HA_OPTIONS, {"shutdown_policy": value.shutdown_policy}, before)
    if isinstance(value, CrsOptions):
        wanted: dict[str, object] = {}
        for name, attribute in _CRS_FIELDS.items():
            number = getattr(value, attribute)
            wanted[name] = number * 100 if name in _PERCENT else number
        return _property_line(key, CRS_OPTIONS, wanted, before)
    return f"{key}: {value}" if before or value != MAX_WORKERS.default else ""


def _property_line(
    key: str, options: tuple[Option, ...], wanted: Mapping[str, object], before: str
) -> str:
    try:
        old = parse_property_string(before, options) if before else PropertyString()
    except ConfigError:
        old = PropertyString()
    values = {
        option.name: wanted[option.name]
        for option in options
        if wanted[option.name] != option.default or option.name in old.values
    }
    for option in options:
        if option.requires and option.name in values:
            values[option.requires] = wanted[option.requires]
    text = format_property_string(PropertyString(values, old.unknown), options)
    return f"{key}: {text}" if text else ""


def _loose_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)
