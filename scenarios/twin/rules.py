"""Rules, groups and options of the answers as the texts of their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from scenarios.twin.answers import Row
from scenarios.twin.values import flag, keys, names

_RULE_KEYS: Final = ("resources", "nodes", "strict", "affinity", "disable")
_GROUP_KEYS: Final = ("nodes", "restricted", "nofailback")
_FLAGS: Final = frozenset(("strict", "disable", "restricted", "nofailback"))
_READ_BY_HA: Final = ("ha", "crs")


def rules_text(rules: Sequence[Row]) -> str:
    """`ha/rules.cfg`."""
    ordered = sorted(rules, key=lambda rule: (str(rule.get("order", "")), str(rule.get("rule"))))
    return _sections(
        (str(rule.get("type")), str(rule.get("rule")), rule, _RULE_KEYS) for rule in ordered
    )


def groups_text(groups: Sequence[Row]) -> str:
    """`ha/groups.cfg`."""
    ordered = sorted(groups, key=lambda group: str(group.get("group")))
    return _sections(("group", str(group.get("group")), group, _GROUP_KEYS) for group in ordered)


def options_text(options: Row) -> str:
    """What of `datacenter.cfg` decides where guests run."""
    lines = []
    for name in _READ_BY_HA:
        pairs = keys(options.get(name))
        if pairs:
            lines.append(f"{name}: {','.join(f'{key}={text}' for key, text in pairs.items())}")
    return "".join(f"{line}\n" for line in lines)


def _sections(sections: Iterable[tuple[str, str, Row, Sequence[str]]]) -> str:
    texts = []
    for kind, name, row, wanted in sections:
        lines = [f"{kind}: {name}"]
        for key in wanted:
            text = _value(key, row)
            if text:
                lines.append(f"\t{key} {text}")
        texts.append("\n".join(lines) + "\n")
    return "\n".join(texts)


def _value(key: str, row: Row) -> str:
    if key not in row:
        return ""
    if key in _FLAGS:
        return "1" if flag(row[key]) else "0"
    return ",".join(names(row[key]))
