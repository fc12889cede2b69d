"""Use of nodes and scores, for each way to compare."""

from __future__ import annotations

from math import sqrt

import pytest

from appliance.core.ha.crs import BasicUsage, DynamicUsage, StaticUsage, Usage, make_usage
from appliance.core.ha.crs.load import rank
from appliance.model.ha.stats import NodeStats, ServiceStats

NODES = ("n1", "n2", "n3")
SIZES = {node: NodeStats(cpu=1.0, maxcpu=4, mem=20, maxmem=100) for node in NODES}
SERVICES = {
    "small": ServiceStats(maxcpu=1, maxmem=10, cpu=0.5, mem=5),
    "large": ServiceStats(maxcpu=2, maxmem=50, cpu=1, mem=40),
    "all": ServiceStats(maxcpu=0, maxmem=10, cpu=1, mem=5),
}


def made(mode: str, sizes: dict[str, NodeStats] | None = None) -> Usage:
    usage, warnings = make_usage(mode, NODES, SIZES if sizes is None else sizes, SERVICES)
    assert warnings == []
    return usage


def test_basic_counts_services() -> None:
    usage = made("basic")
    usage.register("a", "n1", None, True)
    usage.register("b", "n1", "n2", True)
    usage.register("c", None, "n2", False)
    usage.register("d", "n3", "n3", True)
    usage.register("e", "gone", None, True)
    assert usage.scores("x") == {"n1": 2, "n2": 2, "n3": 1}
    assert usage.imbalance() is None


@pytest.mark.parametrize("mode", ["basic", "static", "dynamic"])
def test_a_new_registration_replaces_the_old_one(mode: str) -> None:
    usage, fresh = made(mode), made(mode)
    usage.register("small", "n1", "n2", False)
    usage.register("small", "n3", None, False)
    fresh.register("small", "n3", None, False)
    assert usage.scores("large") == fresh.scores("large")
    usage.register("small", None, None, False)
    assert usage.scores("large") == made(mode).scores("large")


def test_nodes_are_the_online_ones_by_name() -> None:
    usage, _ = make_usage("static", ["n3", "n1"], SIZES, SERVICES)
    assert usage.nodes() == ("n1", "n3")
    assert sorted(usage.scores("small")) == ["n1", "n3"]


def test_static_scores_by_hand() -> None:
    usage = made("static")
    usage.register("large", "n1", None, True)
    # Loads before: CPU 0.5, 0, 0, memory 0.5, 0, 0. The small service adds 0.25 and 0.1.
    on_first = (1 + sqrt(0.75**2 / 3), 1.75, 1 + sqrt(0.6**2 / 3), 1.6)
    elsewhere = (
        1 + sqrt((0.5**2 + 0.25**2) / 3),
        1.5,
        1 + sqrt((0.5**2 + 0.1**2) / 3),
        1.5,
    )
    expected = rank([on_first, elsewhere, elsewhere])
    scores = usage.scores("small")
    assert scores == pytest.approx(dict(zip(NODES, [-s for s in expected], strict=True)))
    assert scores["n2"] == scores["n3"] < scores["n1"]


def test_static_counts_a_moving_service_on_both_nodes() -> None:
    usage = made("static")
    usage.register("large", "n1", "n2", True)
    # Loads (0.5 + 0.5) / 2 on two of three nodes: mean 1/3, deviation sqrt(2) / 6.
    assert usage.imbalance() == pytest.approx(sqrt(2) / 2)


def test_static_takes_a_target_alone_as_the_place() -> None:
    usage, other = made("static"), made("static")
    usage.register("large", None, "n2", False)
    other.register("large", "n2", None, False)
    assert usage.scores("small") == other.scores("small")


def test_no_cpu_limit_means_all_of_the_node() -> None:
    usage = made("static")
    usage.register("all", "n1", None, True)
    assert isinstance(usage, StaticUsage)
    assert usage.starting_use() == ([4, 0, 0], [10, 0, 0])
    four = {**SERVICES, "all": ServiceStats(maxcpu=4, maxmem=10)}
    same, _ = make_usage("static", NODES, SIZES, four)
    same.register("all", "n1", None, True)
    assert usage.scores("all") == same.scores("all") != made("static").scores("all")


