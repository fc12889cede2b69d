"""Guests' files: what is read of them, what is written again, what strict reading refuses."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.errors import ConfigError
from appliance.model.guest.config import (
    GuestConfig,
    Settings,
    canonical,
    option_of,
    parse_guest,
    write_guest,
)
from appliance.model.guest.document import GuestKind
from tests.conformance.cases import Case, case_id, suite

VM = suite("guest", "parse_config")
CT = suite("guest", "ct_config", observed=True)


@pytest.mark.parametrize("case", VM, ids=case_id)
def test_virtual_machines(case: Case) -> None:
    check(case, "vm", case.get("observed", {}).get("parsed"), case["expect"].get("error", False))


@pytest.mark.parametrize("case", CT, ids=case_id)
def test_containers(case: Case) -> None:
    refused = case["input"]["strict"] and case["expect"].get("warned")
    check(case, "ct", case["expect"].get("parsed"), bool(case["expect"].get("error") or refused))


def check(case: Case, kind: GuestKind, parsed: dict[str, Any] | None, refused: bool) -> None:
    text, strict = case["input"]["text"], case["input"]["strict"]
    if refused:
        with pytest.raises(ConfigError) as error:
            parse_guest(text, kind, strict=strict, file="100.conf")
        assert error.value.line
        return
    config = parse_guest(text, kind, strict=strict, file="100.conf")
    assert write_guest(config) == text
    if parsed is not None:
        assert told(config) == expected(config, parsed)
    rewritten = case["expect"]["rewritten"]
    ours = unknown_dropped(rewritten, config) if kind == "ct" else rewritten
    assert write_guest(canonical(config)) == ours


def unknown_dropped(rewritten: str, config: GuestConfig) -> str:
    """The file as the reference writes it, without keys that it keeps although it warned."""
    bad = {problem.field for problem in config.problems}
    lines = [line for line in rewritten.split("\n") if line.partition(":")[0] not in bad]
    text = "\n".join(lines).rstrip("\n")
    return f"{text}\n" if text else ""


def told(config: GuestConfig) -> dict[str, Any]:
    return {
        **settings(config, config.current),
        "pending": settings(config, config.pending),
        "snapshots": {name: settings(config, s) for name, s in config.snapshots.items()},
        "special": {name: settings(config, s) for name, s in config.special.items()},
    }


def settings(config: GuestConfig, found: Settings) -> dict[str, Any]:
    values: dict[str, Any] = {
        key: plain(config.kind, key, text) for key, text in found.values.items()
    }
    if found.description:
        values["description"] = found.description
    if found.raw:
        values["lxc"] = [list(pair) for pair in found.raw]
    return values


def plain(kind: GuestKind, key: str, text: str) -> str:
    option = option_of(kind, key)
    return "1" if option and option.kind == "boolean" and option.decode(text) else text


def expected(config: GuestConfig, parsed: dict[str, Any]) -> dict[str, Any]:
    """What the reference read, without what we tell as a problem and it keeps all the same."""
    bad = {problem.field for problem in config.problems}
    inner = ("pending", "snapshots", "special-sections", "description", "lxc", "digest")

    def part(values: dict[str, Any], ours: Settings) -> dict[str, Any]:
        result: dict[str, Any] = {
            key: str(value)
            for key, value in values.items()
            if key not in inner and (key not in bad or key in ours.values)
        }
        if values.get("description"):
            result["description"] = values["description"].removesuffix("\n")
        raw = [pair for pair in values.get("lxc", ()) if pair[0] not in bad]
        return {**result, "lxc": raw} if raw else result

    snapshots, special = parsed.get("snapshots", {}), parsed.get("special-sections", {})
    return {
        **part(parsed, config.current),
        "pending": part(parsed.get("pending", {}), config.pending),
        "snapshots": {n: part(v, config.snapshots[n]) for n, v in snapshots.items()},
        "special": {n: part(v, config.special[n]) for n, v in special.items()},
    }
