"""HA's ports on the replicated store of a simulated cluster: guards, races, crashes, clocks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from appliance.core.ha.constants import LOCK_LIFE_S, MANAGER_LOCK
from appliance.model.errors import MissingError, NotQuorateError, StaleError, UnavailableError
from appliance.model.ha.resources import Resource, parse_resources
from appliance.model.ha.rules import parse_rules
from appliance.model.ha.status import LrmStatus, ManagerStatus, ServiceStatus
from appliance.model.store.changes import Put, Rename
from appliance.services.ha_store.config import StoreHaConfig
from appliance.services.ha_store.decoder import Decoder
from appliance.services.ha_store.state import StoreHaState
from sim.group.cluster import StoreCluster
from sim.layout import ClusterLayout, NodeSpec, QuorumSpec
from tests.sim.store.test_service import Answer, done, start

GUEST = "nodes/n1/qemu-server/100.conf"
STATUS = ManagerStatus(
    "n2", 5.0, 3, {"n1": "online"}, {"vm:100": ServiceStatus("stopped", "n1", "u")}
)


class Lab:
    """Three nodes, one guest on n1; each node with HA's ports."""

    def __init__(self, *nodes: NodeSpec, seed: int = 1) -> None:
        specs = nodes or tuple(NodeSpec(f"n{number}") for number in (1, 2, 3))
        quorum = QuorumSpec(token_s=1.0, token_coefficient_s=0.0)
        self.world = StoreCluster(ClusterLayout(specs, quorum=quorum), seed)
        self.world.run(2.0)
        self.do("n1", self.world.store("n1").change(Put(GUEST, b"memory: 512\n")))
        self.do("n1", self.config("n1").put_service(Resource("vm:100")))

    def state(self, node: str) -> StoreHaState:
        return StoreHaState(node, self.world.store(node), Decoder())

    def config(self, node: str) -> StoreHaConfig:
        return StoreHaConfig(self.world.store(node), Decoder())

    def renew(self, node: str, life_s: float = LOCK_LIFE_S) -> Any:
        daemon = self.world.machines[node].daemon
        assert daemon is not None
        return self.do(node, daemon.leases.renew(MANAGER_LOCK, life_s))

    def do(self, node: str, work: Awaitable[Any], seconds: float = 0.5) -> Any:
        return done(self.world, node, work, seconds)

    def start(self, node: str, work: Awaitable[Any]) -> Answer:
        return start(self.world, node, work)

    def put(self, path: str, content: bytes) -> None:
        self.do("n3", self.world.store("n3").change(Put(path, content)))


def test_before_anything_was_written() -> None:
    lab = Lab()
    state, config = lab.state("n3"), lab.config("n3")
    assert state.manager_status() == ManagerStatus()
    assert state.lrm_status("n1") is None
    assert not state.has_commands()
    assert config.options().max_workers == 4
    assert config.config().services["vm:100"].node == "n1"
    assert (config.node_of("ct:100"), config.node_of("vm:1")) == (None, None)


def test_what_the_daemons_tell_each_other() -> None:
    lab = Lab()
    reader = lab.state("n3")
    with pytest.raises(StaleError, match="is free"):
        lab.do("n2", lab.state("n2").write_manager_status(STATUS, MANAGER_LOCK))
    assert lab.renew("n2").fresh
    lab.do("n2", lab.state("n2").write_manager_status(STATUS, MANAGER_LOCK))
    lab.do("n1", lab.state("n1").write_lrm_status(LrmStatus("active", checked_round=3)))
    seen = reader.manager_status()
    assert seen == STATUS
    assert reader.lrm_status("n1") == LrmStatus("active", checked_round=3)
    assert reader.manager_status() is seen


def test_a_file_that_cannot_be_read_is_as_good_as_none() -> None:
    lab = Lab()
    lab.put("ha/manager_status", b"{")
    lab.put("ha/resources.cfg", b"\xff")
    lab.put("datacenter.cfg", b"max_workers: 9\n")
    config = lab.config("n1")
    assert config.options().max_workers == 9
    lab.put("datacenter.cfg", b"\xff")
    with pytest.raises(UnavailableError, match="ha/manager_status"):
        lab.state("n1").manager_status()
    with pytest.raises(UnavailableError, match="UTF-8"):
        config.config()
    assert config.options().max_workers == 9, "the last known options serve"


