"""Clusters with a store on every node, for one test each, and what a proof must have seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.histories.evidence import Evidence
from tests.lab.cluster import layout
from tests.lab.proof import Proof
from tests.lab.qnetd import lacks_qnetd, start_qnetd, with_device
from tests.lab.store_agent import LEASE
from tests.lab.store_world import StoreWorld
from tests.lab.world import make_lab, why_not


def cluster(folder: Path, names: Sequence[str], *, small: tuple[str, ...] = ()) -> Iterator[Proof]:
    """Nodes with clients that write. small: nodes whose disks are."""
    reason = why_not()
    if reason:
        pytest.skip(f"no cluster of real corosyncs: {reason}")
    lab = make_lab(folder, names)
    try:
        world = StoreWorld(lab, small=small)
        world.begin()
        proof = Proof(world)
        proof.begin()
        yield proof
        world.end()
    finally:
        lab.end()


def with_quorum_device(folder: Path, names: Sequence[str]) -> Iterator[Proof]:
    """The same with the vote of a quorum device."""
    reason = why_not() or lacks_qnetd()
    if reason:
        pytest.skip(f"no cluster with a quorum device: {reason}")
    lab = make_lab(folder, names)
    try:
        start_qnetd(lab)
        conf = with_device(layout(names), timeout_ms=2000, sync_timeout_ms=3000)
        world = StoreWorld(lab, conf, devices=True)
        world.begin()
        proof = Proof(world)
        proof.begin()
        yield proof
        world.end()
    finally:
        lab.end()


def check(proof: Proof, evidence: Evidence) -> None:
    """Nothing is wrong, and clients got on in every part of it."""
    assert evidence.wrong == []
    assert all(writes > 0 for _, writes in proof.done), proof.done
    assert evidence.held_s(LEASE) > 5
