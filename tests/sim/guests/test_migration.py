"""Moves that work, moves that are refused, and how fast they are."""

from __future__ import annotations

import pytest

from sim.guests.precopy import MoveLimits, PreCopy
from sim.layout import GIB, GuestSpec, LinkSpec, NodeSpec, StorageSpec
from tests.sim.guests.rig import POOLS, Rig

VM = GuestSpec("vm:100", "n1")
LOCAL = GuestSpec("vm:100", "n1", storage="local")
LIMITS = MoveLimits()


# pre-copy by itself


def rounds(memory_bytes: float, dirty_bytes_s: float, bandwidth_bytes_s: float) -> PreCopy:
    """All rounds up to the switch-over, or to giving up."""
    copy = PreCopy(memory_bytes, dirty_bytes_s, LIMITS)
    while True:
        copy.round_over(copy.to_copy_bytes / bandwidth_bytes_s)
        if copy.fits(bandwidth_bytes_s) or copy.hopeless():
            return copy


def test_an_idle_guest_needs_one_round() -> None:
    copy = rounds(2 * GIB, 0.0, 1e9)
    assert (copy.rounds, copy.to_copy_bytes, copy.throttle) == (1, 0.0, 0.0)


def test_each_round_copies_what_the_one_before_left() -> None:
    copy = PreCopy(8e9, 1e8, LIMITS)
    copy.round_over(8.0)
    assert copy.to_copy_bytes == pytest.approx(8e8)
    copy.round_over(0.8)
    assert copy.to_copy_bytes == pytest.approx(8e7)


def test_a_busy_guest_is_slowed_down_until_it_fits() -> None:
    copy = rounds(4e9, 1.2e9, 1e9)
    assert copy.fits(1e9)
    assert copy.throttle >= 0.2
    assert copy.rounds > 3


def test_no_more_is_dirty_than_there_is() -> None:
    copy = PreCopy(1e9, 1e12, LIMITS)
    copy.round_over(1.0)
    assert copy.to_copy_bytes == 1e9


def test_a_guest_that_writes_far_too_fast_is_given_up() -> None:
    copy = rounds(64e9, 1e12, 1e8)
    assert copy.hopeless()
    assert not copy.fits(1e8)


# live


def test_a_live_move_takes_the_guest_along() -> None:
    rig = Rig(VM)
    rig.started("vm:100", "n1")
    task = rig.move("vm:100", "n1", "n2")
    rig.run(1.5)
    assert rig.host.runs_on("vm:100") == ("n1",)
    assert (rig.host.state("vm:100", "n1"), rig.host.state("vm:100", "n2")) == (
        "migrating",
        "arriving",
    )
    assert rig.finish(task).ok
    assert rig.host.runs_on("vm:100") == ("n2",)
    assert rig.registry.nodes["vm:100"] == "n2"
    assert rig.storage.writers(rig.host.volume("vm:100", "n2")) == ("n2",)
    assert rig.states("vm:100", "n1") == ["starting", "running", "migrating", "stopped"]
    assert rig.states("vm:100", "n2") == ["arriving", "running"]
    assert rig.broken == []
    assert rig.mover.moving("vm:100") is None


def test_it_stands_still_only_for_the_switch_over() -> None:
    """Nobody executes for less than a second, and before and after it is exactly one."""
    rig = Rig(VM)
    rig.started("vm:100", "n1")
    task = rig.move("vm:100", "n1", "n2")
    gaps_us: list[int] = []
    last_us, owners = rig.kernel.now_us, rig.host.runs_on("vm:100")
    while not task.done():
        due_us = rig.kernel.next_us()
        assert due_us is not None
        rig.kernel.run(due_us + 1)
        if owners == ():
            gaps_us.append(rig.kernel.now_us - last_us)
        last_us, owners = rig.kernel.now_us, rig.host.runs_on("vm:100")
    assert owners == ("n2",)
    assert 50_000 < sum(gaps_us) < 600_000