def test_commands_are_taken_once_and_none_is_lost() -> None:
    lab = Lab()
    queued = [lab.start(n, lab.state(n).queue_command(f"stop vm:{n}")) for n in ("n1", "n2", "n3")]
    lab.world.run(1.0)
    assert [answer.error for answer in queued] == [None, None, None], "each after the others"
    lab.renew("n2")
    taking = lab.start("n2", lab.state("n2").take_commands(MANAGER_LOCK))
    late = lab.start("n3", lab.state("n3").queue_command("arm-ha"))
    lab.world.run(1.0)
    assert late.error is None
    again = lab.do("n2", lab.state("n2").take_commands(MANAGER_LOCK))
    told = [*taking.value, *again]
    assert sorted(told) == ["arm-ha", "stop vm:n1", "stop vm:n2", "stop vm:n3"]
    with pytest.raises(StaleError):
        lab.do("n1", lab.state("n1").take_commands(MANAGER_LOCK))


def test_people_who_edit_at_once_do_not_undo_each_other() -> None:
    lab = Lab()
    lab.put("nodes/n3/lxc/101.conf", b"")
    asked = [
        lab.start("n1", lab.config("n1").set_requested_state("vm:100", "stopped", None)),
        lab.start("n2", lab.config("n2").put_service(Resource("ct:101", max_restart=7))),
    ]
    lab.world.run(1.0)
    assert [answer.error for answer in asked] == [None, None]
    services = lab.config("n3").config().services
    assert services["vm:100"].state == "stopped"
    assert services["ct:101"].max_restart == 7
    lab.do("n1", lab.config("n1").remove_service("vm:100"))
    assert list(lab.config("n3").config().services) == ["ct:101"]
    with pytest.raises(MissingError, match="no such service 'vm:100'"):
        lab.do("n1", lab.config("n1").remove_service("vm:100"))


def test_a_crowd_that_edits_at_once_gets_through() -> None:
    lab = Lab()
    sids = [f"vm:{number}" for number in range(200, 230)]
    crowd = [lab.start("n1", lab.config("n1").put_service(Resource(sid))) for sid in sids]
    lab.world.run(10.0)
    assert [answer.error for answer in crowd] == [None] * len(sids)
    text = lab.world.store("n3").read("ha/resources.cfg").content.decode()
    assert [one.sid for one in parse_resources(text).resources] == ["vm:100", *sids]


def test_stealing_is_one_rename_under_the_lease() -> None:
    lab = Lab()
    config = lab.config("n2")
    with pytest.raises(StaleError):
        lab.do("n2", config.steal_service("vm:100", "n1", "n2", MANAGER_LOCK))
    lab.renew("n2")
    assert lab.do("n2", config.steal_service("vm:100", "n1", "n2", MANAGER_LOCK)) == "n2"
    assert lab.do("n2", config.steal_service("vm:100", "n1", "n3", MANAGER_LOCK)) == "n2"
    assert [lab.config(node).node_of("vm:100") for node in ("n1", "n2", "n3")] == ["n2"] * 3
    assert lab.config("n3").config().services["vm:100"].node == "n2"
    with pytest.raises(StaleError, match="no configuration"):
        lab.do("n2", config.steal_service("vm:7", "n1", "n3", MANAGER_LOCK))


def test_a_steal_that_races_with_the_end_of_a_move() -> None:
    """Whichever comes first in the order, the guest lies at one place and the manager knows it."""
    for seed in range(1, 9):
        lab = Lab(seed=seed)
        lab.renew("n2")
        move = lab.world.store("n1").guests()[100].replace("n1", "n3")
        moving = lab.start("n1", lab.world.store("n1").change(Rename(GUEST, move)))
        stolen = lab.start("n2", lab.config("n2").steal_service("vm:100", "n1", "n2", MANAGER_LOCK))
        lab.world.run(1.0)
        assert stolen.error is None
        assert {lab.config(n).node_of("vm:100") for n in ("n1", "n2", "n3")} == {stolen.value}
        assert (moving.error is None) == (stolen.value == "n3")


def test_a_deposed_manager_changes_nothing() -> None:
    lab = Lab()
    lab.put(GUEST, b"lock: backup\nmemory: 512\n\n[old]\nlock: snapshot\n")
    lab.renew("n1")
    state, config = lab.state("n2"), lab.config("n2")
    before = lab.world.store("n3").replica.log.committed
    requests: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: state.write_manager_status(STATUS, MANAGER_LOCK),
        lambda: state.take_commands(MANAGER_LOCK),
        lambda: config.remove_lock("vm:100", ("backup",), MANAGER_LOCK),
        lambda: config.set_requested_state("vm:100", "stopped", MANAGER_LOCK),
        lambda: config.migrate_groups(parse_rules(""), {}, MANAGER_LOCK),
        lambda: config.steal_service("vm:100", "n1", "n2", MANAGER_LOCK),
    )
    for request in requests:
        with pytest.raises(StaleError):
            lab.do("n2", request())
    assert lab.world.store("n3").replica.log.committed == before


