"""The recorded cases about corosync.conf: what is read, written, found wrong and created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from appliance.model.corosync_conf import (
    CorosyncConf,
    Link,
    Resolve,
    create,
    findings,
    parse_corosync_conf,
    parse_link,
)
from appliance.model.corosync_conf.syntax import Entry, Section
from tests.conformance.cases import Case, case_id, suite

FILES = suite("cluster", "corosync")
CREATED = suite("cluster", "corosync_create", observed=True)
VERIFIED = suite("cluster", "corosync_verify", observed=True)


def filled(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def resolver(case: Case) -> Resolve:
    hosts: Mapping[str, str] = case["context"]["resolvable_hosts"]

    def resolve(name: str) -> Sequence[str]:
        return [hosts[name]] if name in hosts else []

    return resolve


def as_recorded(conf: CorosyncConf) -> dict[str, Any]:
    """A file in the recorded form: nodes and interfaces by what tells them apart."""

    def plain(section: Section) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for item in section.items:
            if isinstance(item, Entry):
                found[item.key] = item.value
            elif item.name == "node":
                found.setdefault("node", {})[item.get("name") or item.get("ring0_addr")] = plain(
                    item
                )
            elif item.name == "interface":
                number = item.get("linknumber") or item.get("ringnumber")
                found.setdefault("interface", {})[number] = plain(item)
            else:
                found[item.name] = plain(item)
        return found

    return plain(conf.root)


@pytest.mark.parametrize("case", FILES, ids=case_id)
def test_read_write_and_check(case: Case) -> None:
    text = case["input"]["text"]
    conf = parse_corosync_conf(text)
    written = conf.text()
    expect = case["expect"]
    if expect["reparse_equals_parse"]:
        assert parse_corosync_conf(written) == conf
    if expect["text_equal_ignoring_blank_lines"]:
        assert filled(written) == filled(text)
    found = findings(conf, resolver(case))
    assert len(found.errors) == len(expect["verify_errors"])
    observed = case["observed"]
    assert len(found.warnings) == observed["verify_warning_count"]
    assert written == observed["rewritten"]
    assert as_recorded(conf) == observed["parsed"]["main"]


@pytest.mark.parametrize("case", VERIFIED, ids=case_id)
def test_check(case: Case) -> None:
    found = findings(parse_corosync_conf(case["input"]["text"]), resolver(case))
    assert len(found.errors) == len(case["expect"]["errors"]), found.errors
    assert len(found.warnings) == case["expect"]["warning_count"], found.warnings


@pytest.mark.parametrize("case", CREATED, ids=case_id)
def test_create(case: Case) -> None:
    given = case["input"]["params"]
    links = {
        number: parse_link(given[f"link{number}"], number)
        for number in range(8)
        if f"link{number}" in given
    }
    coefficient = given.get("token-coefficient")
    conf = create(
        given["clustername"],
        case["input"]["node"],
        links or {0: Link(case["context"]["local_address_when_no_link_given"])},
        node_id=int(given.get("nodeid", 1)),
        votes=int(given.get("votes", 1)),
        token_coefficient_ms=None if coefficient is None else int(coefficient),
    )
    assert conf.text() == case["expect"]["text"]
