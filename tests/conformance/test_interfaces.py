"""Recorded files of interfaces."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.network.interfaces import Interfaces, parse_interfaces, write_interfaces
from tests.conformance.cases import Case, case_id, suite

BOOKKEEPING = ("exists", "active")


def links(case: Case) -> dict[str, str]:
    found = {}
    for name, link in case["input"]["ip_links"].items():
        kind = link.get("linkinfo", {}).get("info_kind", "eth")
        if link["link_type"] == "ether":
            found[name] = kind
    return found


def known(ifaces: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {k: v for k, v in iface.items() if k not in BOOKKEEPING and v is not None}
        for name, iface in ifaces.items()
    }


@pytest.mark.parametrize("case", suite("cluster", "interfaces_parse"), ids=case_id)
def test_reading(case: Case) -> None:
    found = parse_interfaces(case["input"]["text"], links(case))
    expected = case["expect"]["config"]
    assert known(found.ifaces) == known(expected["ifaces"])
    assert [list(option) for option in found.options] == expected["options"]


@pytest.mark.parametrize("case", suite("cluster", "interfaces_write"), ids=case_id)
def test_writing(case: Case) -> None:
    config = case["input"]["config"]
    options = [(place, line) for place, line in config["options"]]
    assert (
        write_interfaces(Interfaces(config["ifaces"], options))
        == (case["expect"]["text_after_header"])
    )


@pytest.mark.parametrize("case", suite("cluster", "interfaces_parse"), ids=case_id)
def test_what_is_written_reads_the_same(case: Case) -> None:
    found = parse_interfaces(case["input"]["text"], links(case))
    again = parse_interfaces(write_interfaces(found), links(case))
    for name, iface in found.ifaces.items():
        told = {k: v for k, v in iface.items() if k != "priority"}
        assert {k: v for k, v in again.ifaces[name].items() if k != "priority"} == told
