"""Layouts that change while the cluster runs: who hears whom, and how votes are counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from appliance.model.corosync_conf import (
    CorosyncConf,
    add_node,
    parse_corosync_conf,
    problems,
    remove_device,
    remove_node,
    set_device,
    set_token,
)
from appliance.model.errors import ConfigError
from sim.entropy import Entropy
from sim.kernel import Kernel
from sim.network.conf import address_of, conf_of, layout_of
from sim.network.fabric import Fabric
from sim.network.membership import MembershipEngine
from tests.sim.network.lab import Lab, Log, cluster

OPTIONS: list[dict[str, Any]] = [
    {},
    {"two_node": True},
    {"qdevice": True, "qdevice_timeout_s": 2.0},
    {"auto_tie_breaker": True, "auto_tie_breaker_node": "n2,n1"},
    {"last_man_standing": True, "wait_for_all": True, "last_man_standing_window_s": 4.0},
    {"token_s": 1.0, "token_coefficient_s": 0.0, "wait_for_all": False},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_a_layout_is_a_corosync_conf_and_back(options: dict[str, Any]) -> None:
    layout = cluster(2, **options)
    layout = replace(layout, nodes=(layout.nodes[0], replace(layout.nodes[1], votes=1)))
    conf = parse_corosync_conf(conf_of(layout).text())
    assert problems(conf) == ()
    assert layout_of(conf, cluster(3)).quorum == layout.quorum
    assert layout_of(conf, layout).nodes == layout.nodes


class Growing(Lab):
    """Three machines, two of them a cluster."""

    def __init__(self) -> None:
        layout = cluster(3, token_s=1.0, token_coefficient_s=0.0)
        self.kernel, self.fabric = Kernel(), Fabric(layout)
        self.log = Log(self.kernel)
        self.engine = MembershipEngine(
            self.kernel, self.fabric, layout, Entropy(1), self.log, ("n3",)
        )
        self.log.engine = self.engine
        self.nodes = layout.node_names()
        self.engine.begin(("n1", "n2"))

    def conf(self, node: str = "n1") -> CorosyncConf:
        conf = self.engine.layout(node)
        assert conf is not None
        return conf

    def grown(self) -> CorosyncConf:
        return add_node(self.conf(), "n3", {link: address_of(3, link) for link in (0, 1)})

    def apply(self, conf: CorosyncConf, *nodes: str) -> None:
        for node in nodes:
            self.engine.put_layout(node, conf)
            if self.engine.started(node):
                self.engine.reload(node)

    def wait(self, seconds: float) -> None:
        self.run(self.kernel.now_s + seconds)

    def needed(self, node: str) -> tuple[int, int, int]:
        votes = self.engine.tally(node)
        return votes.expected, votes.present, votes.needed


def test_a_machine_outside_has_no_corosync() -> None:
    lab = Growing()
    assert lab.engine.view("n3").members == ()
    assert not lab.engine.configured("n3")
    with pytest.raises(ValueError, match="no corosync"):
        lab.engine.start_node("n3")
    assert lab.engine.view("n1").members == ("n1", "n2")


def test_a_newcomer_is_in_touch_with_those_who_know_it() -> None:
    lab = Growing()
    grown = lab.grown()
    lab.apply(grown, "n1", "n3")
    lab.engine.start_node("n3")
    lab.wait(5)
    assert lab.engine.group("n3") == ("n3",), "n2 does not listen to it, and hears n1"
    lab.apply(grown, "n2")
    lab.wait(5)
    assert lab.engine.group("n3") == ("n1", "n2", "n3")
    assert lab.needed("n2") == (3, 3, 2)
    assert lab.engine.tally("n2").layout == grown.version


def test_who_is_removed_while_it_runs_is_heard_no_more() -> None:
    lab = Growing()
    lab.apply(lab.grown(), "n1", "n2", "n3")
    lab.engine.start_node("n3")
    lab.wait(5)
    lab.apply(remove_node(lab.conf(), "n3"), "n1", "n2")
    lab.wait(5)
    assert lab.engine.view("n1").online == ("n1", "n2")
    assert not lab.engine.view("n3").quorate
    assert lab.engine.view("n3").members == ("n1", "n2", "n3")


def test_quorum_sinks_when_a_dead_node_is_removed() -> None:
    lab = Growing()
    for name in ("n3", "n4", "n5"):
        lab.apply(
            add_node(lab.conf(), name, {0: f"10.0.0.{name[1]}", 1: f"10.1.0.{name[1]}"}), "n1"
        )
    lab.apply(lab.conf(), "n2", "n3")
    lab.engine.start_node("n3")
    lab.wait(5)
    assert lab.needed("n2") == (5, 3, 3)
    lab.apply(remove_node(lab.conf(), "n5"), "n1", "n2", "n3")
    lab.apply(remove_node(lab.conf(), "n4"), "n1", "n2", "n3")
    assert lab.needed("n2") == (3, 3, 2)


def test_a_file_put_in_place_holds_from_the_next_start() -> None:
    lab = Growing()
    lab.engine.kill_node("n2")
    lab.apply(lab.grown(), "n1", "n2")
    assert lab.engine.view("n2").members == ("n1", "n2")
    lab.engine.start_node("n2")
    lab.wait(5)
    assert lab.engine.view("n2").members == ("n1", "n2", "n3")
    assert lab.engine.view("n2").quorate


def test_a_quorum_device_comes_and_goes() -> None:
    lab = Growing()
    lab.apply(set_device(lab.conf(), "10.76.0.1"), "n1", "n2")
    lab.wait(10)
    assert lab.needed("n1") == (3, 3, 2)
    assert "QdeviceCastVote" in lab.engine.tally("n1").flags
    lab.engine.kill_node("n2")
    lab.wait(30)
    assert lab.engine.view("n1").quorate
    lab.engine.start_node("n2")
    lab.wait(10)
    lab.apply(remove_device(lab.conf())[0], "n1", "n2")
    lab.wait(10)
    assert lab.needed("n1") == (2, 2, 2)
    lab.engine.kill_node("n2")
    lab.wait(10)
    assert not lab.engine.view("n1").quorate


def test_a_longer_token_takes_longer_to_be_missed() -> None:
    lab = Growing()
    lab.apply(set_token(lab.conf(), token_ms=4000), "n1", "n2")
    lab.engine.kill_node("n2")
    lab.wait(8.3)
    assert lab.engine.view("n1").quorate
    lab.wait(1.0)
    assert not lab.engine.view("n1").quorate


def test_what_corosync_would_not_run_with_is_refused() -> None:
    lab = Growing()
    lab.apply(lab.grown(), "n1")
    quorum = lab.conf().quorum.with_value("two_node", "1")
    with pytest.raises(ConfigError, match="two_node"):
        lab.engine.put_layout("n1", lab.conf().with_section(quorum).bumped())
