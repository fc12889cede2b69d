"""Services in state started: answers, failures, maintenance, better nodes."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.model.ha.status import LrmStatus, OrderResult
from tests.core.ha.rig import (
    LONG_AGO_S,
    SHORT_AGO_S,
    SID,
    Picture,
    asked,
    decide,
    fresh,
    one,
    service,
)

LOST = {"online": ("node1", "node2"), "seen": {"node3": LONG_AGO_S}}
JUST_LOST = {"online": ("node1", "node2"), "seen": {"node3": SHORT_AGO_S}}
IN_MAINTENANCE = {"node1": "online", "node2": "online", "node3": "maintenance"}
PREFERS_2 = f"node-affinity: rule\n\tresources {SID}\n\tnodes node2\n"


def test_a_good_answer_makes_it_steady() -> None:
    found = one(service("started"), asked(), results={"old": 0})
    assert found.service == service("started", uid=fresh(), running=True, steady=True)
    assert found.told == []


def test_without_an_answer_the_order_stands() -> None:
    found = one(service("started"), asked())
    assert found.service == service("started")


@pytest.mark.parametrize("wanted", ["stopped", "disabled"])
def test_it_is_stopped_when_asked_to(wanted: str) -> None:
    found = one(service("started", running=True), asked(wanted))
    assert found.service == service("request_stop", uid=fresh())


def test_an_unknown_request_is_told() -> None:
    assert one(service("started"), asked("odd")).kinds() == ["request_unknown"]


@pytest.mark.parametrize(("lost", "after"), [(LOST, "fence"), (JUST_LOST, "started")])
def test_on_a_lost_node(lost: dict[str, Any], after: str) -> None:
    found = one(service("started", "node3"), asked(node="node3"), **lost)
    assert found.service.state == after


def test_it_leaves_a_node_in_maintenance_and_remembers_it() -> None:
    found = one(
        service("started", "node3"),
        asked(node="node3"),
        nodes=IN_MAINTENANCE,
        modes={"node3": "maintenance"},
    )
    assert found.service.state == "migrate"
    assert (found.service.target, found.service.maintenance_node) == ("node1", "node3")


def test_lost_in_maintenance_it_would_move_but_is_fenced() -> None:
    found = one(
        service("started", "node3"),
        asked(node="node3"),
        nodes=IN_MAINTENANCE,
        modes={"node3": "maintenance"},
        **LOST,
    )
    states = [event["to"] for event in found.fields("service_state")]
    # The next pass finds the node lost again.
    assert states == ["fence", "migrate", "fence"]


@pytest.mark.parametrize(
    ("home", "here", "kind", "kept"),
    [
        ("node2", "node1", "moving_back", None),
        ("node3", "node1", "maintenance_fallback_dropped", None),
        ("node1", "node1", None, "node1"),
    ],
)
def test_a_better_node_and_the_way_back(
    home: str, here: str, kind: str | None, kept: str | None
) -> None:
    # node3 is away, so it cannot go back there; node2 is preferred by the rule.
    found = one(
        service("started", here, maintenance_node=home),
        asked(node=here),
        rules=PREFERS_2,
        online=("node1", "node2"),
    )
    assert found.service.state == "migrate"
    assert found.service.target == "node2"
    assert found.service.maintenance_node == kept
    returns = {"moving_back", "maintenance_fallback_dropped"} & set(found.kinds())
    assert returns == ({kind} if kind else set())


def test_back_home_the_way_back_is_forgotten() -> None:
    found = one(service("started", maintenance_node="node1"), asked())
    assert found.service == service("started")
    assert found.kinds() == ["maintenance_node_cleared"]


@pytest.mark.parametrize(("sid", "how"), [("vm:100", "migrate"), ("ct:100", "relocate")])
def test_virtual_machines_move_live_and_others_do_not(sid: str, how: str) -> None:
    picture = Picture({sid: service("started")}, {sid: asked(sid=sid)})
    found = decide(picture, rules=PREFERS_2.replace(SID, sid))
    assert found.services[sid].state == how
    told = {"kind": "command_moves", "how": how, "service": sid, "node": "node2"}
    assert found.fields("command_moves") == [
        told | ({"automatic": True} if how == "migrate" else {})
    ]


@pytest.mark.parametrize(
    ("command", "after"),
    [(("migrate", "node2"), "migrate"), (("relocate", "node3"), "relocate")],
)
def test_a_command_moves_it_and_no_answer_is_looked_at(
    command: tuple[str, str], after: str
) -> None:
    found = one(service("started", command=command), asked(), results={"old": 1})
    assert found.service == service(after, uid=fresh(), target=command[1])
    assert found.fields("start_failed_relocating") == []


@pytest.mark.parametrize("target", ["node1", "node9"])
def test_a_pointless_command_is_forgotten(target: str) -> None:
    found = one(service("started", command=("migrate", target)), asked())
    assert found.service == service("started")
    assert found.kinds() == ["move_command_ignored"]


# --- failed starts ---


@pytest.mark.parametrize("code", [1, 3])
def test_a_failed_start_tries_the_next_node(code: int) -> None:
    found = one(service("started", running=True), asked(), results={"old": code})
    assert found.service.state == "migrate"
    assert found.service.failed_nodes == ("node1",)
    assert not found.service.running
    assert found.kinds() == ["start_failed_relocating", "command_moves", "service_state"]


def test_when_all_relocations_failed_it_is_in_error() -> None:
    found = one(service("started", failed_nodes=("node2",)), asked(), results={"old": 1})
    assert found.service.state == "error"
    assert found.fields("recovery_gave_up")[0]["failed"] == ["node2", "node1"]


def test_when_no_other_node_fits_it_is_tried_here_again() -> None:
    strict = f"node-affinity: rule\n\tresources {SID}\n\tnodes node1\n\tstrict 1\n"
    found = one(service("started"), asked(), results={"old": 1}, rules=strict)
    assert found.service == service("started", uid=fresh(), failed_nodes=("node1",))
    assert found.fields("start_tried_everywhere")[0]["nodes"] == ["node1"]


def test_a_start_after_failures_forgets_them() -> None:
    found = one(service("started", failed_nodes=("node2",)), asked(), results={"old": 0})
    assert found.service.failed_nodes == ()
    assert found.service.steady
    assert found.fields("relocation_succeeded")[0]["failed"] == ["node2"]


def test_an_answer_nobody_understands_is_an_error() -> None:
    found = one(service("started"), asked(), results={"old": 7})
    assert found.service.state == "error"
    assert found.service.failed_nodes == ("node1",)


# --- steady services ---


def test_a_steady_service_that_was_found_running_changes_nothing() -> None:
    picture = Picture({SID: service("started", running=True, steady=True)}, {SID: asked()})
    found = decide(picture, checked={"node1": 7})
    assert found.service is picture.services[SID]
    assert found.told == []


def test_unanswered_it_keeps_the_name_of_its_last_order() -> None:
    steady = service("started", running=True, steady=True)
    found = one(steady, asked(), checked={"node1": 6})
    assert found.service == service("started", uid="vm:100.7+node1", running=True)


def test_that_name_is_answered_by_the_round_it_was_checked_in() -> None:
    plain = service("started", uid="vm:100.7+node1", running=True)
    found = one(plain, asked(), checked={"node1": 7}, round=8)
    assert found.service.steady


def test_the_answer_of_another_node_does_not_count() -> None:
    plain = service("started", uid="vm:100.7+node2", running=True)
    found = one(plain, asked(), checked={"node1": 7}, round=8)
    assert found.service == plain


def test_a_single_answer_to_a_steady_service_counts_too() -> None:
    picture = Picture({SID: service("started", running=True, steady=True)}, {SID: asked()})
    answered = LrmStatus("active", results={"vm:100.7+node1": OrderResult(SID, "started", 1)})
    found = decide(picture, answered={"node1": answered})
    assert found.service.failed_nodes == ("node1",)
