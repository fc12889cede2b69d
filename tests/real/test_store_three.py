"""Clients on three nodes write through every kind of fault, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.proof import FAULTS, Proof
from tests.real.stores import check, cluster

pytestmark = pytest.mark.real

NAMES = ("n1", "n2", "n3")


@pytest.fixture
def proof(tmp_path: Path) -> Iterator[Proof]:
    yield from cluster(tmp_path / "lab", NAMES, small=("n3",))


def test_nothing_acknowledged_is_lost_whatever_happens(proof: Proof) -> None:
    for number, fault in enumerate(FAULTS):
        if fault != "split":  # which is a cut with three nodes
            proof.strike(fault, "n3" if fault == "fill_disk" else NAMES[number % 3])
    check(proof, proof.finish(answered=13_000))
