"""Whatever happens: no two quorate groups, and when all is healed, one ring of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sim.network.lab import Heard, Lab, cluster

LAST_S = 60.0
KINDS = ("nic", "switch", "block", "one_way", "loss", "latency", "kill", "stop", "pause")
DEVICE_KINDS = (*KINDS, "qdevice", "qdevice_path")


@dataclass(frozen=True)
class Fault:
    kind: str
    at_s: float
    heal_s: float
    first: tuple[int, ...]
    second: tuple[int, ...]
    link: str


NODES = st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True).map(tuple)


def faults(kinds: tuple[str, ...]) -> st.SearchStrategy[list[Fault]]:
    times = st.floats(0.1, LAST_S).map(lambda at_s: round(at_s, 2))
    spans = st.sampled_from([0.5, 1.0, 2.0, 4.0, 7.0, 8.0, 12.0, 25.0])
    links = st.sampled_from(["link0", "link1"])
    one = st.builds(Fault, st.sampled_from(kinds), times, spans, NODES, NODES, links)
    return st.lists(one, min_size=1, max_size=10)


@dataclass
class Chaos:
    """Begins faults and heals them, each on its own; a node may be down for several reasons."""

    lab: Lab
    down: Counter[str] = field(default_factory=Counter)
    paused: Counter[str] = field(default_factory=Counter)

    def name(self, number: int) -> str:
        return self.lab.nodes[number % len(self.lab.nodes)]

    def begin(self, fault: Fault) -> None:
        first = sorted({self.name(number) for number in fault.first})
        second = sorted({self.name(number) for number in fault.second}.difference(first))
        heal = self.cut(fault, first, second)
        self.lab.engine.fabric_changed()
        self.lab.at(fault.at_s + fault.heal_s, self.heal, heal)

    def heal(self, heal: Callable[[], object]) -> None:
        heal()
        self.lab.engine.fabric_changed()

    def cut(self, fault: Fault, first: list[str], second: list[str]) -> Callable[[], object]:
        """Do it. Returns what undoes it."""
        fabric, cause = self.lab.fabric, round(fault.at_s * 1e4 + fault.heal_s)
        switch = {"link0": "switch1", "link1": "switch2"}[fault.link]
        toggles: dict[str, Callable[..., None]] = {
            "nic": partial(self.plug, first, fault.link),
            "switch": partial(fabric.set_switch, switch),
            "loss": lambda up: fabric.set_loss(fault.link, 0 if up else 0.95, cause),
            "latency": lambda up: fabric.set_latency(fault.link, 0 if up else 2000, cause),
            "qdevice": fabric.set_qdevice,
            "qdevice_path": partial(fabric.set_qdevice_path, first[0]),
            "kill": partial(self.power, first[0], False),
            "stop": partial(self.power, first[0], True),
            "pause": partial(self.run, first[0]),
        }
        if fault.kind == "block":
            return partial(fabric.unblock, fabric.block([first, second]))
        if fault.kind == "one_way":
            return partial(fabric.unblock, fabric.block_one_way(first, second))
        toggle = toggles[fault.kind]
        toggle(up=False)
        return partial(toggle, up=True)

    def plug(self, nodes: list[str], link: str, up: bool) -> None:
        for node in nodes:
            self.lab.fabric.set_nic(node, link, up)

    def power(self, node: str, clean: bool, up: bool) -> None:
        self.down[node] += -1 if up else 1
        if up and not self.down[node]:
            self.lab.engine.start_node(node)
        elif not up and clean and not self.paused[node]:
            self.lab.engine.stop_node(node)
        elif not up:
            self.lab.engine.kill_node(node)

    def run(self, node: str, up: bool) -> None:
        self.paused[node] += -1 if up else 1
        if not up:
            self.lab.engine.pause_node(node)
        elif not self.paused[node]:
            self.lab.engine.resume_node(node)


def live(lab: Lab, schedule: list[Fault]) -> None:
    """Let the faults happen and heal; then wait for quiet."""
    chaos = Chaos(lab)
    for fault in schedule:
        lab.at(fault.at_s, chaos.begin, fault)
    lab.run(LAST_S + 130)


def one_ring(lab: Lab) -> None:
    assert lab.settled() == lab.nodes
    assert {lab.engine.group(node) for node in lab.nodes} == {lab.nodes}


OPTIONS: list[dict[str, Any]] = [
    {},
    {"wait_for_all": True},
    {"token_s": 1.0, "token_coefficient_s": 0.0},
]
RISKY: list[dict[str, Any]] = [
    {"last_man_standing": True, "last_man_standing_window_s": 4.0},
    {"last_man_standing": True, "last_man_standing_window_s": 4.0, "wait_for_all": True},
    {"auto_tie_breaker": True},
    {"auto_tie_breaker": True, "last_man_standing": True, "wait_for_all": True},
    {"auto_tie_breaker": True, "auto_tie_breaker_node": "n3,n2"},
]
DEVICE: list[dict[str, Any]] = [{"qdevice": True}, {"qdevice": True, "qdevice_algorithm": "lms"}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@settings(max_examples=60)
@given(schedule=faults(KINDS), size=st.integers(1, 6))
def test_never_two_quorate_groups(
    options: dict[str, Any], schedule: list[Fault], size: int
) -> None:
    lab = Lab(cluster(size, **options))
    live(lab, schedule)
    assert lab.log.splits == []
    one_ring(lab)
    assert lab.quorate() == lab.nodes


@pytest.mark.parametrize("options", RISKY, ids=str)
@settings(max_examples=40)
@given(schedule=faults(KINDS), size=st.sampled_from([4, 6]))
def test_all_heals_with_options_that_can_split(
    options: dict[str, Any], schedule: list[Fault], size: int
) -> None:
    """Ties and shrunken expectations can be had by two groups in turn: see the tests of votes."""
    lab = Lab(cluster(size, **options))
    live(lab, schedule)
    one_ring(lab)
    assert lab.quorate() == lab.nodes


@pytest.mark.parametrize("options", DEVICE, ids=str)
@settings(max_examples=100)
@given(schedule=faults(DEVICE_KINDS), size=st.integers(2, 5))
def test_all_heals_with_a_quorum_device(
    options: dict[str, Any], schedule: list[Fault], size: int
) -> None:
    lab = Lab(cluster(size, **options))
    live(lab, schedule)
    one_ring(lab)
    assert lab.quorate() == lab.nodes


@settings(max_examples=60)
@given(schedule=faults(KINDS))
def test_all_heals_with_two_nodes(schedule: list[Fault]) -> None:
    lab = Lab(cluster(2, two_node=True))
    live(lab, schedule)
    one_ring(lab)
    assert lab.quorate() == lab.nodes


@settings(max_examples=40)
@given(schedule=faults(DEVICE_KINDS), size=st.integers(2, 5), seed=st.integers(0, 3))
def test_the_same_history_is_told_the_same_way(schedule: list[Fault], size: int, seed: int) -> None:
    def told() -> list[Heard]:
        lab = Lab(cluster(size, qdevice=True), seed)
        live(lab, schedule)
        return lab.log.calls

    assert told() == told()


@settings(max_examples=60)
@given(schedule=faults(KINDS), size=st.integers(2, 5))
def test_epochs_grow_and_only_with_views(schedule: list[Fault], size: int) -> None:
    lab = Lab(cluster(size))
    live(lab, schedule)
    for node in lab.nodes:
        views = [view for _, view in lab.installs(node)]
        epochs = [view.epoch for view in views]
        assert epochs == sorted(set(epochs))
