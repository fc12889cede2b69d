"""The best balancing move, on clusters small enough to see it."""

from __future__ import annotations

from math import sqrt

import pytest

from appliance.core.ha.crs import (
    Move,
    Usage,
    best_balancing_move,
    bundles,
    held_long_enough,
    make_usage,
    used_nodes,
)
from appliance.core.ha.rules import CompiledRules
from appliance.model.ha.datacenter import CrsOptions
from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.model.ha.status import ServiceStatus

NODES = ("n1", "n2", "n3")
ON = CrsOptions("static", auto_rebalance=True)
METHODS = ("bruteforce", "topsis")


def cluster(
    places: dict[str, str], sizes: dict[str, float], mode: str = "static"
) -> tuple[Usage, dict[str, ServiceStatus]]:
    """Services of equal CPU and memory share, on nodes of ten cores and a hundred bytes."""
    stats = {sid: ServiceStats(size, size * 10, size, size * 10) for sid, size in sizes.items()}
    busy = dict.fromkeys(NODES, 0.0)
    for sid, node in places.items():
        if node in busy:
            busy[node] += sizes[sid]
    nodes = {node: NodeStats(busy[node], 10, busy[node] * 10, 100) for node in NODES}
    usage, _ = make_usage(mode, NODES, nodes, stats)
    services = {
        sid: ServiceStatus("started", node, "u", running=True) for sid, node in places.items()
    }
    for sid, status in services.items():
        found = used_nodes(status.state, status.node, status.target, True, usage.online)
        usage.register(sid, *found)
    return usage, services


@pytest.mark.parametrize("mode", ["static", "dynamic"])
@pytest.mark.parametrize("method", METHODS)
def test_the_best_move_by_hand(mode: str, method: str) -> None:
    usage, services = cluster({"a": "n1", "b": "n1"}, {"a": 3, "b": 1}, mode)
    options = CrsOptions(mode, auto_rebalance=True, method=method)
    move, warning = best_balancing_move(usage, services, CompiledRules(), options)
    assert warning is None
    assert move is not None
    # Loads 0.4, 0, 0 become 0.1, 0.3, 0: either way round, moving `a` or `b` is as even.
    assert (move.source, move.target) == ("n1", "n2")
    assert move.before == pytest.approx(sqrt(2))
    assert move.after == pytest.approx(sqrt(0.14 / 9) / (0.4 / 3))
    assert move.sid == "a"


def test_a_tie_goes_to_the_lowest_name() -> None:
    usage, services = cluster({"b": "n2", "a": "n2"}, {"a": 1, "b": 1})
    move, _ = best_balancing_move(usage, services, CompiledRules(), ON)
    assert move is not None
    assert move == Move("a", "n2", "n1", move.before, move.after)
    assert (move.before, move.after) == pytest.approx((sqrt(2), sqrt(2) / 2))


@pytest.mark.parametrize("method", METHODS)
def test_rules_limit_the_targets(method: str) -> None:
    # Without rules `a` would go to n2, where there is least.
    usage, services = cluster(
        {"a": "n1", "b": "n1", "c": "n2", "d": "n3"}, {"a": 3, "b": 3, "c": 1, "d": 2}
    )
    rules = CompiledRules(
        node_affinity={"a": {"n1": 0}, "b": {"n1": -1, "n2": 0, "n3": 0}},
        negative={"b": ("c",), "c": ("b",)},
    )
    options = CrsOptions("static", auto_rebalance=True, method=method)
    move, _ = best_balancing_move(usage, services, rules, options)
    assert move is not None
    assert (move.sid, move.target) == ("b", "n3")


def test_partners_move_as_one() -> None:
    usage, services = cluster({"a": "n1", "b": "n1", "c": "n1"}, {"a": 1, "b": 1, "c": 2})
    rules = CompiledRules(positive={"a": ("b",), "b": ("a",)})
    move, _ = best_balancing_move(usage, services, rules, ON)
    assert move is not None
    # Both ways two of four units go: by name the bundle of `a` and `b`.
    assert move.sid == "a"
    assert move.after == pytest.approx(sqrt(0.08 / 9) / (0.4 / 3))


def test_too_little_gain_is_no_move() -> None:
    usage, services = cluster({"a": "n1", "b": "n1"}, {"a": 1, "b": 1})
    gain = 0.5
    for margin, moves in ((gain - 0.01, True), (gain + 0.01, False)):
        options = CrsOptions("static", auto_rebalance=True, margin=margin)
        move, warning = best_balancing_move(usage, services, CompiledRules(), options)
        assert (move is not None) is moves
        assert warning is None


def test_nothing_to_move() -> None:
    usage, services = cluster({"a": "n1"}, {"a": 1})
    pinned = CompiledRules(node_affinity={"a": {"n1": 0}})
    assert best_balancing_move(usage, services, pinned, ON) == (None, None)
    basic, _ = make_usage("basic", NODES, {}, {})
    assert best_balancing_move(basic, services, CompiledRules(), ON) == (None, None)


def test_a_service_that_is_not_counted_stops_everything() -> None:
    usage, services = cluster({"a": "n1", "b": "gone"}, {"a": 1, "b": 1})
    move, warning = best_balancing_move(usage, services, CompiledRules(), ON)
    assert move is None
    assert warning == (
        "cannot find the best balancing move: service 'b' is not counted on any node"
    )
    usage, services = cluster({"a": "n1", "b": "n2"}, {"a": 1, "b": 1})
    usage.register("a", "n1", "n3", True)
    _, warning = best_balancing_move(usage, services, CompiledRules(), ON)
    assert warning == "cannot find the best balancing move: service 'a' is moving"


def test_a_service_without_target_is_not_looked_at() -> None:
    usage, services = cluster({"a": "n1", "b": "gone", "c": "n1"}, {"a": 1, "b": 1, "c": 1})
    pinned = CompiledRules(node_affinity={"b": {"gone": 0}})
    move, warning = best_balancing_move(usage, services, pinned, ON)
    assert warning is None
    assert move is not None
    assert move.sid == "a"


def test_an_unknown_method_moves_nothing() -> None:
    usage, services = cluster({"a": "n1", "b": "n1"}, {"a": 1, "b": 1})
    options = CrsOptions("static", method="dice")
    move, warning = best_balancing_move(usage, services, CompiledRules(), options)
    assert (move, warning) == (None, "balancing method 'dice' is not known")


def test_imbalance_must_last() -> None:
    options = CrsOptions(threshold=0.3, hold_duration=3)
    assert held_long_enough(0.5, 0, options) == (1, False)
    assert held_long_enough(0.5, 1, options) == (2, False)
    assert held_long_enough(0.5, 2, options) == (0, True)
    assert held_long_enough(0.3, 2, options) == (0, False)
    assert held_long_enough(0.5, 0, CrsOptions(hold_duration=0)) == (0, True)


def test_bundles_leave_out_what_cannot_move_now() -> None:
    rules = CompiledRules(
        positive={"a": ("b", "c"), "b": ("a", "c"), "c": ("a", "b"), "d": ("e",), "e": ("d",)}
    )
    services = {
        "f": ServiceStatus("started", "n3", "u"),
        "a": ServiceStatus("stopped", "n2", "u"),
        "b": ServiceStatus("started", "n1", "u"),
        "c": ServiceStatus("started", "n1", "u"),
        "d": ServiceStatus("started", "n1", "u"),
        "e": ServiceStatus("migrate", "n1", "u", target="n2"),
    }
    assert list(bundles(services, rules).items()) == [("b", ("b", "c")), ("f", ("f",))]
