"""The round as a whole: services come and go, rules, failures, quiet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance.core.ha.effects import SetRequestedState, TakeCommands
from appliance.core.ha.manager import unpublished
from appliance.core.ha.memory import fast_forward, take_over
from appliance.model.errors import UnavailableError
from appliance.model.ha.datacenter import CrsOptions
from appliance.model.ha.stats import NodeStats, ServiceStats
from appliance.model.ha.status import ManagerStatus
from tests.core.ha.rig import (
    LONG_AGO_S,
    NODES,
    NOW_S,
    SHORT_AGO_S,
    SID,
    Picture,
    asked,
    decide,
    decide_with,
    default_answer,
    service,
)

DROPPED = f"resource-affinity: alone\n\tresources {SID}\n\taffinity negative\n"


def steady(number: int = 1) -> Picture:
    """A cluster at peace: every node has just answered."""
    sids = [f"vm:{100 + n}" for n in range(number)]
    return Picture(
        {s: service("started", uid=s, running=True, steady=True) for s in sids},
        {s: asked(sid=s) for s in sids},
        checked=dict.fromkeys(NODES, 7),
    )


def again(picture: Picture, found: Any, **changes: Any) -> Any:
    """The next round, 10 s later, with the same configuration; every node has answered."""
    for name, value in changes.items():
        setattr(picture, name, value)
    picture.now_s += 10
    picture.checked = dict.fromkeys(NODES, found.outcome.memory.status.round)
    return decide_with(picture, found.outcome.memory)


# --- services come and go ---


@pytest.mark.parametrize(
    ("wanted", "after"),
    [("started", "started"), ("stopped", "request_stop"), ("disabled", "request_stop")],
)
def test_a_configured_service_is_added(wanted: str, after: str) -> None:
    found = decide(Picture(configs={SID: asked(wanted, "node2")}))
    assert (found.service.state, found.service.node) == (after, "node2")
    assert found.kinds()[0] == "service_added"


def test_an_ignored_service_is_not_added() -> None:
    assert decide(Picture(configs={SID: asked("ignored")})).services == {}


@pytest.mark.parametrize(
    ("configs", "why"), [({}, "no_config"), ({SID: asked("ignored")}, "ignored")]
)
def test_a_service_is_dropped(configs: Any, why: str) -> None:
    found = decide(Picture({SID: service("started")}, configs))
    assert found.services == {}
    assert found.fields("service_removed") == [
        {"kind": "service_removed", "service": SID, "why": why}
    ]


def test_services_stand_in_the_order_of_their_names() -> None:
    configs = {sid: asked(sid=sid) for sid in ("vm:20", "vm:101", "ct:5")}
    assert list(decide(Picture(configs=configs)).services) == ["ct:5", "vm:101", "vm:20"]


# --- rules ---


def test_rules_are_compiled_when_something_changes() -> None:
    picture = steady()
    first = decide(picture, rules=DROPPED)
    assert first.fields("rule_dropped")[0]["rule"] == "alone"
    assert again(picture, first).fields("rule_dropped") == []
    second = again(picture, first, rules=DROPPED + "\n")
    assert second.fields("rule_dropped")[0]["rule"] == "alone"


def test_a_member_never_online_has_them_compiled_every_round() -> None:
    picture = steady()
    first = decide(picture, rules=DROPPED, members=(*NODES, "node4"))
    assert again(picture, first).fields("rule_dropped")


# --- scheduler mode ---


def test_a_changed_mode_is_told_once() -> None:
    picture = steady()
    found = decide_with(picture, replace(picture.memory(), mode="static"))
    assert found.fields("scheduler_mode_changed") == [
        {"kind": "scheduler_mode_changed", "from": "static", "to": "basic"}
    ]
    assert again(picture, found).told == []


def test_a_mode_nobody_knows_is_warned_of_in_every_round() -> None:
    picture = steady()
    first = decide(picture, crs=CrsOptions(mode="odd"))
    assert first.kinds() == again(picture, first).kinds() == ["scheduler_warning"]


# --- rebalancing ---


def test_uneven_load_is_borne_for_some_rounds_and_then_evened_out() -> None:
    picture = Picture(
        {f"vm:{n}": service("started", uid=f"u{n}", running=True) for n in (100, 101)},
        {f"vm:{n}": asked(sid=f"vm:{n}") for n in (100, 101)},
        crs=CrsOptions(mode="static", auto_rebalance=True, hold_duration=2),
        node_stats={node: NodeStats(maxcpu=8.0, maxmem=2**34) for node in NODES},
        service_stats={f"vm:{n}": ServiceStats(4.0, 2**32) for n in (100, 101)},
    )
    first = decide(picture)
    assert (first.told, first.outcome.memory.imbalance_rounds) == ([], 1)
    second = decide_with(picture, first.outcome.memory)
    assert second.kinds()[:3] == ["auto_rebalance", "crm_command", "command_moves"]
    assert second.services["vm:100"].target == "node2"


def test_a_search_in_vain_is_not_repeated_for_real() -> None:
    picture = steady(2)
    picture.crs = CrsOptions(mode="static", auto_rebalance=True, hold_duration=2, margin=2.0)
    picture.node_stats = {node: NodeStats(maxcpu=8.0, maxmem=2**34) for node in NODES}
    picture.service_stats = {f"vm:{n}": ServiceStats(4.0, 2**32) for n in (100, 101)}
    config = picture.config()
    picture.config = lambda: config  # type: ignore[method-assign]
    found = decide(picture)
    counts, quiets = [], []
    for _ in range(6):
        found = again(picture, found)
        counts.append(found.outcome.memory.imbalance_rounds)
        quiets.append(found.outcome.quiet)
    assert counts == [0, 1, 0, 1, 0, 1]
    assert quiets == [False, True, True, True, True, True]
    skipped = fast_forward(found.outcome.memory, 3, picture.now_s + 30)
    assert skipped.imbalance_rounds == 0


# --- failures ---


def test_a_store_that_cannot_be_read_ends_the_round_before_it_looks_at_nodes() -> None:
    picture = steady()
    memory = picture.memory()
    found = decide_with(replace_online(picture, ("node1", "node2"), broken=True), memory)
    assert found.outcome.status is None
    assert found.outcome.error == "gone"
    assert found.nodes["node3"] == "online"
    # An absence is not dated from a round that did not look.
    assert found.outcome.memory.seen == memory.seen


def replace_online(picture: Picture, online: tuple[str, ...], *, broken: bool) -> Picture:
    picture.online = online
    picture.broken_store = UnavailableError("gone") if broken else None
    return picture


def test_a_consumed_answer_is_not_consumed_again_after_a_failure() -> None:
    picture = steady(2)
    picture.services["vm:101"] = service("started", command=("stop", "5"), uid="b")

    def answer(effect: Any) -> Any:
        if isinstance(effect, SetRequestedState):
            return UnavailableError("gone")
        return default_answer(picture, effect)

    found = decide(picture, answer)
    assert found.outcome.status is None
    assert found.service == service("started", uid="vm:100.8", running=True)
    later = decide_with(picture, found.outcome.memory)
    assert later.outcome.status is not None
    # The number of the failed round is not used again: its write might have been read.
    assert later.outcome.status.round == 9
    assert later.service.uid == "vm:100.8"


def test_a_status_that_was_perhaps_published_gets_explicit_names() -> None:
    found = decide(steady())
    assert found.outcome.status is not None
    kept = unpublished(found.outcome.memory).status.services[SID]
    assert kept == service("started", uid="vm:100.8+node1", running=True)


def test_commands_are_taken_only_when_there_are_some() -> None:
    assert decide(steady()).effects == []
    assert decide(steady(), commands=("arm-ha",)).effects == [TakeCommands()]


# --- quiet ---


def test_at_peace_a_round_is_quiet_and_changes_two_numbers() -> None:
    picture = steady(3)
    config = picture.config()
    picture.config = lambda: config  # type: ignore[method-assign]
    first = decide(picture)
    second = again(picture, first)
    assert second.outcome.quiet
    assert second.outcome.wake_at_s is None
    before, after = first.outcome.memory.status, second.outcome.memory.status
    assert after == replace(before, round=before.round + 1, timestamp_s=picture.now_s)
    assert after.services is before.services


def test_a_lost_node_wakes_it_when_it_may_be_fenced() -> None:
    picture = Picture(
        {SID: service("started", "node3")}, {SID: asked(node="node3")}, online=("node1", "node2")
    )
    config = picture.config()
    picture.config = lambda: config  # type: ignore[method-assign]
    first = decide(picture, seen={"node3": SHORT_AGO_S})
    assert first.outcome.wake_at_s == SHORT_AGO_S + 60
    picture.now_s += 0.25
    second = decide_with(picture, first.outcome.memory)
    assert second.outcome.quiet
    assert second.outcome.wake_at_s == SHORT_AGO_S + 60
    picture.now_s = SHORT_AGO_S + 60
    assert decide_with(picture, second.outcome.memory).service.state == "fence"


def test_skipped_rounds_are_made_up_for() -> None:
    picture = steady()
    found = decide(picture)
    memory = fast_forward(found.outcome.memory, 5, NOW_S + 50)
    assert memory.status.round == found.outcome.memory.status.round + 5
    assert memory.seen.last_s("node2") == NOW_S + 50
    picture.now_s = NOW_S + 60
    picture.checked = dict.fromkeys(NODES, memory.status.round)
    later = decide_with(picture, memory)
    assert later.service.steady
    assert later.told == []


# --- take over ---


def test_a_new_master_takes_over_what_is_still_true() -> None:
    status = ManagerStatus(
        "node2", 5.0, 3, {"node1": "online"}, {"vm:2": service("started"), "vm:1": service("error")}
    )
    memory = take_over(status, "basic")
    assert list(memory.status.services) == ["vm:1", "vm:2"]
    assert memory.attempt == 3
    assert memory.seen.last_s("node1") is None


def test_a_node_lost_before_the_take_over_gets_the_whole_delay() -> None:
    picture = Picture({SID: service("started", "node3")}, {SID: asked(node="node3")})
    picture.online = ("node1", "node2")
    memory = take_over(picture.memory().status, "basic")
    found = decide_with(picture, memory)
    assert found.service.state == "started"
    assert found.outcome.wake_at_s == NOW_S + 60
    assert LONG_AGO_S < NOW_S
