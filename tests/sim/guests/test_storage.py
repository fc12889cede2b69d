"""Pools, space, outages that overlap, and writers."""

from __future__ import annotations

import pytest

from sim.guests.storage import Storage, Volume
from sim.layout import StorageSpec

NODES = ("n1", "n2", "n3")
GIB = 1024**3


def storage() -> Storage:
    return Storage(
        (
            StorageSpec("shared", capacity_bytes=100 * GIB),
            StorageSpec("local", shared=False, capacity_bytes=50 * GIB),
            StorageSpec("two", nodes=("n1", "n2"), bandwidth_bytes_s=8e8),
        ),
        NODES,
    )


def test_a_shared_volume_is_the_same_everywhere_a_local_one_is_not() -> None:
    pools = storage()
    assert pools.volume("shared", "n1", "disk") == pools.volume("shared", "n2", "disk")
    assert pools.volume("local", "n1", "disk") != pools.volume("local", "n2", "disk")
    assert str(pools.volume("local", "n1", "disk")) == "local@n1:disk"
    assert str(pools.volume("shared", "n1", "disk")) == "shared:disk"


def test_space_is_taken_and_given_back() -> None:
    pools = storage()
    big = pools.volume("shared", "n1", "big")
    assert pools.create(big, 80 * GIB, "n1") is None
    assert pools.free_bytes("shared", "n2") == 20 * GIB
    assert pools.create(pools.volume("shared", "n1", "more"), 30 * GIB, "n1") == (
        "storage shared is full on n1"
    )
    assert pools.create(big, 80 * GIB, "n1") is None, "an existing one takes no more space"
    pools.remove(big)
    pools.remove(big)
    assert pools.free_bytes("shared", "n1") == 100 * GIB
    assert pools.volumes() == ()


def test_local_pools_have_their_own_space() -> None:
    pools = storage()
    assert pools.create(pools.volume("local", "n1", "disk"), 50 * GIB, "n1") is None
    assert pools.free_bytes("local", "n1") == 0
    assert pools.free_bytes("local", "n2") == 50 * GIB


def test_a_pool_may_be_on_some_nodes_only() -> None:
    pools = storage()
    assert pools.reachable("two", "n2")
    assert not pools.reachable("two", "n3")
    assert pools.create(pools.volume("two", "n3", "disk"), 1, "n3") == (
        "storage two is not available on n3"
    )


def test_outages_are_counted() -> None:
    pools, heard = storage(), []
    pools.listen(lambda pool, node: heard.append((pool, node)))
    pools.begin_outage("shared")
    pools.begin_outage("shared", "n1")
    pools.begin_outage("shared", "n1")
    pools.end_outage("shared")
    assert [pools.reachable("shared", node) for node in NODES] == [False, True, True]
    pools.end_outage("shared", "n1")
    assert not pools.reachable("shared", "n1")
    pools.end_outage("shared", "n1")
    assert pools.reachable("shared", "n1")
    assert heard == [
        ("shared", None), ("shared", "n1"), ("shared", "n1"),
        ("shared", None), ("shared", "n1"), ("shared", "n1"),
    ]  # fmt: skip


def test_a_fault_that_never_began_cannot_end() -> None:
    with pytest.raises(ValueError, match="never began"):
        storage().end_outage("shared", "n1")


def test_full_is_about_new_volumes() -> None:
    pools = storage()
    pools.begin_full("local", "n1")
    assert (pools.free_bytes("local", "n1"), pools.free_bytes("local", "n2")) == (0, 50 * GIB)
    pools.begin_full("local")
    pools.end_full("local", "n1")
    assert pools.free_bytes("local", "n1") == 0
    pools.end_full("local")
    assert pools.free_bytes("local", "n1") == 50 * GIB


def test_the_slowest_of_overlapping_factors_counts() -> None:
    pools = storage()
    pools.begin_slow("two", 4.0)
    pools.begin_slow("two", 2.0)
    assert pools.bandwidth("two") == 2e8
    pools.end_slow("two", 4.0)
    assert pools.slowness("two") == 2.0
    pools.end_slow("two", 2.0)
    assert pools.bandwidth("two") == 8e8


def test_two_writers_are_seen() -> None:
    pools = storage()
    disk = Volume("shared", "", "disk")
    pools.open(disk, "n2")
    pools.open(disk, "n2")
    assert pools.writers(disk) == ("n2",)
    assert list(pools.shared_writers()) == []
    pools.open(disk, "n1")
    assert list(pools.shared_writers()) == [(disk, ("n1", "n2"))]
    pools.close(disk, "n2")
    pools.close(disk, "n3")
    assert pools.writers(disk) == ("n1",)
    pools.close(disk, "n1")
    assert pools.writers(disk) == ()
