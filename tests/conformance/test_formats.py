"""Named forms of values against what the reference takes."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.formats import BY_NAME, takes
from appliance.model.formats.names import STORAGE_ID
from appliance.model.formats.network import MAC_PREFIX
from appliance.model.sizes import format_size, parse_size
from tests.conformance.cases import Case, case_id, suite

ELSEWHERE = {
    "pve-ha-node": "in test_ha_schemas",
    "pve-ha-resource-id": "in test_ha_schemas",
}
NOT_BUILT = {
    "pem-certificate": "certificates are taken by their own operations",
    "pem-certificate-chain": "certificates are taken by their own operations",
    "pem-string": "certificates are taken by their own operations",
    "pve-command-batch": "batches of API calls are not built",
    "pve-fw-addr-spec": "the firewall is not built",
    "pve-fw-dport-spec": "the firewall is not built",
    "pve-fw-protocol-spec": "the firewall is not built",
    "pve-priv": "privileges belong to access control",
    "pve-sdn-bgp-rt": "software-defined networks are not built",
    "pve-sdn-fabric-id": "software-defined networks are not built",
    "pve-sdn-subnet-id": "software-defined networks are not built",
    "pve-sdn-vlanrange": "software-defined networks are not built",
    "pve-vlan-id-or-range": "network interfaces are not configured yet",
}
# Texts on which we differ on purpose.
DIFFERENT = {
    "address": {"0": "a label of digits like any other; it is taken for `nothing` there"},
    "pve-calendar-event": {"8/0": "a step of zero leads nowhere"},
}


@pytest.mark.parametrize("case", suite("formats", "code_formats", observed=True), ids=case_id)
def test_named_forms(case: Case) -> None:
    name = case["input"]["format"]
    reason = ELSEWHERE.get(name) or NOT_BUILT.get(name)
    if reason:
        pytest.skip(f"{name}: {reason}")
    different = DIFFERENT.get(name, {})
    values = [value for value in case["context"]["values"] if value not in different]
    taken = [value for value in values if takes(BY_NAME[name], value)]
    assert taken == [value for value in case["expect"]["accepted"] if value not in different]


@pytest.mark.parametrize("case", suite("cluster", "mac_prefix"), ids=case_id)
def test_mac_prefix(case: Case) -> None:
    assert takes(MAC_PREFIX, case["input"]["mac_prefix"]) == case["expect"]["valid"]


@pytest.mark.parametrize("case", suite("storage", "storage_id", observed=True), ids=case_id)
def test_storage_ids(case: Case) -> None:
    assert takes(STORAGE_ID, case["input"]["storage_id"]) == case["expect"]["valid"]


@pytest.mark.parametrize("case", suite("formats", "sizes", observed=True), ids=case_id)
def test_sizes(case: Case) -> None:
    given: dict[str, Any] = case["input"]
    if "format_size" in given:
        assert format_size(int(given["format_size"])) == case["expect"]["text"]
    elif case["expect"]["bytes"] is None:
        with pytest.raises(ValueError, match=r".*"):
            parse_size(given["parse_size"])
    else:
        assert parse_size(given["parse_size"]) == case["expect"]["bytes"]


@pytest.mark.parametrize("case", suite("scheduling", "calendar_event"), ids=case_id)
def test_calendar_events(case: Case) -> None:
    """Whether an event can be read; when it comes next is not asked here."""
    taken = takes(BY_NAME["pve-calendar-event"], case["input"]["event"])
    assert taken == (case["expect"].get("parse", "ok") == "ok")
