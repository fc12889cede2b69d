from __future__ import annotations

from typing import Any

import pytest

from appliance.model.corosync_conf import Link
from appliance.model.errors import (
    ConfigError,
    NotQuorateError,
    OutcomeUnknownError,
    QuorateError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
)
from appliance.ports.peers import Credentials
from appliance.services.cluster.admit import offer
from appliance.services.cluster.join import join
from appliance.services.cluster.leave import leave
from sim.kernel import to_us
from tests.services.cluster.rig import MOMENTS, Rig, Saboteur


def names(rig: Rig, node: str) -> list[str]:
    return [node.name for node in rig.stored(node).nodes()]


def test_a_node_joins_and_has_what_the_others_have() -> None:
    rig = Rig(3, "n3")
    rig.put("n1", "storage.cfg", b"dir: local\n")
    rig.put("n3", "old.cfg")
    joined = rig.do("n3", join(rig.ports("n3"), rig.request("n2")))
    assert joined.backup
    store = rig.ports("n3").store
    assert store.read("storage.cfg").content == b"dir: local\n"
    assert "old.cfg" not in store.paths()
    rig.run(10)
    assert rig.stored("n3") == rig.in_place("n1") == rig.in_place("n2") == rig.in_place("n3")
    for name in ("n1", "n2", "n3"):
        status = rig.status(name)
        assert (status.quorate, status.expected, status.present) == (True, 3, 3)
        assert all(node.online for node in status.nodes)
    rig.put("n3", "new.cfg")
    assert rig.ports("n1").store.read("new.cfg").writer == "n3"


def test_id_votes_and_links_are_as_asked() -> None:
    rig = Rig(3, "n3", links=2)
    links = {0: Link("10.77.0.3"), 1: Link("10.78.0.3")}
    request = rig.request("n1", node_id=7, votes=0, links=links)
    rig.do("n3", join(rig.ports("n3"), request))
    node = rig.stored("n1").node("n3")
    assert node is not None
    assert (node.node_id, node.votes, node.addresses) == (
        7,
        0,
        {0: "10.77.0.3", 1: "10.78.0.3"},
    )


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"address": "10.77.0.99"}, UnavailableError, "nobody answers at 10.77.0.99"),
        (
            {"credentials": Credentials(":".join(["00"] * 32), "quorate")},
            ConfigError,
            "fingerprint: 10.77.0.1 has another one: ",
        ),
        (
            {"links": {0: Link("10.77.0.1")}},
            ConfigError,
            "link0: 10.77.0.1 is not an address of n3",
        ),
        ({"links": {0: Link("x.invalid")}}, ConfigError, "link0: 'x.invalid' cannot be resolved"),
        (
            {"links": {0: Link("10.77.0.3"), 2: Link("10.78.0.3")}},
            ConfigError,
            "link1: the cluster has this link, give an address of n3",
        ),
        ({"links": {}}, ConfigError, "link0: the cluster has this link, give an address of n3"),
        ({"node_id": 2}, ConfigError, "nodeid: 2 is the id of n2"),
    ],
)
def test_what_cannot_be_is_named(
    changes: dict[str, Any], kind: type[QuorateError], message: str
) -> None:
    rig = Rig(3, "n3", links=2)
    links = {0: Link("10.77.0.3"), 1: Link("10.78.0.3")}
    with pytest.raises(kind, match=message):
        rig.do("n3", join(rig.ports("n3"), rig.request("n1", **{"links": links, **changes})))
    assert names(rig, "n1") == ["n1", "n2"]
    assert rig.in_place("n3") is None
    assert rig.status("n3").name == ""


def refused(rig: Rig, node: str, member: str, **changes: Any) -> str:
    """What a node is told that may not join; nothing has changed then."""
    before = rig.stored(member)
    with pytest.raises(QuorateError) as caught:
        rig.do(node, join(rig.ports(node), rig.request(member, **changes)))
    assert rig.stored(member) == before
    assert rig.status(node).name == ""
    return str(caught.value)


def test_a_wrong_password() -> None:
    rig = Rig(2, "n2")
    wrong = Credentials(rig.request("n1").credentials.fingerprint, "guess")
    with pytest.raises(UnauthenticatedError, match=r"10\.77\.0\.1: authentication failure"):
        rig.do("n2", join(rig.ports("n2"), rig.request("n1", credentials=wrong)))
    assert names(rig, "n1") == ["n1"]


def test_the_password_is_shown_nowhere() -> None:
    assert "quorate" not in repr(Rig(2, "n2").request("n1"))


def test_a_node_with_guests() -> None:
    rig = Rig(2, "n2")
    rig.put("n2", "nodes/n2/qemu-server/100.conf")
    rig.put("n2", "nodes/n2/lxc/101.conf")
    told = refused(rig, "n2", "n1")
    assert told.startswith("n2 has guests (100, 101): their numbers could be taken")


