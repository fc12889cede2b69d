"""Values of guests' options: which are taken, what is read, what is written again."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.errors import ConfigError
from appliance.model.option import Option
from appliance.model.options import ct, vm
from appliance.model.property_string import Properties, PropertyString
from tests.conformance.cases import Case, case_id, suite

TABLES = {"vm": vm.OPTIONS, "ct": ct.OPTIONS}
# What the reference adds to the values of some options; typed records carry it here.
ADDED = ("index", "interface", "type")
_CUSTOM = "whether a custom CPU model exists is known when the guest starts, not when it is read"
DIFFERENT = {f"formats/guest_option/{number}": _CUSTOM for number in ("0050", "0052", "0053")}


@pytest.mark.parametrize(
    "case", suite("formats", "guest_option_values", observed=True), ids=case_id
)
def test_values(case: Case) -> None:
    given, expected = case["input"], case["expect"]
    option = TABLES[given["guest"]].find(given["option"])
    assert option is not None
    if case["id"] in DIFFERENT:
        pytest.skip(DIFFERENT[case["id"]])
    if not expected["accepted"]:
        with pytest.raises(ConfigError):
            option.decode(given["value"])
        return
    value = option.decode(given["value"])
    if isinstance(option.format, Properties) and expected.get("parsed") is not None:
        assert isinstance(value, PropertyString)
        check_keys(option, value, expected)


def check_keys(option: Option, value: PropertyString, expected: dict[str, Any]) -> None:
    assert isinstance(option.format, Properties)
    declared = {key.name: key for key in option.format.options}
    read = {key: told(declared[key], item) for key, item in value.values.items()}
    parsed = {k: str(v) for k, v in expected["parsed"].items() if k in read or k not in ADDED}
    parsed.pop("mp", None) if "mp" not in declared else None
    if parsed.get("hwaddr", "").endswith("@GENERATED_MAC@"):
        return  # made up by the reference while it reads
    assert read == parsed
    if expected.get("printed") is not None and not implied(expected, read):
        assert option.encode(value) == expected["printed"]


def implied(expected: dict[str, Any], read: dict[str, str]) -> bool:
    """Whether the reference writes a key that was not given: a container card's only type."""
    return "type" in expected["parsed"] and "type" not in read


def told(key: Option, item: object) -> str:
    if isinstance(item, int) and not isinstance(item, bool) and key.kind == "string":
        return str(item)
    return key.encode(item)