def test_memory_takes_as_long_as_the_path_is_narrow() -> None:
    def took_s(bandwidth_bytes_s: float) -> float:
        rig = Rig(VM, links=(LinkSpec("link0", bandwidth_bytes_s=bandwidth_bytes_s),))
        rig.started("vm:100", "n1")
        began_s = rig.kernel.now_s
        assert rig.finish(rig.move("vm:100", "n1", "n2")).ok
        return rig.kernel.now_s - began_s

    assert took_s(1e9) < 5
    assert 20 < took_s(1e8) < 60


def test_moves_of_one_node_share_its_path() -> None:
    guests = [GuestSpec(f"vm:{n}", "n1") for n in (1, 2, 3, 4)]
    rig = Rig(*guests, links=(LinkSpec("link0", bandwidth_bytes_s=2e8),))
    for spec in guests:
        rig.started(spec.sid, "n1")
    began_s = rig.kernel.now_s
    assert rig.finish(rig.move("vm:1", "n1", "n2")).ok
    alone_s = rig.kernel.now_s - began_s
    began_s = rig.kernel.now_s
    crowd = [rig.move(f"vm:{n}", "n1", "n3") for n in (2, 3, 4)]
    assert all(rig.finish(task).ok for task in crowd)
    assert 2 * alone_s < rig.kernel.now_s - began_s < 8 * alone_s


def test_a_local_disk_is_copied_and_removed() -> None:
    rig = Rig(LOCAL)
    rig.started("vm:100", "n1")
    began_s = rig.kernel.now_s
    task = rig.move("vm:100", "n1", "n2")
    rig.run(10.0)
    assert [str(volume) for volume in rig.storage.volumes()] == [
        "local@n1:vm-100-disk-0",
        "local@n2:vm-100-disk-0",
    ]
    assert rig.finish(task).ok
    assert rig.kernel.now_s - began_s > 30
    assert [str(volume) for volume in rig.storage.volumes()] == ["local@n2:vm-100-disk-0"]
    assert rig.storage.used_bytes("local", "n1") == 0
    assert rig.storage.writers(rig.host.volume("vm:100", "n1")) == ()
    assert rig.storage.writers(rig.host.volume("vm:100", "n2")) == ("n2",)


def test_a_guest_that_writes_too_fast_stays() -> None:
    rig = Rig(
        GuestSpec("vm:100", "n1", dirty_bytes_s=1e13, memory_bytes=64 * GIB),
        links=(LinkSpec("link0", bandwidth_bytes_s=1e9),),
    )
    rig.started("vm:100", "n1")
    outcome = rig.finish(rig.move("vm:100", "n1", "n2"), within_s=7200)
    assert (outcome.ok, outcome.reason) == (False, "it did not converge in 30 rounds")
    assert rig.host.runs_on("vm:100") == ("n1",)
    assert rig.host.state("vm:100", "n1") == "running"
    assert rig.host.state("vm:100", "n2") is None


def test_moves_that_fail_do_so_a_number_of_times() -> None:
    rig = Rig(GuestSpec("vm:100", "n1", migration_fails=2))
    rig.started("vm:100", "n1")
    results = [rig.finish(rig.move("vm:100", "n1", "n2")).ok for _ in range(3)]
    assert results == [False, False, True]
    assert rig.broken == []


def test_a_loss_of_speed_slows_a_move_under_way() -> None:
    wide, narrow = LinkSpec("link0"), LinkSpec("link1", bandwidth_bytes_s=5e7)
    rig = Rig(VM, links=(wide, narrow))
    rig.started("vm:100", "n1")
    task = rig.move("vm:100", "n1", "n2")
    rig.run(2.0)
    rig.cut_link("n2")
    rig.run(10.0)
    assert not task.done(), "the other link carries on, slowly"
    assert rig.finish(task).ok


# offline


def test_a_stopped_guest_moves_with_its_disk() -> None:
    rig = Rig(LOCAL)
    task = rig.move("vm:100", "n1", "n2", online=False)
    rig.run(1.6)
    outcome = rig.finish(rig.start("vm:100", "n1"))
    assert (outcome.ok, outcome.locked) == (False, "migrate")
    assert rig.finish(task).ok
    assert rig.registry.nodes["vm:100"] == "n2"
    assert [str(volume) for volume in rig.storage.volumes()] == ["local@n2:vm-100-disk-0"]
    assert rig.host.runs_on("vm:100") == ()
    rig.started("vm:100", "n2")


