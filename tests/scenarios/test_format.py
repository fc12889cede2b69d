"""Scenario files: what they mean, and what a person is told about one that makes no sense."""

from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError
from scenarios.format import Scenario, loads
from scenarios.format.values import FaultAction, HealAction, NodeRef, OperatorAction
from scenarios.shipped import shipped
from sim.faults import KINDS, Fault
from sim.layout import GIB

HEAD = """\
[scenario]
name = "A name"
why = "A reason."
duration = "10m"
"""
CLUSTER = """
[cluster]
nodes = 3
"""
GUEST = """
[[guest]]
sid = "vm:100..102"
node = "spread"
"""
EXPECT = """
[[expect]]
that = "all guests running"
within = "2m"
"""


def scenario(*parts: str) -> Scenario:
    return loads(HEAD + CLUSTER + GUEST + "".join(parts) + EXPECT, "a.toml")


def step(*lines: str) -> str:
    return "\n[[step]]\n" + "\n".join(lines) + "\n"


CUT = step('name = "cut"', 'at = "1m"', 'fault = "power"', 'node = "node3"', 'heal_after = "2m"')


def test_the_least_that_a_file_needs() -> None:
    found = scenario()
    assert (found.name, found.why, found.seed, found.duration_s) == ("A name", "A reason.", 1, 600)
    assert found.layout.node_names() == ("node1", "node2", "node3")
    assert [(guest.sid, guest.node) for guest in found.layout.guests] == [
        ("vm:100", "node1"),
        ("vm:101", "node2"),
        ("vm:102", "node3"),
    ]
    assert [link.name for link in found.layout.links] == ["link0", "link1"]
    assert found.names.wanted == ("vm:100", "vm:101", "vm:102")
    assert found.expectations[0].within_s == 120


def test_everything_about_the_cluster() -> None:
    found = loads(
        HEAD
        + """
[cluster]
nodes = ["alpha", "beta", "gamma"]
links = ["ring", "spare"]
sites = { east = ["alpha", "beta"], west = "gamma" }
datacenter = "ha: shutdown_policy=migrate"
rules = '''
node-affinity: pinned
    resources vm:100
    nodes alpha:2,beta
    strict 1
'''

[[node]]
name = "*"
memory = "64GiB"
drift_ppm = -20

[[node]]
name = "gamma"
watchdog = "softdog"
boot_time = "2m"
skew = "-3s"
votes = 2

[[link]]
name = "spare"
latency = "5ms"
bandwidth = "1Gbit/s"
switches = { west = "far" }

[quorum]
token = "1s"
auto_tie_breaker = true
auto_tie_breaker_node = "gamma"

[[storage]]
name = "fast"
shared = false
capacity = "500GB"
nodes = ["alpha", "beta"]

[[guest]]
sid = "vm:100"
node = "alpha"
storage = "fast"
disk = "10GiB"
start_fails = { beta = "always", "*" = 1 }
migration_fails = 2
"""
        + EXPECT
    )
    alpha, _, gamma = found.layout.nodes
    assert (alpha.site, gamma.site) == ("east", "west")
    assert (alpha.memory_bytes, alpha.drift_ppm, gamma.drift_ppm) == (64 * GIB, -20, -20)
    assert (gamma.watchdog, gamma.boot_s, gamma.skew_s, gamma.votes) == ("softdog", 120, -3, 2)
    ring, spare = found.layout.links
    assert ring.switches == {"east": "switch1-east", "west": "switch1-west"}
    assert spare.switches == {"east": "switch2-east", "west": "far"}
    assert (spare.latency_ms, spare.bandwidth_bytes_s) == (5, 125e6)
    assert found.layout.quorum.token_s == 1
    assert [storage.name for storage in found.layout.storages] == ["shared", "local", "fast"]
    (guest,) = found.layout.guests
    assert guest.start_fails == {"beta": -1, "*": 1}
    assert guest.migration_fails == 2
    assert "strict 1" in found.layout.rules_cfg


def test_a_later_node_table_refines_an_earlier_one() -> None:
    found = loads(
        HEAD
        + '[[node]]\nname = "n1..n4"\ncpus = 8\n\n[[node]]\nname = "n2, n4"\ncpus = 4\n'
        + EXPECT
    )
    assert [node.cpus for node in found.layout.nodes] == [8, 4, 8, 4]


