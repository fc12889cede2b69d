"""Legacy groups in force, and their migration to rules."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core.ha.effects import MigrateGroups
from appliance.core.ha.groups import understands_rules
from appliance.model.ha.groups import Group
from appliance.model.ha.rules import NodeAffinityRule
from appliance.ports.ha_store import HaConfig
from tests.core.ha.rig import (
    NODES,
    SID,
    Decision,
    Picture,
    asked,
    decide,
    decide_with,
    default_answer,
    service,
)

GROUP = Group("east", {"node2": 1}, restricted=True, nofailback=True)
NEW = dict.fromkeys(NODES, "9.1.0")


def picture(**changes: Any) -> Picture:
    found = Picture(
        {SID: service("stopped")},
        {SID: asked("stopped", group="east")},
        groups=(GROUP,),
        versions=NEW,
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def third_round(pic: Picture) -> Decision:
    def answer(effect: Any) -> Any:
        if isinstance(effect, MigrateGroups):
            return HaConfig({SID: asked("stopped", failback=False)}, effect.rules, "migrated")
        return default_answer(pic, effect)

    found = decide(pic, answer)
    for _ in range(2):
        assert found.effects == []
        found = decide_with(pic, found.outcome.memory, answer)
    return found


def test_the_third_round_migrates() -> None:
    found = third_round(picture())
    (effect,) = found.effects
    assert effect.failback == ((SID, False),)
    (rule,) = effect.rules.rules
    assert isinstance(rule, NodeAffinityRule)
    assert (rule.id, rule.nodes, rule.strict) == ("ha-group-east", {"node2": 1}, True)
    assert found.kinds() == ["groups_migrated"]


@pytest.mark.parametrize(
    "changes",
    [
        {"versions": NEW | {"node3": "8.4.1"}},
        {"versions": {}},
        {"modes": {"node2": "restart"}},
        {"lrm_states": {"node2": "lost_agent_lock"}},
        {"online": ("node1", "node2")},
        {
            "lrm_states": {"node1": "wait_for_agent_lock"},
            "services": {SID: service("error"), "vm:101": service("request_stop", uid="b")},
            "configs": {
                SID: asked("stopped", group="east"),
                "vm:101": asked("stopped", sid="vm:101"),
            },
        },
    ],
)
def test_anything_in_the_way_puts_it_off_for_six_rounds(changes: dict[str, Any]) -> None:
    pic = picture(**changes)
    found = third_round(pic)
    assert found.kinds()[-1] == "groups_migration_failed"
    for _ in range(5):
        found = decide_with(pic, found.outcome.memory)
        assert found.kinds() == []
    found = decide_with(pic, found.outcome.memory)
    assert found.kinds() == ["groups_migration_failed"]


def test_an_idle_lrm_need_not_be_active() -> None:
    found = third_round(picture(lrm_states={"node2": "wait_for_agent_lock"}))
    assert found.kinds() == ["groups_migrated"]


def test_until_then_groups_work_as_rules() -> None:
    pic = picture(services={SID: service("started")}, configs={SID: asked(group="east")})
    assert decide(pic).service.target == "node2"


def test_waiting_is_quiet_until_the_next_try() -> None:
    pic = picture(versions={})
    found = third_round(pic)
    found = decide_with(pic, found.outcome.memory)
    # The configuration is another object in every round of this rig.
    assert found.outcome.wake_at_s == pic.now_s + (found.outcome.memory.groups_wait - 0.5) * 10


@pytest.mark.parametrize(
    ("version", "new"),
    [
        ("9.0.0", True),
        ("9.0.0~16", True),
        ("9.0.0~15", False),
        ("9.0.1~1", True),
        ("10.0.0", True),
        ("8.9.9", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_versions(version: str, new: bool) -> None:
    assert understands_rules(version) == new
