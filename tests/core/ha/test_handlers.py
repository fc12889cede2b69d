"""The service state machine: each branch of each state."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.ha.effects import SetRequestedState
from appliance.model.ha.datacenter import CrsOptions
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
MOVES = ("migrate", "relocate", "request_start_balance")


# --- request_stop ---


@pytest.mark.parametrize(("code", "after"), [(0, "stopped"), (1, "error"), (3, "error")])
def test_request_stop_with_an_answer(code: int, after: str) -> None:
    found = one(service("request_stop"), asked("stopped"), results={"old": code})
    assert found.service.state == after
    failed = [{"kind": "stop_failed", "service": SID, "code": code}] if code else []
    assert found.fields("stop_failed") == failed


def test_request_stop_without_an_answer_waits() -> None:
    found = one(service("request_stop", timeout_s=5), asked("stopped"))
    assert found.service == service("request_stop", timeout_s=5)


@pytest.mark.parametrize(("lost", "after"), [(LOST, "fence"), (JUST_LOST, "request_stop")])
def test_request_stop_on_a_lost_node(lost: dict[str, Any], after: str) -> None:
    assert (
        one(service("request_stop", "node3"), asked("stopped", "node3"), **lost).service.state
        == after
    )


# --- moves ---


@pytest.mark.parametrize("state", MOVES)
@pytest.mark.parametrize(
    ("code", "wanted", "after", "node"),
    [
        (0, "started", "started", "node2"),
        (0, "stopped", "request_stop", "node2"),
        (1, "started", "started", "node1"),
        (-1, "started", "started", "node1"),
        (1, "disabled", "request_stop", "node1"),
        (3, "started", "error", "node1"),
        (8, "started", "started", "node1"),
    ],
)
def test_move_with_an_answer(state: str, code: int, wanted: str, after: str, node: str) -> None:
    found = one(service(state, target="node2"), asked(wanted), results={"old": code})
    assert (found.service.state, found.service.node) == (after, node)
    assert found.service.target is None


def test_a_move_of_what_was_not_there_has_no_code() -> None:
    found = one(service("migrate", target="node2"), asked(), results={"old": 3})
    assert found.fields("migration_failed") == [{"kind": "migration_failed", "service": SID}]


@pytest.mark.parametrize("state", MOVES)
def test_move_from_a_lost_node(state: str) -> None:
    found = one(service(state, "node3", target="node2"), asked(node="node3"), **LOST)
    assert found.service.state == "fence"


@pytest.mark.parametrize("code", [3, 8])
def test_an_answer_that_ends_the_move_does_not_hide_a_lost_node(code: int) -> None:
    found = one(
        service("migrate", "node3", target="node2"),
        asked(node="node3"),
        results={"old": code},
        **LOST,
    )
    assert found.service.state == "fence"


# --- stopped ---


@pytest.mark.parametrize(
    ("wanted", "after"),
    [("disabled", "stopped"), ("stopped", "stopped"), ("started", "started")],
)
def test_stopped(wanted: str, after: str) -> None:
    assert one(service("stopped"), asked(wanted)).service.state == after


def test_stopped_follows_a_guest_moved_by_hand() -> None:
    found = one(service("stopped"), asked("stopped", "node2"))
    assert found.service.node == "node2"
    assert found.service.uid == "old"
    assert found.kinds() == ["location_fixed"]


@pytest.mark.parametrize(
    ("wanted", "lost", "state", "after"),
    [
        ("stopped", LOST, "unknown", "fence"),
        ("disabled", LOST, "unknown", "stopped"),
        ("stopped", LOST, "maintenance", "stopped"),
        ("stopped", JUST_LOST, "unknown", "stopped"),
        ("started", JUST_LOST, "unknown", "started"),
    ],
)
def test_stopped_on_a_lost_node(wanted: str, lost: dict[str, Any], state: str, after: str) -> None:
    nodes = {"node1": "online", "node2": "online", "node3": state}
    found = one(
        service("stopped", "node3"),
        asked(wanted, "node3"),
        nodes=nodes,
        modes={"node3": "maintenance"},
        **lost,
    )
    assert found.service.state == after


@pytest.mark.parametrize("verb", ["migrate", "relocate"])
def test_stopped_moves_by_command(verb: str) -> None:
    found = one(service("stopped", command=(verb, "node2")), asked("stopped"))
    assert found.service == service(verb, uid=fresh(), target="node2")
    assert found.kinds() == ["service_state"]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (("migrate", "node1"), "move_command_ignored"),
        (("migrate", "node9"), "move_command_ignored"),
        (("stop", "5"), "crm_command_ignored"),
    ],
)
def test_stopped_forgets_a_command_that_makes_no_sense(command: tuple[str, str], kind: str) -> None:
    found = one(service("stopped", command=command), asked("stopped"))
    assert found.service == service("stopped")
    assert found.kinds() == [kind]


def test_stopped_with_an_unknown_request() -> None:
    picture = Picture({SID: service("stopped")}, {SID: asked("odd")})
    assert decide(picture).kinds() == ["request_unknown"]


# --- request_start ---


def test_request_start_starts_where_it_is() -> None:
    found = one(service("request_start"), asked())
    assert found.service == service("started", uid=fresh())
    assert found.fields("service_state")[0]["node"] == "node1"


def test_request_start_on_the_best_node() -> None:
    services = {SID: service("request_start"), "vm:101": service("started", uid="b")}
    picture = Picture(services, {SID: asked(), "vm:101": asked(sid="vm:101")})
    found = decide(picture, crs=CrsOptions(rebalance_on_start=True))
    assert found.service == service("request_start_balance", uid=fresh(), target="node2")
    assert found.fields("rebalance_on_start") == [
        {"kind": "rebalance_on_start", "service": SID, "which": "new", "node": "node2"}
    ]


def test_request_start_on_the_current_node_if_that_is_best() -> None:
    found = one(service("request_start"), asked(), crs=CrsOptions(rebalance_on_start=True))
    assert found.service.state == "started"
    assert found.fields("rebalance_on_start")[0]["which"] == "current"


def test_request_start_without_any_node_moves_to_nowhere() -> None:
    rules = f"node-affinity: rule\n\tresources {SID}\n\tnodes node9\n\tstrict 1\n"
    found = one(
        service("request_start"), asked(), crs=CrsOptions(rebalance_on_start=True), rules=rules
    )
    assert found.service == service("request_start_balance", uid=fresh(), target="")


# --- error, freeze ---


@pytest.mark.parametrize(("wanted", "after"), [("started", "error"), ("disabled", "stopped")])
def test_error_is_left_by_disabling(wanted: str, after: str) -> None:
    found = one(service("error", failed_nodes=("node2",)), asked(wanted))
    assert found.service.state == after
    assert found.service.failed_nodes == (("node2",) if after == "error" else ())


@pytest.mark.parametrize(
    ("mode", "wanted", "after"),
    [
        ("active", "started", "started"),
        ("active", "stopped", "request_stop"),
        ("restart", "started", "freeze"),
        ("shutdown", "started", "freeze"),
        ("disarm", "stopped", "freeze"),
    ],
)
def test_freeze_ends_with_an_active_lrm(mode: str, wanted: str, after: str) -> None:
    found = one(service("freeze"), asked(wanted), modes={"node1": mode})
    assert found.service.state == after


def test_frozen_services_are_not_fenced() -> None:
    found = one(service("freeze", "node3"), asked(node="node3"), modes={"node3": "restart"}, **LOST)
    assert found.service.state == "freeze"


@pytest.mark.parametrize("state", ["started", "stopped", "request_stop"])
def test_a_restarting_lrm_freezes_its_services(state: str) -> None:
    found = one(
        service(state),
        asked("stopped" if state == "stopped" else "started"),
        modes={"node1": "restart"},
    )
    assert found.service.state == "freeze"


# --- unknown ---


def test_an_unknown_state_ends_the_round() -> None:
    found = one(service("odd"), asked())
    assert found.outcome.status is None
    assert found.outcome.error is not None


def test_a_stop_command_also_changes_what_is_configured() -> None:
    found = one(service("started", command=("stop", "30")), asked())
    assert found.service == service("request_stop", uid=fresh(), timeout_s=30)
    assert found.effects == [SetRequestedState(SID, "stopped")]
    assert found.fields("service_state")[0]["timeout"] == "30"