def test_a_member_joins_no_other_cluster() -> None:
    rig = Rig(3, "n3")
    with pytest.raises(RefusedError, match="n2 is in cluster 'lab' already"):
        rig.do("n2", join(rig.ports("n2"), rig.request("n1")))


def test_a_link_that_the_cluster_does_not_have() -> None:
    told = refused(Rig(2, "n2"), "n2", "n1", links={1: Link("10.77.0.2")})
    assert told == "link0: the cluster has this link, give an address of n2"
    rig = Rig(2, "n2", links=1)
    told = refused(rig, "n2", "n1", links={0: Link("10.77.0.2"), 1: Link("n2")})
    assert told == "link1: 10.77.0.2 is link 0 already"


def test_a_cluster_without_quorum_takes_nobody() -> None:
    rig = Rig(4, "n4")
    rig.do("n4", rig.ports("n4").peers.login("n1", rig.request("n1").credentials))
    for name in ("n2", "n3"):
        rig.cluster.power_off(name)
    rig.run(20)
    with pytest.raises(NotQuorateError, match="n1 has no quorum, so the cluster cannot be changed"):
        rig.do("n4", join(rig.ports("n4"), rig.request("n1")))


def test_an_address_that_another_node_has_by_name() -> None:
    """10.77.0.2 is n2's: n3 cannot say so of itself, but a wrong resolver could."""
    rig = Rig(3, "n3")
    told = refused(rig, "n3", "n1", links={0: Link("n2")})
    assert told == "link0: n2 is not an address of n3, which has 10.77.0.3"


def test_nobody_joins_a_node_that_is_alone() -> None:
    rig = Rig(2, "n1", "n2")
    with pytest.raises(RefusedError, match="n1 is in no cluster; 'quorate cluster create NAME'"):
        rig.do("n2", join(rig.ports("n2"), rig.request("n1")))


def test_the_name_of_a_node_that_is_there() -> None:
    """A second machine called n2: as far as names go, the one that is online."""
    rig = Rig(3, "n3")
    peer = rig.do("n3", rig.ports("n3").peers.login("n1", rig.request("n1").credentials))
    with pytest.raises(RefusedError, match="a node 'n2' is in the cluster, and online"):
        rig.do("n3", peer.call("POST", "/cluster/config/nodes/n2", {"link0": "10.77.0.2"}))
    with pytest.raises(ConfigError, match="n2: a node of this name is already in the cluster"):
        rig.do("n3", peer.call("POST", "/cluster/config/nodes/n2", {"link0": "10.77.0.3"}))


# interruptions: whatever happens, the same command run again completes it


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_power_cut_of_the_newcomer(moment: str, members: int) -> None:
    rig = Rig(members + 1, (new := f"n{members + 1}"))
    rig.put("n1", "storage.cfg")
    rig.put(new, "old.cfg")
    saboteur = Saboteur(rig, new, moment, None)
    rig.begin(new, join(saboteur.ports(), rig.request("n1")))
    rig.run(100)
    assert saboteur.struck
    rig.cluster.power_on(new)
    rig.run(20)
    if rig.in_place(new) is None:
        assert rig.ports(new).store.read("old.cfg").content == b"x"
        rig.do(new, join(rig.ports(new), rig.request("n1")))
    complete(rig, new)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("moment", MOMENTS[:-1])
def test_an_error_on_the_way(moment: str, members: int) -> None:
    rig = Rig(members + 1, (new := f"n{members + 1}"))
    rig.put("n1", "storage.cfg")
    rig.put(new, "old.cfg")
    saboteur = Saboteur(rig, new, moment, UnavailableError("sabotage"))
    with pytest.raises(UnavailableError, match="sabotage") as caught:
        rig.do(new, join(saboteur.ports(), rig.request("n1")))
    if rig.in_place(new) is None:
        assert rig.ports(new).store.read("old.cfg").content == b"x"
        if "nothing was changed" in str(caught.value):
            assert names(rig, "n1") == [f"n{number}" for number in range(1, members + 1)]
        rig.do(new, join(rig.ports(new), rig.request("n1")))
    complete(rig, new)


def complete(rig: Rig, new: str) -> None:
    """The newcomer is a member like all others."""
    rig.run(20)
    store = rig.ports(new).store
    assert store.read("storage.cfg").content == b"x"
    assert "old.cfg" not in store.paths()
    for name in rig.cluster.machines:
        status = rig.status(name)
        assert status.quorate, name
        assert [node.name for node in status.nodes if node.online] == sorted(rig.cluster.machines)
    assert rig.defects() == []


def test_an_answer_that_is_lost_is_asked_for_again() -> None:
    rig = Rig(3, "n3")
    saboteur = Saboteur(rig, "n3", "after POST", OutcomeUnknownError("no answer"))
    rig.do("n3", join(saboteur.ports(), rig.request("n1")))
    assert saboteur.struck
    rig.run(10)
    assert rig.status("n3").quorate


