"""The contracts of store and leases, with real corosyncs in namespaces and SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.leases import LeasesContract
from tests.contract.store import StoreContract
from tests.lab.store_world import StoreWorld
from tests.lab.world import make_lab, why_not

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def lab_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreWorld]:
    """Three nodes for all tests of this file."""
    reason = why_not()
    if reason:
        pytest.skip(f"no cluster of real corosyncs: {reason}")
    world = StoreWorld(make_lab(tmp_path_factory.mktemp("lab"), ("n1", "n2", "n3")))
    yield world
    world.lab.end()


@pytest.fixture
def store_world(lab_world: StoreWorld) -> Iterator[StoreWorld]:
    lab_world.begin()
    yield lab_world
    lab_world.end()


class TestCorosyncStore(StoreContract):
    """Inherits all tests."""


class TestCorosyncLeases(LeasesContract):
    """Inherits all tests."""
