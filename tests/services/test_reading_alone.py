"""What a node shows that comes back without quorum: as good as all of what it knew."""

from __future__ import annotations

from typing import Any

from appliance.model.store.changes import Put
from sim.group.cluster import StoreCluster
from tests.sim.network.lab import cluster

NAMES = ("n1", "n2", "n3")
COUNT = 6


def written() -> StoreCluster:
    """Three nodes that agree on as many files, written one after the other."""
    found = StoreCluster(cluster(3))
    found.run(10)
    for number in range(COUNT):
        found.daemon("n1").boot.spawn(put(found, number), "put")
        found.run(1)
    return found


async def put(found: StoreCluster, number: int) -> Any:
    return await found.store("n1").change(Put(f"f{number}", b"x"))


def shown(found: StoreCluster) -> tuple[str, ...]:
    """By n2 alone, when it is back and the others are not."""
    found.power_off("n1")
    found.power_off("n3")
    found.power_on("n2")
    found.run(20)
    assert not found.daemon("n2").membership.view().quorate
    return found.store("n2").paths("f")


def test_after_a_power_cut_nothing_but_the_last_is_missing() -> None:
    """Whether that one was committed is known when the others are back."""
    found = written()
    found.power_off("n2")
    assert shown(found) == tuple(f"f{number}" for number in range(COUNT - 1))
    for name in ("n1", "n3"):
        found.power_on(name)
    found.run(60)
    assert len(found.store("n2").paths("f")) == COUNT


def test_after_a_clean_end_nothing_is_missing() -> None:
    found = written()
    task = found.daemon("n2").boot.spawn(found.store("n2").close(), "close")
    found.run(1)
    assert task.done()
    found.power_off("n2")
    assert len(shown(found)) == COUNT