def test_a_join_that_fails_is_taken_back() -> None:
    rig = Rig(3, "n3")
    saboteur = Saboteur(rig, "n3", "before enter", UnavailableError("corosync does not start"))
    with pytest.raises(UnavailableError, match="corosync does not start; nothing was changed"):
        rig.do("n3", join(saboteur.ports(), rig.request("n1")))
    assert names(rig, "n1") == ["n1", "n2"]


def test_a_join_that_cannot_be_taken_back_says_what_to_do() -> None:
    """A cluster of one waits for the newcomer's vote, and cannot be changed meanwhile."""
    rig = Rig(2, "n2")
    saboteur = Saboteur(rig, "n2", "before enter", UnavailableError("corosync does not start"))
    with pytest.raises(UnavailableError) as caught:
        rig.do("n2", join(saboteur.ports(), rig.request("n1")))
    assert "the cluster still expects n2" in str(caught.value)
    assert "'quorate cluster expected 1'" in str(caught.value)
    rig.run(5)
    assert not rig.status("n1").quorate
    rig.do("n2", join(rig.ports("n2"), rig.request("n1")))
    assert rig.status("n1").quorate


def test_the_member_dies_while_it_is_asked() -> None:
    """Its answer never comes; the node is in the layout or not, and joins by another member."""
    rig = Rig(4, "n4")

    def strike() -> None:
        rig.cluster.kernel.call_in(to_us(0.021), lambda: rig.cluster.power_off("n1"))

    saboteur = Saboteur(rig, "n4", "before POST", strike)
    with pytest.raises(UnavailableError, match="n1 does not answer"):
        rig.do("n4", join(saboteur.ports(), rig.request("n1")))
    assert rig.in_place("n4") is None
    rig.do("n4", join(rig.ports("n4"), rig.request("n2")))
    rig.run(10)
    assert rig.status("n4").quorate


def test_two_join_at_once() -> None:
    rig = Rig(4, "n3", "n4")
    tasks = [
        rig.begin(name, join(rig.ports(name), rig.request(member)))
        for name, member in (("n3", "n1"), ("n4", "n2"))
    ]
    rig.run(60)
    for task in tasks:
        task.result()
    assert names(rig, "n1") == ["n1", "n2", "n3", "n4"]
    assert rig.stored("n1").version == 4
    ids = [node.node_id for node in rig.stored("n4").nodes()]
    assert sorted(ids) == [1, 2, 3, 4]
    for name in rig.cluster.machines:
        assert rig.status(name).present == 4


# again


def test_a_node_that_was_taken_out_joins_anew() -> None:
    rig = Rig(3)
    rig.put("n1", "nodes/n3/qemu-server/100.conf")
    rig.cluster.power_off("n3")
    rig.run(20)
    left = rig.do("n1", leave(rig.ports("n1"), "n3"))
    assert left.guests == (100,)
    rig.cluster.power_on("n3")
    rig.run(20)
    assert not rig.status("n3").quorate
    with pytest.raises(RefusedError, match="n3 is in cluster 'lab' already; with --force"):
        rig.do("n3", join(rig.ports("n3"), rig.request("n1")))
    rig.do("n3", join(rig.ports("n3"), rig.request("n1", force=True)))
    rig.run(10)
    for name in ("n1", "n2", "n3"):
        assert rig.status(name).present == 3
    assert rig.ports("n3").store.read("nodes/n3/qemu-server/100.conf").content == b"x"


def test_by_force_the_entry_of_a_dead_node_is_made_anew() -> None:
    """The machine was replaced: same name, another address."""
    rig = Rig(4, "n4")
    rig.cluster.power_off("n3")
    rig.run(20)
    ports = rig.ports("n1")
    peer = rig.do("n1", ports.peers.login("n2", rig.request("n2").credentials))
    given = {"link0": "10.77.0.33", "force": 1}
    answer = rig.do("n1", peer.call("POST", "/cluster/config/nodes/n3", given))
    assert "10.77.0.33" in answer["corosync_conf"]
    node = rig.stored("n1").node("n3")
    assert node is not None
    assert (node.node_id, node.addresses) == (3, {0: "10.77.0.33"})
    assert rig.stored("n1").version == 4


def test_what_a_newcomer_is_told() -> None:
    rig = Rig(3, "n3")
    told = offer(rig.ports("n1"), "n2")
    assert told.preferred.node.name == "n2"
    assert told.preferred.fingerprint == rig.request("n2").credentials.fingerprint
    assert [one.node.name for one in told.members] == ["n1", "n2"]
    with pytest.raises(ConfigError, match="n9: is not a node of this cluster, which has n1, n2"):
        offer(rig.ports("n1"), "n9")
