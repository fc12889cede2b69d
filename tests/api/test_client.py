from __future__ import annotations

import json

import pytest

from appliance.api.answers import error_answer
from appliance.api.client import data_of, target
from appliance.model import errors
from appliance.model.errors import ConfigError, FileError, QuorateError, UnavailableError
from appliance.model.parameters import ParameterError


def all_kinds(kind: type[QuorateError]) -> list[type[QuorateError]]:
    return [kind, *(below for one in kind.__subclasses__() for below in all_kinds(one))]


# An error of the file view never leaves its node.
KINDS = [
    kind
    for kind in all_kinds(QuorateError)
    if kind.__module__ == errors.__name__ and kind is not FileError
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_is_the_same_on_the_other_side(kind: type[QuorateError]) -> None:
    answer = error_answer(kind("no, because of ä"), "json")
    with pytest.raises(QuorateError) as caught:
        data_of(answer.status, answer.body, where="n1")
    assert type(caught.value) is kind
    assert str(caught.value) == "no, because of ä"


def test_the_field_of_a_bad_value_is_kept() -> None:
    answer = error_answer(ConfigError("must be 1", field="link0"), "json")
    with pytest.raises(ConfigError, match="link0: must be 1") as caught:
        data_of(answer.status, answer.body, where="n1")
    assert caught.value.field == "link0"


def test_several_bad_parameters_are_all_told() -> None:
    answer = error_answer(ParameterError({"a": "x", "b": "y"}), "json")
    with pytest.raises(ParameterError) as caught:
        data_of(answer.status, answer.body, where="n1")
    assert caught.value.errors == {"a": "x", "b": "y"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"x"'])
def test_what_is_no_api_is_told_so(body: bytes) -> None:
    with pytest.raises(UnavailableError, match="n1 answered with status 502 and no data"):
        data_of(502, body, where="n1")


def test_an_unknown_code_keeps_its_text() -> None:
    body = json.dumps({"message": "strange", "code": "from the future"}).encode()
    with pytest.raises(QuorateError, match="strange"):
        data_of(500, body, where="n1")


def test_parameters_go_where_their_verb_has_them() -> None:
    assert target("GET", "/a b", {"x": "1&2"}) == ("/api2/json/a%20b?x=1%262", b"")
    assert target("DELETE", "/a", {}) == ("/api2/json/a", b"")
    assert target("POST", "/a", {"force": True, "n": 7}) == ("/api2/json/a", b"force=1&n=7")
