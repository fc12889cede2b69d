"""What the HA daemons tell each other reads as it was written, however often and in what order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.model.ha.status import (
    NODE_STATES,
    SERVICE_STATES,
    Disarm,
    LrmStatus,
    ManagerStatus,
    OrderResult,
    ServiceStatus,
)
from appliance.model.ha.status_files import (
    ManagerStatusForm,
    read_lrm_status,
    write_lrm_status,
)
from tests.property.strategies_ha import NODES, SIDS

UIDS = st.text(min_size=1, max_size=6)
TIMES = st.floats(0, 4e9, allow_nan=False)
SERVICES = st.builds(
    ServiceStatus,
    st.sampled_from(SERVICE_STATES),
    NODES,
    UIDS,
    st.none() | NODES,
    st.none() | st.integers(0, 1000),
    st.booleans(),
    st.lists(NODES, max_size=2).map(tuple),
    st.none() | NODES,
    st.none() | st.tuples(st.sampled_from(["stop", "migrate"]), NODES),
    st.booleans(),
)
MANAGERS = st.builds(
    ManagerStatus,
    st.none() | NODES,
    TIMES,
    st.integers(0, 10**9),
    st.dictionaries(NODES, st.sampled_from(NODE_STATES), max_size=3),
    st.dictionaries(SIDS, SERVICES, max_size=4),
    st.frozensets(NODES, max_size=2),
    st.none() | st.builds(Disarm, st.sampled_from(["freeze", "ignore"]), st.just("disarmed")),
)
RESULTS = st.builds(
    OrderResult, SIDS, st.sampled_from(["started", "stopped"]), st.integers(-1, 300)
)
LOCALS = st.builds(
    LrmStatus,
    st.sampled_from(["wait_for_agent_lock", "active"]),
    st.sampled_from(["active", "maintenance", "restart"]),
    TIMES,
    st.dictionaries(UIDS, RESULTS, max_size=4),
    st.none() | st.integers(0, 10**9),
)


@given(st.lists(MANAGERS, min_size=1, max_size=6), st.lists(st.integers(0, 5), max_size=12))
def test_manager_statuses(statuses: list[ManagerStatus], order: list[int]) -> None:
    """One form for all: what it remembers of one must never show in another."""
    form = ManagerStatusForm()
    for number in [*range(len(statuses)), *order]:
        status = statuses[number % len(statuses)]
        content = form.write(status)
        assert content == ManagerStatusForm().write(status)
        assert form.read(content) == status
        assert form.read(content).services is form.read(content).services


@given(LOCALS)
def test_lrm_statuses(status: LrmStatus) -> None:
    assert read_lrm_status(write_lrm_status(status), "lrm_status") == status
