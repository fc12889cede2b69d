"""Replicated volumes and devices of the host against recorded cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from appliance.core.guest.host_devices import MappedDevices, host_devices
from appliance.core.guest.replicas import replicated_volumes
from appliance.model.errors import QuorateError
from appliance.model.guest.config import GuestConfig, Settings
from appliance.model.storage.config import Storage
from tests.conformance.cases import Case, case_id, suite


@pytest.mark.parametrize("case", suite("guest", "replicatable_volumes"), ids=case_id)
def test_replicated_volumes(case: Case) -> None:
    given, storages = case["input"], _storages(case["context"]["storage_config"]["ids"])
    snapshots = {name: _settings(one) for name, one in given.get("snapshots", {}).items()}
    config = GuestConfig("vm", _settings(given["config"]), snapshots=snapshots)
    if case["expect"].get("error"):
        with pytest.raises(QuorateError):
            replicated_volumes(config, int(given["vmid"]), storages)
        return
    found = replicated_volumes(config, int(given["vmid"]), storages)
    assert sorted(found) == sorted(case["expect"]["volumes"])


@pytest.mark.parametrize("case", suite("guest", "pci_reservation"), ids=case_id)
def test_devices_of_the_host(case: Case) -> None:
    context = case["context"]
    mappings = {
        name: MappedDevices(tuple(_path(entry) for entry in one["map"]), bool(one.get("mdev")))
        for name, one in context["pci_mappings"]["ids"].items()
    }
    found = host_devices(
        _settings(case["input"]["config"]),
        mappings,
        context["pci_devices"],
        context["already_reserved"],
    )
    expected = case["expect"]["devices"]
    assert list(found) == sorted(expected)
    for key, devices in found.items():
        assert list(devices.addresses) == [one["id"] for one in expected[key]["ids"]]
        assert devices.mediated == expected[key].get("mdev")


def _path(entry: str) -> str:
    return dict(part.split("=", 1) for part in entry.split(","))["path"]


def _settings(content: Mapping[str, Any]) -> Settings:
    return Settings({key: text for key, text in content.items() if isinstance(text, str)})


def _storages(ids: Mapping[str, Mapping[str, Any]]) -> dict[str, Storage]:
    kept = ("path", "pool", "shared")
    return {
        name: Storage(name, one["type"], {key: one[key] for key in kept if key in one})
        for name, one in ids.items()
    }