def test_guests_are_spread_over_the_nodes_that_are_on() -> None:
    found = loads(
        HEAD
        + CLUSTER
        + '\n[[node]]\nname = "node2"\non = false\n'
        + '\n[[guest]]\nsid = "vm:1..3"\nnode = "spread"\n'
        + '\n[[guest]]\nsid = "ct:4..5, vm:9"\nnode = ["node1", "node3"]\n'
        + EXPECT
    )
    assert [guest.node for guest in found.layout.guests] == [
        "node1",
        "node3",
        "node1",
        "node1",
        "node3",
        "node1",
    ]


FAULTS = {
    'fault = "power"\nnode = "node1"\nheal_after = "1m"': Fault(
        "power", node="node1", heal_after_s=60
    ),
    'fault = "reset"\nnode = "node1"': Fault("reset", node="node1"),
    'fault = "hang"\nnode = "node1"\nheal_after = "1m"': Fault(
        "hang", node="node1", heal_after_s=60
    ),
    'fault = "pause"\nnode = "node1"\nheal_after = "5s"': Fault(
        "pause", node="node1", heal_after_s=5
    ),
    'fault = "nic"\nnode = "node1"\nlink = "link1"\npermanent = true': Fault(
        "nic", node="node1", link="link1"
    ),
    'fault = "nic_flap"\nnode = "node1"\nlink = "link1"\nevery = "2s"\nheal_after = "1m"': Fault(
        "nic_flap", node="node1", link="link1", value=2, heal_after_s=60
    ),
    'fault = "isolate"\nnode = "node1"\npermanent = true': Fault("isolate", node="node1"),
    'fault = "switch"\nswitch = "switch2"\npermanent = true': Fault("switch", switch="switch2"),
    'fault = "site"\nsite = "site1"\npermanent = true': Fault("site", site="site1"),
    'fault = "partition"\ngroups = [["node1"], ["node2..node3"]]\npermanent = true': Fault(
        "partition", groups=(("node1",), ("node2", "node3"))
    ),
    'fault = "one_way"\ngroups = ["node1, node2", "node3"]\nlink = "link0"\n'
    "permanent = true": Fault("one_way", link="link0", groups=(("node1", "node2"), ("node3",))),
    'fault = "latency"\nlink = "link0"\nadded = "50ms"\npermanent = true': Fault(
        "latency", link="link0", value=50
    ),
    'fault = "loss"\nlink = "link0"\nshare = 0.2\npermanent = true': Fault(
        "loss", link="link0", value=0.2
    ),
    'fault = "storage"\nstorage = "shared"\npermanent = true': Fault("storage", storage="shared"),
    'fault = "storage"\nstorage = "shared"\nnode = "node1"\npermanent = true': Fault(
        "storage", node="node1", storage="shared"
    ),
    'fault = "storage_slow"\nstorage = "shared"\nfactor = 10\npermanent = true': Fault(
        "storage_slow", storage="shared", value=10
    ),
    'fault = "disk_full"\nstorage = "local"\nnode = "node1"\npermanent = true': Fault(
        "disk_full", node="node1", storage="local"
    ),
    'fault = "clock_jump"\nnode = "node1"\nby = "-1h"': Fault(
        "clock_jump", node="node1", value=-3600
    ),
    'fault = "guest_crash"\nguest = "vm:100"': Fault("guest_crash", guest="vm:100"),
    'fault = "watchdog_broken"\nnode = "node1"\npermanent = true': Fault(
        "watchdog_broken", node="node1"
    ),
}


@pytest.mark.parametrize(("lines", "fault"), FAULTS.items(), ids=list(FAULTS))
def test_faults(lines: str, fault: Fault) -> None:
    (found,) = scenario(step('at = "1m"', lines)).steps
    assert isinstance(found.action, FaultAction)
    assert found.action.fault == fault


def test_every_kind_of_fault_can_be_written() -> None:
    with_device_or_sites = {"qdevice", "qdevice_cut", "trunk"}
    assert {fault.kind for fault in FAULTS.values()} | with_device_or_sites == set(KINDS)


def test_faults_of_a_quorum_device_and_of_a_trunk() -> None:
    found = loads(
        HEAD
        + "[cluster]\nnodes = 2\nsites = { a = 'node1', b = 'node2' }\n[quorum]\nqdevice = true\n"
        + step('at = "1m"', 'fault = "qdevice"', 'heal_after = "1m"')
        + step('at = "2m"', 'fault = "qdevice_cut"', 'node = "node1"', 'heal_after = "1m"')
        + step('at = "3m"', 'fault = "trunk"', 'link = "link1"', 'heal_after = "1m"')
        + EXPECT
    )
    actions = [found.action for found in found.steps]
    assert [a.fault.kind for a in actions if isinstance(a, FaultAction)] == [
        "qdevice",
        "qdevice_cut",
        "trunk",
    ]


