from __future__ import annotations

import pytest

from appliance.model.corosync_conf import Link
from appliance.model.errors import ConfigError, MissingError, RefusedError, UnavailableError
from appliance.services.cluster.create import create
from appliance.services.cluster.layout import KEY, LAYOUT
from tests.services.cluster.rig import Rig, Saboteur

OWN = "10.77.0.1"


def test_a_node_alone_says_so() -> None:
    status = Rig(1, "n1").status("n1")
    assert (status.name, status.in_place, [node.name for node in status.nodes]) == ("", 0, ["n1"])


def test_a_cluster_of_one() -> None:
    rig = Rig(1, "n1")
    rig.put("n1", "storage.cfg", b"dir: local\n")
    conf = rig.do("n1", create(rig.ports("n1"), "lab", node_id=3, votes=2))
    assert conf == rig.stored("n1") == rig.in_place("n1")
    assert (conf.cluster_name, conf.version) == ("lab", 1)
    node = conf.nodes()[0]
    assert (node.name, node.node_id, node.votes, node.addresses) == ("n1", 3, 2, {0: OWN})
    store = rig.ports("n1").store
    assert store.read("storage.cfg").content == b"dir: local\n"
    assert len(store.read(KEY, privileged=True).content) == 256
    status = rig.status("n1")
    assert (status.name, status.quorate, status.expected, status.present) == ("lab", True, 2, 2)


def test_links_and_timings_are_as_given() -> None:
    rig = Rig(1, "n1", links=2)
    links = {0: Link(OWN, 7), 1: Link("10.78.0.1")}
    conf = rig.do("n1", create(rig.ports("n1"), "lab", links, token_coefficient_ms=125))
    assert conf.nodes()[0].addresses == {0: OWN, 1: "10.78.0.1"}
    assert conf.interfaces()[0].get("knet_link_priority") == "7"
    assert conf.totem.get("token_coefficient") == "125"


@pytest.mark.parametrize(
    ("name", "links", "message"),
    [
        ("", {}, "cluster_name: must be a host name"),
        ("no spaces", {}, "cluster_name: must be a host name"),
        ("sixteen-letters-", {}, "at most 15 characters"),
        (
            "lab",
            {0: Link("10.77.0.9")},
            "link0: 10.77.0.9 is not an address of n1, which has 10.77",
        ),
        ("lab", {1: Link("nowhere.invalid")}, "link1: 'nowhere.invalid' cannot be resolved"),
        ("lab", {0: Link(OWN), 1: Link(OWN)}, "link1: 10.77.0.1 is link 0 already"),
    ],
)
def test_what_cannot_be_is_named(name: str, links: dict[int, Link], message: str) -> None:
    rig = Rig(1, "n1")
    with pytest.raises(ConfigError, match=message):
        rig.do("n1", create(rig.ports("n1"), name, links))
    assert rig.in_place("n1") is None
    assert LAYOUT not in rig.ports("n1").store.paths()


@pytest.mark.parametrize(
    ("more", "message"),
    [({"node_id": 0}, "nodeid: must be 1 to"), ({"votes": -1}, "votes: must not be negative")],
)
def test_bad_numbers_are_named(more: dict[str, int], message: str) -> None:
    rig = Rig(1, "n1")
    with pytest.raises(ConfigError, match=message):
        rig.do("n1", create(rig.ports("n1"), "lab", **more))  # type: ignore[arg-type]


def test_a_member_makes_no_other_cluster() -> None:
    rig = Rig(2)
    with pytest.raises(RefusedError, match="n1 is in cluster 'lab' already"):
        rig.do("n1", create(rig.ports("n1"), "other"))


def test_corosync_that_does_not_start_leaves_the_node_alone() -> None:
    rig = Rig(1, "n1")
    rig.put("n1", "storage.cfg")
    saboteur = Saboteur(rig, "n1", "before found", UnavailableError("corosync does not start"))
    with pytest.raises(UnavailableError, match="corosync does not start"):
        rig.do("n1", create(saboteur.ports(), "lab"))
    assert rig.in_place("n1") is None
    with pytest.raises(MissingError):
        rig.ports("n1").store.read(LAYOUT)
    assert rig.ports("n1").store.read("storage.cfg").content == b"x"
    rig.do("n1", create(rig.ports("n1"), "lab"))
    assert rig.status("n1").quorate


@pytest.mark.parametrize("moment", ["before found", "after found"])
def test_a_power_cut_on_the_way(moment: str) -> None:
    """Before the files are in place the same command is run again; after it the cluster is made."""
    rig = Rig(1, "n1")
    rig.put("n1", "storage.cfg")
    saboteur = Saboteur(rig, "n1", moment, None)
    rig.begin("n1", create(saboteur.ports(), "lab"))
    rig.run(60)
    assert saboteur.struck
    rig.cluster.power_on("n1")
    rig.run(30)
    if moment == "before found":
        assert rig.status("n1").name == ""
        rig.do("n1", create(rig.ports("n1"), "lab"))
    status = rig.status("n1")
    assert (status.name, status.quorate, status.config_version) == ("lab", True, 1)
    assert rig.ports("n1").store.read("storage.cfg").content == b"x"
    assert rig.defects() == []