def test_a_stopped_guest_on_shared_storage_moves_at_once() -> None:
    rig = Rig(VM)
    assert rig.finish(rig.move("vm:100", "n1", "n2", online=False)).ok
    assert rig.kernel.now_s < 2
    rig.started("vm:100", "n2")


def test_an_online_move_of_a_stopped_guest_is_an_offline_one() -> None:
    rig = Rig(VM)
    assert rig.finish(rig.move("vm:100", "n1", "n2", online=True)).ok
    assert rig.host.process("vm:100", "n2") is None
    assert rig.registry.nodes["vm:100"] == "n2"


# refused


def refused(rig: Rig, target: str = "n2", *, online: bool = True) -> str:
    """Neither check nor move lets it begin, for the same reason, and nothing happens."""
    before = len(rig.log)
    checked = rig.finish(rig.spawn("n1", rig.migration("n1").check("vm:100", target)))
    moved = rig.finish(rig.move("vm:100", "n1", target, online=online))
    assert (checked.ok, moved.ok) == (False, False)
    assert checked.reason == moved.reason
    assert len(rig.log) == before
    return moved.reason


@pytest.mark.parametrize("running", [True, False])
def test_unreachable_targets(running: bool) -> None:
    rig = Rig(VM)
    if running:
        rig.started("vm:100", "n1")
    assert refused(rig, "n9") == "there is no node n9"
    assert refused(rig, "n1") == "it is on n1 already"
    rig.cut_link("n2")
    assert refused(rig) == "n2 cannot be reached"
    rig.power_off("n3")
    assert refused(rig, "n3") == "n3 cannot be reached"


def test_storage_that_is_not_there() -> None:
    rig = Rig(VM, storages=(StorageSpec("shared", nodes=("n1", "n2")),))
    assert refused(rig, "n3") == "storage shared is not available on n3"
    rig.storage.begin_outage("shared", "n2")
    assert refused(rig) == "storage shared does not answer on n2"


def test_a_full_target() -> None:
    rig = Rig(LOCAL)
    rig.storage.begin_full("local", "n2")
    assert refused(rig) == "storage local is full on n2"
    rig.storage.end_full("local", "n2")
    small = StorageSpec("local", shared=False, capacity_bytes=50 * GIB)
    rig = Rig(LOCAL, GuestSpec("vm:7", "n2", storage="local"), storages=(POOLS[0], small))
    assert refused(rig) == "storage local is full on n2"


def test_a_target_without_memory() -> None:
    small = NodeSpec("n2", memory_bytes=6 * GIB)
    rig = Rig(VM, GuestSpec("vm:7", "n2"), nodes=(NodeSpec("n1"), small))
    rig.started("vm:100", "n1")
    rig.started("vm:7", "n2")
    assert refused(rig) == "n2 has not enough free memory"


def test_a_locked_guest() -> None:
    rig = Rig(VM)
    rig.registry.locks["vm:100"] = "backup"
    outcome = rig.finish(rig.move("vm:100", "n1", "n2"))
    assert (outcome.ok, outcome.locked) == (False, "backup")


def test_a_running_container_and_a_running_guest_offline() -> None:
    rig = Rig(GuestSpec("ct:100", "n1"))
    rig.started("ct:100", "n1")
    assert not rig.finish(rig.move("ct:100", "n1", "n2")).ok
    assert not rig.finish(rig.move("ct:100", "n1", "n2", online=False)).ok
    assert rig.finish(rig.stop("ct:100", "n1")).ok
    assert rig.finish(rig.move("ct:100", "n1", "n2", online=False)).ok


def test_one_move_at_a_time_and_no_stop_meanwhile() -> None:
    rig = Rig(VM)
    rig.started("vm:100", "n1")
    task = rig.move("vm:100", "n1", "n2")
    rig.run(1.0)
    assert rig.finish(rig.move("vm:100", "n1", "n3")).locked == "migrate"
    assert rig.finish(rig.stop("vm:100", "n1", 0)).locked == "migrate"
    assert rig.finish(task).ok