def test_nodes_that_are_picked_when_the_step_happens() -> None:
    found = scenario(
        step('name = "lead"', 'at = "1m"', 'fault = "isolate"', 'node = "master"'),
        step('at = "10s"', 'after = "lead"', 'fault = "reset"', 'node = "host of vm:101"'),
        step('when = "master != @lead"', 'after = "lead"', 'heal = "lead"'),
        step('at = "8m"', 'after = "lead"', 'operator = "node reboot @lead"'),
    )
    lead, other, back, reboot = (found.action for found in found.steps)
    assert isinstance(lead, FaultAction)
    assert lead.target == NodeRef("master")
    assert isinstance(other, FaultAction)
    assert other.target == NodeRef("host", "vm:101")
    assert back == HealAction("lead")
    assert isinstance(reboot, OperatorAction)
    assert reboot.commands == (("node", "reboot", NodeRef("step", "lead")),)


# What is refused: (text, line, field, part of the message). Lines count from the whole text.


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        loads(text, "a.toml")
    assert caught.value.file == "a.toml"
    return caught.value


HEADS = {
    '[scenario]\nname = "x"\nduration = "1m"\n': (1, "scenario", "'why' is missing"),
    '[scenario]\nname = "x"\nwhy = " "\nduration = "1m"\n[cluster]\nnodes = 1\n': (
        3,
        "scenario.why",
        "says nothing",
    ),
    '[scenario]\nname = "x"\nwhy = "y"\nduration = 60\n': (
        4,
        "scenario.duration",
        'a duration such as "45s"',
    ),
    '[scenario]\nname = "x"\nwhy = "y"\nduration = "1 min"\n': (
        4,
        "scenario.duration",
        "'1 min' is not a duration",
    ),
    '[scenario]\nname = "x\n': (2, None, "illegal character"),
    '[scenario]\nname = "x"\nname = "y"\n': (3, None, "cannot overwrite a value"),
    "nodes = 3\n": (1, None, "the table [scenario] is missing"),
    HEAD + "typo = 1\n" + CLUSTER + EXPECT: (5, "scenario.typo", "there is no such key"),
    HEAD + "violation = 'guest-twice'\n" + CLUSTER: (
        5,
        "scenario.violation",
        "did you mean 'guest-once'?",
    ),
    HEAD + "mutant = 'fence-wait-skiped'\n" + CLUSTER + EXPECT: (
        5,
        "scenario.mutant",
        "did you mean 'fence-wait-skipped'?",
    ),
    HEAD + "broke = 'x'\n" + CLUSTER: (5, "scenario.broke", "goes with violation"),
    HEAD + CLUSTER: (1, None, "nothing is expected"),
    HEAD + CLUSTER + "\n[[expects]]\n": (9, "expects", "did you mean 'expect'?"),
}


@pytest.mark.parametrize(("text", "wrong"), HEADS.items(), ids=[str(n) for n in range(len(HEADS))])
def test_refused_as_a_whole(text: str, wrong: tuple[int, str | None, str]) -> None:
    error = refused(text)
    line, field, message = wrong
    assert message in error.message
    assert (error.line, error.field or None) == (line, field)


