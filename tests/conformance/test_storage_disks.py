"""The disks of recorded machines, from the outputs of their tools."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.model.storage.host_disks import HostDisk, RawDisk, RawHost, read_disks
from appliance.model.storage.smartctl import read_smart
from tests.conformance.cases import Case, case_id, suite

HELD = ("sde",)  # who holds a disk is not among the recorded files

CASES = suite("storage", "disks")


def raw_disk(name: str, files: dict[str, str]) -> RawDisk:
    parts = {
        part: files.get(f"{name}/{part}/size", "0")
        for part in files.get("partlist", "").split()
        if part.startswith(name)
    }
    return RawDisk(
        name,
        files[f"{name}/size"],
        files[f"{name}/queue/rotational"],
        files[f"{name}_udevadm"],
        files.get(f"{name}/device/vendor", ""),
        files.get(f"{name}/device/model", ""),
        parts,
        name in HELD and "partlist" in files,
        files.get(f"{name}_health", ""),
        files.get(f"{name}_smart", ""),
    )


def told(found: HostDisk) -> dict[str, Any]:
    disk, osd = found.disk, found.osd
    row: dict[str, Any] = {
        "devpath": disk.device,
        "size": disk.size_bytes,
        "type": disk.kind,
        "model": disk.model,
        "vendor": disk.vendor,
        "serial": disk.serial,
        "wwn": disk.wwn,
        "rpm": disk.rpm,
        "health": disk.health,
        "wearout": "N/A" if disk.wearout is None else str(disk.wearout),
        "gpt": int(disk.gpt),
        "osdid": "-1",
        "osdid-list": None,
    }
    row |= {"used": disk.used} if disk.used else {}
    row |= {"by_id_link": found.link} if found.link else {}
    row |= {"mounted": 1} if disk.mounted else {}
    if osd is None:
        return row
    row |= osd.parts
    if osd.ids:
        use = {"bluestore": int(osd.bluestore), "osdencrypted": int(osd.encrypted)}
        row |= {**use, "osdid": osd.ids[0], "osdid-list": list(osd.ids)}
    return row


def expected(row: dict[str, Any]) -> dict[str, Any]:
    """Some numbers are recorded as texts."""
    ids = row["osdid-list"]
    plain = {**row, "osdid": str(row["osdid"]), "wearout": str(row["wearout"])}
    plain["osdid-list"] = [str(one) for one in ids] if ids else None
    return plain | ({"bluestore": int(row["bluestore"])} if "bluestore" in row else {})


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_disks(case: Case) -> None:
    files: dict[str, str] = case["input"]["files"]
    names = files["disklist"].split()
    parts = {key: files.get(key, "") for key in ("mounts", "lsblk", "pvs", "lvs", "zpool")}
    found = read_disks(RawHost(tuple(raw_disk(name, files) for name in names), **parts))
    rows = {one.disk.device.removeprefix("/dev/"): told(one) for one in found}
    wanted = case["expect"]["disklist_expected.json"]
    assert rows == {name: expected(row) for name, row in wanted.items()}


def smart_cases() -> list[Any]:
    return [
        pytest.param(case["input"]["files"][name.replace("_expected.json", "")], result, id=name)
        for case in CASES
        for name, result in case["expect"].items()
        if "_smart_" in name
    ]


@pytest.mark.parametrize(("text", "result"), smart_cases())
def test_health(text: str, result: dict[str, Any]) -> None:
    found = read_smart(text)
    smart = found.smart
    assert (smart.health, smart.kind) == (result["health"], result["type"])
    if smart.kind == "text":
        assert smart.text == result["text"]
        assert found.wearout == result["wearout"]
        return
    rows = [
        {
            "id": f"{one.number:3}",
            "name": one.name,
            "value": one.value,
            "normalized": one.value,
            "worst": one.worst,
            "threshold": one.threshold,
            "raw": one.raw,
            "flags": one.flags,
            "fail": one.fail,
        }
        for one in smart.attributes
    ]
    assert json.dumps(rows, sort_keys=True) == json.dumps(result["attributes"], sort_keys=True)
