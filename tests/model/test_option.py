from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.formats import CONFIG_ID
from appliance.model.option import Option, placed
from appliance.model.percent import decode_text, encode_text


@pytest.mark.parametrize(
    ("text", "value"),
    [(None, True), ("1", True), ("On", True), ("YES", True), ("0", False), ("off", False)],
)
def test_boolean_words(text: str | None, value: bool) -> None:
    assert Option("on", "", kind="boolean").decode(text) is value


@pytest.mark.parametrize("text", ["", "2", "ja", " 1"])
def test_what_is_no_boolean(text: str) -> None:
    with pytest.raises(ConfigError, match="is no boolean, allowed are 1 and 0"):
        Option("on", "", kind="boolean").decode(text)


@pytest.mark.parametrize("text", ["1.0", "", "٣", "1e3", "0x10"])
def test_what_is_no_integer(text: str) -> None:
    with pytest.raises(ConfigError):
        Option("n", "", kind="integer").decode(text)


def test_numbers_have_bounds() -> None:
    option = Option("n", "", kind="number", minimum=0, maximum=100)
    assert [option.decode(text) for text in ("0", "99.5", "100")] == [0, 99.5, 100]
    for text in ("-0.1", "100.5", "nan", "inf"):
        with pytest.raises(ConfigError):
            option.decode(text)


def test_lists_take_comma_semicolon_and_blank() -> None:
    option = Option("ids", "", format=CONFIG_ID, many=True)
    value = option.decode("ab, cd;ef  gh")
    assert value == ("ab", "cd", "ef", "gh")
    assert option.encode(value) == "ab,cd,ef,gh"
    with pytest.raises(ConfigError, match="needs at least one value"):
        option.decode(",;")


def test_a_bad_item_is_named() -> None:
    with pytest.raises(ConfigError, match="'1x' is not valid, allowed is a letter"):
        Option("ids", "", format=CONFIG_ID, many=True).decode("ab,1x")


def test_length_is_that_of_the_text_meant() -> None:
    option = Option("comment", "", max_length=3, percent=True)
    assert option.decode("%3A%3A%3A") == ":::"
    with pytest.raises(ConfigError, match="longer than 3 characters"):
        option.decode("abcd")


def test_percent_encoding_keeps_a_line_whole() -> None:
    assert encode_text("a: 50%\n") == "a%3A 50%25%0A"
    assert encode_text(" ends ") == "%20ends%20"
    assert encode_text("grün") == "gr%C3%BCn"
    assert decode_text("gr%C3%BCn 5% %zz") == "grün 5% %zz"


def test_a_placed_error_says_where() -> None:
    error = placed(ConfigError("is bad", field="key"), file="a.cfg", line=3, field="crs")
    assert str(error) == "a.cfg:3: crs: key: is bad"
    assert str(placed(ConfigError("is bad"), file="a.cfg", line=3)) == "a.cfg:3: is bad"
