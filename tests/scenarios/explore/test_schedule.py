"""What a seed draws: the same every time, within the bounds, and different from other seeds."""

from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.ha.datacenter import parse_datacenter
from appliance.model.ha.rules import parse_rules
from scenarios.explore.case import Case
from scenarios.explore.kinds import KINDS
from scenarios.explore.schedule import MOST_A_DAY, chosen_kinds, draw_case
from scenarios.explore.seeds import parse_seeds
from sim import faults
from sim.layout import ClusterLayout, NodeSpec, QuorumSpec

SEEDS = range(1, 60)


def drawn(seed: int, hours: float = 24, only: tuple[str, ...] = ()) -> Case:
    return draw_case(seed, layout=None, nodes=5, guests=20, hours=hours, only=only)


def test_a_seed_is_a_case() -> None:
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_moves_come_in_time(seed: int) -> None:
    case = drawn(seed)
    times = [move.at_s for move in case.moves]
    assert times == sorted(times)
    assert all(0 < at_s < case.length_s for at_s in times)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fault_heals_and_breaks_no_promise_of_the_hardware(seed: int) -> None:
    for move in drawn(seed).moves:
        fault = move.fault
        if fault is not None:
            assert fault.kind != "watchdog_broken"
            assert fault.heal_after_s is not None or fault.kind in faults.INSTANT
            needed = [name for name in faults.KINDS[fault.kind] if not name.endswith("?")]
            assert all(getattr(fault, name) for name in needed), fault


@pytest.mark.parametrize("seed", SEEDS)
def test_configuration_texts_are_valid(seed: int) -> None:
    layout = drawn(seed).layout
    rules = parse_rules(layout.rules_cfg, strict=True)
    named = [sid for rule in rules.rules for sid in rule.resources]
    assert len(named) == len(set(named)), "rules that share a guest may be dropped by the manager"
    parse_datacenter(layout.datacenter_cfg, strict=True)


def test_every_kind_is_drawn_by_some_seed() -> None:
    """But those that only special clusters have."""
    seen = {move.fault.kind for seed in range(300) for move in drawn(seed).moves if move.fault}
    elsewhere = {"trunk", "site", "qdevice", "qdevice_cut"}
    assert seen == {name for name, kind in KINDS.items() if not kind.operator} - elsewhere


def test_seeds_differ_in_how_much_happens() -> None:
    counts = [len(drawn(seed).moves) for seed in range(200)]
    assert min(counts) <= 4
    assert max(counts) <= 2 * MOST_A_DAY  # a request may be undone by a second one
    assert max(counts) >= 12


def test_only_the_chosen_kinds() -> None:
    kinds = {m.fault.kind for seed in SEEDS for m in drawn(seed, only=("power",)).moves if m.fault}
    assert kinds == {"power"}


def test_two_node_clusters_are_not_split() -> None:
    layout = ClusterLayout((NodeSpec("a"), NodeSpec("b")), quorum=QuorumSpec(two_node=True))
    for seed in SEEDS:
        case = draw_case(seed, layout=layout, nodes=2, guests=0, hours=24)
        kinds = {move.fault.kind for move in case.moves if move.fault}
        assert not kinds & {"isolate", "partition", "one_way", "loss", "nic_flap"}


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="--faults: unknown kind 'powr'"):
        chosen_kinds("isolate,powr")


@pytest.mark.parametrize(
    ("text", "seeds"), [("1-3", (1, 2, 3)), ("7", (7,)), ("9, 1-2,2", (9, 1, 2))]
)
def test_seed_lists(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-", "1..3"])
def test_bad_seed_lists(text: str) -> None:
    with pytest.raises(ConfigError, match="--seeds"):
        parse_seeds(text)
