"""The permission of every operation of the published API contract can be evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from appliance.core.access.expressions import is_public, missing, parse_rule
from appliance.core.access.permissions import Access
from appliance.model.access.privileges import BUILT_IN_ROLES
from appliance.model.access.users import User, UserConfig
from tests.conformance.cases import corpus_files

PARAMETERS = {
    "vmid": 100,
    "node": "n1",
    "storage": "local",
    "path": "/vms/100",
    "groups": "g",
    "userid": "other@pve",
}


def operations() -> Iterator[Any]:
    for path in corpus_files("api/pve-*.json"):
        for name, verbs in json.loads(path.read_text("utf-8"))["paths"].items():
            for verb, operation in verbs.items():
                yield pytest.param(operation["permissions"], id=f"{verb} {name}")


def access_with(*roles: str) -> Access:
    users = {name: User() for name in ("root@pam", "u@pve", "other@pve")}
    return Access(UserConfig(users, acl={"/": {"u@pve": dict.fromkeys(roles, True)}}))


NOBODY = access_with()
ADMINISTRATOR = access_with("Administrator")


@pytest.mark.parametrize("written", list(operations()))
def test_every_operation(written: dict[str, Any] | None) -> None:
    """Nobody gets through without a login or privileges, the administrator always does."""
    rule = parse_rule(written)
    assert missing(rule, "root@pam", {}, NOBODY) is None
    free = (written or {}).get("user")
    assert is_public(rule) is (free == "world")
    assert (missing(rule, None, PARAMETERS, NOBODY) is None) is (free == "world")
    lack = missing(rule, "u@pve", PARAMETERS, NOBODY)
    assert (lack is None) is (free in {"world", "all"})
    if written is not None:
        assert missing(rule, "u@pve", PARAMETERS, ADMINISTRATOR) is None
    else:
        assert missing(rule, "u@pve", PARAMETERS, ADMINISTRATOR) == "user != root@pam"


@pytest.mark.parametrize("written", list(operations()))
def test_every_privilege_exists(written: dict[str, Any] | None) -> None:
    named: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, list):
            if part and part[0] in {"perm", "userid-group"}:
                named.extend(part[2] if part[0] == "perm" else part[1])
            for inner in part:
                walk(inner)

    walk((written or {}).get("check", []))
    assert set(named) <= BUILT_IN_ROLES["Administrator"]
