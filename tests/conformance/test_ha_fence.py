"""The recorded fence configurations: errors by line, commands by try and node."""

from __future__ import annotations

import re

import pytest

from appliance.core.ha.fence_commands import fence_commands
from appliance.model.ha.fence import parse_fence, write_fence
from tests.conformance.cases import Case, case_id, suite

CASES = suite("ha-rules", "fence")


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_error_lines(case: Case) -> None:
    problems = parse_fence(case["input"]["text"]).problems
    lines = [int(re.findall(r"line ([0-9]+)", said)[0]) for said in error_lines(case)]
    assert [problem.line for problem in problems] == lines


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_commands(case: Case) -> None:
    config = parse_fence(case["input"]["text"])
    for attempt in case["expect"].get("tries", []):
        found = {
            node: [command.shell() for command in fence_commands(config, node, attempt["try"])]
            for node in attempt["commands"]
        }
        assert found == attempt["commands"], attempt["try"]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_written_and_read_again(case: Case) -> None:
    config = parse_fence(case["input"]["text"])
    assert parse_fence(write_fence(config)) == config
    if case["expect"].get("reparse_after_write_equal"):
        assert not config.problems


def error_lines(case: Case) -> list[str]:
    if not case["expect"].get("error"):
        return []
    return list(case["expect"]["error_lines"])
