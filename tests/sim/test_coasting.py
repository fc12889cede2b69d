"""Skipping idle rounds changes nothing: the journal is the one that polling gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.entropy import Entropy
from sim.faults import Fault
from sim.journal import as_json
from sim.layout import ClusterLayout, GuestSpec, NodeSpec
from sim.world import World

NODES = tuple(f"node{number}" for number in range(1, 6))
GUESTS = tuple(f"vm:{number}" for number in range(100, 110))
HOURS = 4
Step = Fault | str


def cluster() -> ClusterLayout:
    """Five nodes whose clocks differ (far more than real ones do), ten guests."""
    nodes = tuple(NodeSpec(name, drift_ppm=230 * index - 400) for index, name in enumerate(NODES))
    guests = [GuestSpec(sid, NODES[index % len(NODES)]) for index, sid in enumerate(GUESTS)]
    return ClusterLayout(nodes, guests=tuple(guests))


class Draw:
    """One seed's schedule: what happens when."""

    def __init__(self, seed: int) -> None:
        self._entropy = Entropy(seed).child("schedule")
        self._number = 0

    def between(self, low: float, high: float) -> float:
        self._number += 1
        return low + (high - low) * self._entropy.unit(self._number)

    def one(self, *choices: str) -> str:
        return choices[int(self.between(0, len(choices)))]

    def split(self) -> tuple[tuple[str, ...], ...]:
        first = tuple(node for node in NODES if self.between(0, 1) < 0.4) or ("node1",)
        return first, tuple(node for node in NODES if node not in first)

    def step(self) -> Step:
        node, sid, heal_s = self.one(*NODES), self.one(*GUESTS), self.between(2, 700)
        link = self.one("link0", "link1")
        faults: tuple[Callable[[], Step], ...] = (
            lambda: Fault("power", node=node, heal_after_s=heal_s),
            lambda: Fault("isolate", node=node, heal_after_s=heal_s),
            lambda: Fault("pause", node=node, heal_after_s=heal_s),
            lambda: Fault("hang", node=node, heal_after_s=heal_s),
            lambda: Fault("partition", groups=self.split(), heal_after_s=heal_s),
            lambda: Fault("nic", node=node, link=link, heal_after_s=heal_s),
            lambda: Fault("latency", link="link0", value=20.0, heal_after_s=heal_s),
            lambda: Fault("storage", storage="shared", heal_after_s=heal_s),
            lambda: Fault("guest_crash", guest=sid),
            lambda: f"ha-manager migrate {sid} {node}",
            lambda: f"ha-manager set {sid} --state {self.one('started', 'stopped')}",
            lambda: f"node reboot {node}",
            lambda: (
                f"ha-manager crm-command node-maintenance {self.one('enable', 'disable')} {node}"
            ),
            lambda: f"ha-manager crm-command disarm-ha {self.one('freeze', 'ignore')}",
            lambda: "ha-manager crm-command arm-ha",
            lambda: f"service restart {self.one('pve-ha-lrm', 'pve-ha-crm')} {node}",
        )
        return faults[int(self.between(0, len(faults)))]()


def run(seed: int, *, coasting: bool) -> World:
    world, draw, now_s = World(cluster(), seed=seed, coasting=coasting), Draw(seed), 30.0
    while now_s < HOURS * 3600:
        world.run(now_s)
        step = draw.step()
        if isinstance(step, str):
            world.operate(step)
        else:
            world.inject(step)
        now_s += draw.between(10, 1500)
    world.run(HOURS * 3600)
    return world


@pytest.mark.parametrize("seed", range(1, 9))
def test_polled_and_coasting_tell_the_same_story(seed: int) -> None:
    coasting, polled = run(seed, coasting=True), run(seed, coasting=False)
    told = [as_json(record) for record in coasting.journal.records]
    assert told == [as_json(record) for record in polled.journal.records]
    assert coasting.journal.digest() == polled.journal.digest()
    assert coasting.kernel.events < polled.kernel.events / 2, "nothing was skipped"


def test_another_seed_tells_another_story() -> None:
    assert run(1, coasting=True).journal.digest() != run(2, coasting=True).journal.digest()
