from __future__ import annotations

import pytest

from appliance.model.errors import ConfigError, NotQuorateError, QuorateError, RefusedError
from appliance.services.cluster.leave import leave
from appliance.services.cluster.votes import expect
from tests.services.cluster.rig import Rig


def off(rig: Rig, *names: str) -> Rig:
    for name in names:
        rig.cluster.power_off(name)
    rig.run(20)
    return rig


def test_a_node_that_is_off_is_taken_out() -> None:
    rig = off(Rig(3), "n3")
    left = rig.do("n1", leave(rig.ports("n1"), "n3"))
    assert [node.name for node in left.conf.nodes()] == ["n1", "n2"]
    assert left.guests == ()
    rig.run(10)
    assert rig.in_place("n1") == rig.in_place("n2") == left.conf
    status = rig.status("n2")
    assert (status.expected, status.present, status.needed) == (2, 2, 2)


def test_down_to_one() -> None:
    rig = off(Rig(3), "n3")
    rig.do("n1", leave(rig.ports("n1"), "n3"))
    rig.run(10)
    off(rig, "n2")
    rig.do("n1", expect(rig.ports("n1"), 1))
    rig.run(10)
    rig.do("n1", leave(rig.ports("n1"), "n2"))
    rig.run(10)
    status = rig.status("n1")
    assert (status.quorate, status.expected, len(status.nodes)) == (True, 1, 1)
    rig.put("n1", "storage.cfg")


def test_what_cannot_leave() -> None:
    rig = Rig(3)
    for name, kind, message in (
        ("n1", RefusedError, "n1 cannot remove itself: shut it down, and do this on another node"),
        ("n2", RefusedError, "n2 is online: shut it down first"),
        ("n9", ConfigError, "n9: is not a node of this cluster, which has n1, n2, n3"),
    ):
        with pytest.raises(kind, match=message):
            rig.do("n1", leave(rig.ports("n1"), name))
    assert rig.stored("n1").version == 3


def test_nobody_leaves_without_quorum() -> None:
    rig = off(Rig(3), "n2", "n3")
    with pytest.raises(NotQuorateError, match="n1 has no quorum"):
        rig.do("n1", leave(rig.ports("n1"), "n3"))


def test_with_a_quorum_device_it_is_removed_first() -> None:
    rig = off(Rig(4, qdevice=True), "n4")
    with pytest.raises(ConfigError, match="remove the quorum device first, then remove a node"):
        rig.do("n1", leave(rig.ports("n1"), "n4"))


def test_a_leave_that_would_cost_quorum_needs_force() -> None:
    """Two of four nodes are lost for good; one more vote is expected than there is."""
    rig = off(Rig(4), "n2", "n3", "n4")
    rig.do("n1", expect(rig.ports("n1"), 1))
    rig.run(10)
    assert rig.status("n1").quorate
    with pytest.raises(RefusedError, match="without n4 2 of 3 votes make a quorum, and 1 are here"):
        rig.do("n1", leave(rig.ports("n1"), "n4"))
    for name in ("n4", "n3", "n2"):
        rig.do("n1", leave(rig.ports("n1"), name, force=name != "n2"))
        rig.run(10)
        if not rig.status("n1").quorate:
            rig.do("n1", expect(rig.ports("n1"), 1))
            rig.run(10)
    assert [node.name for node in rig.stored("n1").nodes()] == ["n1"]
    assert rig.status("n1").quorate


def test_a_node_alone_has_nobody_to_remove() -> None:
    rig = Rig(1, "n1")
    with pytest.raises(QuorateError, match="n1 is in no cluster"):
        rig.do("n1", leave(rig.ports("n1"), "n2"))


def test_the_node_that_left_finds_itself_alone() -> None:
    rig = off(Rig(3), "n3")
    rig.do("n1", leave(rig.ports("n1"), "n3"))
    rig.run(10)
    rig.cluster.power_on("n3")
    rig.run(30)
    assert not rig.status("n3").quorate
    assert rig.status("n1").present == 2
    with pytest.raises(NotQuorateError):
        rig.put("n3", "storage.cfg")
