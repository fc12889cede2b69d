from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from appliance.model.ha.groups import Group, parse_groups, write_groups
from appliance.model.ha.ids import SIMULATED_TYPES, Sid, parse_node_priority, parse_sid
from appliance.model.ha.resources import (
    Resource,
    ServiceConfig,
    parse_resources,
    service_configs,
    write_resources,
)
from appliance.model.ha.rules import (
    NodeAffinityRule,
    ResourceAffinityRule,
    parse_rules,
    write_rules,
)

# --- ids ------------------------------------------------------------------------------------------


def test_service_ids() -> None:
    assert parse_sid("vm:100") == Sid("vm", "100")
    assert str(parse_sid("ct:999999999")) == "ct:999999999"
    assert parse_sid("fa:7", SIMULATED_TYPES) == Sid("fa", "7")


@pytest.mark.parametrize("text", ["100", "vm:", "vm:99", "vm:0100", "fa:100", "VM:100", "vm:1a"])
def test_what_is_no_service_id(text: str) -> None:
    with pytest.raises(ConfigError, match="is no service id"):
        parse_sid(text)


def test_nodes_with_priority() -> None:
    assert parse_node_priority("node1") == ("node1", 0)
    assert parse_node_priority("node1:20") == ("node1", 20)
    for text in ("node1:", "node1:-1", "a.b", "-a", "node1:1:2"):
        with pytest.raises(ValueError, match=r".+"):
            parse_node_priority(text)


# --- resources ------------------------------------------------------------------------------------

RESOURCES = """\
vm: 100
\tstate enabled
\tgroup west
\tmax_restart 0
\tfailback 0
\tpriority 7

ct: 100
\tcomment 3%3A1

"""


def test_resources_and_their_defaults() -> None:
    assert parse_resources(RESOURCES).resources == (
        Resource("vm:100", "started", "west", failback=False, max_restart=0),
        Resource("ct:100", comment="3:1"),
    )


def test_resources_keep_unknown_keys_and_their_lines() -> None:
    parsed = parse_resources(RESOURCES)
    # `enabled` is the old word: writing replaces it.
    assert write_resources(parsed.resources, parsed.document) == RESOURCES.replace(
        "enabled", "started"
    )


def test_bad_resources_are_problems() -> None:
    parsed = parse_resources("vm: 100\n\tstate on\n\nvm: 99\n\nct: 101\n\tmax_restart -1\n")
    assert parsed.resources == (Resource("vm:100"), Resource("ct:101"))
    assert [str(problem) for problem in parsed.problems] == [
        (
            "ha/resources.cfg:2: vm 100: state: 'on' is not one of"
            " started, stopped, enabled, disabled, ignored"
        ),
        "ha/resources.cfg:4: vm: '99' is no valid id, allowed is a guest number, 100 to 999999999",
        "ha/resources.cfg:7: ct 101: max_restart: -1 is below the minimum 0",
    ]
    with pytest.raises(ConfigError, match=r"resources.cfg:2: vm 100: state"):
        parse_resources("vm: 100\n\tstate on\n", strict=True)


def test_services_are_the_resources_whose_guest_exists() -> None:
    parsed = parse_resources(RESOURCES)
    assert service_configs(parsed.resources, {"vm:100": "node2"}) == {
        "vm:100": ServiceConfig("vm:100", "node2", "started", "west", False, 0, 1)
    }


# --- groups ---------------------------------------------------------------------------------------

GROUPS = "group: west\n\tnodes node2,node1:5\n\trestricted 1\n\tcolour blue\n\n"


def test_groups() -> None:
    parsed = parse_groups(GROUPS)
    assert parsed.groups == (Group("west", {"node1": 5, "node2": 0}, restricted=True),)
    text = write_groups(parsed.groups, parsed.document)
    assert text == GROUPS.replace("node2,node1:5", "node1:5,node2")


def test_a_group_needs_nodes() -> None:
    parsed = parse_groups("group: west\n\tnofailback\n")
    assert parsed.groups == ()
    assert str(parsed.problems[0]) == "ha/groups.cfg:1: group west: nodes: is missing"


# --- rules ----------------------------------------------------------------------------------------

RULES = """\
# who is where
node-affinity: west
\tresources vm:100,ct:101
\tnodes node2:1,node1
\tstrict 1
\tweight 5

future-affinity: x1
\tresources vm:1

resource-affinity: apart
\taffinity negative
\tresources vm:100 vm:102;vm:100
\tdisable 0

"""


def test_rules() -> None:
    parsed = parse_rules(RULES)
    assert parsed.problems == ()
    assert parsed.rules == (
        NodeAffinityRule("west", ("ct:101", "vm:100"), {"node1": 0, "node2": 1}, True, order=1),
        ResourceAffinityRule("apart", ("vm:100", "vm:102"), "negative", disabled=True, order=2),
    )
    assert [rule.id for rule in parsed.enabled()] == ["west"]
    assert parsed.get("apart") is parsed.rules[1]
    assert parsed.get("nothing") is None


def test_rules_are_written_sorted_and_with_what_is_unknown() -> None:
    parsed = parse_rules(RULES)
    assert write_rules(parsed.rules, parsed.document) == (
        RULES.replace("vm:100,ct:101", "ct:101,vm:100")
        .replace("node2:1,node1", "node1,node2:1")
        .replace("vm:100 vm:102;vm:100", "vm:100,vm:102")
        .replace("disable 0", "disable")
    )


def test_a_new_rule_is_written_at_the_end() -> None:
    parsed = parse_rules(RULES)
    close = ResourceAffinityRule("close", ("vm:3", "vm:2"), "positive", "as: agreed")
    home = NodeAffinityRule("home", ("vm:2",), {"n2": 0, "n1": 3}, strict=True)
    text = write_rules((*parsed.rules, close, home), parsed.document)
    assert text.endswith(
        "\n\nresource-affinity: close\n\tcomment as%3A agreed\n"
        "\taffinity positive\n\tresources vm:2,vm:3\n\n"
        "node-affinity: home\n\tnodes n1:3,n2\n\tresources vm:2\n\tstrict 1\n\n"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("node-affinity: a1\n\tresources vm:1\n\n", "a1: nodes: is missing"),
        ("node-affinity: a1\n\tresources vm\n\tnodes n\n", "'vm' is not valid, allowed is <type>"),
        ("resource-affinity: a1\n\tresources vm:1\n\taffinity odd\n", "'odd' is not one of"),
        ("node-affinity: 1a\n\tresources vm:1\n\tnodes n\n", "'1a' is no valid id"),
    ],
)
def test_bad_rules_are_left_out(text: str, told: str) -> None:
    parsed = parse_rules(text + "\nnode-affinity: ok\n\tresources vm:1\n\tnodes n1\n")
    assert [rule.id for rule in parsed.rules] == ["ok"]
    assert told in str(parsed.problems[0])
