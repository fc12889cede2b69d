from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.model.errors import ConfigError
from appliance.model.ha.datacenter import (
    CrsOptions,
    Datacenter,
    HaOptions,
    crs_from_fractions,
    parse_datacenter,
    write_datacenter,
)

TEXT = """\
#Our cluster
#in the cellar
keyboard: de
ha: shutdown_policy=migrate
crs: ha=static,ha-auto-rebalance=1,ha-auto-rebalance-threshold=25,ha-later=x
migration: secure
max_workers: 6
"""


def test_our_options_are_read() -> None:
    found = parse_datacenter(TEXT)
    assert found.problems == ()
    assert found.ha == HaOptions("migrate")
    assert found.crs == CrsOptions("static", auto_rebalance=True, threshold=0.25)
    assert found.max_workers == 6
    assert parse_datacenter("") == Datacenter()


def test_percent_of_the_file_are_fractions_of_the_core() -> None:
    default = CrsOptions(auto_rebalance=True)
    text = "crs: ha-auto-rebalance=1,ha-auto-rebalance-threshold=30,ha-auto-rebalance-margin=10\n"
    assert parse_datacenter(text).crs == default


def test_all_else_is_kept() -> None:
    found = parse_datacenter(TEXT)
    assert write_datacenter(found) == TEXT
    changed = replace(found, crs=replace(found.crs, mode="basic", margin=0.2), max_workers=4)
    assert write_datacenter(changed) == TEXT.replace(
        "ha=static,ha-auto-rebalance=1,ha-auto-rebalance-threshold=25,ha-later=x",
        "ha=basic,ha-auto-rebalance=1,ha-auto-rebalance-margin=20,"
        "ha-auto-rebalance-threshold=25,ha-later=x",
    ).replace("max_workers: 6", "max_workers: 4")


def test_new_options_are_appended_and_defaults_are_not() -> None:
    found = parse_datacenter("keyboard: de\n")
    changed = replace(found, ha=HaOptions("freeze"), crs=CrsOptions(threshold=0.07))
    assert write_datacenter(changed) == (
        "keyboard: de\nha: shutdown_policy=freeze\n"
        "crs: ha-auto-rebalance=0,ha-auto-rebalance-threshold=7\n"
    )
    assert write_datacenter(Datacenter()) == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ha: migrate", "datacenter.cfg:2: ha: 'migrate' needs a key in front"),
        ("ha: shutdown_policy=hope", "datacenter.cfg:2: ha: shutdown_policy: 'hope' is not one of"),
        ("crs: ha=best", "datacenter.cfg:2: crs: ha: 'best' is not one of basic, static, dynamic"),
        (
            "crs: ha-auto-rebalance-margin=5",
            "crs: ha-auto-rebalance-margin: needs ha-auto-rebalance",
        ),
        ("max_workers: 0", "datacenter.cfg:2: max_workers: 0 is below the minimum 1"),
    ],
)
def test_a_bad_option_has_its_default_and_is_told(line: str, told: str) -> None:
    text = f"keyboard: de\n{line}\n"
    found = parse_datacenter(text)
    assert found == Datacenter()
    assert told in str(found.problems[0])
    assert write_datacenter(found) == text
    with pytest.raises(ConfigError):
        parse_datacenter(text, strict=True)


def test_the_first_of_repeated_lines_holds() -> None:
    found = parse_datacenter("max_workers: 2\nmax_workers: 3\n")
    assert found.max_workers == 2
    assert found.problems[0].line == 2


def test_loose_values_as_fractions() -> None:
    assert crs_from_fractions({}) == CrsOptions()
    assert crs_from_fractions(
        {
            "ha": "bogus",
            "ha-rebalance-on-start": "1",
            "ha-auto-rebalance": True,
            "ha-auto-rebalance-threshold": 0.8,
            "ha-auto-rebalance-hold-duration": "5",
            "ha-auto-rebalance-margin": 0,
        }
    ) == CrsOptions("bogus", True, True, threshold=0.8, hold_duration=5, margin=0)
    with pytest.raises(ConfigError, match="ha-auto-rebalance-margin: 'some' is no number"):
        crs_from_fractions({"ha-auto-rebalance-margin": "some"})
