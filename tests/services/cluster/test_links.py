from __future__ import annotations

import pytest

from appliance.model.corosync_conf import add_node
from appliance.model.errors import ConfigError, NotQuorateError, QuorateError, RefusedError
from appliance.model.store.changes import Delete, Put
from appliance.services.cluster.layout import LAYOUT
from appliance.services.cluster.links import add, nearest, remove
from tests.services.cluster.rig import Rig

ADDRESSES = {"n1": "10.78.0.1", "n2": "10.78.0.2"}


def test_a_link_comes_and_goes() -> None:
    rig = Rig(2)
    conf = rig.do("n1", add(rig.ports("n1"), 1, ADDRESSES, priority=9))
    assert conf.links() == (0, 1)
    assert conf.interfaces()[1].get("knet_link_priority") == "9"
    rig.run(5)
    assert rig.in_place("n2") == conf
    assert rig.status("n2").nodes[0].addresses == {0: "10.77.0.1", 1: "10.78.0.1"}
    conf = rig.do("n2", remove(rig.ports("n2"), 0))
    assert conf.links() == (1,)


def test_a_layout_that_corosync_did_not_hear_of_is_told_again() -> None:
    """It was starting when the file was written, and had read the one before."""
    rig = Rig(2)
    wanted = rig.stored("n1").bumped()
    for node in ("n1", "n2"):
        rig.cluster.put_layout(node, wanted)
    rig.do("n1", rig.ports("n1").store.change(Put(LAYOUT, wanted.text().encode())))
    rig.run(20)
    for node in ("n1", "n2"):
        assert rig.do(node, rig.ports(node).membership.votes()).layout == wanted.version


@pytest.mark.parametrize(
    ("number", "addresses", "message"),
    [
        (0, ADDRESSES, "link0: the cluster already has this link"),
        (8, ADDRESSES, "link8: links are 0 to 7"),
        (1, {"n1": "10.78.0.1"}, "link1: give an address of n2"),
        (1, {**ADDRESSES, "n3": "10.78.0.3"}, "n3: is not a node of this cluster"),
        (1, {**ADDRESSES, "n2": "10.78.0.1"}, "link1: 10.78.0.1 is given for two nodes"),
        (1, {**ADDRESSES, "n2": "10.77.0.1"}, "link1: 10.77.0.1 is link 0 of n1"),
        (1, {**ADDRESSES, "n2": "no.invalid"}, "link1: 'no.invalid' of n2 cannot be resolved"),
    ],
)
def test_a_link_that_cannot_be(number: int, addresses: dict[str, str], message: str) -> None:
    rig = Rig(2)
    with pytest.raises(ConfigError, match=message):
        rig.do("n1", add(rig.ports("n1"), number, addresses))
    assert rig.stored("n1").version == 2


def test_the_last_link_stays() -> None:
    rig = Rig(2)
    with pytest.raises(ConfigError, match="link0: is the only link of the cluster"):
        rig.do("n1", remove(rig.ports("n1"), 0))
    with pytest.raises(ConfigError, match="link3: the cluster does not have this link"):
        rig.do("n1", remove(rig.ports("n1"), 3))


def test_no_link_goes_behind_the_back_of_a_node() -> None:
    rig = Rig(3, links=2)
    rig.cluster.power_off("n3")
    rig.run(20)
    with pytest.raises(RefusedError, match="n3 is not online: it would not learn of the links"):
        rig.do("n1", remove(rig.ports("n1"), 1))


def test_without_quorum_nothing_changes() -> None:
    rig = Rig(2)
    rig.cluster.power_off("n2")
    rig.run(20)
    with pytest.raises(NotQuorateError):
        rig.do("n1", add(rig.ports("n1"), 1, ADDRESSES))


@pytest.mark.parametrize(
    ("own", "to", "found"),
    [
        (("10.1.0.1", "10.77.0.5"), "10.77.0.1", "10.77.0.5"),
        (("fd00::5", "10.77.0.5"), "10.77.0.1", "10.77.0.5"),
        (("10.77.0.5", "fd00::5"), "fd00::1", "fd00::5"),
        (("10.1.0.1", "10.2.0.1"), "a-name", "10.1.0.1"),
        ((), "10.77.0.1", None),
        ((), "a-name", None),
    ],
)
def test_the_nearest_address(own: tuple[str, ...], to: str, found: str | None) -> None:
    assert nearest(own, to) == found


# what the nodes do with the layout in the store


def test_a_layout_that_cannot_be_used_is_refused() -> None:
    rig = Rig(3)
    good = rig.stored("n1")
    for content, message in (
        (b"totem {\n", "corosync.conf:1: totem: is not closed"),
        (b"\xff", "is not UTF-8 text"),
        (
            good.text().encode(),
            "totem.config_version: must be above 3, that of the layout in force",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            rig.put("n1", LAYOUT, content)
    with pytest.raises(RefusedError, match="says who decides about the store"):
        rig.do("n1", rig.ports("n1").store.change(Delete(LAYOUT)))
    assert rig.stored("n1") == good


def test_other_contents_of_the_version_in_place_are_told_once_and_not_used() -> None:
    rig = Rig(3)
    good, other = rig.stored("n1").bumped(), add_node(rig.stored("n1"), "n9", {0: "10.77.0.9"})
    for node in ("n1", "n2", "n3"):
        rig.cluster.put_layout(node, good)
    rig.run(5)
    rig.put("n1", LAYOUT, other.text().encode())
    rig.run(30)
    told = [
        record for record in rig.cluster.journal.records if record.event.kind == "layout_refused"
    ]
    assert sorted(record.actor for record in told) == [f"n{n}/cluster" for n in (1, 2, 3)]
    assert rig.in_place("n2") == good
    assert rig.status("n2").quorate
    rig.put("n1", LAYOUT, good.bumped().text().encode())
    rig.run(10)
    assert rig.in_place("n2") == good.bumped()


def test_a_node_that_was_away_follows_when_it_is_back() -> None:
    rig = Rig(3)
    rig.cluster.power_off("n3")
    rig.run(20)
    addresses = {f"n{number}": f"10.78.0.{number}" for number in (1, 2, 3)}
    conf = rig.do("n1", add(rig.ports("n1"), 1, addresses))
    rig.run(5)
    assert rig.in_place("n3") != conf
    rig.cluster.power_on("n3")
    rig.run(40)
    assert rig.in_place("n3") == conf
    assert rig.status("n1").present == 3


def test_two_changes_at_once_both_hold() -> None:
    rig = Rig(2)
    again = {"n1": "10.79.0.1", "n2": "10.79.0.2"}
    tasks = [
        rig.begin("n1", add(rig.ports("n1"), 1, ADDRESSES)),
        rig.begin("n2", add(rig.ports("n2"), 2, again)),
    ]
    rig.run(20)
    for task in tasks:
        task.result()
    assert rig.stored("n1").links() == (0, 1, 2)
    assert rig.stored("n1").version == 4


def test_the_same_link_twice_at_once_is_made_once() -> None:
    rig = Rig(2)
    tasks = [rig.begin(node, add(rig.ports(node), 1, ADDRESSES)) for node in ("n1", "n2")]
    rig.run(20)
    outcomes = []
    for task in tasks:
        try:
            outcomes.append(task.result().version)
        except QuorateError as error:
            outcomes.append(str(error))
    assert sorted(map(str, outcomes)) == ["3", "link1: the cluster already has this link"]