# Each body follows HEAD (lines 1 to 4), so its first line is line 5.
BODIES = {
    "[cluster]\nnodes = 0\n": (6, "cluster.nodes", "at least 1"),
    "[cluster]\nnodes = ['a b']\n": (6, "cluster.nodes", "cannot be a node's name"),
    "[cluster]\nnodes = ['master', 'b']\n": (6, "cluster.nodes", "cannot be a node's name"),
    "[cluster]\nnodes = ['a',\n 'b', 'a']\n": (6, "cluster.nodes", "node 'a' is there twice"),
    "[cluster]\n": (5, "cluster", "say how many nodes"),
    "[cluster]\nnodes = 3\nsites = { a = 'node1' }\n": (
        7,
        "cluster.sites",
        "no site has node2, node3",
    ),
    "[cluster]\nnodes = 2\n[cluster.sites]\na = '*'\nb = 'node2'\n": (
        9,
        "cluster.sites.b",
        "at site 'a' already",
    ),
    "[cluster]\nnodes = 2\n[[node]]\nname = 'node3'\n": (8, "node.name", "there is no node"),
    "[cluster]\nnodes = 2\n[[node]]\nname = 'node1'\n[[node]]\nname = 'node2'\nmemory = 4\n": (
        11,
        "node.memory",
        'a size such as "4GiB"',
    ),
    "[cluster]\nnodes = 2\n[[node]]\nname = 'node1'\nwatchdog = 'soft'\n": (
        9,
        "node.watchdog",
        "did you mean 'softdog'?",
    ),
    "[cluster]\nnodes = 2\n[[node]]\nname = '*'\nvotes = 0\n": (
        6,
        "cluster.nodes",
        "no node has a vote",
    ),
    "[cluster]\nnodes = 2\n[[node]]\nname = 'node1'\nmemory = '0GiB'\n": (
        9,
        "node.memory",
        "'0GiB' is too little: at least 1MiB is expected",
    ),
    "[cluster]\nnodes = 2\n[[node]]\nname = '*'\non = false\n": (
        6,
        "cluster.nodes",
        "every node is off",
    ),
    "[cluster]\nnodes = 3\n[quorum]\ntwo_node = true\n": (8, "quorum.two_node", "has 3"),
    "[cluster]\nnodes = 2\n[quorum]\ntwo_node = true\nqdevice = true\n": (
        9,
        "quorum.qdevice",
        "exclude each other",
    ),
    "[cluster]\nnodes = 2\n[quorum]\nqdevice_site = 'x'\n": (
        8,
        "quorum.qdevice_site",
        "needs qdevice = true",
    ),
    "[cluster]\nnodes = 3\nlinks = 9\n": (7, "cluster.links", "from 1 to 8"),
    "[cluster]\nnodes = 3\n[[link]]\nname = 'a'\nbandwidth = '10GB'\n": (
        9,
        "link.bandwidth",
        "a rate such as",
    ),
    "[cluster]\nnodes = 3\n[[storage]]\nname = 'x'\nnodes = 'node7'\n": (
        9,
        "storage.nodes",
        "there is no node 'node7'",
    ),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1'\n": (7, "guest", "'node' is missing"),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1'\nnode = 'node4'\n": (
        9,
        "guest.node",
        "there is no node 'node4'; did you mean",
    ),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'fa:1'\nnode = 'node1'\n": (
        8,
        "guest.sid",
        "'fa:1' is no guest such as vm:100",
    ),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1..3'\nnode = 'node1'\n"
    "[[guest]]\nsid = 'vm:2'\nnode = 'node1'\n": (11, "guest.sid", "is in line 8 already"),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1'\nnode = 'node1'\nstorage = 'nfs'\n": (
        10,
        "guest.storage",
        "there is no 'nfs'",
    ),
    "[cluster]\nnodes = 3\n[[storage]]\nname = 'fast'\nnodes = 'node2'\n"
    "[[guest]]\nsid = 'vm:1'\nnode = 'node1'\nstorage = 'fast'\n": (
        11,
        "guest.sid",
        "where storage 'fast' is not (it is on node2)",
    ),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = ['vm:7', 'ct:7']\nnode = 'node1'\n": (
        8,
        "guest.sid",
        "'ct:7' has the number of 'vm:7' in line 8",
    ),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1'\nnode = 'node1'\nbusy = nan\n": (
        10,
        "guest.busy",
        "from 0 to 1",
    ),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1..3'\nnode = 'node1'\nmemory = '60GiB'\n": (
        8,
        "guest.sid",
        "need 180GiB, it has 128GiB",
    ),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1..3'\nnode = 'node1'\nstorage = 'local'\n"
    "disk = '400GiB'\n": (8, "guest.sid", "of storage 'local' of 'node1', it has 1TiB"),
    "[cluster]\nnodes = 3\n[[node]]\nname = 'node1'\non = false\n"
    "[[guest]]\nsid = 'vm:1'\nnode = 'node1'\n": (11, "guest.sid", "is off at the beginning"),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1'\nnode = 'node1'\ngroup = 'g'\n": (
        8,
        "guest.sid",
        "there is no group 'g'",
    ),
    "[cluster]\nnodes = 3\n[[guest]]\nsid = 'vm:1'\nnode = 'node1'\nstart_fails = -1\n": (
        10,
        "guest.start_fails",
        '"always"',
    ),
    "[cluster]\nnodes = 3\nrules = '''\n\nnode-affinity: ab\n    resources vm:1\n"
    "    nodes node9\n'''\n"
    "[[guest]]\nsid = 'vm:1'\nnode = 'node1'\n": (
        9,
        "cluster.rules: ab nodes",
        "there is no node 'node9'",
    ),
    "[cluster]\nnodes = 3\nrules = '''\nnode-affinity: ab\n    resources vm:1\n"
    "    nodes node1\n'''\n": (
        8,
        "cluster.rules: ab resources",
        "there is no guest 'vm:1'",
    ),
    "[cluster]\nnodes = 3\nrules = '''\nnode-affinity: ab\n    resources vm:1\n"
    "    node node1\n'''\n": (
        8,
        "cluster.rules: node-affinity ab: nodes",
        "is missing",
    ),
    "[cluster]\nnodes = 3\ngroups = '''\ngroup: ab\n    nodes node1\n    restrict 1\n'''\n": (
        10,
        "cluster.groups: restrict",
        "did you mean 'restricted'?",
    ),
    "[cluster]\nnodes = 3\ndatacenter = '''\nha: shutdown_policy=stay\n'''\n": (
        8,
        None,
        "",
    ),
}


