"""One rule as a line: `IN SSH(ACCEPT) -i net0 -source 10.0.0.0/8 -log info # why`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from appliance.model.errors import ConfigError
from appliance.model.firewall.macros import find_macro
from appliance.model.formats.firewall import ICMP, ICMP_V6, NAME, versions
from appliance.model.option import placed
from appliance.model.options.firewall import RULE_OPTIONS
from appliance.model.section_edit import one_line

Rule = dict[str, str]

FLAGS: Final[Mapping[str, str]] = {
    "iface": "-i",
    "source": "-source",
    "dest": "-dest",
    "proto": "-p",
    "dport": "-dport",
    "sport": "-sport",
    "log": "-log",
    "icmp-type": "-icmp-type",
}
_NAMES: Final = {
    **{flag: name for name, flag in FLAGS.items()},
    "-iface": "iface",
    "-proto": "proto",
}
_HEAD: Final = re.compile(
    rf"(\|)?\s*(IN|OUT|FORWARD|GROUP)\s+(?:({NAME})\((\w+)\)|({NAME}))\s*(.*)",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_COMMENT: Final = re.compile(r"(.*?)\s*#\s?(.*)", re.DOTALL)


def parse_rule(text: str) -> Rule:
    """The fields that are written, as texts; `enable` always. ConfigError names the field."""
    line, comment = split_comment(text.strip())
    match = _HEAD.fullmatch(line)
    if match is None:
        raise ConfigError("is no rule, expected IN, OUT, FORWARD or GROUP and what to do")
    off, kind, macro, macro_action, action, rest = match.groups()
    rule = {"type": kind.lower(), "action": macro_action or action}
    if macro:
        rule["macro"] = macro
    if rule["type"] != "group":
        rule["action"] = rule["action"].upper()
    rule |= _flags(rest)
    rule["enable"] = "0" if off else "1"
    if comment:
        rule["comment"] = comment
    return rule


def _flags(text: str) -> Rule:
    words, found = text.split(), {}
    for flag, value in zip(words[::2], words[1::2], strict=False):
        name = _NAMES.get(flag.replace("--", "-"))
        if name is None or name in found:
            raise ConfigError(f"'{flag}' is unknown or repeated")
        found[name] = value
    if len(words) % 2:
        raise ConfigError(f"'{words[-1]}' has no value")
    return found


def split_comment(line: str) -> tuple[str, str]:
    """What stands before a # and after it."""
    match = _COMMENT.fullmatch(line)
    return (line, "") if match is None else (match[1], match[2].strip())


def write_rule(rule: Mapping[str, str]) -> str:
    """The line. ConfigError for a text that would break it."""
    action = rule["action"]
    head = f"{rule['macro']}({action})" if rule.get("macro") else action
    words = [rule["type"].upper(), head]
    for name, flag in FLAGS.items():
        if rule.get(name):
            words += [flag, "".join(rule[name].split())]
    off = "" if rule.get("enable", "1") != "0" else "|"
    comment = one_line("comment", rule.get("comment", ""))
    return f"{off}{' '.join(words)}{f' # {comment}' if comment else ''}"


def check_fields(rule: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with single fields, by name."""
    errors = {}
    for name, text in rule.items():
        try:
            RULE_OPTIONS.decode(name, text)
        except ConfigError as error:
            errors[name] = placed(error, file="", line=None).message
    return errors


def version_of(rule: Mapping[str, str]) -> int | None:
    """The IP version that a rule is bound to by what it matches; None for both.

    Aliases and IP sets are not looked into.
    """
    for name in ("source", "dest"):
        found = versions(rule.get(name, ""))
        if len(found) == 1:
            return next(iter(found))
    protocol = rule.get("proto", "").lower()
    if protocol in ICMP:
        return 4
    if protocol in ICMP_V6:
        return 6
    macro = find_macro(rule["macro"]) if rule.get("macro") else None
    return macro.only_version if macro is not None else None
