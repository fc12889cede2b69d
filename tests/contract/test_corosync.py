"""The contracts of group channel and membership, with real corosyncs in namespaces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.group_channel import GroupChannelContract
from tests.contract.membership import MembershipContract
from tests.lab.world import LabWorld, make_world, why_not

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def lab_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabWorld]:
    """Three nodes for all tests of this file."""
    reason = why_not()
    if reason:
        pytest.skip(f"no cluster of real corosyncs: {reason}")
    world = make_world(tmp_path_factory.mktemp("lab"), ("n1", "n2", "n3"))
    yield world
    world.lab.end()


@pytest.fixture
def world(lab_world: LabWorld) -> Iterator[LabWorld]:
    lab_world.begin()
    yield lab_world
    lab_world.end()


class TestCorosyncChannel(GroupChannelContract):
    """Inherits all tests."""


class TestCorosyncMembership(MembershipContract):
    """Inherits all tests."""

    @pytest.fixture(autouse=True)
    def _fresh(self, lab_world: LabWorld) -> Iterator[None]:
        """What a test set (layout, expected votes) ends with it."""
        yield
        lab_world.mark_used()
