"""Disarming and what waits for it."""

from __future__ import annotations

import pytest

from appliance.model.ha.status import Disarm
from tests.core.ha.rig import NODES, SID, Picture, asked, decide, fresh, one, service

FREEZE, IGNORE = Disarm("freeze", "disarming"), Disarm("ignore", "disarming")
DISARMED = dict.fromkeys(NODES, "disarm")


@pytest.mark.parametrize(
    "state", ["started", "stopped", "request_stop", "request_start", "request_start_balance"]
)
def test_freezing(state: str) -> None:
    before = service(state, failed_nodes=("node2",), maintenance_node="node3", running=True)
    found = one(before, asked(), disarm=FREEZE)
    assert found.service == service("freeze", uid=fresh(), maintenance_node="node3")
    assert found.fields("disarm_freezes")[0]["was"] == state


@pytest.mark.parametrize("state", ["error", "freeze"])
def test_errors_and_frozen_services_stay(state: str) -> None:
    assert one(service(state), asked(), disarm=FREEZE).service == service(state)


def test_ignoring_forgets_all_but_state_and_place() -> None:
    before = service("started", failed_nodes=("node2",), running=True, command=("stop", "5"))
    found = one(before, asked(), disarm=IGNORE, results={"old": 1})
    assert found.service == service("started")


def test_ignoring_a_steady_service_keeps_the_name_of_its_order() -> None:
    found = one(service("started", steady=True, running=True), asked(), disarm=IGNORE)
    assert found.service == service("started", uid="vm:100.7+node1")


@pytest.mark.parametrize("disarm", [FREEZE, IGNORE])
@pytest.mark.parametrize("state", ["migrate", "relocate", "recovery", "fence"])
def test_unfinished_services_are_finished_first(disarm: Disarm, state: str) -> None:
    picture = Picture(
        {SID: service(state, "node1", target="node2"), "vm:101": service("started", uid="b")},
        {SID: asked(), "vm:101": asked(sid="vm:101")},
        disarm=disarm,
        results={"old": 0, "b": 1},
        modes=DISARMED,
    )
    found = decide(picture)
    assert found.fields("disarm_deferred") == [
        {"kind": "disarm_deferred", "service": SID, "state": state}
    ]
    # The others are not looked at, and nobody is disarmed yet.
    assert found.services["vm:101"] == service("started", uid="b")
    assert not found.outcome.disarmed
    assert found.outcome.memory.status.disarm == disarm


@pytest.mark.parametrize(
    ("modes", "complete"),
    [(DISARMED, True), (DISARMED | {"node3": "active"}, False)],
)
def test_it_is_complete_when_every_lrm_is(modes: dict[str, str], complete: bool) -> None:
    found = one(service("freeze"), asked(), disarm=FREEZE, modes=modes)
    assert found.outcome.disarmed == complete
    assert bool(found.fields("disarm_complete")) == complete


def test_nodes_that_are_away_are_not_waited_for() -> None:
    modes = {"node1": "disarm", "node2": "disarm", "node3": "active"}
    found = one(service("freeze"), asked(), disarm=FREEZE, modes=modes, online=("node1", "node2"))
    assert found.outcome.disarmed


def test_once_disarmed_it_stays_so() -> None:
    found = one(service("freeze"), asked(), disarm=Disarm("freeze", "disarmed"))
    assert found.outcome.disarmed
    assert found.told == []


def test_no_service_comes_or_goes_while_disarmed() -> None:
    picture = Picture({SID: service("stopped")}, {"vm:101": asked(sid="vm:101")}, disarm=IGNORE)
    assert list(decide(picture).services) == [SID]


def test_an_unknown_mode_is_told() -> None:
    found = one(service("started"), asked(), disarm=Disarm("odd", "disarming"))
    assert found.kinds() == ["disarm_ignored"]
