"""Whether a rule can be in force where it stands: what is wrong, by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from appliance.model.firewall.macros import find_macro
from appliance.model.firewall.rule import check_fields
from appliance.model.formats.firewall import ICMP, ICMP_V6, WITH_PORTS, is_alias, is_set, versions

Scope = Literal["cluster", "host", "vm", "ct", "vnet", "group"]

DIRECTIONS: Final[Mapping[Scope, tuple[str, ...]]] = {
    "cluster": ("in", "out", "forward", "group"),
    "host": ("in", "out", "forward", "group"),
    "vm": ("in", "out", "group"),
    "ct": ("in", "out", "group"),
    "vnet": ("forward", "group"),
    "group": ("in", "out", "forward"),
}
WITH_IFACE: Final[tuple[Scope, ...]] = ("cluster", "host", "vm", "ct")
_VERDICTS: Final = ("ACCEPT", "DROP", "REJECT")


@dataclass(frozen=True, slots=True)
class Known:
    """Names in lower case that a rule may use, each with the place that it may be asked for at."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    sets: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


def problems(rule: Mapping[str, str], scope: Scope, known: Known) -> dict[str, str]:
    """Empty for a rule that can be in force."""
    errors = {
        **_direction(rule, scope, known),
        **_service(rule),
        **_ends(rule, known),
        **check_fields(rule),
    }
    if "type" not in rule:
        errors["type"] = "is missing"
    if "action" not in rule:
        errors["action"] = "is missing"
    return errors


def _direction(rule: Mapping[str, str], scope: Scope, known: Known) -> dict[str, str]:
    kind, action = rule.get("type", ""), rule.get("action", "")
    errors = {}
    if kind and kind not in DIRECTIONS[scope]:
        errors["type"] = f"'{kind}' is not one of {', '.join(DIRECTIONS[scope])} here"
    elif kind == "group":
        if action.lower() not in known.groups:
            errors["action"] = f"no such security group '{action}'"
    elif kind and action.upper() not in _VERDICTS:
        errors["action"] = f"'{action}' is not one of {', '.join(_VERDICTS)}"
    elif kind == "forward" and action.upper() == "REJECT":
        errors["action"] = "forwarded packets cannot be rejected, only dropped"
    if rule.get("iface") and scope not in WITH_IFACE:
        errors["iface"] = "cannot be given here"
    elif rule.get("iface") and scope in ("vm", "ct") and not _is_card(rule["iface"]):
        errors["iface"] = "a guest's cards are net0, net1, ..."
    return errors


def _is_card(iface: str) -> bool:
    return iface.startswith("net") and iface[3:].isdecimal()


def _macro(rule: Mapping[str, str]) -> dict[str, str]:
    macro = find_macro(rule["macro"])
    if macro is None:
        return {"macro": f"unknown macro '{rule['macro']}'"}
    errors = {}
    for part in (*macro.parts, *macro.parts_v6):
        said = {"proto": part.protocol, "dport": part.ports, "sport": part.source_ports}
        for name, text in said.items():
            if text and rule.get(name, text) != text:
                errors[name] = f"the macro says {text}"
    return errors


def _service(rule: Mapping[str, str]) -> dict[str, str]:
    if rule.get("macro"):
        return _macro(rule)
    errors = {}
    protocol = rule.get("proto", "").lower()
    for name in ("dport", "sport"):
        if not rule.get(name):
            continue
        if not protocol:
            errors["proto"] = f"is missing, {name} needs it"
        icmp = name == "dport" and protocol in (*ICMP, *ICMP_V6)
        if protocol not in WITH_PORTS and not icmp:
            errors[name] = f"protocol '{protocol}' does not support ports"
    if rule.get("icmp-type") and protocol not in (*ICMP, *ICMP_V6):
        errors["icmp-type"] = "is for the protocols icmp and ipv6-icmp only"
    return errors


def _ends(rule: Mapping[str, str], known: Known) -> dict[str, str]:
    errors: dict[str, str] = {}
    seen: frozenset[int] = frozenset()
    for name in ("source", "dest"):
        text = rule.get(name, "")
        if is_set(text):
            if text[1:].lower() not in known.sets and not text.startswith("+sdn/"):
                errors[name] = f"no such ipset '{text[1:]}'"
            continue
        cidr = text
        if text and is_alias(text):
            if text.lower() not in known.aliases:
                errors[name] = f"no such alias '{text}'"
                continue
            cidr = known.aliases[text.lower()]
        found = versions(cidr)
        if seen and found and seen != found:
            errors[name] = "source and dest are of different IP versions"
        seen = seen or found
    return errors
