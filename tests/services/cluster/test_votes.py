from __future__ import annotations

from typing import Any

import pytest

from appliance.model.errors import (
    ConfigError,
    NotQuorateError,
    QuorateError,
    RefusedError,
    UnavailableError,
)
from appliance.model.store.changes import Put
from appliance.services.cluster.votes import add_device, expect, remove_the_device
from tests.services.cluster.rig import Rig

HOST = "10.77.0.100"
FILES = ("priv/qdevice/qdevice-net-node.p12", "priv/qdevice/qnetd-cacert.crt")


def test_an_operator_lets_the_last_node_go_on() -> None:
    rig = Rig(3)
    for name in ("n2", "n3"):
        rig.cluster.power_off(name)
    rig.run(20)
    with pytest.raises(NotQuorateError):
        rig.put("n1", "storage.cfg")
    votes = rig.do("n1", expect(rig.ports("n1"), 1))
    assert (votes.expected, votes.needed) == (1, 1)
    rig.run(10)
    rig.put("n1", "storage.cfg")


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (0, "expected: 3 votes are present, fewer cannot be expected"),
        (2, "expected: 3 votes are present, fewer cannot be expected"),
        (4, "expected: the whole cluster has 3 votes"),
    ],
)
def test_what_cannot_be_expected(votes: int, message: str) -> None:
    rig = Rig(3)
    with pytest.raises(ConfigError, match=message):
        rig.do("n1", expect(rig.ports("n1"), votes))


def test_a_quorum_device_comes_and_goes() -> None:
    rig = Rig(2)
    conf = rig.do("n1", add_device(rig.ports("n1"), HOST))
    device = conf.device()
    assert device is not None
    assert (device.host, device.algorithm, device.votes, device.tls) == (HOST, "ffsplit", 1, "on")
    rig.run(10)
    for name in ("n1", "n2"):
        assert rig.in_place(name) == conf
        assert rig.cluster.place(name).device
        assert rig.ports(name).store.paths("priv/qdevice/", privileged=True) == FILES
        status = rig.status(name)
        assert (status.expected, status.present, status.device_votes) == (3, 3, 1)
    assert rig.do("n2", remove_the_device(rig.ports("n2"))).host == HOST
    rig.run(10)
    for name in ("n1", "n2"):
        assert not rig.cluster.place(name).device
        assert rig.ports(name).store.paths("priv/qdevice/", privileged=True) == ()
        assert rig.status(name).expected == 2


def test_without_tls_nothing_is_signed() -> None:
    rig = Rig(2)
    rig.do("n1", add_device(rig.ports("n1"), HOST, tls="off"))
    rig.run(10)
    assert rig.cluster.place("n2").device
    assert rig.ports("n1").store.paths("priv/qdevice/", privileged=True) == ()


def test_certificates_that_lie_in_the_store_are_used() -> None:
    rig = Rig(2)
    steps = [Put(path, b"by hand") for path in FILES]
    rig.do("n1", rig.ports("n1").store.change(*steps))
    rig.do("n2", add_device(rig.ports("n2"), HOST))
    for path in FILES:
        assert rig.ports("n1").store.read(path, privileged=True).content == b"by hand"


def test_a_host_that_does_not_answer_signs_nothing_and_nothing_changes() -> None:
    rig = Rig(2)
    rig.cluster.fabric.set_qdevice_path("n1", up=False)
    before = rig.in_place("n1")
    with pytest.raises(UnavailableError, match="did not sign a certificate"):
        rig.do("n1", add_device(rig.ports("n1"), HOST))
    rig.run(10)
    assert rig.in_place("n1") == before
    assert rig.ports("n1").store.paths("priv/qdevice/", privileged=True) == ()


def test_three_nodes_need_force_and_get_last_man_standing() -> None:
    rig = Rig(3)
    with pytest.raises(RefusedError, match="the cluster has 3 nodes: with an odd number"):
        rig.do("n1", add_device(rig.ports("n1"), HOST))
    conf = rig.do("n1", add_device(rig.ports("n1"), HOST, force=True))
    device = conf.device()
    assert device is not None
    assert (device.algorithm, device.votes) == ("lms", 2)


def test_two_node_gives_way_to_the_device() -> None:
    rig = Rig(2, two_node=True)
    conf = rig.do("n1", add_device(rig.ports("n1"), HOST))
    assert not conf.flag("two_node")


@pytest.mark.parametrize(
    ("options", "changes", "message"),
    [
        ({}, {"host": "q.invalid"}, "host: 'q.invalid' cannot be resolved"),
        ({}, {"host": "10.77.0.2"}, "10.77.0.2 is n2; the device must be outside of the cluster"),
        ({}, {"algorithm": "best"}, "algorithm: is not one of ffsplit, lms"),
        ({}, {"tls": "maybe"}, "tls: is not one of on, off, required"),
        ({"qdevice": True}, {}, "quorum.device: there is one already"),
        ({"auto_tie_breaker": True}, {}, "auto_tie_breaker: cannot be used with a quorum device"),
    ],
)
def test_what_cannot_be_is_named(
    options: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    rig = Rig(2, **options)
    given = {"host": HOST, **changes}
    with pytest.raises(QuorateError, match=message):
        rig.do("n1", add_device(rig.ports("n1"), given.pop("host"), **given))


def test_all_nodes_must_be_there() -> None:
    rig = Rig(4)
    rig.cluster.power_off("n4")
    rig.run(20)
    with pytest.raises(RefusedError, match="all nodes must be online, n4 is not"):
        rig.do("n1", add_device(rig.ports("n1"), HOST))
    with pytest.raises(RefusedError, match="all nodes must be online, n4 is not"):
        rig.do("n1", remove_the_device(rig.ports("n1")))


def test_there_is_no_device_to_remove() -> None:
    rig = Rig(2)
    with pytest.raises(ConfigError, match=r"quorum\.device: there is none"):
        rig.do("n1", remove_the_device(rig.ports("n1")))
