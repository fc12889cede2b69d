"""Pending changes, restored configurations and id maps against recorded cases."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.guest import pending
from appliance.core.guest.id_maps import id_map
from appliance.core.guest.restore import restored_text, saved_drives
from appliance.model.errors import ConfigError
from appliance.model.guest.config import GuestConfig, Settings
from tests.conformance.cases import Case, case_id, suite


@pytest.mark.parametrize("case", suite("guest", "restore_config"), ids=case_id)
def test_restore(case: Case) -> None:
    given = case["input"]
    assert not given["unique"]
    text = restored_text(given["archived_config"], given["new_volume_for_drive"])
    assert text == case["expect"]["config"]
    named = [drive.key for drive in saved_drives(given["archived_config"])]
    assert named == list(given["new_volume_for_drive"])


@pytest.mark.parametrize("case", suite("guest", "idmap"), ids=case_id)
def test_id_map(case: Case) -> None:
    given = case["input"]
    if "generated" in given:
        count = given["generated"]["entries"]
        lines = [("lxc.idmap", f"u {10 * i} {100000 + 10 * i} 10") for i in range(count)]
    else:
        lines = [(key, value) for key, value in given["lxc"]]
    if case["expect"]["error"]:
        with pytest.raises(ConfigError):
            id_map(lines, unprivileged=bool(given.get("unprivileged")))
        return
    found = id_map(lines, unprivileged=bool(given.get("unprivileged")))
    observed = case["observed"]
    if observed:
        ranges = [[r.kind, str(r.inside), str(r.outside), str(r.count)] for r in found.ranges]
        assert ranges == observed["id_map"]
        assert found.root_uid == int(observed["root_uid"])
        assert found.root_gid == int(observed["root_gid"])


@pytest.mark.parametrize("case", suite("guest", "pending_config"), ids=case_id)
def test_pending(case: Case) -> None:
    function, params = case["input"]["function"], case["input"]["params"]
    expect = case["expect"]
    if function == "parse_pending_delete":
        wanted = {key: bool(found["force"]) for key, found in expect["result"].items()}
        assert pending.parse_pending_delete(params[0]) == wanted
    elif function == "add_to_pending_delete":
        force = len(params) > 2 and bool(params[2])
        added = pending.with_pending_delete(_part(params[0]), params[1], force=force)
        assert added == _part(expect["result"])
    elif function == "remove_from_pending_delete":
        left = pending.without_pending_delete(_part(params[0]), [params[1]])
        assert left == _part(expect["result"])
    else:
        assert function == "cleanup_pending"
        cleaned = pending.clean(_config(params[0]))
        assert cleaned == _config(expect["param_after_call"]["value"])


def _part(content: dict[str, Any]) -> Settings:
    return Settings({key: str(text) for key, text in content.get("pending", {}).items()})


def _config(content: dict[str, Any]) -> GuestConfig:
    current = {key: str(text) for key, text in content.items() if key != "pending"}
    return GuestConfig("vm", Settings(current), _part(content))