@pytest.mark.parametrize(
    ("body", "wrong"), BODIES.items(), ids=[f"{n}" for n in range(len(BODIES))]
)
def test_refused_parts_of_the_cluster(body: str, wrong: tuple[int, str | None, str]) -> None:
    error = refused(HEAD + body + EXPECT)
    line, field, message = wrong
    assert message in error.message
    assert error.line == line
    assert field is None or error.field == field


# Each table follows HEAD, CLUSTER, GUEST and CUT (19 lines), so its `[[...]]` stands in line 20.
FIRST = 20
TABLES = {
    step('at = "1m"'): (0, "step", "one of fault, heal, operator"),
    step('at = "1m"', 'heal = "all"', 'operator = "x"'): (3, "step.operator", "a step has one of"),
    step('fault = "reset"', 'node = "node1"'): (0, "step", "say when"),
    step('at = "11m"', 'heal = "all"'): (1, "step.at", "ends at 10m, this happens at 11m"),
    step('after = "cut"', 'at = "9m30s"', 'heal = "all"'): (2, "step.at", "happens at 10m30s"),
    step('after = "cat"', 'at = "9s"', 'heal = "all"'): (1, "step.after", "did you mean 'cut'?"),
    step('at = "2m"', 'heal = "cat"'): (2, "step.heal", "did you mean 'cut'?"),
    step('at = "2m"', 'within = "1m"', 'heal = "cut"'): (2, "step.within", "goes with 'when'"),
    step('name = "cut"', 'at = "2m"', 'heal = "all"'): (1, "step.name", "a step 'cut' already"),
    step('at = "2m"', 'fault = "powr"'): (2, "step.fault", "did you mean 'power'?"),
    step('at = "2m"', 'fault = "power"'): (0, "step", "'node' is missing"),
    step('at = "2m"', 'fault = "power"', 'node = "node1"'): (2, "step.fault", "when it heals"),
    step('at = "2m"', 'fault = "reset"', 'node = "node1"', 'heal_after = "1m"'): (
        2,
        "step.fault",
        "over as soon as it happens",
    ),
    step('at = "2m"', 'fault = "power"', 'node = "node1"', "value = 3"): (
        4,
        "step.value",
        "there is no such key",
    ),
    step('at = "2m"', 'fault = "isolate"', 'node = "node1"', 'heal_after = "1m"', 'link = "x"'): (
        5,
        "step.link",
        "there is no such key",
    ),
    step('at = "2m"', 'fault = "nic"', 'node = "node1"', 'link = "link7"'): (
        4,
        "step.link",
        "there is no 'link7'",
    ),
    step('at = "2m"', 'fault = "loss"', 'link = "link0"', "share = 2"): (
        4,
        "step.share",
        "from 0.001 to 1",
    ),
    step('at = "2m"', 'fault = "clock_jump"', 'node = "node1"', 'by = "later"'): (
        4,
        "step.by",
        "'later' is not a duration",
    ),
    step('at = "2m"', 'fault = "partition"', 'groups = [["node1"]]'): (
        3,
        "step.groups",
        "two or more groups",
    ),
    step('at = "2m"', 'fault = "partition"', 'groups = [["node1"], ["node1..node2"]]'): (
        3,
        "step.groups",
        "node1 cannot be in a group twice",
    ),
    step('at = "2m"', 'fault = "partition"', 'groups = [["node1"], ["node9"]]'): (
        3,
        "step.groups",
        "there is no node 'node9'",
    ),
    step('at = "2m"', 'fault = "qdevice"', "permanent = true"): (
        2,
        "step.fault",
        "no quorum device",
    ),
    step('at = "2m"', 'fault = "trunk"', 'link = "link0"', "permanent = true"): (
        2,
        "step.fault",
        "all nodes are at one site",
    ),
    step('at = "2m"', 'fault = "guest_crash"', 'guest = "vm:9"'): (
        3,
        "step.guest",
        "there is no 'vm:9'",
    ),
    step('at = "2m"', 'fault = "reset"', 'node = "@cut"'): (
        3,
        "step.node",
        'add after = "cut"',
    ),
    step('at = "2m"', 'operator = "ha-manager migrate vm:999 node1"'): (
        2,
        "step.operator",
        "there is no guest 'vm:999'",
    ),
    step('at = "2m"', 'operator = "ha-manger migrate vm:100 node1"'): (
        2,
        "step.operator",
        "did you mean 'ha-manager'?",
    ),
    step('at = "2m"', 'operator = "ha-manager migrate vm:100"'): (
        2,
        "step.operator",
        "it is written: ha-manager migrate SID NODE",
    ),
    step('at = "2m"', 'operator = ["node reboot node1", "node reboot node9"]'): (
        2,
        "step.operator",
        "there is no node 'node9'",
    ),
    step('at = "2m"', 'operator = "ha-manager set vm:100 --state on"'): (
        2,
        "step.operator",
        "it is written: ha-manager set SID --state",
    ),
    step('at = "2m"', 'operator = "ha-manager crm-command stop vm:100 soon"'): (
        2,
        "step.operator",
        "a number is expected in the place of 'soon'",
    ),
    step('at = "2m"', 'operator = "node reboot node1 now"'): (
        2,
        "step.operator",
        "it is written: node shutdown|reboot|poweron NODE",
    ),
    step('when = "running(vm:199)"', 'heal = "all"'): (
        1,
        "step.when",
        "there is no guest 'vm:199'; did you mean 'vm:10",
    ),
    '\n[[expect]]\nthat = "running(vm:100)"\n': (0, "expect", 'within = "4m"'),
    '\n[[expect]]\nthat = "running(vm:100)"\nwithin = "1m"\nat = "2m"\n': (
        3,
        "expect.at",
        "one of",
    ),
    '\n[[expect]]\nthat = "running(vm:100)"\nwithin = "11m"\n': (
        2,
        "expect.within",
        "ends at 10m, this is due at 11m",
    ),
    '\n[[expect]]\nthat = "running(vm:100)"\nafter = "cut"\nwithin = "9m"\nfor = "2s"\n': (
        3,
        "expect.within",
        "due at 10m2s",
    ),
    '\n[[expect]]\nthat = "master != @cut"\nwithin = "9m"\n': (
        1,
        "expect.that",
        'add after = "cut"',
    ),
    '\n[[expect]]\nthat = "master ="\nwithin = "9m"\n': (1, "expect.that", "write '=='"),
    '\n[[expect]]\nthat = "running(vm:100)"\nat = "end"\nafter = "cut"\n': (
        3,
        "expect.after",
        "the end of the scenario",
    ),
    '\n[[never]]\nthat = "running(vm:100)"\nfrom = "3m"\nuntil = "2m"\n': (
        3,
        "never.until",
        "not later than 'from'",
    ),
    '\n[[never]]\nthat = "running(vm:100)"\nwithin = "3m"\n': (2, "never.within", "no such key"),
}


@pytest.mark.parametrize(
    ("table", "wrong"), TABLES.items(), ids=[f"{n}" for n in range(len(TABLES))]
)
def test_refused_steps_and_checks(table: str, wrong: tuple[int, str, str]) -> None:
    error = refused(HEAD + CLUSTER + GUEST + CUT + table + EXPECT)
    line, field, message = wrong
    assert message in error.message
    assert (error.line, error.field) == (FIRST + line, field)


def test_a_bad_predicate_comes_with_a_pointer() -> None:
    error = refused(HEAD + CLUSTER + '\n[[expect]]\nthat = "quorate(nod1)"\nwithin = "1m"\n')
    assert error.__notes__ == ["quorate(nod1)\n        ^"]
    assert str(error).startswith("a.toml:10: expect.that: there is no node 'nod1'; did you mean")


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_scenario_can_be_read(path: str) -> None:
    from pathlib import Path

    from scenarios.format import load

    found = load(Path(path))
    assert found.why
    assert found.file == str(path)
