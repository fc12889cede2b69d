from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.option import Option
from appliance.model.property_string import (
    PropertyString,
    format_property_string,
    parse_property_string,
)

OPTIONS = (
    Option("type", "How.", choices=("secure", "insecure"), required=True),
    Option("network", "Where."),
    Option("rate", "How fast.", kind="number", minimum=0, requires="network"),
)


def parse(text: str) -> PropertyString:
    return parse_property_string(text, OPTIONS, default_key="type")


def test_a_value_without_key_is_the_default_keys() -> None:
    assert parse("secure,network=10.0.0.0/8").values == {"type": "secure", "network": "10.0.0.0/8"}


def test_unknown_keys_are_kept_in_their_order() -> None:
    value = parse("zeta=1,type=insecure,alpha=x=y")
    assert value.values == {"type": "insecure"}
    assert value.unknown == (("zeta", "1"), ("alpha", "x=y"))
    text = format_property_string(value, OPTIONS, default_key="type")
    assert text == "insecure,zeta=1,alpha=x=y"


def test_written_by_name_behind_the_default_key_and_what_is_required() -> None:
    value = PropertyString({"rate": 1.5, "network": "n", "type": "secure"})
    assert format_property_string(value, OPTIONS, default_key="type") == "secure,network=n,rate=1.5"
    assert format_property_string(value, OPTIONS) == "type=secure,network=n,rate=1.5"


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("network=a", "type", "is missing"),
        ("secure,insecure", "type", "is repeated"),
        ("secure,x=1,x=2", "x", "is repeated"),
        ("fast", "type", "'fast' is not one of secure, insecure"),
        ("secure,rate=3", "rate", "needs network to be set too"),
        ("secure,network=n,rate=-1", "rate", "-1 is below the minimum 0"),
        ("secure,network=", None, "'network=' is not of the form <key>=<value>"),
    ],
)
def test_errors_name_the_key(text: str, field: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text)
    assert (error.value.field, error.value.message) == (field, message)


def test_empty_parts_are_nothing() -> None:
    assert parse(",secure, ,x=1,") == PropertyString({"type": "secure"}, (("x", "1"),))


def test_a_bare_value_needs_a_default_key() -> None:
    with pytest.raises(ConfigError, match="needs a key in front"):
        parse_property_string("secure", OPTIONS)
