"""Choosing a node: rules, partners, maintenance, load."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance.core.ha.draft import Draft
from appliance.core.ha.placement import Preference, choose_node
from appliance.core.ha.rules import build_rules
from appliance.model.ha.rules import parse_rules
from tests.core.ha.rig import NODES, SID, Picture, asked, service

PREFER_23 = f"node-affinity: rule\n\tresources {SID}\n\tnodes node2:2,node3:1\n"
ONLY_2 = f"node-affinity: rule\n\tresources {SID}\n\tnodes node2\n\tstrict 1\n"
WITH_101 = f"resource-affinity: pair\n\tresources {SID},vm:101\n\taffinity positive\n"
APART_101 = WITH_101.replace("positive", "negative")
PAIR = "vm:101"


def choose(
    preference: Preference,
    *,
    rules: str = "",
    online: tuple[str, ...] = NODES,
    partner: str | None = None,
    failback: bool = True,
    **status: Any,
) -> str | None:
    """Where a service on node1 goes; `partner` is where vm:101 is."""
    services = {SID: service("started", **status)}
    if partner is not None:
        services[PAIR] = service("started", partner, uid="p")
    nodes = {node: "online" if node in online else "unknown" for node in NODES}
    picture = Picture(services, {SID: asked(failback=failback)}, nodes)
    draft = Draft(picture.inputs(), picture.memory(), [])
    draft.compiled, _, _ = build_rules(parse_rules(rules), (), {}, NODES)
    draft.load.rebuild()
    config = replace(asked(), failback=failback)
    return choose_node(draft, SID, services[SID], config, preference)


@pytest.mark.parametrize(
    ("case", "chosen"),
    [
        ({}, "node1"),
        ({"rules": PREFER_23}, "node2"),
        ({"rules": PREFER_23, "online": ("node1", "node3")}, "node3"),
        ({"rules": PREFER_23, "online": ("node1",)}, "node1"),
        ({"rules": PREFER_23, "failback": False}, "node1"),
        ({"rules": ONLY_2, "failback": False}, "node2"),
        ({"rules": ONLY_2, "online": ("node1", "node3")}, None),
        ({"online": ()}, None),
        ({"rules": WITH_101, "partner": "node3"}, "node3"),
        ({"rules": WITH_101, "partner": "node3", "failback": False}, "node1"),
        ({"rules": WITH_101, "partner": "node3", "online": ("node1", "node2")}, "node1"),
        ({"rules": APART_101, "partner": "node1"}, "node2"),
        ({"rules": APART_101, "partner": "node1", "failback": False}, "node2"),
        ({"rules": APART_101, "partner": "node2"}, "node1"),
        ({"maintenance_node": "node3"}, "node3"),
        ({"maintenance_node": "node3", "online": ("node1", "node2")}, "node1"),
        ({"maintenance_node": "node3", "rules": ONLY_2}, "node2"),
    ],
)
def test_staying_if_it_may(case: dict[str, Any], chosen: str | None) -> None:
    assert choose("stay", **case) == chosen


@pytest.mark.parametrize(
    ("case", "chosen"),
    [
        ({}, "node2"),
        ({"partner": "node2"}, "node3"),
        ({"rules": ONLY_2}, "node2"),
        ({"rules": APART_101, "partner": "node2"}, "node3"),
        ({"rules": WITH_101, "partner": "node2"}, "node2"),
        ({"online": ("node1",)}, "node1"),
    ],
)
def test_the_node_with_least_to_carry(case: dict[str, Any], chosen: str) -> None:
    assert choose("best", **case) == chosen


@pytest.mark.parametrize(
    ("case", "chosen"),
    [
        ({"failed_nodes": ("node1",)}, "node2"),
        ({"failed_nodes": ("node1", "node2")}, "node3"),
        ({"failed_nodes": NODES}, None),
        ({"failed_nodes": ("node1",), "rules": ONLY_2}, "node2"),
        ({}, "node2"),  # node1 carries the service itself and comes last
        ({"partner": "node2"}, "node2"),  # ranking node3, node1, node2: the one after node1
    ],
)
def test_another_one_after_a_failure(case: dict[str, Any], chosen: str | None) -> None:
    assert choose("next", **case) == chosen


def test_most_partners_win_and_ties_go_to_the_lowest_name() -> None:
    rule = (
        f"resource-affinity: group\n\tresources {SID},vm:101,vm:102,vm:103\n\taffinity positive\n"
    )
    places = {"vm:101": "node2", "vm:102": "node3", "vm:103": "node3"}
    for moved, expected in ((None, "node3"), ("vm:103", "node2")):
        at = {sid: node for sid, node in places.items() if sid != moved}
        picture = Picture(
            {SID: service("started")} | {s: service("started", n, uid=s) for s, n in at.items()}
        )
        draft = Draft(picture.inputs(), picture.memory(), [])
        draft.compiled, _, _ = build_rules(parse_rules(rule), (), {}, NODES)
        draft.load.rebuild()
        assert choose_node(draft, SID, picture.services[SID], asked(), "stay") == expected
