"""Nodes: online, maintenance, unknown, gone, forgotten, to be fenced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.core.ha.effects import TryAgentLock
from appliance.core.ha.seen import Seen
from tests.core.ha.rig import (
    LONG_AGO_S,
    NOW_S,
    Picture,
    asked,
    decide,
    decide_with,
    granting,
    one,
    service,
)

ONLINE = [
    ("online", "active", "online"),
    ("online", "restart", "online"),
    ("online", "maintenance", "maintenance"),
    ("unknown", "active", "online"),
    ("unknown", "maintenance", "online"),
    ("gone", "active", "online"),
    ("maintenance", "maintenance", "maintenance"),
    ("maintenance", "active", "online"),
    ("maintenance", "disarm", "online"),
]
AWAY = [
    ("online", "active", True, "unknown"),
    ("maintenance", "maintenance", True, "maintenance"),
    ("maintenance", "active", True, "unknown"),
    ("unknown", "active", True, "unknown"),
    ("unknown", "active", False, "gone"),
    ("online", "active", False, "unknown"),
    ("gone", "active", False, "gone"),
]


@pytest.mark.parametrize(("before", "mode", "after"), ONLINE)
def test_a_node_that_is_online(before: str, mode: str, after: str) -> None:
    nodes = {"node1": "online", "node2": before, "node3": "online"}
    found = decide(Picture(nodes=nodes, modes={"node2": mode}))
    assert found.nodes["node2"] == after
    assert len(found.fields("node_state")) == (before != after)


@pytest.mark.parametrize(("before", "mode", "member", "after"), AWAY)
def test_a_node_that_is_away(before: str, mode: str, member: bool, after: str) -> None:
    nodes = {"node1": "online", "node2": before, "node3": "online"}
    members = ("node1", "node2", "node3") if member else ("node1", "node3")
    found = decide(
        Picture(nodes=nodes, modes={"node2": mode}, online=("node1", "node3"), members=members)
    )
    assert found.nodes["node2"] == after


def test_a_new_member_is_known_once_it_is_online() -> None:
    found = decide(Picture(nodes={}, online=("node1", "node2")))
    assert found.nodes == {"node1": "online", "node2": "online"}


@pytest.mark.parametrize(("away_s", "forgotten"), [(3599.0, False), (3600.0, True)])
def test_a_gone_node_is_forgotten_after_an_hour(away_s: float, forgotten: bool) -> None:
    nodes = {"node1": "online", "node2": "online", "node3": "gone"}
    found = decide(
        Picture(
            nodes=nodes,
            online=("node1", "node2"),
            members=("node1", "node2"),
            seen={"node3": NOW_S - away_s},
        )
    )
    assert ("node3" not in found.nodes) == forgotten
    assert bool(found.fields("node_forgotten")) == forgotten
    assert found.outcome.wake_at_s == (None if forgotten else NOW_S - away_s + 3600)


def test_of_a_node_never_seen_the_absence_starts_now() -> None:
    picture = Picture(nodes={"node1": "online", "node2": "online", "node3": "unknown"})
    picture.online = ("node1", "node2")
    picture.services = {"vm:100": service("started", "node3")}
    picture.configs = {"vm:100": asked(node="node3")}
    memory = picture.memory()
    before = {"node1": NOW_S - 10, "node2": NOW_S - 10}
    memory = replace(memory, seen=Seen((), 0.0, before))
    found = decide_with(picture, memory)
    assert found.service.state == "started"
    assert found.outcome.memory.seen.last_s("node3") == NOW_S
    assert found.outcome.wake_at_s == NOW_S + 60


def test_a_master_that_is_not_online_itself_publishes_nothing() -> None:
    found = decide(Picture(nodes={"node1": "fence", "node2": "unknown", "node3": "online"}))
    assert found.outcome.status is None
    assert found.outcome.error is None
    assert found.kinds() == ["node_state", "master_offline"]
    assert found.nodes["node2"] == "online"


def test_a_lost_node_is_fenced_by_its_lock_before_anything_is_recovered() -> None:
    found = one(
        service("started", "node3"),
        asked(node="node3"),
        online=("node1", "node2"),
        seen={"node3": LONG_AGO_S},
    )
    # Once in the pass that finds it lost, once in the pass that finds nothing new.
    assert found.effects == [TryAgentLock("node3")] * 2
    assert found.service.state == "fence"
    assert found.nodes["node3"] == "fence"
    assert found.kinds() == ["node_state", "service_state", "node_state", "fence_try"]


def test_each_pass_tries_a_node_once_for_all_its_services() -> None:
    picture = Picture(
        services={f"vm:{n}": service("fence", "node3", uid=f"u{n}") for n in (100, 101)},
        configs={f"vm:{n}": asked(node="node3", sid=f"vm:{n}") for n in (100, 101)},
        nodes={"node1": "online", "node2": "online", "node3": "fence"},
        online=("node1", "node2"),
    )
    assert decide(picture).effects == [TryAgentLock("node3")]


def test_a_node_to_be_fenced_without_services_is_freed() -> None:
    nodes = {"node1": "online", "node2": "online", "node3": "fence"}
    found = decide(Picture(nodes=nodes), granting())
    assert found.nodes["node3"] == "unknown"
    assert found.kinds() == ["fence_without_services", "node_state", "fence_done"]


def test_an_unknown_node_state_ends_the_round() -> None:
    found = decide(Picture(nodes={"node1": "online", "node2": "odd"}))
    assert found.outcome.status is None
    assert "odd" in (found.outcome.error or "")
