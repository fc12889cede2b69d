"""Property strings and parameters: recorded schemas run through our own declarations."""

from __future__ import annotations

import re
from typing import Any

import pytest

from appliance.model.errors import ConfigError
from appliance.model.option_table import OptionTable
from appliance.model.parameters import Parameters, check_parameters
from tests.conformance.cases import Case, case_id, suite
from tests.conformance.published import option_of, parameters_of, properties_of

# The recorded message of each error and what ours says in its place.
MESSAGES = {
    "^property is missing ": "is missing",
    "^property is not defined ": "is not known here",
    "property is missing and it is not optional": "is missing",
    "^type check \\('number'\\) failed": "is no number",
}


@pytest.mark.parametrize("case", suite("cluster", "json_schema"), ids=case_id)
def test_json_schema(case: Case) -> None:
    given, expected = case["input"], case["expect"]
    if given["operation"] == "parse_property_string":
        check_property_string(given, expected)
    else:
        check_object(given, expected)


def check_property_string(given: dict[str, Any], expected: dict[str, Any]) -> None:
    form = properties_of(given["format"])
    if expected.get("error"):
        with pytest.raises(ConfigError):
            form.parse(given["value"])
    else:
        assert form.parse(given["value"]).values == expected["result"]


def check_object(given: dict[str, Any], expected: dict[str, Any]) -> None:
    schema = given["schema"]
    if given["operation"] == "check_object":
        schema = {"properties": schema, "additionalProperties": 0}
    found = check_parameters(parameters_of(schema), given["value"])
    assert bool(found.errors) == bool(expected.get("error")), found.errors
    for place, message in expected.get("errors_by_property", {}).items():
        # The reference says by which variant it judged; ours names the parameter alone.
        name = place.rpartition(".")[2]
        assert re.search(MESSAGES[message], found.errors[name]), found.errors
    if "value_after" in expected:
        assert found.values == expected["value_after"]


@pytest.mark.parametrize("case", suite("cluster", "api_parameter"), ids=case_id)
def test_api_parameters(case: Case) -> None:
    option = option_of("param", case["input"]["parameter_schema"])
    wanted = Parameters(OptionTable([option]))
    found = check_parameters(wanted, {"param": case["input"]["value"]})
    assert found.errors == {}
    text = found.texts["param"]
    seen = list(text) if isinstance(text, tuple) else text
    assert seen == case["expect"]["value_seen_by_method"]
