"""A run of a seed: the same every time, in both modes, and as a scenario file."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from scenarios.explore.calm import Calm
from scenarios.explore.case import Case, Move
from scenarios.explore.referee import refuses
from scenarios.explore.run import Run
from scenarios.explore.schedule import draw_case
from scenarios.explore.tally import Totals, summed
from scenarios.explore.toml import scenario_text
from scenarios.format.load import loads
from scenarios.quantities import duration_text
from scenarios.run import rehearse
from sim.faults import Fault
from sim.layout import ClusterLayout, GuestSpec, NodeSpec


def drawn(seed: int, hours: float) -> Case:
    return draw_case(seed, layout=None, nodes=5, guests=10, hours=hours)


@pytest.mark.parametrize("seed", [5, 13])
def test_polled_and_coasting_runs_are_the_same(seed: int) -> None:
    coasted, polled = Run(drawn(seed, 1.5)), Run(drawn(seed, 1.5), polled=True)
    first, second = coasted.run(), polled.run()
    assert coasted.world.journal.digest() == polled.world.journal.digest()
    assert (first.made, first.after, first.finding) == (second.made, second.after, second.finding)
    assert first.made


@pytest.mark.parametrize("seed", [2, 5, 8, 13])
def test_a_run_written_as_a_scenario_is_the_same_run(seed: int) -> None:
    run = Run(drawn(seed, 12))
    outcome = run.run()
    head = [
        ("name", '"n"'),
        ("why", '"w"'),
        ("seed", str(seed)),
        ("duration", f'"{duration_text(outcome.ended_s)}"'),
    ]
    case = replace(outcome.case, moves=(*outcome.made, *outcome.after))
    text = scenario_text(case, head, ["[[never]]", 'that = "event(violation)"'])
    result, world = rehearse(loads(text))
    assert world.journal.digest() == run.world.journal.digest()
    assert result.passed


def test_what_the_referee_withheld_changes_nothing() -> None:
    seed = next(s for s in range(1, 99) if Run(drawn(s, 12)).run().totals.withheld)
    run = Run(drawn(seed, 12))
    outcome = run.run()
    without = Run(replace(outcome.case, moves=outcome.made))
    assert without.run().totals.withheld == 0
    assert without.world.journal.digest() == run.world.journal.digest()


class Seen:
    """What the referee is told."""

    def __init__(self, **seen: object) -> None:
        self._seen = seen

    def unprotected(self) -> str | None:
        return "vm:100" if self._seen.get("unprotected") else None

    def in_motion(self) -> str | None:
        return "vm:100" if self._seen.get("in_motion") else None

    def leaving(self) -> str | None:
        return "node1" if self._seen.get("leaving") else None

    def frail(self) -> str | None:
        return "node1 is not online" if self._seen.get("frail") else None

    def cut_off(self) -> bool:
        return bool(self._seen.get("cut_off"))


@pytest.mark.parametrize(
    ("move", "seen", "refused"),
    [
        (Move(1, fault=Fault("isolate", node="node1")), "unprotected", True),
        (Move(1, fault=Fault("power", node="node1")), "unprotected", False),
        (Move(1, fault=Fault("isolate", node="node1")), "cut_off", False),
        (Move(1, fault=Fault("power", node="node1")), "frail", True),
        (Move(1, command="node shutdown node1"), "frail", True),
        (Move(1, command="ha-manager migrate vm:100 node1"), "frail", False),
        (Move(1, command="ha-manager add vm:100"), "cut_off", True),
        (Move(1, command="ha-manager migrate vm:100 node1"), "cut_off", False),
        (Move(1, command="ha-manager migrate vm:100 node1"), "leaving", True),
        (Move(1, command="service restart pve-ha-lrm node1"), "in_motion", True),
        (Move(1, command="service restart pve-ha-crm node1"), "in_motion", False),
        (Move(1, command="node reboot node1"), "in_motion", True),
        (Move(1, command="node poweron node1"), "leaving", False),
    ],
)
def test_what_the_referee_refuses(move: Move, seen: str, refused: bool) -> None:
    assert (refuses(move, Seen(**{seen: True})) is not None) == refused
    assert refuses(move, Seen()) is None


def test_calm_begins_when_the_last_thing_changed() -> None:
    layout = ClusterLayout((NodeSpec("a"),), guests=(GuestSpec("vm:100", "a"),))
    calm = Calm(Case(layout, 1, (), 1000.0))
    calm.on_move(Move(10.0, fault=Fault("power", node="a", heal_after_s=50.0)))
    calm.on_move(Move(20.0, fault=Fault("guest_crash", guest="vm:100")))
    assert (calm.changed_s, calm.next_end_s()) == (20.0, 60.0)
    calm.on_end(60.0)
    assert (calm.changed_s, calm.next_end_s()) == (60.0, math.inf)
    assert not calm.spoilt
    calm.on_move(Move(70.0, fault=Fault("disk_full", storage="shared", heal_after_s=1.0)))
    assert calm.spoilt


def test_downtimes_by_nearest_rank() -> None:
    totals = Totals()
    assert totals.downtime_s(0.5) is None
    totals.downtimes.update({10: 5, 20: 4, 300: 1})
    shares = (0.1, 0.5, 0.51, 0.9, 0.91, 1.0)
    assert [totals.downtime_s(share) for share in shares] == [10, 10, 20, 20, 300, 300]


def test_totals_add_up() -> None:
    one, two = Totals(seeds=1, simulated_s=2.5), Totals(seeds=1, simulated_s=1.5)
    one.faults["power"] += 2
    two.faults.update({"power": 1, "isolate": 4})
    total = summed([one, two])
    assert (total.seeds, total.simulated_s) == (2, 4.0)
    assert total.faults == {"power": 3, "isolate": 4}
