"""The scheduler: what must hold for any load."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from appliance.core.ha.crs import (
    MeasuredUsage,
    Usage,
    best_balancing_move,
    make_usage,
    used_nodes,
)
from appliance.core.ha.crs.load import imbalance, rank
from appliance.core.ha.rules import CompiledRules
from appliance.model.ha.datacenter import CrsOptions
from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.model.ha.status import ServiceStatus

NODES = ("n1", "n2", "n3")
AMOUNTS = st.integers(0, 64).map(float)
SIZES = st.builds(NodeStats, AMOUNTS, st.integers(1, 64), AMOUNTS, st.integers(1, 64))
LOADS = st.lists(st.floats(0, 1), max_size=6)
SIDS = tuple(f"vm:{number}" for number in range(100, 106))
STATS = st.fixed_dictionaries(
    {sid: st.builds(ServiceStats, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS) for sid in SIDS}
)
PLACES = st.lists(
    st.tuples(
        st.sampled_from(SIDS), st.sampled_from((*NODES, None)), st.sampled_from((*NODES, None))
    ),
    max_size=12,
)
MODES = st.sampled_from(["basic", "static", "dynamic"])


def made(mode: str, sizes: dict[str, NodeStats], stats: dict[str, ServiceStats]) -> Usage:
    usage, warnings = make_usage(mode, NODES, sizes, stats)
    assert not warnings
    return usage


@given(LOADS)
@example([0.0, 5e-324])
def test_imbalance_is_none_for_even_and_bounded(loads: list[float]) -> None:
    value = imbalance(loads)
    # All on one of n nodes is the worst: the square root of n - 1.
    assert 0 <= value <= max(0.0, len(loads) - 1) ** 0.5 + 1e-9
    if loads:
        assert imbalance([loads[0]] * len(loads)) < 1e-9


@given(st.lists(st.tuples(*[st.floats(1, 2)] * 4), max_size=6))
def test_rank_is_between_worst_and_ideal(rows: list[tuple[float, float, float, float]]) -> None:
    scores = rank(rows)
    assert all(0 <= score <= 1 for score in scores)
    for row, score in zip(rows, scores, strict=True):
        for other, other_score in zip(rows, scores, strict=True):
            if all(a <= b for a, b in zip(row, other, strict=True)):
                assert score >= other_score - 1e-9


@given(MODES, st.fixed_dictionaries(dict.fromkeys(NODES, SIZES)), STATS, PLACES)
def test_registering_step_by_step_is_registering_at_last(
    mode: str,
    sizes: dict[str, NodeStats],
    stats: dict[str, ServiceStats],
    places: list[tuple[str, str | None, str | None]],
) -> None:
    stepwise, at_last = made(mode, sizes, stats), made(mode, sizes, stats)
    for sid, current, target in places:
        stepwise.register(sid, current, target, current is not None)
        stepwise.scores("vm:100")
    final = {sid: (current, target) for sid, current, target in places}
    for sid in sorted(final, reverse=True):
        current, target = final[sid]
        at_last.register(sid, current, target, current is not None)
    assert stepwise.scores("vm:100") == at_last.scores("vm:100")
    assert stepwise.imbalance() == at_last.imbalance()


@given(
    st.sampled_from(["static", "dynamic"]),
    st.sampled_from(["bruteforce", "topsis"]),
    st.fixed_dictionaries(dict.fromkeys(NODES, SIZES)),
    STATS,
    st.lists(st.sampled_from(NODES), min_size=len(SIDS), max_size=len(SIDS)),
)
def test_a_balancing_move_does_what_it_says(
    mode: str,
    method: str,
    sizes: dict[str, NodeStats],
    stats: dict[str, ServiceStats],
    places: list[str],
) -> None:
    usage = made(mode, sizes, stats)
    services = {
        sid: ServiceStatus("started", node, "u", running=True)
        for sid, node in zip(SIDS, places, strict=True)
    }
    for sid, status in services.items():
        usage.register(sid, *used_nodes("started", status.node, None, True, usage.online))
    options = CrsOptions(mode, auto_rebalance=True, method=method)
    move, warning = best_balancing_move(usage, services, CompiledRules(), options)
    assert warning is None
    if move is None:
        return
    assert services[move.sid].node == move.source != move.target
    assert move.before == usage.imbalance()
    assert (move.before - move.after) / move.before >= options.margin
    if method == "bruteforce" and mode == "static" and stats[move.sid].maxcpu:
        # Where the service really is there afterwards, the load is what was promised.
        usage.register(move.sid, move.target, None, True)
        assert isinstance(usage, MeasuredUsage)
        if all(item.maxcpu for item in stats.values()):
            assert abs(usage.imbalance() - move.after) < 1e-9
