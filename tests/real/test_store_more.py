"""Clients write on five nodes, and on two with a quorum device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.proof import Proof
from tests.real.stores import check, cluster

pytestmark = pytest.mark.real


@pytest.fixture
def five(tmp_path: Path) -> Iterator[Proof]:
    yield from cluster(tmp_path / "lab", ("n1", "n2", "n3", "n4", "n5"))


def test_five_nodes(five: Proof) -> None:
    for fault, node in (
        *(("split", "n1"), ("drop_incoming", "n5"), ("kill_both", "n2")),
        *(("stop_both", "n3"), ("restart_all", "n1")),
    ):
        five.strike(fault, node)
    check(five, five.finish(answered=5_000))


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Proof]:
    yield from cluster(tmp_path / "lab", ("n1", "n2"), device=True)


def test_two_nodes_with_a_quorum_device(two: Proof) -> None:
    for fault, node in (("cut", "n2"), ("kill_both", "n1"), ("stop_both", "n2")):
        two.strike(fault, node)
    check(two, two.finish(lent=1, answered=3_000))