def test_static_node_sizes_are_whole_numbers() -> None:
    sizes = {node: NodeStats(maxcpu=4.9, maxmem=100.9) for node in NODES}
    usage, exact = made("static", sizes), made("static")
    for each in (usage, exact):
        each.register("large", "n1", None, True)
    assert usage.imbalance() == exact.imbalance()
    assert usage.scores("small") == exact.scores("small")


def test_dynamic_starts_from_what_is_measured() -> None:
    sizes = {**SIZES, "n1": NodeStats(cpu=3.0, maxcpu=4, mem=60, maxmem=100)}
    usage = made("dynamic", sizes)
    usage.register("large", "n1", None, True)
    assert isinstance(usage, DynamicUsage)
    assert usage.starting_use() == ([3, 1, 1], [60, 20, 20])
    usage.register("small", "n2", None, False)
    assert usage.starting_use() == ([3, 2, 1], [60, 30, 20])
    # Balancing looks at measured use alone: loads 0.675, 0.225, 0.225, mean 0.375.
    assert usage.imbalance() == pytest.approx(sqrt((0.3**2 + 2 * 0.15**2) / 3) / 0.375)


@pytest.mark.parametrize("mode", ["static", "dynamic"])
def test_a_service_without_numbers_is_not_counted(mode: str) -> None:
    usage = made(mode)
    usage.register("unknown", "n1", None, True)
    usage.register("unknown", "n1", None, True)
    assert (
        usage.warnings
        == [f"cannot count service 'unknown': there are no {mode} numbers for it"] * 2
    )
    assert usage.scores("large") == made(mode).scores("large")


def test_a_service_without_numbers_makes_all_nodes_alike() -> None:
    usage = made("static")
    usage.register("large", "n1", None, True)
    assert usage.scores("unknown") == dict.fromkeys(NODES, 0.0)
    assert len(usage.warnings) == 1


def test_a_move_to_the_same_node_is_not_counted() -> None:
    usage = made("static")
    usage.register("small", "n1", None, True)
    usage.register("small", "n1", "n1", True)
    assert usage.warnings == ["cannot count service 'small': its target is the node 'n1' it is on"]
    assert usage.scores("large") == made("static").scores("large")


def test_unknown_mode_is_basic() -> None:
    usage, warnings = make_usage("bogus", NODES, SIZES, SERVICES)
    assert isinstance(usage, BasicUsage)
    assert warnings == ["scheduler mode 'bogus' is not known, using 'basic'"]


@pytest.mark.parametrize("mode", ["static", "dynamic"])
def test_a_node_of_unknown_size_makes_it_basic(mode: str) -> None:
    sizes = {"n1": SIZES["n1"], "n2": NodeStats(maxcpu=4), "n3": NodeStats()}
    usage, warnings = make_usage(mode, NODES, sizes, SERVICES)
    assert isinstance(usage, BasicUsage)
    assert len(warnings) == 1
    assert warnings[0].endswith(f"{mode} numbers of node 'n2' lack its memory size")
    usage, warnings = make_usage(mode, ["n1"], sizes, SERVICES)
    assert warnings == []


def test_no_node_online() -> None:
    usage, _ = make_usage("static", [], SIZES, SERVICES)
    assert usage.scores("small") == {}
    assert usage.imbalance() == 0.0


def test_order_of_registration_does_not_matter() -> None:
    # In binary fractions 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1.
    stats = {f"s{i}": ServiceStats(maxcpu=i / 10, maxmem=i / 10) for i in range(1, 4)}
    first, _ = make_usage("static", NODES, SIZES, stats)
    second, _ = make_usage("static", NODES, SIZES, stats)
    for sid in stats:
        first.register(sid, "n1", None, True)
    for sid in reversed(stats):
        second.register(sid, "n1", None, True)
    assert isinstance(first, StaticUsage)
    assert isinstance(second, StaticUsage)
    assert first.starting_use() == second.starting_use()
    assert first.scores("s1") == second.scores("s1")


@pytest.mark.parametrize("mode", ["static", "dynamic"])
def test_nodes_that_are_not_online_count_nothing(mode: str) -> None:
    usage = made(mode)
    usage.register("small", "gone", None, False)
    usage.register("large", "n1", "gone", False)
    other = made(mode)
    other.register("large", "n1", None, False)
    assert usage.scores("all") == other.scores("all")
