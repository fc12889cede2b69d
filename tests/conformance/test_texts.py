"""Sizes, durations, times and task ids as texts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from appliance.model.errors import ConfigError
from appliance.model.formats import CONFIG_ID, takes
from appliance.model.sizes import convert_size, format_bytes, format_duration
from appliance.model.times import format_timestamp
from appliance.model.upid import end_status, log_folder, parse_upid
from tests.conformance.cases import Case, case_id, suite


@pytest.mark.parametrize("case", suite("cluster", "convert_size"), ids=case_id)
def test_convert_size(case: Case) -> None:
    given = case["input"]
    call = (given["value"], given["from"], given["to"])
    if case["expect"].get("error"):
        with pytest.raises(ConfigError):
            convert_size(*call, round_up=not given["no_round_up"])
    else:
        found = convert_size(*call, round_up=not given["no_round_up"])
        assert found == case["expect"]["result"]


@pytest.mark.parametrize("case", suite("cluster", "format_render"), ids=case_id)
def test_format_render(case: Case) -> None:
    given = case["input"]
    if "format" in given:
        assert takes(CONFIG_ID, given["value"]) == case["expect"]["valid"]
    else:
        assert rendered(given) == case["expect"]["text"]


def rendered(given: dict[str, Any]) -> str:
    value = given["value"] or 0
    if given["render"] == "bytes":
        return format_bytes(value, given["argument"] or 2)
    if given["render"] == "duration":
        return format_duration(value)
    # The cases were made one hour east of UTC.
    return format_timestamp(value, dt.timedelta(hours=1))


@pytest.mark.parametrize("case", suite("cluster", "upid"), ids=case_id)
def test_task_ids(case: Case) -> None:
    text = case["input"]["upid"]
    if case["expect"].get("error"):
        with pytest.raises(ConfigError, match="is no task id"):
            parse_upid(text)
        return
    upid = parse_upid(text)
    if "task_log_content" in case["input"]:
        assert case["expect"]["log_path"].endswith(f"/{log_folder(upid)}/{text}")
        last = case["input"]["task_log_content"].splitlines()[-1]
        assert end_status(last) == case["expect"]["status"]
        return
    decoded = case["expect"]["decoded"]
    assert [upid.node, upid.type, upid.id, upid.user] == [
        decoded[key] for key in ("node", "type", "id", "user")
    ]
    assert (upid.pid, upid.pstart, upid.starttime_s) == (
        decoded["pid"],
        decoded["pstart"],
        decoded["starttime"],
    )
    assert str(upid) == case["expect"]["encoded_again"]
