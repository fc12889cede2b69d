"""The CRM command queue."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.ha.status import Disarm
from tests.core.ha.rig import SID, Picture, asked, decide, service

PAIR = "vm:101"
RULE = f"resource-affinity: pair\n\tresources {SID},{PAIR}\n\taffinity %s\n"


def two(*commands: str, there: str = "node1", **changes: Any) -> Any:
    """A round with two stopped services; stopped ones act on a command without a handler's help."""
    picture = Picture(
        {SID: service("started"), PAIR: service("started", there, uid="b")},
        {SID: asked(), PAIR: asked(node=there, sid=PAIR)},
        commands=commands,
    )
    return decide(picture, **changes)


def test_a_move_is_queued_and_begun() -> None:
    found = two(f"migrate {SID} node2")
    assert found.kinds() == ["crm_command", "command_moves", "service_state"]
    assert found.service.target == "node2"


@pytest.mark.parametrize(
    "command",
    [
        "migrate vm:999 node2",
        f"migrate {SID} node9",
        f"relocate {SID} node1",
        "stop vm:999 5",
        f"stop {SID} soon",
        f"dance {SID}",
        "disarm-ha now",
        "arm-ha please",
        f"migrate {SID}",
    ],
)
def test_what_makes_no_sense_is_told_and_left_out(command: str) -> None:
    found = two(command)
    assert found.kinds() == ["crm_command_ignored"]
    assert found.service == service("started")


def test_positive_partners_come_along() -> None:
    found = two(f"migrate {SID} node2", rules=RULE % "positive")
    assert [event.kind for event in found.told][:2] == ["crm_command", "crm_command_comigrates"]
    assert {sid: st.target for sid, st in found.services.items()} == {SID: "node2", PAIR: "node2"}


def test_a_partner_that_is_there_already_does_not() -> None:
    found = two(f"migrate {SID} node2", there="node2", rules=RULE % "positive")
    assert found.fields("crm_command_comigrates") == []


def test_a_negative_partner_refuses() -> None:
    found = two(f"migrate {SID} node2", there="node2", rules=RULE % "negative")
    assert found.fields("crm_command_refused")[0]["blocker"] == PAIR
    assert found.service.state == "started"


def test_a_negative_partner_elsewhere_does_not() -> None:
    found = two(f"migrate {SID} node3", there="node2", rules=RULE % "negative")
    assert found.service.target == "node3"


@pytest.mark.parametrize(
    ("state", "disarm", "requested"),
    [
        ("online", None, True),
        ("maintenance", None, False),
        ("unknown", None, False),
        ("online", Disarm("freeze", "disarming"), False),
    ],
)
def test_maintenance_is_requested_of_an_online_node(
    state: str, disarm: Disarm | None, requested: bool
) -> None:
    nodes = {"node1": "online", "node2": "online", "node3": state}
    online = ("node1", "node2", "node3") if state == "online" else ("node1", "node2")
    picture = Picture(
        nodes=nodes,
        online=online,
        disarm=disarm,
        modes={"node3": "maintenance"} if state == "maintenance" else {},
        commands=("enable-node-maintenance node3",),
    )
    found = decide(picture)
    assert (found.outcome.memory.status.maintenance == {"node3"}) == requested
    assert (found.kinds() == []) == requested


@pytest.mark.parametrize("state", ["online", "maintenance"])
def test_maintenance_is_withdrawn_in_any_case(state: str) -> None:
    picture = Picture(
        nodes={"node1": "online", "node2": "online", "node3": state},
        modes={"node3": "maintenance"} if state == "maintenance" else {},
        maintenance=frozenset({"node3"}),
        commands=("disable-node-maintenance node3",),
    )
    found = decide(picture)
    assert found.outcome.memory.status.maintenance == frozenset()
    assert bool(found.fields("maintenance_request")) == (state == "online")


def test_commands_follow_one_another() -> None:
    found = two("disarm-ha freeze", "disarm-ha ignore", "arm-ha", "arm-ha")
    assert found.outcome.memory.status.disarm is None
    assert found.kinds() == ["crm_command", "disarm_ignored", "crm_command", "disarm_ignored"]


def test_arming_takes_over_where_guests_were_moved_by_hand() -> None:
    picture = Picture(
        {SID: service("started"), PAIR: service("started", uid="b")},
        {SID: asked(node="node3")},
        disarm=Disarm("ignore", "disarmed"),
        commands=("arm-ha",),
    )
    found = decide(picture)
    assert found.fields("disarmed_node_changed") == [
        {"kind": "disarmed_node_changed", "service": SID, "from": "node1", "to": "node3"}
    ]
    assert found.service == service("started", "node3")
