"""Fencing and recovery."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.ha.effects import RemoveLock, StealService, TryAgentLock
from appliance.core.ha.handlers import LEFTOVER_LOCKS
from appliance.model.errors import StaleError
from tests.core.ha.rig import SID, Picture, asked, decide, fresh, granting, one, service

AWAY: dict[str, Any] = {
    "online": ("node1", "node2"),
    "nodes": {"node1": "online", "node2": "online", "node3": "fence"},
}
ONLY_3 = f"node-affinity: rule\n\tresources {SID}\n\tnodes node3\n\tstrict 1\n"


def test_no_recovery_while_the_lock_is_held() -> None:
    found = one(service("fence", "node3"), asked(node="node3"), **AWAY)
    assert found.service.state == "fence"
    assert found.effects == [TryAgentLock("node3")]


@pytest.mark.parametrize(("wanted", "after"), [("started", "started"), ("stopped", "request_stop")])
def test_with_the_lock_it_is_recovered_at_once(wanted: str, after: str) -> None:
    found = one(service("fence", "node3"), asked(wanted, "node3"), answer=granting(), **AWAY)
    assert found.effects == [
        TryAgentLock("node3"),
        RemoveLock(SID, LEFTOVER_LOCKS),
        StealService(SID, "node3", "node1"),
    ]
    assert found.service == service(after, "node1", uid=fresh())
    assert found.kinds() == [
        "node_state",
        "fence_done",
        "service_state",
        "recovered",
        "service_state",
    ]


def test_a_move_that_nobody_told_of_is_taken_over() -> None:
    """The source died after the configuration had moved: the service is where the move led."""

    def answer(effect: Any) -> Any:
        return "node2" if isinstance(effect, StealService) else granting()(effect)

    found = one(service("fence", "node3"), asked(node="node2"), answer=answer, **AWAY)
    assert found.service == service("started", "node2", uid=fresh())
    assert found.fields("location_fixed") == [
        {"kind": "location_fixed", "service": SID, "from": "node3", "to": "node2"}
    ]


def test_a_leftover_lock_is_told() -> None:
    answer = granting(lock="backup")
    found = one(service("recovery", "node3"), asked(node="node3"), answer=answer, **AWAY)
    assert found.fields("recovered_lock_removed")[0]["lock"] == "backup"


def test_recovery_on_the_node_that_failed() -> None:
    found = one(service("recovery"), asked(), rules=ONLY_3.replace("node3", "node1"))
    assert found.fields("recovered_same_node") == [
        {"kind": "recovered_same_node", "service": SID, "node": "node1"}
    ]


@pytest.mark.parametrize(("wanted", "after"), [("started", "recovery"), ("disabled", "stopped")])
def test_without_a_node_it_waits_or_is_switched_off(wanted: str, after: str) -> None:
    found = one(
        service("recovery", "node3", failed_nodes=("node2",)),
        asked(wanted, "node3"),
        rules=ONLY_3,
        **AWAY,
    )
    assert found.service.state == after
    assert found.fields("recovery_no_node")


@pytest.mark.parametrize("failing", [RemoveLock, StealService])
def test_a_guest_that_lies_elsewhere_ends_the_round(failing: type) -> None:
    def answer(effect: Any) -> Any:
        if isinstance(effect, failing):
            return StaleError("not there")
        return granting()(effect)

    picture = Picture(
        {SID: service("fence", "node3"), "vm:101": service("request_stop", uid="b")},
        {SID: asked(node="node3"), "vm:101": asked("stopped", sid="vm:101")},
        results={"b": 0},
        **AWAY,
    )
    found = decide(picture, answer)
    assert found.outcome.status is None
    assert found.outcome.error == "not there"
    # What was decided before is kept: it must not be decided, and told, once more.
    assert found.nodes["node3"] == "unknown"
    assert found.services[SID].state == "recovery"
    assert found.services["vm:101"].state == "stopped"
