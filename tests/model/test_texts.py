from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.errors import ConfigError
from appliance.model.sizes import (
    convert_size,
    format_bytes,
    format_duration,
    format_size,
    parse_size,
)
from appliance.model.upid import Upid, end_status, parse_upid


@given(st.integers(min_value=0, max_value=2**60))
def test_a_size_survives_its_text(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == size_bytes


@given(st.integers(1, 2**32 - 1), st.integers(1, 2**36 - 1), st.integers(0, 2**32 - 1))
def test_a_task_id_survives_its_text(pid: int, pstart: int, start_s: int) -> None:
    upid = Upid("n1", pid, pstart, start_s, "qmstart", "100", "root@pam!ci")
    assert parse_upid(str(upid)) == upid


@pytest.mark.parametrize(
    "text",
    [
        "UPID:n1:00000001:00000001:00000001:x:../../etc:root@pam:",
        "UPID:n/1:00000001:00000001:00000001:x::root@pam:",
        "UPID:n1:00000001:00000001:00000001:x:1:root@pam:\n",
        "UPID:n1:00000001:00000001:00000001:x:1:root@pam",
    ],
)
def test_no_task_id_names_a_path(text: str) -> None:
    with pytest.raises(ConfigError, match="is no task id"):
        parse_upid(text)


def test_a_log_that_was_cut_off_has_no_status() -> None:
    assert end_status("copying 10%") is None
    assert end_status("TASK WARNINGS: 2") == "WARNINGS: 2"
    assert end_status("TASK ERROR: a: b\n") == "a: b"


def test_units_that_nobody_knows() -> None:
    with pytest.raises(ConfigError, match="'yb' is no unit, allowed are b, kb, mb"):
        convert_size(1, "b", "yb")
    with pytest.raises(ConfigError, match="'1e9' is no amount"):
        convert_size("1e9", "b", "kb")


def test_texts_for_people() -> None:
    assert format_duration(90061) == "1d 1h 1m 1s"
    assert format_bytes(5 * 1024**5) == "5.00 PiB"
    assert parse_size("0.5K") == 512
