"""The recorded HA scenarios, replayed in lock step and compared event for event."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.lockstep.compare import (
    EXPECTED,
    first_difference,
    read_records,
    read_vocabulary,
    records,
)
from sim.lockstep.replay import replay
from tests.conformance.cases import ha_case_dirs

CASES = [*ha_case_dirs("ha"), *ha_case_dirs("ha-random")]


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_replay(case: Path) -> None:
    expected = read_records(case / EXPECTED)
    assert expected
    kinds = read_vocabulary(case.parent)
    assert first_difference(expected, records(replay(case)), kinds) is None
