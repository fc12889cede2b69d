"""What simulated time costs: a year of a large cluster coasting, a day of it polled.

With benchmarks switched off the same runs are made over a shorter span, and compared.
"""

from __future__ import annotations

import math

from pytest_benchmark.fixture import BenchmarkFixture

from scenarios.explore.search import Question, search
from sim.entropy import Entropy
from sim.faults import Fault
from sim.layout import ClusterLayout, GuestSpec, NodeSpec, QuorumSpec
from sim.world import World

DAY_S = 86_400
POWER_EVERY_DAYS, LINK_EVERY_DAYS = 30, 20


def cluster(nodes: int, guests: int) -> ClusterLayout:
    names = tuple(f"node{number:02}" for number in range(1, nodes + 1))
    return ClusterLayout(
        tuple(NodeSpec(name) for name in names),
        quorum=QuorumSpec(token_coefficient_s=0.125),
        guests=tuple(
            GuestSpec(f"vm:{100 + number}", names[number % nodes]) for number in range(guests)
        ),
    )


def failures(layout: ClusterLayout, days: float) -> list[tuple[float, Fault]]:
    """Every node loses its power and a link every so many days on average, for minutes."""
    draw, found = Entropy(1), []
    for node in layout.node_names():
        for kind, every_days in (("power", POWER_EVERY_DAYS), ("nic", LINK_EVERY_DAYS)):
            at_s, number = 0.0, 0
            while True:
                number += 1
                key = (node, kind, number)
                at_s -= math.log(1 - draw.unit(*key, "at")) * every_days * DAY_S
                if at_s > days * DAY_S:
                    break
                link = "link0" if draw.unit(*key, "link") < 0.5 else "link1"
                heal_s = draw.between(60, 1800, *key, "heal")
                fault = Fault(
                    kind, node=node, link=link if kind == "nic" else None, heal_after_s=heal_s
                )
                found.append((at_s, fault))
    return sorted(found, key=lambda step: step[0])


def live(layout: ClusterLayout, days: float, *, coasting: bool) -> World:
    world = World(layout, seed=3, coasting=coasting)
    for at_s, fault in failures(layout, days):
        world.run(at_s)
        world.inject(fault)
    world.run(days * DAY_S)
    return world


def test_a_year_coasting(benchmark: BenchmarkFixture) -> None:
    days = 365 if benchmark.enabled else 4
    benchmark.extra_info["what"] = "A year of 32 nodes and 320 guests with failures, coasting"
    benchmark.extra_info["limit_s"] = 90
    layout = cluster(32, 320)
    world = benchmark.pedantic(live, (layout, days), {"coasting": True}, rounds=1)
    kinds = {record.event.kind for record in world.journal.records}
    assert "recovered" in kinds
    assert not kinds & {"violation", "daemon_failed"}


def test_a_day_polled(benchmark: BenchmarkFixture) -> None:
    days = 1 if benchmark.enabled else 0.02
    benchmark.extra_info["what"] = "A day of the same cluster, every round run"
    benchmark.extra_info["limit_s"] = 30
    layout = cluster(32, 320)
    world = benchmark.pedantic(live, (layout, days), {"coasting": False}, rounds=1)
    assert world.journal.digest() == live(layout, days, coasting=True).journal.digest()


def test_explorer(benchmark: BenchmarkFixture) -> None:
    seeds, days = (range(1, 41), 40) if benchmark.enabled else (range(1, 3), 2)
    benchmark.extra_info["what"] = "Explorer: 40 days of 5 nodes and 20 guests, one core"
    benchmark.extra_info["limit_s"] = 2  # 20 simulated days a second
    question = Question(hours=24.0)

    def explore() -> int:
        return sum(result.finding is None for result in search(question, seeds, jobs=1))

    assert benchmark.pedantic(explore, rounds=1) == days