def test_a_lock_is_removed_from_the_guest_but_not_from_its_snapshots() -> None:
    lab = Lab()
    lab.put(GUEST, b"memory: 512\nlock: backup\ncores: 2\n\n[old]\nlock: snapshot\n")
    lab.renew("n2")
    config = lab.config("n2")
    assert lab.do("n2", config.remove_lock("vm:100", ("mounted",), MANAGER_LOCK)) is None
    assert lab.do("n2", config.remove_lock("vm:100", ("backup",), MANAGER_LOCK)) == "backup"
    content = lab.world.store("n1").read(GUEST).content
    assert content == b"memory: 512\ncores: 2\n\n[old]\nlock: snapshot\n"
    assert lab.do("n2", config.remove_lock("vm:100", ("snapshot",), MANAGER_LOCK)) is None


def test_groups_become_rules_in_one_change() -> None:
    lab = Lab()
    lab.put("ha/groups.cfg", b"group: east\n\tnodes n1,n2\n")
    lab.do("n1", lab.config("n1").put_service(Resource("vm:100", group="east")))
    before = lab.config("n3").config()
    assert before.groups[0].id == "east"
    rules = parse_rules("node-affinity: east\n\tresources vm:100\n\tnodes n1,n2\n")
    lab.renew("n2")
    lab.do("n2", lab.config("n2").migrate_groups(rules, {"vm:100": False}, MANAGER_LOCK))
    after = lab.config("n3").config()
    assert (after.groups, after.services["vm:100"].group) == ((), None)
    assert not after.services["vm:100"].failback
    assert [rule.id for rule in after.rules.rules] == ["east"]
    assert after.rules_digest != before.rules_digest


def test_a_minority_changes_nothing_and_reads_what_was() -> None:
    lab = Lab()
    lab.renew("n1")
    lab.do("n1", lab.state("n1").write_manager_status(STATUS, MANAGER_LOCK))
    lab.world.cut(("n1",), ("n2", "n3"))
    lab.world.run(4.0)
    with pytest.raises(NotQuorateError):
        lab.do("n1", lab.state("n1").write_manager_status(STATUS, MANAGER_LOCK))
    assert not lab.renew("n1").held or lab.world.kernel.now_s < LOCK_LIFE_S
    assert lab.state("n1").manager_status() == STATUS


def test_a_lease_outlives_its_holder_by_its_life_and_a_second_on_every_clock() -> None:
    """Clocks that run 0.8 % apart: the holder's own end comes first all the same."""
    nodes = (NodeSpec("n1", drift_ppm=4000), NodeSpec("n2", drift_ppm=-4000), NodeSpec("n3"))
    lab = Lab(*nodes)
    assert lab.renew("n1").fresh
    taken_s = lab.world.kernel.now_s
    lab.world.power_off("n1")
    lab.world.run(4.0)
    asked_s = 0.0
    while not (answer := lab.renew("n2")).held:
        asked_s = lab.world.kernel.now_s - taken_s
        assert answer.free_in_s is not None
        lab.world.run(0.5)
    freed_s = lab.world.kernel.now_s - taken_s
    assert asked_s > LOCK_LIFE_S - 1.0, "it was asked for all the time"
    assert LOCK_LIFE_S < freed_s < LOCK_LIFE_S + 4.0
    assert answer.fresh


def test_a_node_that_boots_waits_a_whole_life_for_a_lease_it_did_not_see_renewed() -> None:
    lab = Lab()
    lab.renew("n1", 30.0)
    lab.world.power_off("n1")
    lab.world.run(20.0)
    lab.world.power_off("n3")
    lab.world.power_on("n3")
    lab.world.run(5.0)
    assert 24.0 < lab.renew("n3", 30.0).free_in_s < 31.0
    assert lab.renew("n2", 30.0).free_in_s < 10.0


def test_a_writer_that_dies_in_between_has_written_all_or_nothing() -> None:
    """A manager loses power while it steals: either it lies there or here, on every node."""
    places = set()
    for seed in range(1, 13):
        lab = Lab(seed=seed)
        lab.renew("n2")
        lab.start("n2", lab.config("n2").steal_service("vm:100", "n1", "n2", MANAGER_LOCK))
        lab.world.run(0.0002 if seed < 7 else 0.004)
        lab.world.power_off("n2")
        lab.world.run(8.0)
        place = {lab.config(node).node_of("vm:100") for node in ("n1", "n3")}
        assert len(place) == 1
        places |= place
    assert places == {"n1", "n2"}, "both came about"
