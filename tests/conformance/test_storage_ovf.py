"""OVF manifests against recorded cases."""

from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.storage.ovf import parse_manifest
from tests.conformance.cases import Case, case_id, suite


@pytest.mark.parametrize("case", suite("storage", "ovf"), ids=case_id)
def test_manifests(case: Case) -> None:
    result = case["expect"].get("result")
    if result is None:
        with pytest.raises(ConfigError):
            parse_manifest(case["input"]["ovf"])
        return
    found = parse_manifest(case["input"]["ovf"])
    assert found.options == result["qm"]
    assert found.cards == result["net"]
    wanted = {disk["disk_address"]: disk["relative_path"] for disk in result["disks"]}
    assert found.disks == wanted
    assert all(file in case["input"]["files_beside"] for file in found.disks.values())
