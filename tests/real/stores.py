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


def cluster(
    folder: Path, names: Sequence[str], *, small: tuple[str, ...] = (), device: bool = False
) -> Iterator[Proof]:
    """Nodes with clients that write. small: whose disks are. device: a quorum device votes."""
    reason = why_not() or (lacks_qnetd() if device else None)
    if reason:
        pytest.skip(f"no cluster of real corosyncs: {reason}")
    lab = make_lab(folder, names)
    try:
        conf = layout(names)
        if device:
            start_qnetd(lab)
            conf = with_device(conf, timeout_ms=2000, sync_timeout_ms=3000)
        world = StoreWorld(lab, conf, small=small, devices=device)
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
