"""Names of volumes on every type of storage, and what can be done with them."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.errors import ConfigError
from appliance.model.storage.config import Storage
from appliance.model.storage.paths import volume_path
from appliance.model.storage.volumes import VolumeName, parse_name, split_id
from tests.conformance.cases import Case, case_id, suite


def told(name: VolumeName) -> dict[str, Any]:
    """As the reference tells it; whether it is a base image is any true or false value there."""
    return {
        "vtype": name.content,
        "name": name.name,
        "vmid": name.vmid,
        "basename": name.base,
        "basevmid": name.base_vmid,
        "isBase": name.is_base,
        "format": name.format,
    }


def expected(result: dict[str, Any]) -> dict[str, Any]:
    numbers = {key: None if result[key] is None else int(result[key])
               for key in ("vmid", "basevmid")}  # fmt: skip
    return {**result, **numbers, "isBase": bool(result["isBase"])}


@pytest.mark.parametrize("case", suite("storage", "parse_volname", observed=True), ids=case_id)
def test_names(case: Case) -> None:
    given, result = case["input"], case["expect"].get("result")
    if result is None:
        with pytest.raises(ConfigError):
            parse_name(given["plugin"], given["volname"])
    else:
        assert told(parse_name(given["plugin"], given["volname"])) == expected(result)


@pytest.mark.parametrize("case", suite("storage", "parse_volume_id", observed=True), ids=case_id)
def test_ids(case: Case) -> None:
    volid, expect = case["input"]["volid"], case["expect"]
    if expect.get("invalid"):
        with pytest.raises(ConfigError):
            split_id(volid)
    else:
        assert split_id(volid) == (expect["storeid"], expect["volname"])


def pools(case: Case, function: str) -> bool:
    return bool(case["input"]["function"] == function)


PURE = suite("storage", "zfs_pure") + suite("storage", "lvm_pure")


def section(case: Case, storage: str) -> Storage:
    values = dict(case["context"]["storage_config"]["ids"][storage])
    kind = values.pop("type")
    return Storage(storage, kind, {**values, "content": tuple(values["content"])})


@pytest.mark.parametrize(
    "case", [case for case in PURE if pools(case, "volume_has_feature")], ids=case_id
)
def test_abilities(case: Case) -> None:
    given = case["input"]
    storage, text = split_id(given["volid"])
    pool = section(case, storage)
    name = parse_name(pool.type, text)
    assert pool.can(given["feature"], name, given["snapshot"]) == case["expect"]["available"]


@pytest.mark.parametrize(
    "case", [case for case in PURE if case["input"]["function"].startswith("parse")], ids=case_id
)
def test_pool_names(case: Case) -> None:
    storage, text = split_id(case["input"]["volid"])
    if pools(case, "parse_volume_id"):
        assert {"storeid": storage, "volname": text} == case["expect"]
    else:
        name = parse_name(section(case, storage).type, text)
        assert told(name) == expected(case["expect"]["result"])


@pytest.mark.parametrize("case", [case for case in PURE if pools(case, "path")], ids=case_id)
def test_pool_paths(case: Case) -> None:
    storage, text = split_id(case["input"]["volid"])
    pool = section(case, storage)
    name = parse_name(pool.type, text)
    assert {
        "path": volume_path(pool, name),
        "vmid": str(name.vmid),
        "vtype": name.content,
    } == case["expect"]
