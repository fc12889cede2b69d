"""A case written as a scenario file reads back as the very same cluster and schedule."""

from __future__ import annotations

import pytest

from scenarios.explore.case import Case, Move
from scenarios.explore.schedule import draw_case
from scenarios.explore.toml import scenario_text
from scenarios.format.load import loads
from scenarios.format.values import FaultAction, HealAction, OperatorAction, Scenario
from sim.faults import Fault
from sim.layout import ClusterLayout, GuestSpec, LinkSpec, NodeSpec, QuorumSpec, StorageSpec

ENOUGH = ["[[never]]", 'that = "event(violation)"']


def read_back(case: Case) -> Scenario:
    head = [("name", '"n"'), ("why", '"w"'), ("duration", '"1d"'), ("seed", str(case.seed))]
    return loads(scenario_text(case, head, ENOUGH))


def moves(scenario: Scenario) -> list[Move]:
    found = []
    for step in scenario.steps:
        assert step.at_s is not None
        action = step.action
        if isinstance(action, FaultAction):
            found.append(Move(step.at_s, fault=action.fault))
        elif isinstance(action, OperatorAction):
            found += [Move(step.at_s, command=" ".join(map(str, c))) for c in action.commands]
        else:
            assert isinstance(action, HealAction)
            found.append(Move(step.at_s, heal_all=True))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_drawn_cases(seed: int) -> None:
    case = draw_case(seed, layout=None, nodes=5, guests=20, hours=24)
    scenario = read_back(case)
    assert scenario.layout == case.layout
    assert moves(scenario) == list(case.moves)
    assert scenario.seed == seed


def test_special_clusters() -> None:
    layout = ClusterLayout(
        nodes=(
            NodeSpec("a", site="north", votes=2, boot_s=12.5, watchdog="softdog", skew_s=-0.25),
            NodeSpec("b", site="south", cpus=4, memory_bytes=3 * 2**30, initially_on=False),
        ),
        links=(
            LinkSpec("ring0", {"north": "n0", "south": "s0"}, latency_ms=1.5),
            LinkSpec("ring1", {"north": "n1", "south": "s1"}, bandwidth_bytes_s=1.5e8),
        ),
        quorum=QuorumSpec(qdevice=True, qdevice_site="north", token_s=1.5),
        storages=(
            StorageSpec("shared"),
            StorageSpec("local", shared=False, capacity_bytes=1024 * 2**30),
            StorageSpec("fast", nodes=("a",), capacity_bytes=10**12, bandwidth_bytes_s=2.5e9),
        ),
        guests=(
            GuestSpec("vm:100", "a", storage="fast", start_fails={"b": 2, "*": -1}, max_restart=3),
            GuestSpec("ct:7", "b", state="stopped", ha=False, migration_fails=1, dirty_bytes_s=1.0),
        ),
        datacenter_cfg="ha: shutdown_policy=migrate\n",
        name='two "sites"',
    )
    made = (
        Move(60.5, fault=Fault("site", site="south", heal_after_s=60.0)),
        Move(70.0, fault=Fault("trunk", link="ring0")),
        Move(80.0, fault=Fault("clock_jump", node="a", value=-90.0)),
        Move(90.0, fault=Fault("latency", link="ring1", value=12.5, heal_after_s=1.5)),
        Move(95.0, fault=Fault("one_way", groups=(("a",), ("b",)), heal_after_s=5.0)),
        Move(99.0, command="ha-manager crm-command arm-ha"),
        Move(100.0, heal_all=True),
    )
    scenario = read_back(Case(layout, 3, made, 200.0))
    assert scenario.layout == layout
    assert moves(scenario) == list(made)
